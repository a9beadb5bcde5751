"""Lists come in pages: none is left out, none is asked for in vain, and what contradicts itself deletes nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.sdk.connector import Context
from hub.sdk.errors import BadData, RetryLater
from hub.sdk.sandbox import Fault
from hub_typeform import client as client_module
from hub_typeform.sandbox import TypeformSandbox
from hub_typeform.settings import TypeformSettings, TypeformSourceSettings
from hub_typeform.source import TypeformSource
from tests.connectors.hub_typeform.reading import queries, read, source

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LISTED = "/forms/*/responses"


@pytest.fixture
def box() -> Iterator[TypeformSandbox]:
    """Serve an account whose clock stands still, two days ago."""
    with TypeformSandbox() as box:
        box.clock = START - timedelta(days=2)
        yield box


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> int:
    """Ask for pages of five, so that few responses are many pages."""
    monkeypatch.setattr(client_module, "PAGE", 5)
    return 5


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 10, 11])
@pytest.mark.usefixtures("small_pages")
def test_a_full_read_brings_everything(box: TypeformSandbox, count: int) -> None:
    """However many pages that is, and whether the last one is full or not."""
    made = {*box.make("responses", count)}
    landed = read(box)
    assert (made, True, []) == ({*landed.rows}, landed.complete, landed.warnings)


@pytest.mark.usefixtures("small_pages")
def test_a_second_read_looks_back_and_not_further(box: TypeformSandbox) -> None:
    """It asks from an hour before the newest response on, `since` with the first page alone."""
    box.make("responses", 3)
    box.clock = START
    box.make("responses", 7)
    landed = read(box)
    box.clock = START + timedelta(days=1)
    box.make("responses", 7)
    before = len(queries(box))
    read(box, landed)
    asked = queries(box)[before:]
    since = str(int((START - timedelta(hours=1)).timestamp()))
    assert [since, None, None] == [each.get("since") for each in asked]
    assert [False, True, True] == ["before" in each for each in asked]
    assert {"completed"} == {each["response_type"] for each in queries(box)}
    assert 17 == len(landed.rows)


@pytest.mark.usefixtures("small_pages")
def test_pages_behind_the_look_back_are_not_asked_for(box: TypeformSandbox) -> None:
    """The page that reaches beyond it is the last one, though `since` cannot go with it."""
    box.make("responses", 50)
    box.clock = START
    box.make("responses", 7)
    landed = read(box)
    before = len(box.requests)
    read(box, landed)
    assert 2 == sum(each.request.path.endswith("/responses") for each in list(box.requests)[before:])


@pytest.mark.usefixtures("small_pages")
def test_the_second_of_the_newest_response_is_read_again(box: TypeformSandbox) -> None:
    """Without any look-back the bound is inclusive, over pages: who answered in that second as well is not lost."""
    box.make("responses")
    box.clock = START
    landed = read(box)
    box.make("responses")
    landed = read(box, landed)
    twins = {*box.make("responses", 11)}
    table = TypeformSettings.model_validate({**box.connection(), "lookback": "0 seconds"})
    again = TypeformSource(table, TypeformSourceSettings(), Context("surveys", Path(), box.now()))
    assert twins <= {*landed.take(again.read(["responses"], landed.cursor)).rows}


@pytest.mark.usefixtures("small_pages")
def test_a_page_that_is_shorter_than_asked_for_is_not_the_last(
    box: TypeformSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as more was counted: a vendor may give fewer than it is asked for."""
    monkeypatch.setattr("hub_typeform.sandbox._within", lambda request, name, *_: min(int(request.param(name)), 3))
    made = {*box.make("responses", 8)}
    landed = read(box)
    assert (made, True, []) == ({*landed.rows}, landed.complete, landed.warnings)


@pytest.mark.usefixtures("small_pages")
def test_an_empty_increment_that_contradicts_its_count_is_asked_for_again(box: TypeformSandbox) -> None:
    """What the first page counts and does not list is not passed over."""
    landed = read(box)
    box.clock = START
    box.make("responses")
    landed = read(box)
    [key] = box.make("responses")
    box.faults.add(Fault(kind="no_rows", path=LISTED))
    assert (True, []) == (key in read(box, landed).rows, landed.warnings)


def test_forms_are_listed_over_pages(box: TypeformSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every form of the account is read, whatever page it is on."""
    monkeypatch.setattr(client_module, "FORMS_PAGE", 2)
    forms = [box.form(f"Form {number}", {"nps": ("opinion_scale", {"steps": 11})}) for number in range(4)]
    made = {f"{box.respond(form, {'nps': 3})}/nps" for form in forms}
    assert made == {*read(box).rows}


def test_a_form_is_read_once_for_all_its_pages(box: TypeformSandbox, small_pages: int) -> None:
    """Its definition does not change between pages."""
    box.make("responses", 4 * small_pages)
    read(box)
    assert 1 == sum(each.request.path == f"/forms/{box.first}" for each in box.requests)


@pytest.mark.parametrize("skip", [0, 1, 2, 3])
def test_an_empty_page_that_contradicts_the_count_is_asked_for_again(
    box: TypeformSandbox, small_pages: int, skip: int
) -> None:
    """Once is enough: everything lands, and nothing is said."""
    made = {*box.make("responses", 2 * small_pages + 1)}
    box.faults.add(Fault(kind="no_rows", path=LISTED, skip=skip))
    landed = read(box)
    assert (made, True, []) == ({*landed.rows}, landed.complete, landed.warnings)


def test_who_lists_fewer_than_counted_deletes_nothing(box: TypeformSandbox) -> None:
    """The read is no complete one, the operator is told, and the cursor stays, so that it is asked for again."""
    made = {*box.make("responses", 3)}
    landed = read(box)
    before, landed.cursor = landed.cursor, None
    box.faults.add(Fault(kind="no_rows", path=LISTED, times=None))
    read(box, landed)
    assert (made, False) == ({*landed.rows}, landed.complete)
    assert {"forms": {}} == landed.cursor
    assert "counts more responses" in landed.warnings[0]
    landed.cursor = before
    assert before == read(box, landed).cursor


def test_a_list_of_forms_that_is_empty_though_there_are_some_is_no_end(box: TypeformSandbox) -> None:
    """Else all responses would be taken for deleted."""
    body = '{"total_items": 1, "page_count": 1, "items": []}'
    box.faults.add(Fault(kind="status", status=200, path="/forms", body=body))
    with pytest.raises(BadData, match="lists none"):
        read(box)


@pytest.mark.usefixtures("small_pages")
def test_a_vendor_that_is_stuck_ends_the_read(box: TypeformSandbox) -> None:
    """The same page over and over is a circle."""
    box.make("responses", 12)
    box.faults.add(Fault(kind="replay", path=LISTED, skip=2, times=None))
    with pytest.raises(BadData, match="circle"):
        read(box)


def test_a_list_that_loses_its_place_is_read_again_later(box: TypeformSandbox, small_pages: int) -> None:
    """Where the last response of a page is deleted before the next page, nobody has to mend anything."""
    box.make("responses", 3 * small_pages)
    pages = source(box).read(["responses"], None)
    last = next(pages).rows["responses"]["response_id"].to_pylist()[-1]
    box.remove("responses", last)
    with pytest.raises(RetryLater, match="changed while it was read"):
        list(pages)


def test_too_fast_is_asked_again(box: TypeformSandbox, small_pages: int) -> None:
    """429 is waited for, as long as it is said to last."""
    made = {*box.make("responses", 2 * small_pages)}
    box.per_second = 4
    assert made == {*read(box).rows}
    assert 429 in {each.status for each in box.requests}


def test_responses_that_come_twice_are_counted_once(box: TypeformSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a page with doubles would seem to be all there is."""
    monkeypatch.setattr("hub_typeform.sandbox._within", lambda request, name, *_: min(int(request.param(name)), 3))
    made = {*box.make("responses", 4)}
    box.faults.add(Fault(kind="repeated_rows", path=LISTED, skip=1))
    assert made == {*read(box).rows}


@pytest.mark.usefixtures("small_pages")
def test_the_instant_of_what_was_never_submitted_ends_no_list(
    box: TypeformSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The year 1 is before every look-back, and says nothing of what follows."""
    box.make("responses")
    landed = read(box)
    made = box.make("responses", 8)
    monkeypatch.setattr(TypeformSandbox, "_newest", lambda box, form, _request: box.responses[form][::-1])
    monkeypatch.setattr("hub_typeform.sandbox._since", lambda _request: None)
    box.responses[box.first][4]["submitted_at"] = "0001-01-01T00:00:00Z"
    assert {*made} - {made[3]} <= {*read(box, landed).rows}
