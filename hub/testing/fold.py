"""Pages folded as the hub does it: what would be current after they have landed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias

import pyarrow as pa

from hub.sdk.records import Json, Page
from hub.sdk.streams import OPTIONAL, QUARANTINE, STREAMS
from hub.testing.registry import must

Row: TypeAlias = dict[str, object]
Key: TypeAlias = tuple[object, ...]

_ASIDE = frozenset(OPTIONAL.names)
_OLDEST = datetime.min  # noqa: DTZ901 - naive UTC, as everywhere in the hub
_BIGGEST_CURSOR = 64_000


@dataclass
class Fold:
    """The newest version of every record by its key, from the pages taken so far, and the last cursor.

    A complete read forgets what it did not bring; a window replaces its days; a null that was not known overwrites
    nothing; of consents the latest word for each identifier, channel and purpose counts.
    """

    rows: dict[str, dict[Key, Row]] = field(default_factory=dict)
    cursor: Json = None
    completed: bool = False
    warnings: list[str] = field(default_factory=list)
    quarantined: list[Row] = field(default_factory=list)
    size: int = 0
    """Bytes of all tables taken."""
    _seen: dict[str, set[Key]] = field(default_factory=dict)
    _held: dict[tuple[str, tuple[date, date]], list[Row]] = field(default_factory=dict)

    def read(self, pages: Iterator[Page]) -> Iterator[Page]:
        """Take the pages of one read, and pass each on after it was taken."""
        self._seen, self._held, self.completed = {}, {}, False
        for page in pages:
            self.take(page)
            yield page

    def take(self, page: Page) -> None:
        """Take one page. Raises Violation for one that the hub would refuse."""
        _fits(page)
        for stream, table in page.rows.items():
            self.size += table.nbytes
            for row in table.to_pylist():
                self._one(page, stream, row)
        for stream, gone in page.deleted.items():
            for each in gone:
                self.rows.get(stream, {}).pop((each,), None)
        for losing, _ in page.merged:
            self.rows.get("people", {}).pop((losing,), None)
        self._ends(page)
        self.quarantined += page.quarantine.to_pylist() if page.quarantine is not None else []
        self.cursor = page.cursor if page.cursor is not None else self.cursor
        self.warnings += page.warnings

    def content(self) -> dict[str, dict[Key, Row]]:
        """Return what is current, without what says only when and where it was seen."""
        return {
            stream: {key: {name: v for name, v in row.items() if name not in _ASIDE} for key, row in found.items()}
            for stream, found in self.rows.items()
            if found
        }

    def keys(self, stream: str) -> set[str]:
        """Return the keys of a stream's records, several parts joined by a slash."""
        return {"/".join(map(str, key)) for key in self.rows.get(stream, {})}

    def _one(self, page: Page, stream: str, row: Row) -> None:
        if page.window is not None:
            self._held.setdefault((stream, page.window), []).append(row)
        else:
            self._put(stream, row)

    def _put(self, stream: str, row: Row) -> None:
        key = _key(stream, row)
        self._seen.setdefault(stream, set()).add(key)
        before = self.rows.setdefault(stream, {}).get(key)
        if before is None or _version(stream, before) <= _version(stream, row):
            self.rows[stream][key] = _laid_over(before, row)

    def _ends(self, page: Page) -> None:
        if page.window is not None and page.window_complete:
            for stream in page.rows:
                self._forget(stream, page.window)
                for row in self._held.pop((stream, page.window), []):
                    self._put(stream, row)
        if page.complete:
            self.completed = True
            self.rows = {
                stream: {key: row for key, row in found.items() if key in self._seen.get(stream, set())}
                for stream, found in self.rows.items()
            }

    def _forget(self, stream: str, window: tuple[date, date]) -> None:
        time = STREAMS[stream].time or ""
        self.rows[stream] = {
            key: row
            for key, row in self.rows.get(stream, {}).items()
            if not (isinstance(at := row[time], datetime) and window[0] <= at.date() <= window[1])
        }


def _laid_over(before: Row | None, row: Row) -> Row:
    """Columns that could not be read keep what was known."""
    known = row.get("_known")
    if before is None or not isinstance(known, Sequence):
        return row
    return {name: value if name in known or name in _ASIDE else before[name] for name, value in row.items()}


def _key(stream: str, row: Mapping[str, object]) -> Key:
    if stream == "consents":  # the log keeps every word; two ways of reading it must end with the same last one
        return (*_people(row), row["channel"], row["purpose"])
    columns = STREAMS[stream].key or tuple(STREAMS[stream].columns.names)
    return tuple(_people(row) if name == "identifiers" else row[name] for name in columns)


def _people(row: Mapping[str, object]) -> Key:
    pairs = row["identifiers"] or []
    return tuple(sorted((pair["namespace"], pair["value"]) for pair in pairs))  # type: ignore[attr-defined]


def _version(stream: str, row: Mapping[str, object]) -> datetime:
    column = "occurred_at" if stream == "consents" else STREAMS[stream].version
    version = row.get("_version") or (row.get(column) if column else None)
    return version if isinstance(version, datetime) else _OLDEST


def _fits(page: object) -> None:
    """What `hub.flow.land` refuses, said to the connector's author."""
    must(isinstance(page, Page), f"read() yields pages, got {type(page).__name__}")
    assert isinstance(page, Page)  # noqa: S101 - for the type checker
    for stream, table in page.rows.items():
        must(stream in STREAMS, f"no stream is called {stream!r}")
        _has(table, [*STREAMS[stream].columns.names, *OPTIONAL.names], stream)
        for name in STREAMS[stream].key:
            must(name in table.column_names and not table[name].null_count, f"{stream}: a record without {name}")
    if page.quarantine is not None:
        _has(page.quarantine, QUARANTINE.names, "quarantine")
    must(len(repr(page.cursor)) < _BIGGEST_CURSOR, "a cursor is at most 64 KB")


def _has(table: pa.Table, names: Iterable[str], where: str) -> None:
    unknown = sorted(set(table.column_names) - set(names))
    must(not unknown, f"{where} has no column {unknown}")
