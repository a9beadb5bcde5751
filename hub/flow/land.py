"""Write a page to the landing log in its streams' fixed schemas, then commit its files and its cursor together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hub.engine import DuckEngine
from hub.engine.schema import DELETED, MERGES, SEPARATOR
from hub.lake.landing import Landing
from hub.sdk.errors import BrokenPlugin
from hub.sdk.identity import normalise
from hub.sdk.records import Page
from hub.sdk.streams import COUNT, FLAG, QUARANTINE, SCHEMA_VERSION, STREAMS, TEXT, WHEN, Stream, arriving
from hub.store.control import Store
from hub.store.landing import CursorMove
from hub.store.models import LandedFile

QUARANTINED = "quarantine"
_A_MOMENT = timedelta(microseconds=1)
_NEEDED = {"consents": ("channel",)}  # beside the key; a no that cannot be placed must be seen, not dropped


@dataclass(frozen=True, slots=True)
class Place:
    """Whose pages these are. `source` names the `[[source]]` entry, `read` this pass over it, `run` the run."""

    streams: tuple[str, ...]
    connection: str
    source: str
    read: str
    run: int
    currency: str
    country: str | None = None


@dataclass(slots=True)
class Counts:
    """Source rows by stream: read = landed + quarantined. `dropped`: values that could not be identifiers."""

    read: dict[str, int] = field(default_factory=dict)
    landed: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def add(self, group: str, key: str, count: int) -> None:
        """Count `count` more rows of stream `key` as `group`."""
        numbers: dict[str, int] = getattr(self, group)
        numbers[key] = numbers.get(key, 0) + count


def land_page(page: Page, place: Place, landing: Landing, store: Store, counts: Counts) -> int:
    """Make a page durable with its cursor, in one commit; add to `counts` and return the source rows read.

    Raises:
        BrokenPlugin: the page has columns that its stream lacks, or a window that cannot be applied.
    """
    _check_window(page)
    refused = [] if page.quarantine is None else [_conform(page.quarantine, QUARANTINE, "quarantine")]
    files: list[LandedFile] = []
    for name, table in _tables(page, place).items():
        good, bad = _prepare(table, STREAMS[name], place, counts)
        files += _write(good, name, page, place, landing)
        refused += [bad] if len(bad) else []
        counts.add("landed", name, _source_rows(good))
    files += _write_absences(page, place, landing)
    quarantine = pa.concat_tables(refused) if refused else QUARANTINE.empty_table()
    if len(quarantine):
        files += _write(_framed(quarantine, place), QUARANTINED, page, place, landing)
    store.commit_page(files, _move(page, place), run_id=place.run)
    counts.warnings += page.warnings
    return _count(page, quarantine, counts)


def land_frame(table: pa.Table, stream: str, place: Place, landing: Landing, store: Store) -> None:
    """Land a table of the hub's own (memberships) as it is, in a commit of its own."""
    store.commit_page(_write(_framed(table, place), stream, Page(), place, landing), run_id=place.run)


def _check_window(page: Page) -> None:
    """A window replaces the rows of the streams that its pages name, by their time; one that names none loses them."""
    if page.window_complete and page.window is None:
        raise BrokenPlugin(
            "a page says window_complete and names no window.", hint="Give window=(first day, last day)."
        )
    if page.window_complete and not page.rows:
        raise BrokenPlugin(
            "a page completes a window and names no stream.", hint='Give an empty table: rows={"events": ...}.'
        )
    timeless = [name for name in page.rows if page.window and not STREAMS[name].time]
    if timeless:
        raise BrokenPlugin(f"stream {timeless[0]!r} has no time, so no window of days can replace its rows.")


def _tables(page: Page, place: Place) -> dict[str, pa.Table]:
    """The page's tables; the end of a complete read leaves a mark in every stream, empty ones too."""
    marks = {name: STREAMS[name].columns.empty_table() for name in place.streams} if page.complete else {}
    return {**marks, **page.rows}


def _prepare(table: pa.Table, stream: Stream, place: Place, counts: Counts) -> tuple[pa.Table, pa.Table]:
    """Bring a table into its stream's landing columns; split off the rows that cannot land."""
    whole = _conform(table, arriving(stream.name), stream.name)
    key = _key(whole, stream)
    reasons = _misfits(whole, key, stream, place)
    fits = pc.is_null(reasons)
    bad = _refuse(whole.filter(pc.invert(fits)), reasons.drop_null(), stream.name)
    good, key = (whole, key) if len(bad) == 0 else (whole.filter(fits), key.filter(fits))
    return _identified(_framed(good, place).append_column("_key", key), stream, place, counts), bad


def _conform(table: pa.Table, schema: pa.Schema, name: str) -> pa.Table:
    """Return exactly the schema's columns: missing ones null, others cast; unknown ones are the connector's mistake."""
    unknown = [column for column in table.column_names if column not in schema.names]
    if unknown:
        raise BrokenPlugin(f"stream {name!r} has no column {unknown[0]!r}.", hint=f"It has: {', '.join(schema.names)}.")
    columns = [
        _cast(table[column.name], column, name)
        if column.name in table.column_names
        else pa.nulls(len(table), column.type)
        for column in schema
    ]
    return pa.table(columns, schema=schema)


def _cast(values: pa.ChunkedArray, column: pa.Field, name: str) -> pa.ChunkedArray:
    try:
        return values.cast(column.type)
    except pa.ArrowException:  # its text holds a value
        raise BrokenPlugin(
            f"stream {name!r}, column {column.name!r}: expected {column.type}, got {values.type} that does not fit.",
            hint="Give values of that type; quarantine rows that have none.",
        ) from None


def _key(table: pa.Table, stream: Stream) -> pa.ChunkedArray:
    """The record key as text; null when a part is missing. Streams without a key get one from their content later."""
    if not stream.key:
        return pa.chunked_array([pa.array([""]).take(pa.array(np.zeros(len(table), dtype=np.int8)))])
    none = pa.scalar(None, TEXT)
    parts = [pc.if_else(pc.equal(pc.utf8_length(table[name]), 0), none, table[name]) for name in stream.key]
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, SEPARATOR)


def _misfits(table: pa.Table, key: pa.ChunkedArray, stream: Stream, place: Place) -> pa.ChunkedArray:
    """One reason per row, null where the row can land."""
    none = pa.scalar(None, TEXT)
    keyless = f"no {' or '.join(stream.key)}: a record needs its key"
    reasons = pc.if_else(pc.is_null(key), keyless, none)
    for name in _NEEDED.get(stream.name, ()):
        empty = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(pc.fill_null(table[name], ""))), 0)
        reasons = pc.if_else(pc.and_(pc.is_null(reasons), empty), f"no {name}: it says nothing without", reasons)
    if "currency" in table.column_names:
        foreign = pc.fill_null(pc.not_equal(pc.utf8_upper(table["currency"]), place.currency), False)
        text = f"currency is not the shop's {place.currency} and no rate for its day is known"
        reasons = pc.if_else(pc.and_(pc.is_null(reasons), foreign), text, reasons)
    if "attributes" in table.column_names and table["attributes"].null_count < len(table):
        odd = pc.and_(pc.is_null(reasons), _not_objects(table["attributes"]))
        reasons = pc.if_else(odd, "attributes are not a JSON object", reasons)
    return reasons


def _not_objects(texts: pa.ChunkedArray) -> pa.Array:
    """Where text stands that is no JSON object, so that no rule could read it; each distinct text is judged once."""
    coded = texts.combine_chunks().dictionary_encode()
    engine = _json_reader()
    engine.load("attributes", pa.table({"place": np.arange(len(coded.dictionary)), "text": coded.dictionary}))
    odd = engine.arrow("""
        select place from attributes
        where not case when json_valid(text) then json_type(text) = 'OBJECT' else false end""")
    engine.run("drop table attributes")
    mask = np.zeros(len(coded.dictionary), dtype=bool)
    mask[odd["place"].to_numpy()] = True
    return pc.fill_null(pa.array(mask).take(coded.indices), False)


@cache
def _json_reader() -> DuckEngine:
    return DuckEngine()


def _refuse(table: pa.Table, reasons: pa.ChunkedArray, stream: str) -> pa.Table:
    rows = {
        "stream": [stream] * len(table),
        "file": table["_file"],
        "line": table["_line"],
        "reason": reasons,
        "raw": pc.utf8_slice_codeunits(table["_raw"], 0, 10_000),
        "rows": table["_source_rows"],
    }
    return _conform(pa.table(rows), QUARANTINE, "quarantine")


def _framed(table: pa.Table, place: Place) -> pa.Table:
    """Add where a row came from and its place in the file."""
    zeros = pa.array(np.zeros(len(table), dtype=np.int8))
    table = table.append_column("_connection", pa.array([place.connection]).take(zeros))
    table = table.append_column("_source", pa.array([place.source]).take(zeros))
    return table.append_column("_row", pa.array(np.arange(len(table), dtype=np.int64)))


def _identified(table: pa.Table, stream: Stream, place: Place, counts: Counts) -> pa.Table:
    """Normalise identifiers, write them as one text per record (`_links`), and set the version."""
    if stream.has_person:
        result = normalise(table["identifiers"], place.connection, place.country)
        for namespace, count in result.dropped.items():
            counts.add("dropped", namespace, count)
        table = table.set_column(table.schema.get_field_index("identifiers"), "identifiers", result.identifiers)
        table = table.append_column("_links", _links(table, stream, place.connection))
    if stream.version:
        version = pc.coalesce(table["_version"], table[stream.version])
        table = table.set_column(table.schema.get_field_index("_version"), "_version", version)
    return table.append_column("_deleted", pa.array(np.zeros(len(table), dtype=bool)))


def _links(table: pa.Table, stream: Stream, connection: str) -> pa.ChunkedArray:
    """All identifiers of a record as one text, null without any; a record of `people` is one of its own besides."""
    lists = table["identifiers"].combine_chunks()
    flat = lists.flatten()
    values = pc.replace_substring(pc.struct_field(flat, "value"), SEPARATOR, "")
    pairs = pc.binary_join_element_wise(pc.struct_field(flat, "namespace"), values, ":")
    joined = pc.binary_join(pa.ListArray.from_arrays(lists.offsets, pairs), SEPARATOR)
    if stream.name == "people":
        own = pc.binary_join_element_wise(f"record:{connection}/", table["_key"], "")
        joined = pc.if_else(
            pc.equal(pc.utf8_length(joined), 0), own, pc.binary_join_element_wise(own, joined, SEPARATOR)
        )
    return pc.if_else(pc.equal(pc.utf8_length(joined), 0), pa.scalar(None, TEXT), joined)


def _write(table: pa.Table, stream: str, page: Page, place: Place, landing: Landing) -> list[LandedFile]:
    if len(table) == 0 and not page.complete and not page.window_complete:
        return []
    window = page.window or (None, None)
    described = LandedFile(
        seq=0,  # number, id and path are given when it is written
        uid="",
        path="",
        connection=place.connection,
        source=place.source,
        stream=stream,
        source_rows=_source_rows(table),
        read_id=place.read,
        complete=page.complete,
        window_start=window[0],
        window_end=window[1],
        window_complete=page.window_complete,
        schema_version=SCHEMA_VERSION,
        created_at=datetime.now(UTC).replace(tzinfo=None),
    )
    return [landing.write(table, described)]


def _write_absences(page: Page, place: Place, landing: Landing) -> list[LandedFile]:
    """Tombstones and merges land as files of their own."""
    files: list[LandedFile] = []
    for name, deleted in page.deleted.items():
        gone = _tombstones(STREAMS[name], deleted, place)
        files += _write(gone, DELETED + name, replace(page, complete=False), place, landing)
    if page.merged:
        files += _write(_merges(list(page.merged), place), MERGES.name, replace(page, complete=False), place, landing)
    return files


def _tombstones(stream: Stream, gone: Sequence[str] | Mapping[str, datetime], place: Place) -> pa.Table:
    """One row per key. Its version is when it was deleted; a deletion is later than a change of the same instant."""
    keys = list(gone)
    times = [gone[key] + _A_MOMENT for key in keys] if isinstance(gone, Mapping) else [None] * len(keys)
    empty = _conform(pa.table({"_file": pa.nulls(len(keys), TEXT)}), arriving(stream.name), stream.name)
    table = _framed(empty, place).append_column("_key", pa.array(keys, TEXT))
    table = table.set_column(table.schema.get_field_index("_version"), "_version", pa.array(times, WHEN))
    if stream.has_person:
        table = table.append_column("_links", _links(table, stream, place.connection))
    return table.append_column("_deleted", pa.array([True] * len(keys), FLAG))


def _merges(pairs: list[tuple[str, str]], place: Place) -> pa.Table:
    own = [[f"record:{place.connection}/{key}" for key in pair] for pair in pairs]
    rows = {
        "losing": [losing for losing, _ in pairs],
        "winning": [winning for _, winning in pairs],
        "_key": [losing for losing, _ in pairs],
        "_links": [SEPARATOR.join(records) for records in own],
        "_version": pa.nulls(len(pairs), pa.timestamp("us")),
        "_deleted": [False] * len(pairs),
    }
    return _framed(pa.table(rows), place)


def _move(page: Page, place: Place) -> CursorMove | None:
    if page.cursor is None:
        return None
    return CursorMove(connection=place.connection, source=place.source, value=page.cursor)


def _source_rows(table: pa.Table) -> int:
    column = "_source_rows" if "_source_rows" in table.column_names else "rows"
    if column not in table.column_names:
        return len(table)
    return int(pc.sum(pc.fill_null(table[column].cast(COUNT), 1)).as_py() or 0)


def _count(page: Page, quarantine: pa.Table, counts: Counts) -> int:
    """Count what was read and refused; what a connector says it read is believed and compared later."""
    weights = pc.fill_null(quarantine["rows"], 1)
    per_stream = (
        pa.table({"stream": quarantine["stream"], "rows": weights}).group_by("stream").aggregate([("rows", "sum")])
    )
    for row in per_stream.to_pylist():
        counts.add("quarantined", row["stream"], row["rows_sum"])
    total = 0
    refused = {row["stream"]: row["rows_sum"] for row in per_stream.to_pylist()}
    for name in {*page.rows, *refused, *page.read}:
        landed = _source_rows(page.rows[name]) if name in page.rows else 0
        own = 0 if page.quarantine is None else _refused_by_source(page.quarantine, name)
        read = page.read.get(name, landed + own)
        counts.add("read", name, read)
        total += read
    return total


def _refused_by_source(quarantine: pa.Table, stream: str) -> int:
    mine = quarantine.filter(pc.equal(quarantine["stream"], stream))
    return _source_rows(_conform(mine, QUARANTINE, "quarantine"))
