"""Ask sources for pages since their saved cursors and hand each one on to be landed.

All sources read side by side, each in a thread of its own that prepares one page ahead; pages are handed on by one
thread, in turns, small ones together. A source that hangs, dies or floods costs the others nothing but its turn.
"""

import queue
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from hub.sdk.connector import Source
from hub.sdk.errors import BadData, BrokenPlugin, HubError
from hub.sdk.records import Json, Page
from hub.sdk.settings import Settings, SourceSettings
from hub.sdk.streams import QUARANTINE, STREAMS, arriving
from hub.store.errors import StoreError

AnySource: TypeAlias = Source[Settings, SourceSettings]

READERS = 8  # sources that read at the same time; the next one begins when one of them has ended
_AHEAD = 2  # pages of a source in memory: one is landed, one is being prepared
_ENOUGH_ROWS, _ENOUGH_BYTES = 10_000, 16_000_000  # of pages that become durable together
_LATE = 1.0  # seconds that a page may wait for others before it becomes durable
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
        for feed in turns:  # cancelled: what came until now stays
            feed.gathered.flush()
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
            elif feed.gathered.is_late():
                feed.gathered.flush()
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


@dataclass(slots=True)
class _Gathered:
    """Small pages that become durable together: a commit and a file for each would take longer than reading them."""

    land: Callable[[Page], object]
    _pages: list[Page] = field(default_factory=list)
    _rows: int = 0
    _bytes: int = 0
    _since: float = 0.0

    def add(self, page: Page) -> None:
        """Keep a page until there are enough; one that says more than rows and a cursor is durable at once, alone."""
        if not _is_plain(page):
            self.flush()
            self.land(page)
            return
        self._since = self._since if self._pages else time.monotonic()
        self._pages.append(page)
        self._rows += sum(map(len, page.rows.values()))
        self._bytes += sum(table.nbytes for table in page.rows.values())
        if self._rows >= _ENOUGH_ROWS or self._bytes >= _ENOUGH_BYTES:
            self.flush()

    def is_late(self) -> bool:
        """Whether something has been waiting for long enough."""
        return bool(self._pages) and time.monotonic() - self._since > _LATE

    def flush(self) -> None:
        """Hand on what is there, as one page."""
        pages, self._pages, self._rows, self._bytes = self._pages, [], 0, 0
        if pages:
            self.land(pages[0] if len(pages) == 1 else _joined(pages))


def _is_plain(page: Page) -> bool:
    """Rows in exactly their stream's columns, refused rows, warnings, a cursor; nothing else, and not without rows."""
    special = page.read or page.complete or page.window or page.window_complete or page.deleted or page.merged
    regular = all(table.schema.equals(arriving(stream)) for stream, table in page.rows.items())
    return bool(page.rows) and not special and regular and _fits(page)


def _fits(page: Page) -> bool:
    return page.quarantine is None or page.quarantine.schema.equals(QUARANTINE)


def _joined(pages: Sequence[Page]) -> Page:
    """One page in place of several: their rows in the order in which they came, the last cursor that was given."""
    streams = dict.fromkeys(stream for page in pages for stream in page.rows)
    refused = [page.quarantine for page in pages if page.quarantine is not None]
    return Page(
        {stream: pa.concat_tables(page.rows[stream] for page in pages if stream in page.rows) for stream in streams},
        quarantine=pa.concat_tables(refused) if refused else None,
        cursor=next((page.cursor for page in reversed(pages) if page.cursor is not None), None),
        warnings=[warning for page in pages for warning in page.warnings],
    )


@dataclass(slots=True)
class _Box:
    """What a source's thread hands over: a page, an error, or the end."""

    page: object = None
    error: HubError | None = None
    end: bool = False


@dataclass(eq=False)
class _Feed:
    """A source at work in its own thread, which also closes it."""

    reader: Reader
    news: threading.Event
    open: bool = True
    gathered: _Gathered = field(init=False)
    _pages: int = 0
    _slow: bool = False
    _busy_since: float | None = None
    _began: float = field(default_factory=time.monotonic)
    _boxes: "queue.SimpleQueue[_Box]" = field(default_factory=queue.SimpleQueue)
    _room: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_AHEAD))
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gathered = _Gathered(self.reader.land)
        # A daemon thread: one that hangs for ever must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name="source", daemon=True)
        self._thread.start()

    def next_page(self) -> Page | None:
        """Return the next page, None when none is ready or none comes any more.

        Raises:
            HubError: what the source raised, or that it keeps no time limit.
        """
        box = self._taken()
        if box is None:
            self._check_silence()
            return None
        if box.error is not None:
            self.gathered.flush()
            raise box.error
        if box.end:
            self.gathered.flush()
            self.open, self.reader.ended = False, True
            return None
        return _examined(self.reader.source, box.page)

    def land(self, page: Page) -> None:
        """Hand a page on, and let the source prepare another one. Raises BadData when it has had enough of them."""
        self.gathered.add(page)
        self._pages += 1
        self._room.release()
        limits, where = self.reader.source.source, self.reader.source.context.connection
        if self._pages >= limits.max_pages or time.monotonic() - self._began > limits.read_within.total_seconds():
            self.gathered.flush()
            hint = "What was read is kept; the next run goes on from there. Limits: max_pages, read_within."
            raise BadData(f"{where}: no end after {self._pages:,} pages.", hint=hint)

    def stop(self) -> None:
        """Ask for no more pages."""
        self.open = False
        self._stopped.set()
        self._room.release()

    def join(self, until: float) -> None:
        """Wait for the source to close; one that hangs is left alone, and nothing more of it is landed."""
        self._thread.join(max(0.0, until - time.monotonic()))

    def _taken(self) -> _Box | None:
        with suppress(queue.Empty):
            return self._boxes.get(timeout=_PATIENCE) if not self._slow else self._boxes.get_nowait()
        self._slow = True
        return None

    def _check_silence(self) -> None:
        since, limit = self._busy_since, self.reader.source.source.page_within
        if since is not None and time.monotonic() - since > limit.total_seconds():
            self.gathered.flush()
            where = self.reader.source.context.connection
            hint = "The next run asks again from the last page on. Limit: page_within."
            raise BadData(f"{where}: no page for {limit}; given up.", hint=hint)

    def _work(self) -> None:
        box = _Box(end=True)
        try:
            for page in self._allowed():
                self._put(_Box(page=page))
        except HubError as error:
            box = _Box(error=error)
        self._put(box)

    def _allowed(self) -> Iterator[object]:
        """Yield pages as long as there is room for them, and close the source at the end, in the thread it lives in."""
        pages = _pages(self.reader)
        try:
            while self._may_go_on():
                yield next(pages)
        except StopIteration:
            return
        finally:
            pages.close()

    def _may_go_on(self) -> bool:
        self._room.acquire()
        self._busy_since = time.monotonic()
        return not self._stopped.is_set()

    def _put(self, box: _Box) -> None:
        self._busy_since = None
        self._boxes.put(box)
        self.news.set()


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


def _examined(source: AnySource, page: object) -> Page:
    if not isinstance(page, Page):
        raise BrokenPlugin(f"{type(source).__name__}.read gave a {type(page).__name__}.", hint="Yield Page objects.")
    unknown = set(page.rows) | set(page.deleted)
    unknown -= set(STREAMS)
    if unknown:
        raise BadData(f"{source.name} gave stream {min(unknown)!r}. Known streams: {', '.join(STREAMS)}.")
    return page
