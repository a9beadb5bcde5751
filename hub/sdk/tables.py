"""Tables from records, for sources that get them one at a time; those that get columns make their own."""

import json
from collections.abc import Mapping, Sequence

import pyarrow as pa

from hub.sdk.errors import BrokenPlugin
from hub.sdk.records import Json
from hub.sdk.streams import OPTIONAL, QUARANTINE, STREAMS

RAW_LIMIT = 10_000  # characters of a refused record that are kept


def table_of(stream: str, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Return `rows` as a table of `stream`; what a row leaves out is null.

    Args:
        stream: name of a canonical stream.
        rows: values by column, those of `hub.sdk.streams.OPTIONAL` too. `identifiers` is a mapping of namespaces to
            values here; a value that is None is left out.

    Raises:
        BrokenPlugin: a row names a column that the stream does not have, or has a value of the wrong type.
    """
    schema, given = pa.schema([*STREAMS[stream].columns, *OPTIONAL]), {name for row in rows for name in row}
    unknown = sorted(given - set(schema.names))
    if unknown:
        known = ", ".join(schema.names)
        raise BrokenPlugin(f"stream {stream!r} has no column {unknown[0]!r}.", hint=f"It has: {known}.")
    columns = [
        _column(stream, column, rows) if column.name in given else pa.nulls(len(rows), column.type) for column in schema
    ]
    return pa.table(columns, schema=schema)


def refusal(stream: str, found: Json, field: str | None, reason: str) -> Mapping[str, object]:
    """Return the line of the quarantine for a record that does not fit: its column, and why, without a value."""
    raw = json.dumps(found, ensure_ascii=False)[:RAW_LIMIT]
    return {"stream": stream, "field": field, "reason": reason, "raw": raw}


def quarantine(refused: Sequence[Mapping[str, object]]) -> pa.Table | None:
    """Return lines of the quarantine as `Page.quarantine` has them, None without any."""
    return pa.Table.from_pylist([*refused], schema=QUARANTINE) if refused else None


def _column(stream: str, column: pa.Field, rows: Sequence[Mapping[str, object]]) -> pa.Array:
    values = [row.get(column.name) for row in rows]
    if pa.types.is_list(column.type):
        values = [_paired(value) for value in values]
    try:
        return pa.array(values, column.type)
    except pa.ArrowException:  # its text holds the value
        kinds = ", ".join(sorted({type(value).__name__ for value in values if value is not None}))
        raise BrokenPlugin(f"{stream}.{column.name}: expected {column.type}, got {kinds}.") from None


def _paired(value: object) -> object:
    """Spell a mapping of identifiers as the list of pairs that lands."""
    if not isinstance(value, Mapping):
        return value
    return [{"namespace": name, "value": each} for name, each in value.items() if each is not None]
