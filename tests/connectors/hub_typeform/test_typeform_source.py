"""What people answered is what lands, at first and after whatever happened between reads."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.sdk.connector import Context
from hub.sdk.errors import BadData, RetryLater, StopConnection
from hub.sdk.records import Json, Page
from hub.sdk.sandbox import Fault
from hub_typeform import client as client_module
from hub_typeform.client import Client
from hub_typeform.sandbox import TypeformSandbox
from hub_typeform.settings import TypeformSettings, TypeformSourceSettings
from hub_typeform.source import TypeformSource

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


def source(box: TypeformSandbox, **entry: object) -> TypeformSource:
    """The source at the vendor's time."""
    table = TypeformSettings.model_validate(box.connection())
    context = Context("surveys", Path(), box.now())
    return TypeformSource(table, TypeformSourceSettings.model_validate(entry), context)


class Landed:
    """Pages folded as the hub does it: by key, the last one wins; a complete read forgets what it did not bring."""

    def __init__(self) -> None:
        self.rows: dict[str, Mapping[str, Any]] = {}
        self.cursor: Json = None
        self.warnings: list[str] = []
        self.complete = False

    def take(self, pages: Iterator[Page]) -> "Landed":
        """Fold the pages of one read."""
        seen, self.complete = set[str](), False
        for page in pages:
            for row in page.rows["responses"].to_pylist() if page.rows else ():
                seen.add(row["response_id"])
                self.rows[row["response_id"]] = row
            self.complete = page.complete
            self.cursor = page.cursor if page.cursor is not None else self.cursor
            self.warnings += page.warnings
        if self.complete:
            self.rows = {key: row for key, row in self.rows.items() if key in seen}
        return self


def read(box: TypeformSandbox, landed: Landed | None = None, **entry: object) -> Landed:
    """Read on from where `landed` stands."""
    landed = landed or Landed()
    return landed.take(source(box, **entry).read(["responses"], landed.cursor))


def queries(box: TypeformSandbox) -> list[dict[str, str]]:
    """The parameters of every request for responses so far."""
    found = [each.request for each in box.requests if each.request.path.endswith("/responses")]
    return [{name: values[-1] for name, values in each.query.items()} for each in found]


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


def test_a_response_that_is_listed_late_is_read(box: TypeformSandbox) -> None:
    """One from half an hour before the newest one that was read, which was not listed then."""
    read(box)
    box.clock = START
    landed = read(box)
    [late] = box.make("responses")
    box.clock = START + timedelta(minutes=30)
    hidden = box.responses[box.first].pop()
    box.make("responses")
    read(box, landed)
    box.responses[box.first].append(hidden)
    assert late in read(box, landed).rows


def test_the_second_of_the_newest_response_is_read_again(box: TypeformSandbox) -> None:
    """Without any look-back the bound is inclusive: another response of that second is not lost."""
    box.make("responses")
    landed = read(box)
    [twin] = box.make("responses")
    connection = {**box.connection(), "lookback": "0 seconds"}
    table = TypeformSettings.model_validate(connection)
    again = TypeformSource(table, TypeformSourceSettings(), Context("surveys", Path(), box.now()))
    assert twin in landed.take(again.read(["responses"], landed.cursor)).rows


def test_an_instant_to_come_does_not_move_the_cursor(box: TypeformSandbox) -> None:
    """One clock ahead must not make the next reads pass over everybody else."""
    box.clock = START + timedelta(days=30)
    box.make("responses")
    box.clock = START
    box.make("responses")
    landed = Landed().take(source(box).read(["responses"], None))
    assert {"forms": {box.first: int(START.timestamp())}} == landed.cursor


@pytest.mark.usefixtures("small_pages")
def test_the_cursor_moves_behind_the_last_page_of_a_form(box: TypeformSandbox) -> None:
    """Nobody could go on from the middle of a list that begins with the newest; forms that were read stay read."""
    box.make("responses", 12)
    other = box.form("Other", {"nps": ("opinion_scale", {"steps": 11})})
    box.respond(other, {"nps": 1})
    pages = list(source(box).read(["responses"], None))
    place = int(box.now().timestamp())
    first, both = {"forms": {box.first: place}}, {"forms": {box.first: place, other: place}}
    assert [None, None, None, first, None, both, both] == [page.cursor for page in pages]
    assert [False] * 6 + [True] == [page.complete for page in pages]


def test_a_form_that_is_new_to_the_cursor_is_read_from_its_beginning(box: TypeformSandbox) -> None:
    """Its responses may be older than all that was read."""
    other = box.form("Other", {"nps": ("opinion_scale", {"steps": 11})})
    old = box.respond(other, {"nps": 1})
    box.clock = START
    box.make("responses")
    landed = read(box, forms=[box.first])
    assert 1 == len(landed.rows)
    assert f"{old}/nps" in read(box, landed, forms=[box.first, other]).rows


def test_only_forms_that_are_named_are_read(box: TypeformSandbox) -> None:
    """The others are not even asked for."""
    other = box.form("Other", {"nps": ("opinion_scale", {"steps": 11})})
    box.respond(other, {"nps": 1})
    box.make("responses")
    read(box, forms=[other])
    assert {f"/forms/{other}", f"/forms/{other}/responses"} == {each.request.path for each in box.requests}


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


def test_only_a_full_read_notices_a_deletion(box: TypeformSandbox) -> None:
    """Typeform tells nobody of it."""
    kept, gone = box.make("responses", 2)
    landed = read(box)
    box.remove("responses", gone)
    assert {kept, gone} == {*read(box, landed).rows}
    landed.cursor = None
    assert {kept} == {*read(box, landed).rows}


def test_a_pushed_response_that_is_not_listed_yet_comes_back(box: TypeformSandbox) -> None:
    """A full read before Typeform lists it takes it for gone; the next read brings it again."""
    box.clock = START
    box.lag = timedelta(minutes=30)
    [key] = box.make("responses")
    delivered = source(box).verify(*box.push(key.partition("/")[0]))
    landed = Landed().take(iter([source(box).unpack(delivered)]))
    assert (set(), True) == ({*read(box, landed).rows}, landed.complete)
    box.clock = START + timedelta(minutes=31)
    assert {key} == {*read(box, landed).rows}


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
    box.faults.add(Fault(kind="no_rows", path="/forms"))
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


def test_too_many_forms_are_refused(box: TypeformSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cursor could not hold them; the hint says what to do."""
    monkeypatch.setattr("hub_typeform.source._MOST_FORMS", 1)
    box.form("Other", {})
    with pytest.raises(StopConnection, match=r"in several \[\[source\]\] entries"):
        read(box)


def test_two_requests_a_second_are_kept_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """At Typeform itself; a server on this machine is not counted."""
    rates: list[Any] = []
    monkeypatch.setattr("hub_typeform.client.Http", lambda *_, rate, **__: rates.append(rate))
    for table in ({"token": "t"}, {"token": "t", "region": "eu"}, {"token": "t", "base_url": "http://127.0.0.1:1"}):
        Client(TypeformSettings.model_validate(table), "surveys")
    assert [2, 2, None] == [rate and rate.requests for rate in rates]
    assert [timedelta(seconds=1)] * 2 == [rate.per for rate in rates[:2]]


def test_too_fast_is_asked_again(box: TypeformSandbox, small_pages: int) -> None:
    """429 is waited for, as long as it is said to last."""
    made = {*box.make("responses", 2 * small_pages)}
    box.per_second = 4
    assert made == {*read(box).rows}
    assert 429 in {each.status for each in box.requests}


def test_a_wrong_token_stops_the_connection(box: TypeformSandbox) -> None:
    """A person has to mend it; the token is in no message."""
    table = TypeformSettings.model_validate(box.refused())
    wrong = TypeformSource(table, TypeformSourceSettings(), Context("surveys", Path(), START))
    with pytest.raises(StopConnection, match="AUTHENTICATION_FAILED") as caught:
        list(wrong.read(["responses"], None))
    [fact] = wrong.check()
    assert "error" == fact.level
    assert "tfp_wrong_token" not in f"{caught.value}{fact.text}"


def test_check_says_what_is_there(box: TypeformSandbox) -> None:
    """Forms, their titles where they are named, the newest response, and where events are taken."""
    empty = [(each.level, each.text) for each in source(box).check()]
    assert ("ok", f"responses of form {box.first} can be read; there are none yet") == empty[1]
    box.make("responses")
    facts = [(each.level, each.text) for each in source(box, forms=[box.first]).check()]
    assert [
        ("ok", "1 forms can be read"),
        ("ok", f'form {box.first} is "After your purchase"'),
        ("ok", f"responses of form {box.first} can be read; the newest is of 2026-02-27 12:00 UTC"),
        ("ok", "takes events at /hooks/surveys while hub serve runs"),
    ] == facts


def test_a_form_that_does_not_exist_is_told(box: TypeformSandbox) -> None:
    """By check and by read."""
    assert "error" in {each.level for each in source(box, forms=["nothing"]).check()}
    with pytest.raises(StopConnection, match="FORM_NOT_FOUND"):
        read(box, forms=["nothing"])


def test_another_stream_is_not_read(box: TypeformSandbox) -> None:
    """Who asks for people gets nothing, and Typeform no request."""
    assert ([], 0) == (list(source(box).read(["people"], None)), len(box.requests))


STEPS = st.lists(st.sampled_from(["make", "tie", "late", "form", "remove", "read", "kill", "wait", "day"]), max_size=14)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_increments_equal_a_full_read_after_any_history(history: list[str]) -> None:
    """Whatever is answered between reads, in whatever order it becomes known, and wherever a read is cut off."""
    with pytest.MonkeyPatch.context() as patch, TypeformSandbox() as box:
        patch.setattr(client_module, "PAGE", 3)
        box.clock = START - timedelta(days=2)
        box.make("responses", 4)
        box.clock = START
        landed, gone = read(box), set[str]()
        for what in history:
            _happens(box, landed, gone, what)
        whole = read(box).rows
        assert whole == {key: row for key, row in read(box, landed).rows.items() if key not in gone}


def _happens(box: TypeformSandbox, landed: Landed, gone: set[str], what: str) -> None:
    assert box.clock is not None
    if what in {"make", "tie"}:
        box.make("responses", 1 if what == "make" else 7)
    elif what == "late":
        now, box.clock = box.clock, max(START, box.clock - timedelta(minutes=30))
        box.make("responses")
        box.clock = now
    elif what == "form":
        box.respond(box.form("Another", {"nps": ("opinion_scale", {"steps": 11})}), {"nps": 1})
    elif what == "remove":
        gone.add(box.keys("responses")[-1])
        box.remove("responses", box.keys("responses")[-1])
    elif what == "read":
        read(box, landed)
    elif what == "kill":
        pages = source(box).read(["responses"], landed.cursor)
        landed.take(iter([next(pages)]))
    else:
        box.clock += timedelta(seconds=50) if what == "wait" else timedelta(days=1)
