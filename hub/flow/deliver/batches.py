"""Cut a plan's rows into batches, and keep a batch's receipts in one blob."""

import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b

import pyarrow as pa
import pyarrow.compute as pc

from hub.outbox.parts import Part, Receipt
from hub.sdk.connector import Capabilities
from hub.sdk.records import Row, Suppression
from hub.store.models import BatchRow

_TICK = timedelta(microseconds=1)
_ROW_BYTES = 100  # what a vendor's request adds to the ids and fields of a row


def cut(rows: pa.Table, able: Capabilities) -> list[BatchRow]:
    """Cut rows, in their order, into batches of one operation, and of one consent where the tool asks for it."""
    kinds = list(zip(rows["op"].to_pylist(), _kinds(rows, able), strict=True))
    sizes = pc.add(pc.binary_length(rows["wire"]), pc.coalesce(pc.binary_length(rows["payload"]), 0)).to_pylist()
    return [
        BatchRow(number=number, op=kinds[first][0], first_row=first, row_count=end - first)
        for number, (first, end) in enumerate(_ranges(kinds, sizes, able), start=1)
    ]


def _kinds(rows: pa.Table, able: Capabilities) -> list[bool]:
    return rows["consented"].to_pylist() if able.partition_by_consent else [False] * rows.num_rows


def _ranges(kinds: Sequence[object], sizes: Sequence[int], able: Capabilities) -> Iterator[tuple[int, int]]:
    first, held = 0, 0
    for place, (kind, size) in enumerate(zip(kinds, sizes, strict=True)):
        held += size + _ROW_BYTES
        full = place - first >= able.batch_rows or held > able.batch_bytes
        if place > first and (full or kind != kinds[first]):
            yield first, place
            first, held = place, size + _ROW_BYTES
    if kinds:
        yield first, len(kinds)


def rows_of(table: pa.Table, places: Sequence[int]) -> list[Row]:
    """Return the rows at some places of a plan, as a destination gets them."""
    return [
        Row(
            key=row["key"],
            wire=json.loads(row["wire"]),
            fields=json.loads(row["payload"]) if row["payload"] not in (None, "{}") else {},
            vendor_id=row["vendor_id"],
            consented=row["consented"],
        )
        for row in table.take(pa.array(places, pa.int64())).to_pylist()
    ]


def batch_id(uid: str, op: str, rows: Sequence[Row]) -> str:
    """Return the idempotency key of a request: the same for the same rows of the same plan."""
    return blake2b("|".join((uid, op, *(row.key for row in rows))).encode(), digest_size=16).hexdigest()


def encode(part: Part) -> bytes:
    """Pack a part's receipts: the most frequent one once, the others row by row."""
    plain = Counter(receipt for receipt in part.receipts.values() if receipt == Receipt(receipt.outcome))
    usual = plain.most_common(1)[0][0] if plain else None
    document = {
        "doubted": part.doubted,
        "usual": usual.outcome if usual else None,
        "pending": part.pending if usual else (),
        "rows": {row: _pack(receipt) for row, receipt in part.receipts.items() if receipt != usual},
    }
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode())


def decode(batch: BatchRow) -> Part:
    """Return a stored batch as a part."""
    part = Part(batch.first_row, batch.row_count, batch.attempt)
    if batch.receipts is None:
        return part
    document = json.loads(zlib.decompress(batch.receipts))
    receipts = {int(row): _unpack(packed) for row, packed in document["rows"].items()}
    if document["usual"]:
        apart = {*receipts, *document["pending"]}
        receipts |= {row: Receipt(document["usual"]) for row in part.pending if row not in apart}
    return replace(part, receipts=receipts, doubted=document["doubted"])


def told(batches: Sequence[BatchRow]) -> dict[int, Receipt]:
    """Return the receipts that a plan's batches hold so far, by place in the plan."""
    return {row: receipt for batch in batches for row, receipt in decode(batch).receipts.items()}


def _pack(receipt: Receipt) -> list[object]:
    told = receipt.suppression
    after = receipt.after // _TICK if receipt.after is not None else None
    when = told.occurred_at.isoformat() if told and told.occurred_at else None
    suppression = [told.channel, told.purpose, when] if told else None
    return [receipt.outcome, receipt.code, receipt.vendor_id, after, suppression]


def _unpack(packed: list[object]) -> Receipt:
    outcome, code, vendor_id, after, told = packed
    suppression = None
    if isinstance(told, list):
        channel, purpose, when = told
        suppression = Suppression(channel, purpose, datetime.fromisoformat(when) if when else None)
    return Receipt(
        outcome,  # type: ignore[arg-type]  # written by _pack
        str(code),
        str(vendor_id) if vendor_id is not None else None,
        int(str(after)) * _TICK if after is not None else None,
        suppression,
    )
