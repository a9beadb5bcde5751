"""Rows of a result become a page: what fits lands, what does not is quarantined, what is marked is deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from hub.sdk.records import Json, Page
from hub.sdk.streams import IDENTIFIERS, TEXT
from hub.sdk.tables import RAW_LIMIT, quarantine
from hub_sql.layout import Layout
from hub_sql.settings import SqlSourceSettings
from hub_sql.values import OutOfRange, Unfit, Use, as_json, column, key, text, use_of

_NOT_GONE = frozenset({"", "0", "f", "false", "n", "no"})
_NO_TIME = "0000-00-00"
_IDENTIFIER = Use(TEXT, "UTC", text)

Row = Sequence[object]


@dataclass
class _Misfits:
    """Why rows cannot land, by their place: the first thing that is wrong with each, and its column."""

    reasons: dict[int, tuple[str, str]] = field(default_factory=dict)

    def add(self, name: str, found: Mapping[int, str]) -> None:
        for place, reason in found.items():
            self.reasons.setdefault(place, (name, reason))


class Pages:
    """Makes pages of one result."""

    def __init__(self, entry: SqlSourceSettings, layout: Layout) -> None:
        self._entry, self._layout, stream = entry, layout, entry.canonical
        self._schema = stream.columns
        self._uses = {name: use_of(stream, name, entry.timezone) for name in [*layout.columns, *entry.values]}
        needed = [*stream.key, *([stream.time] if stream.time else [])]
        self._needed = [name for name in needed if name in layout.columns]

    def page(self, rows: Sequence[Row], cursor: Json) -> Page:
        """Return the page of some rows."""
        at, stream = self._layout.deleted, self._entry.stream
        gone = [] if at is None else [row for row in rows if _is_yes(row[at])]
        kept = rows if not gone or at is None else [row for row in rows if not _is_yes(row[at])]
        table, refused = self._table(kept)
        deleted, lost = self._deleted(gone)
        return Page(
            {stream: table} if len(table) else {},
            quarantine=quarantine([*refused, *lost]),
            deleted={stream: deleted} if deleted else {},
            cursor=cursor,
        )

    def _deleted(self, rows: Sequence[Row]) -> tuple[list[str], list[Mapping[str, object]]]:
        keys, refused = list[str](), list[Mapping[str, object]]()
        for row in rows:
            name = self._entry.canonical.key[0]
            try:
                found = key(row[self._layout.columns[name]] or "")
            except Unfit:
                found = None
            if found:
                keys.append(found)
            else:
                refused.append(self._refused(row, name, "a deleted record without a key"))
        return keys, refused

    def _table(self, rows: Sequence[Row]) -> tuple[pa.Table, list[Mapping[str, object]]]:
        """Return the rows that fit as a table, and a line of quarantine for each of the others."""
        cells = [*zip(*rows, strict=True)] if rows else [()] * len(self._layout.names)
        misfits, count = _Misfits(), len(rows)
        arrays = {name: self._column(name, cells[at], misfits) for name, at in self._layout.columns.items()}
        for name, value in self._entry.values.items():
            arrays[name] = pa.repeat(pa.scalar(self._uses[name].convert(value), self._schema.field(name).type), count)
        if self._layout.identifiers:
            arrays["identifiers"] = self._identifiers(cells, count, misfits)
        if self._layout.attributes:
            arrays["attributes"] = pa.array([self._json(row, self._layout.attributes) for row in rows], TEXT)
        whole = pa.table([arrays.get(f.name, pa.nulls(count, f.type)) for f in self._schema], schema=self._schema)
        if not misfits.reasons:
            return whole, []
        bad = sorted(misfits.reasons)
        fits = np.ones(count, dtype=bool)
        fits[bad] = False
        return whole.filter(pa.array(fits)), [self._refused(rows[place], *misfits.reasons[place]) for place in bad]

    def _column(self, name: str, cells: Sequence[object], misfits: _Misfits) -> pa.Array:
        array, unfit = column(cells, self._uses[name])
        misfits.add(name, unfit)
        if name in self._needed and array.null_count:
            empty = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False)).tolist()
            misfits.add(name, dict.fromkeys(empty, "empty, and every record needs it"))
        return array

    def _identifiers(self, cells: Sequence[Sequence[object]], count: int, misfits: _Misfits) -> pa.Array:
        """Return for each row the list of its pairs; empty cells give none."""
        arrays = list[pa.Array]()
        for _, at in self._layout.identifiers:
            array, unfit = column(cells[at], _IDENTIFIER)
            misfits.add(self._layout.names[at], unfit)
            arrays.append(array)
        width = len(arrays)
        by_row = np.arange(width * count).reshape(width, count).T.ravel()
        values = pa.concat_arrays(arrays).take(pa.array(by_row))
        names = pa.array([name for name, _ in self._layout.identifiers], TEXT).take(
            pa.array(np.tile(np.arange(width), count))
        )
        filled = values.is_valid()
        sizes = filled.to_numpy(zero_copy_only=False).reshape(count, width).sum(axis=1)
        pairs = pa.StructArray.from_arrays(
            [names.filter(filled), values.filter(filled)], fields=[*IDENTIFIERS.value_type]
        )
        ends = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())
        return pa.ListArray.from_arrays(ends, pairs, type=IDENTIFIERS)

    def _json(self, row: Row, places: Mapping[str, int]) -> str:
        """Return some of a row's values as a JSON object, without those that are null."""
        return as_json({name: row[at] for name, at in places.items() if row[at] is not None})

    def _refused(self, row: Row, name: str, reason: str) -> Mapping[str, object]:
        raw = self._json(row, {own: at for at, own in enumerate(self._layout.names)})[:RAW_LIMIT]
        return {"stream": self._entry.stream, "field": name, "reason": f"{name}: {reason}", "raw": raw}


def _is_yes(value: object) -> bool:
    """Whether a column that marks deletions says so: true, 1, or a time; not the times that stand for never."""
    if value is None or isinstance(value, OutOfRange):
        return False
    if isinstance(value, bytes):  # BIT(1)
        return any(value)
    if isinstance(value, str):
        return value.strip().lower() not in _NOT_GONE and not value.startswith(_NO_TIME)
    return value != 0
