"""Ask a source for pages since the saved cursor and hand each one on to be landed."""

import time
import traceback
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from hub.sdk.connector import Source
from hub.sdk.errors import BadData, BrokenPlugin, HubError
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

    Stops between pages when `cancelled` says so; pages handed over before an error stay.

    Raises:
        BadData: the source never ends.
        BrokenPlugin: it fails with an error that the contract does not know, or gives something else than pages.
        HubError: whatever else the source raises.
    """
    rows, deadline = 0, time.monotonic() + seconds
    with closing(_ahead(_pages(source, wanted, since))) as found:
        for pages, page in enumerate(found, start=1):
            _examine(source, page)
            rows += land(page)
            if cancelled():
                return rows
            if pages >= page_limit or time.monotonic() > deadline:
                raise BadData(
                    f"{source.context.connection}: no end after {pages:,} pages.",
                    hint="What was read is kept; the next run goes on from there.",
                )
    return rows


def made(connector: str, make: Callable[[], AnySource]) -> AnySource:
    """Make a source; raises `BrokenPlugin` where that fails with an error that the contract does not know."""
    try:
        return make()
    except HubError:
        raise
    except Exception as error:
        raise _broken(f"connector {connector}", error) from error


def _pages(source: AnySource, wanted: str, since: Json) -> Generator[Page]:
    try:
        yield from source.read(streams_of(source, wanted), since)
    except HubError:
        raise
    except Exception as error:
        raise _broken(f"{type(source).__name__}.read", error) from error


def _ahead(pages: Generator[Page]) -> Generator[Page]:
    """Let the source prepare its next page, always in the same thread, while this one is landed."""
    with ThreadPoolExecutor(1, "source") as thread:
        coming = thread.submit(next, pages, None)
        try:
            while (page := coming.result()) is not None:
                coming = thread.submit(next, pages, None)
                yield page
        finally:
            wait([coming])
            thread.submit(pages.close).result()


def _broken(what: str, error: Exception) -> BrokenPlugin:
    """Say where a connector failed, never with which words: they may quote a value."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}"
    return BrokenPlugin(
        f"{what} failed with {type(error).__name__} in {place}.",
        hint="This is a mistake in the connector; the other sources were read.",
    )


def _examine(source: AnySource, page: Page) -> None:
    if not isinstance(page, Page):
        raise BrokenPlugin(f"{type(source).__name__}.read gave a {type(page).__name__}.", hint="Yield Page objects.")
    unknown = set(page.rows) | set(page.deleted)
    unknown -= set(STREAMS)
    if unknown:
        raise BadData(f"{source.name} gave stream {min(unknown)!r}. Known streams: {', '.join(STREAMS)}.")
