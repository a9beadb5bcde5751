"""Ask sources for pages since their saved cursors and hand each one on to be landed.

All sources read side by side, each in a thread of its own that prepares pages ahead; one thread hands them on, in
turns, small ones together. A source that hangs, dies or floods costs the others nothing but its turn.
"""

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from hub.lake.tray import Tray
from hub.sdk.connector import Source
from hub.sdk.errors import BadData, BrokenPlugin, HubError
from hub.sdk.records import Json, Page
from hub.sdk.settings import Settings, SourceSettings
from hub.sdk.streams import STREAMS
from hub.store.errors import StoreError

AnySource: TypeAlias = Source[Settings, SourceSettings]

READERS = 8  # sources that read at the same time; the next one begins when one of them has ended
_END = object()
_PATIENCE = 1.0  # seconds that a source may let the others wait, once: quick ones land in the order of the config
_LOOK = 0.25  # seconds between two looks at time limits and at cancelling while nothing comes
_GRACE = 5.0  # seconds that a source has to close what it opened, before its thread is left alone


@dataclass(eq=False, slots=True)
class Reader:
    """One `[[source]]` entry to be read from `since` on; `land` makes a page durable.

    `ended`: it came to its end. `error`: why it did not; neither when the run was cancelled before.
    """

    source: AnySource
    since: Json
    land: Callable[[Page], object]
    ended: bool = False
    error: HubError | None = None


def streams_of(source: AnySource, wanted: str) -> Sequence[str]:
    """Return the streams that a `[[source]]` entry fills: its own, or all that the connector offers."""
    return source.streams if wanted == "all" else (wanted,)


def extract(readers: Iterable[Reader], cancelled: Callable[[], bool]) -> None:
    """Read sources to their ends, or until `cancelled` says so between two pages; pages that were handed on stay.

    What a source raises, its time limits and mistakes against the contract end up in its reader's `error`. Whatever
    else `land` raises ends all of them and is raised here, and so does a store that cannot be written.
    """
    waiting, news, turns = deque(readers), threading.Event(), deque[_Feed]()
    try:
        while (waiting or turns) and not cancelled():
            while waiting and len(turns) < READERS:
                turns.append(_Feed(waiting.popleft(), news))
            news.clear()
            if not _one_round(turns, cancelled):
                news.wait(_LOOK)
    finally:
        for feed in turns:
            feed.stop()
        patience = time.monotonic() + _GRACE
        for feed in turns:
            feed.join(patience)


def made(connector: str, make: Callable[[], AnySource]) -> AnySource:
    """Make a source; raises `BrokenPlugin` where that fails with an error that the contract does not know."""
    try:
        return make()
    except HubError:
        raise
    except Exception as error:
        raise _broken(f"connector {connector}", error) from error


def _one_round(turns: "deque[_Feed]", cancelled: Callable[[], bool]) -> bool:
    """Give each source its turn; say whether anything came."""
    came = False
    for _ in range(len(turns)):
        if cancelled():
            break
        feed = turns.popleft()
        try:
            page = feed.next_page()
            came = came or page is not None
            if page is not None:
                feed.land(page)
        except StoreError:
            turns.append(feed)  # to be stopped with the others
            raise
        except HubError as error:
            feed.reader.error = error
            feed.stop()
        if feed.open:
            turns.append(feed)
        else:
            came = True
    return came


@dataclass(eq=False)
class _Feed:
    """A source at work in its own thread, which also closes it."""

    reader: Reader
    news: threading.Event
    open: bool = True
    _slow: bool = False
    _busy_since: float | None = None

    def __post_init__(self) -> None:
        self._tray = Tray(self.news)
        # A daemon thread: one that hangs for ever must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name="source", daemon=True)
        self._thread.start()

    def next_page(self) -> Page | None:
        """Return what shall be landed next, None when nothing is ready or nothing comes any more.

        Raises:
            HubError: what the source raised, or that it keeps no time limit.
        """
        page = self._tray.take(0 if self._slow else _PATIENCE)
        if page is not None:
            return page
        if not self._tray.ended:
            self._slow = True
            self._check_silence()
            return None
        if self._tray.error is not None:
            raise self._tray.error
        self.open, self.reader.ended = False, True
        return None

    def land(self, page: Page) -> None:
        """Hand a page on, and let the source prepare another one."""
        self.reader.land(page)
        self._tray.landed()

    def stop(self) -> None:
        """Ask for no more pages."""
        self.open = False
        self._tray.end()

    def join(self, until: float) -> None:
        """Wait for the source to close; one that hangs is left alone, and nothing more of it is landed."""
        self._thread.join(max(0.0, until - time.monotonic()))

    def _check_silence(self) -> None:
        since, limit = self._busy_since, self.reader.source.source.page_within
        if since is not None and time.monotonic() - since > limit.total_seconds():
            where = self.reader.source.context.connection
            hint = "The next run asks again from the last page on. Limit: page_within."
            self._tray.end(BadData(f"{where}: no page for {limit}; given up.", hint=hint))

    def _work(self) -> None:
        error: HubError | None = None
        try:
            self._read()
        except HubError as caught:
            error = caught
        self._tray.end(error)

    def _read(self) -> None:
        """Prepare pages while there is room for them; close the source at the end, in the thread it lives in."""
        pages, count, began = _pages(self.reader), 0, time.monotonic()
        try:
            while self._tray.wait_for_room():
                self._busy_since = time.monotonic()
                page = next(pages, _END)
                self._busy_since = None
                if page is _END:
                    return
                self._tray.put(_examined(self.reader.source, page))
                count += 1
                _check_length(self.reader.source, count, time.monotonic() - began)
        finally:
            self._busy_since = None
            pages.close()


def _pages(reader: Reader) -> Generator[object]:
    source = reader.source
    try:
        yield from source.read(streams_of(source, source.source.stream), reader.since)
    except HubError:
        raise
    except Exception as error:
        raise _broken(f"{type(source).__name__}.read", error) from error


def _broken(what: str, error: Exception) -> BrokenPlugin:
    """Say where a connector failed, never with which words: they may quote a value."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}"
    return BrokenPlugin(
        f"{what} failed with {type(error).__name__} in {place}.",
        hint="This is a mistake in the connector; the other sources were read.",
    )


def _check_length(source: AnySource, pages: int, seconds: float) -> None:
    limits, where = source.source, source.context.connection
    if pages >= limits.max_pages or seconds > limits.read_within.total_seconds():
        hint = "What was read is kept; the next run goes on from there. Limits: max_pages, read_within."
        raise BadData(f"{where}: no end after {pages:,} pages.", hint=hint)


def _examined(source: AnySource, page: object) -> Page:
    if not isinstance(page, Page):
        raise BrokenPlugin(f"{type(source).__name__}.read gave a {type(page).__name__}.", hint="Yield Page objects.")
    unknown = set(page.rows) | set(page.deleted)
    unknown -= set(STREAMS)
    if unknown:
        raise BadData(f"{source.name} gave stream {min(unknown)!r}. Known streams: {', '.join(STREAMS)}.")
    return page
