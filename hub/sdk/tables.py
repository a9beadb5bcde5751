"""Tables from records, for sources that get them one at a time; those that get columns make their own."""

from collections.abc import Mapping, Sequence

import msgspec
import pyarrow as pa

from hub.sdk.errors import BrokenPlugin
from hub.sdk.records import Json
from hub.sdk.streams import QUARANTINE, arriving

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
    schema, given = arriving(stream), frozenset().union(*rows)
    unknown = sorted(given - set(schema.names))
    if unknown:
        known = ", ".join(schema.names)
        raise BrokenPlugin(f"stream {stream!r} has no column {unknown[0]!r}.", hint=f"It has: {known}.")
    columns = [
        _column(stream, column, rows) if column.name in given else pa.nulls(len(rows), column.type) for column in schema
    ]
    return pa.table(columns, schema=schema)


def raw(found: Json) -> bytes:
    """Return a vendor's record as JSON in UTF-8, for `_raw` and other columns that keep what came."""
    return msgspec.json.encode(found)


def refusal(stream: str, found: Json, field: str | None, reason: str) -> Mapping[str, object]:
    """Return the line of the quarantine for a record that does not fit: its column, and why, without a value."""
    return {"stream": stream, "field": field, "reason": reason, "raw": raw(found).decode()[:RAW_LIMIT]}


def quarantine(refused: Sequence[Mapping[str, object]]) -> pa.Table | None:
    """Return lines of the quarantine as `Page.quarantine` has them, None without any."""
    return pa.Table.from_pylist([*refused], schema=QUARANTINE) if refused else None


def _column(stream: str, column: pa.Field, rows: Sequence[Mapping[str, object]]) -> pa.Array:
    values = [row.get(column.name) for row in rows]
    try:
        return _paired(values, column.type) if pa.types.is_list(column.type) else pa.array(values, column.type)
    except pa.ArrowException:  # its text holds the value
        kinds = ", ".join(sorted({type(value).__name__ for value in values if value is not None}))
        raise BrokenPlugin(f"{stream}.{column.name}: expected {column.type}, got {kinds}.") from None


def _paired(values: Sequence[object], type_: pa.ListType) -> pa.Array:
    """Spell mappings of identifiers as lists of pairs, which is how they land; lists stay as they are."""
    if not all(isinstance(value, dict) for value in values):
        return pa.array([_pairs(value) for value in values], type_)
    namespaces, found, offsets = list[object](), list[object](), [0]
    for value in values:
        given = [pair for pair in value.items() if pair[1] is not None] if isinstance(value, dict) else []
        namespaces += [namespace for namespace, _ in given]
        found += [each for _, each in given]
        offsets.append(len(found))
    columns = [pa.array(namespaces, type_.value_type[0].type), pa.array(found, type_.value_type[1].type)]
    entries = pa.StructArray.from_arrays(columns, fields=[*type_.value_type])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), entries, type=type_)


def _pairs(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    return [{"namespace": name, "value": each} for name, each in value.items() if each is not None]
