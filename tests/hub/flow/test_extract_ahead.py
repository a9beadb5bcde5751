"""A source prepares its next page while the last one is landed."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.flow.extract import extract
from hub.sdk.connector import Context, Source
from hub.sdk.errors import BadData
from hub.sdk.records import Fact, Json, Page
from hub.sdk.settings import Settings, SourceSettings


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


def source(folder: Path) -> Counted:
    """The source, ready to be read."""
    context = Context("shop", folder, datetime.now(UTC), "UTC", "DE")
    return Counted(Settings(), SourceSettings(stream="people"), context)


def landing(pages: list[Page]) -> Callable[[Page], int]:
    """Lands a page by keeping it."""

    def land(page: Page) -> int:
        pages.append(page)
        return 0

    return land


def test_pages_before_an_error_are_landed(tmp_path: Path) -> None:
    """An error that was met early is raised only after every page before it was handed on, in order."""
    landed: list[Page] = []
    counted = source(tmp_path)
    with pytest.raises(BadData):
        extract(counted, "people", None, landing(landed), lambda: False)
    assert [{"page": 0}, {"page": 1}, {"page": 2}] == [page.cursor for page in landed]
    assert counted.closed


def test_a_source_works_in_one_thread_and_is_closed_there(tmp_path: Path) -> None:
    """Also when the run is cancelled: what a connector opened, it closes where it opened it."""
    landed: list[Page] = []
    counted = source(tmp_path)
    extract(counted, "people", None, landing(landed), lambda: True)
    assert 1 == len(landed)
    assert counted.closed
    assert 1 == len(counted.threads)
