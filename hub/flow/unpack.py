"""Turn pushed events that were verified and stored into pages to be landed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TypeAlias

import pyarrow as pa

from hub.sdk.connector import Source
from hub.sdk.errors import HubError
from hub.sdk.records import Delivery, Page
from hub.sdk.settings import Settings, SourceSettings
from hub.sdk.streams import QUARANTINE

AnySource: TypeAlias = Source[Settings, SourceSettings]

TOGETHER = 5_000  # events in one page at most
_RAW_LIMIT = 10_000  # characters, as in every entry of the quarantine


def unpack(source: AnySource, streams: Sequence[str], deliveries: Iterable[Delivery]) -> Iterator[Page]:
    """Yield pages without cursors, with what is of `streams`; the rest of an event is for other sources.

    An event that cannot be read becomes a row of the quarantine, with what came. A page ends behind an event that says
    something was deleted or merged, so that what comes later comes later.
    """
    waiting: list[Page] = []
    for delivery in deliveries:
        page = _of(streams, _unpacked(source, delivery))
        waiting.append(page)
        if page.deleted or page.merged or len(waiting) >= TOGETHER:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _unpacked(source: AnySource, delivery: Delivery) -> Page:
    try:
        return source.unpack(delivery)
    except HubError as error:
        return _refused(source, delivery, error.message)
    except Exception as error:  # noqa: BLE001 - one event that nobody foresaw must not keep the others from landing
        return _refused(source, delivery, f"{type(source).__name__}.unpack failed with {type(error).__name__}.")


def _of(streams: Sequence[str], page: Page) -> Page:
    rows = {name: table for name, table in page.rows.items() if name in streams}
    deleted = {name: keys for name, keys in page.deleted.items() if name in streams}
    return replace(page, rows=rows, deleted=deleted, merged=page.merged if "people" in streams else ())


def _refused(source: AnySource, delivery: Delivery, reason: str) -> Page:
    row = {
        "stream": source.streams[0],
        "reason": f"a pushed event {delivery.topic!r} could not be read: {reason}",
        "raw": delivery.body.decode("utf-8", "replace")[:_RAW_LIMIT],
    }
    return Page(quarantine=pa.Table.from_pylist([row], schema=QUARANTINE))


def _joined(pages: Sequence[Page]) -> Page:
    streams = dict.fromkeys(chain.from_iterable(page.rows for page in pages))
    counted = dict.fromkeys(chain.from_iterable(page.read for page in pages))
    refused = [page.quarantine for page in pages if page.quarantine is not None]
    return Page(
        rows={name: _stacked([page.rows[name] for page in pages if name in page.rows]) for name in streams},
        read={name: sum(page.read.get(name, 0) for page in pages) for name in counted},
        quarantine=pa.concat_tables(refused) if refused else None,
        deleted=pages[-1].deleted,
        merged=pages[-1].merged,
        warnings=tuple(dict.fromkeys(chain.from_iterable(page.warnings for page in pages))),
    )


def _stacked(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables, promote_options="default")
