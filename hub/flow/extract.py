"""Ask a source for pages since the saved cursor and hand each one on to be landed."""

import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from hub.sdk.connector import Source
from hub.sdk.errors import BadData
from hub.sdk.records import Json, Page
from hub.sdk.settings import Settings, SourceSettings
from hub.sdk.streams import STREAMS

AnySource: TypeAlias = Source[Settings, SourceSettings]


def streams_of(source: AnySource, wanted: str) -> Sequence[str]:
    """Return the streams that a `[[source]]` entry fills: its own, or all that the connector offers."""
    return source.streams if wanted == "all" else (wanted,)


def extract(
    source: AnySource,
    wanted: str,
    since: Json,
    land: Callable[[Page], int],
    cancelled: Callable[[], bool],
    *,
    page_limit: int = 1_000_000,
    seconds: float = 6 * 3600.0,
) -> int:
    """Read a source to its end; return the number of source rows. `land` makes a page durable and counts its rows.

    Stops between pages when `cancelled` says so. Raises `BadData` for a source that never ends, and whatever the
    source raises; pages handed over before stay.
    """
    rows, deadline = 0, time.monotonic() + seconds
    for pages, page in enumerate(source.read(streams_of(source, wanted), since), start=1):
        _refuse_unknown_streams(source, page)
        rows += land(page)
        if cancelled():
            return rows
        if pages >= page_limit or time.monotonic() > deadline:
            raise BadData(
                f"{source.context.connection}: no end after {pages:,} pages.",
                hint="What was read is kept; the next run goes on from there.",
            )
    return rows


def _refuse_unknown_streams(source: AnySource, page: Page) -> None:
    unknown = set(page.rows) | set(page.deleted)
    unknown -= set(STREAMS)
    if unknown:
        raise BadData(f"{source.name} gave stream {min(unknown)!r}. Known streams: {', '.join(STREAMS)}.")
