"""Before the log: small pages are joined between the thread that reads and the one that lands; no reader runs away.

A commit and a file for each small page would take longer than reading it.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence

import pyarrow as pa

from hub.sdk.errors import HubError
from hub.sdk.records import Page
from hub.sdk.streams import QUARANTINE, arriving

_AHEAD = 2  # lots of a source in memory: one is landed, one is being prepared
_ENOUGH_ROWS, _ENOUGH_BYTES = 10_000, 16_000_000  # of pages that become durable together
_LATE = 1.0  # seconds that a page may wait for others before it becomes durable


class Tray:
    """Lots of pages that become durable together. `news` is set when there is one to take, and at the end."""

    def __init__(self, news: threading.Event) -> None:
        self._news = news
        self._changed = threading.Condition()
        self._ready: deque[list[Page]] = deque()
        self._open: list[Page] = []
        self._rows = self._bytes = 0
        self._since = 0.0
        self._held = 0  # lots that are ready or are being landed
        self._ended = False
        self._error: HubError | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing is there any more, and nothing will come."""
        return self._ended and not self._ready

    @property
    def error(self) -> HubError | None:
        """What ended it early."""
        return self._error

    def wait_for_room(self) -> bool:
        """Wait until another page may be prepared; False when none is wanted any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._held < _AHEAD)
            return not self._ended

    def put(self, page: Page) -> None:
        """Lay a page down; one that says more than rows and a cursor becomes durable alone. Nothing after the end."""
        plain = _is_plain(page)
        size = sum(table.get_total_buffer_size() for table in page.rows.values()) if plain else 0
        with self._changed:
            if self._ended:
                return
            if not plain:
                self._close()
            self._since = self._since if self._open else time.monotonic()
            self._open.append(page)
            self._rows += sum(map(len, page.rows.values()))
            self._bytes += size
            if not plain or self._rows >= _ENOUGH_ROWS or self._bytes >= _ENOUGH_BYTES:
                self._close()

    def end(self, error: HubError | None = None) -> None:
        """Say that nothing comes any more, and why; what lies here can still be taken."""
        with self._changed:
            if not self._ended:
                self._close()
                self._ended, self._error = True, error
                self._tell()

    def take(self, patience: float) -> Page | None:
        """Return the next lot as one page, None when there is none within `patience` seconds; it counts until `landed`.

        A lot that waited for its other pages for too long is taken as it is.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended, patience)
            if not self._ready and self._open and time.monotonic() - self._since > _LATE:
                self._close()
            lot = self._ready.popleft() if self._ready else None
        return joined(lot) if lot else None

    def landed(self) -> None:
        """Make room: what was taken is durable."""
        with self._changed:
            self._held -= 1
            self._changed.notify_all()

    def _close(self) -> None:
        if self._open:
            self._ready.append(self._open)
            self._open, self._rows, self._bytes = [], 0, 0
            self._held += 1
            self._tell()

    def _tell(self) -> None:
        self._changed.notify_all()
        self._news.set()


def joined(pages: Sequence[Page]) -> Page:
    """Return one page in place of several: rows in the order in which they came, the last cursor that was given."""
    if len(pages) == 1:
        return pages[0]
    streams = dict.fromkeys(stream for page in pages for stream in page.rows)
    refused = [page.quarantine for page in pages if page.quarantine is not None]
    return Page(
        {stream: pa.concat_tables(page.rows[stream] for page in pages if stream in page.rows) for stream in streams},
        quarantine=pa.concat_tables(refused) if refused else None,
        cursor=next((page.cursor for page in reversed(pages) if page.cursor is not None), None),
        warnings=[warning for page in pages for warning in page.warnings],
    )


def _is_plain(page: Page) -> bool:
    """Rows in exactly their stream's columns, refused rows, warnings, a cursor; nothing else, and not without rows."""
    special = page.read or page.complete or page.window or page.window_complete or page.deleted or page.merged
    regular = all(table.schema.equals(arriving(stream)) for stream, table in page.rows.items())
    return bool(page.rows) and not special and regular and _fits(page)


def _fits(page: Page) -> bool:
    return page.quarantine is None or page.quarantine.schema.equals(QUARANTINE)
