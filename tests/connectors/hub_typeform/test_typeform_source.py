"""What people answered is what lands, at first and after whatever happened between reads."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.sdk.connector import Context
from hub.sdk.errors import StopConnection
from hub_typeform import client as client_module
from hub_typeform.client import Client
from hub_typeform.sandbox import TypeformSandbox
from hub_typeform.settings import TypeformSettings, TypeformSourceSettings
from hub_typeform.source import TypeformSource
from tests.connectors.hub_typeform.reading import Landed, read, source

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


def test_an_instant_to_come_does_not_move_the_cursor(box: TypeformSandbox) -> None:
    """One clock ahead must not make the next reads pass over everybody else."""
    box.clock = START
    box.make("responses")
    early = source(box)
    box.clock = START + timedelta(days=30)
    box.make("responses")
    landed = Landed().take(early.read(["responses"], None))
    assert 2 == len(landed.rows)
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
