"""Sources read side by side, each one page ahead; none of them can hold up the others."""

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from hub.flow.extract import Reader, extract
from hub.sdk.connector import Context, Source
from hub.sdk.errors import BadData, BrokenPlugin
from hub.sdk.records import Fact, Json, Page
from hub.sdk.settings import Settings, SourceSettings
from hub.sdk.streams import QUARANTINE
from hub.sdk.tables import table_of
from hub.store.errors import StoreError


class Counted(Source[Settings, SourceSettings]):
    """Gives three pages, then fails; notes in which threads it worked and that it was closed."""

    name = "counted"
    streams = ("people",)
    settings_model = Settings
    source_model = SourceSettings

    def check(self) -> Iterator[Fact]:
        """Nothing to find."""
        yield from ()

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Pages with a cursor and no rows."""
        del streams, since
        self.threads = set[int]()
        self.closed = False
        try:
            for number in range(3):
                self.threads.add(threading.get_ident())
                yield Page(cursor={"page": number})
            raise BadData("the fourth page is torn.")
        finally:
            self.threads.add(threading.get_ident())
            self.closed = True


class Hanging(Counted):
    """Gives one page and then nothing, until it is let go."""

    def __init__(self, settings: Settings, source: SourceSettings, context: Context) -> None:
        super().__init__(settings, source, context)
        self.let_go = threading.Event()

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """One page, and another one much later."""
        del streams, since
        yield Page(cursor={"page": 0})
        self.let_go.wait(60)
        yield Page(cursor={"page": 1})


class Endless(Counted):
    """Never comes to its end."""

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """The same page for ever."""
        del streams, since
        while True:
            yield Page()


class Wrong(Counted):
    """Breaks the contract in the middle."""

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """A page, and something that is none."""
        del streams, since
        yield Page()
        yield None  # type: ignore[misc]


class Given(Counted):
    """Gives the pages that it was given, then fails where it is told to."""

    pages: Sequence[Page] = ()
    fails = False

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """One after the other."""
        del streams, since
        yield from self.pages
        if self.fails:
            raise BadData("the rest is torn.")


class Landing:
    """Lands pages by keeping them."""

    def __init__(self) -> None:
        self.pages: list[Page] = []

    def __call__(self, page: Page) -> None:
        """Keep one."""
        self.pages.append(page)

    @property
    def cursors(self) -> list[Json]:
        """What has become valid, in order."""
        return [page.cursor for page in self.pages]


def reader(kind: type[Counted], *, max_pages: int = 100, page_within: timedelta = timedelta(minutes=1)) -> Reader:
    """A source, ready to be read."""
    settings = SourceSettings(stream="people", max_pages=max_pages, page_within=page_within)
    source = kind(Settings(), settings, Context("shop", Path(), datetime.now(UTC), "UTC", "DE"))
    return Reader(source, None, Landing())


def landed(one: Reader) -> Landing:
    """What a reader handed on."""
    assert isinstance(one.land, Landing)
    return one.land


def never() -> bool:
    """Nobody cancels."""
    return False


def test_pages_before_an_error_are_landed() -> None:
    """An error that was met early counts only after every page before it was handed on, in order."""
    one = reader(Counted)
    extract([one], never)
    assert [{"page": 0}, {"page": 1}, {"page": 2}] == landed(one).cursors
    assert isinstance(one.error, BadData)
    assert not one.ended
    assert isinstance(one.source, Counted)
    assert one.source.closed


def test_a_source_works_in_one_thread_and_is_closed_there() -> None:
    """Also when the run is cancelled: what a connector opened, it closes where it opened it."""
    one = reader(Counted)
    extract([one], lambda: bool(landed(one).pages))
    assert 1 == len(landed(one).pages)
    assert isinstance(one.source, Counted)
    assert one.source.closed
    assert 1 == len(one.source.threads)
    assert (False, None) == (one.ended, one.error)


def test_one_that_hangs_holds_up_nobody() -> None:
    """The others come to their ends; what hangs is given up after its time, and brings nothing later."""
    hanging, others = reader(Hanging, page_within=timedelta(seconds=2)), [reader(Counted) for _ in range(12)]
    extract([hanging, *others], never)
    assert [3] * 12 == [len(landed(other).pages) for other in others]
    assert isinstance(hanging.error, BadData)
    assert "page_within" in str(hanging.error)
    assert isinstance(hanging.source, Hanging)
    hanging.source.let_go.set()
    assert [{"page": 0}] == landed(hanging).cursors


def test_one_that_floods_holds_up_nobody() -> None:
    """Pages are taken in turns; an endless source ends at its limit, with what it brought."""
    endless, other = reader(Endless, max_pages=50), reader(Counted)
    extract([endless, other], never)
    assert 50 == len(landed(endless).pages)
    assert "no end after 50 pages" in str(endless.error)
    assert 3 == len(landed(other).pages)


def test_something_that_is_no_page_is_the_connectors_mistake() -> None:
    """It is not taken for the end, so that the rest is not lost in silence."""
    one = reader(Wrong)
    extract([one], never)
    assert isinstance(one.error, BrokenPlugin)
    assert 1 == len(landed(one).pages)


def test_a_store_that_cannot_be_written_ends_everything() -> None:
    """It concerns all sources; they are closed, and the error is the run's."""
    one, other = reader(Counted), reader(Counted)

    def refuse(_: Page) -> None:
        raise StoreError("the disk is full.")

    one.land = refuse
    with pytest.raises(StoreError):
        extract([one, other], never)
    assert isinstance(one.source, Counted)
    assert one.source.closed


def people(*keys: str) -> pa.Table:
    """Rows of people with these keys."""
    return table_of("people", [{"record_id": key} for key in keys])


def given(*pages: Page, fails: bool = False) -> list[tuple[list[str], Json]]:
    """What is handed on of these pages: the keys and the cursor of each."""
    one = reader(Given, max_pages=10**6)
    assert isinstance(one.source, Given)
    one.source.pages, one.source.fails = pages, fails
    extract([one], never)
    assert fails == isinstance(one.error, BadData), one.error
    return [
        ([key for table in page.rows.values() for key in table["record_id"].to_pylist()], page.cursor)
        for page in landed(one).pages
    ]


@pytest.mark.parametrize("fails", [False, True])
def test_small_pages_are_durable_together(*, fails: bool) -> None:
    """In their order, with the last cursor that was given; also when the source fails after them."""
    pages = [Page({"people": people("a")}, cursor=1), Page({"people": people("b", "a")}, cursor=2)]
    pages.append(Page({"people": people("c")}))
    assert [(["a", "b", "a", "c"], 2)] == given(*pages, fails=fails)


@pytest.mark.parametrize(
    "special",
    [
        Page({"people": people("x")}, complete=True),
        Page({"people": people("x")}, {"people": 3}),
        Page({"people": people("x")}, deleted={"people": ["a"]}),
        Page({"people": people("x")}, merged=[("a", "b")]),
        Page({"people": people("x").select(["record_id"])}),
        Page({"people": people("x")}, window=(date(2026, 1, 1), date(2026, 1, 1))),
        Page(cursor=9),
    ],
)
def test_a_page_that_says_more_than_rows_is_durable_alone(special: Page) -> None:
    """After those before it and before those after it: what it says is about a moment between them."""
    keys = special.rows["people"]["record_id"].to_pylist() if special.rows else []
    before, after = Page({"people": people("a")}, cursor=1), Page({"people": people("b")}, cursor=3)
    assert [(["a"], 1), (keys, special.cursor), (["b"], 3)] == given(before, special, after)


def test_pages_are_gathered_up_to_a_limit() -> None:
    """Ten thousand rows are enough for one commit, so that memory and what a crash costs stay small."""
    pages = [Page({"people": people(*(f"{n}-{each}" for each in range(400)))}, cursor=n) for n in range(60)]
    assert [10_000, 10_000, 4_000] == [len(keys) for keys, _ in given(*pages)]
    assert [24, 49, 59] == [cursor for _, cursor in given(*pages)]


def test_refused_rows_and_warnings_are_kept_when_pages_are_joined() -> None:
    """Nothing that a page said is lost."""
    refused = pa.Table.from_pylist([{"stream": "people", "reason": "odd"}], schema=QUARANTINE)
    one = reader(Given)
    assert isinstance(one.source, Given)
    one.source.pages = [Page({"people": people(key)}, quarantine=refused, warnings=[key]) for key in "ab"]
    extract([one], never)
    [page] = landed(one).pages
    assert page.quarantine is not None
    assert (["a", "b"], 2) == (page.warnings, len(page.quarantine))


def test_a_page_does_not_wait_for_a_slow_one() -> None:
    """What came is durable after a moment, while the source is still asking for the next page."""
    one = reader(SlowAfterOne)
    assert isinstance(one.source, SlowAfterOne)
    one.land = one.source.took
    extract([one], never)
    assert one.source.was_landed


class SlowAfterOne(Counted):
    """Gives a second page only when the first one has landed, or after a long time."""

    def __init__(self, settings: Settings, source: SourceSettings, context: Context) -> None:
        super().__init__(settings, source, context)
        self.landed, self.was_landed = threading.Event(), False

    def took(self, page: Page) -> None:
        """A page has landed."""
        del page
        self.landed.set()

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Two pages."""
        del streams, since
        yield Page({"people": people("a")}, cursor=1)
        self.was_landed = self.landed.wait(30)
        yield Page({"people": people("b")}, cursor=2)
