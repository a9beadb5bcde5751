"""Read one file to its end: tables in canonical columns, and everything that does not fit with its line and reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from hub.sdk.errors import BadData, ConfigError
from hub.sdk.streams import OPTIONAL, QUARANTINE
from hub_csv.cells import Rules
from hub_csv.header import require
from hub_csv.mapping import Cells, Grouped, Plain, Problem, grouped_mapping, headers_of, plain_mapping
from hub_csv.relation import Relation
from hub_csv.settings import CsvSourceSettings

PAGE_ROWS = 250_000
_REJECTS = 10_000  # at most 10 KB each are kept of them


@dataclass(frozen=True, slots=True)
class Chunk:
    """Part of a file: canonical rows, rows for quarantine, and how many rows of the file both stand for."""

    rows: pa.Table | None
    quarantine: pa.Table | None
    read: int


@dataclass(frozen=True, slots=True)
class Reject:
    """One line for quarantine."""

    line: int
    field: str
    reason: str
    raw: str


class FileReader:
    """Reads one opened file by one source's mapping; `name` is how the file is called in messages."""

    def __init__(self, source: CsvSourceSettings, relation: Relation, rules: Rules, name: str) -> None:
        self._source, self._relation, self._name = source, relation, name
        require(relation.names, headers_of(source))
        self._cells = Cells(relation.refs, relation.types, rules)
        if relation.problem:
            self._cells.problems.append(Problem(relation.problem, "", "expected one JSON object per line"))

    def chunks(self) -> Iterator[Chunk]:
        """Yield the file in parts; every row of it is in exactly one, landed or quarantined.

        Raises:
            ConfigError: a user's SQL does not suit the file's columns.
            BadData: it fails on a row.
        """
        yield from self._damaged()
        try:
            if self._source.group_by:
                yield from self._records(grouped_mapping(self._source, self._cells, self._type_of))
            else:
                yield from self._lines(plain_mapping(self._source, self._cells, self._type_of))
        except duckdb.Error as error:
            # DuckDB's text may quote a cell, so only the kind of error is told.
            raise BadData(
                f"compute or where fails on a row ({type(error).__name__}).",
                hint='Use try_cast() or as_number("header") where cells may not fit.',
            ) from None

    def _src(self) -> str:
        return f"WITH src AS (SELECT *, row_number() OVER () - 1 AS _row FROM ({self._relation.select}))"

    def _type_of(self, sql: str, name: str) -> str:
        query = f"DESCRIBE {self._src()}, cells AS (SELECT {self._cells.layer()} FROM src) SELECT {sql} FROM cells"
        try:
            return str(self._relation.connection.execute(query).fetchall()[0][1])
        except duckdb.Error as error:
            message = str(error).split("\n", 1)[0][:200]
            raise ConfigError(
                f"compute.{name} does not suit the columns of {self._name}: {message}",
                hint='Cells are text; write as_number("header") or as_timestamp("header") for others.',
            ) from None

    def _damaged(self) -> Iterator[Chunk]:
        rejects = [Reject(found.line, "", found.reason, found.raw) for found in self._relation.damaged]
        yield from self._quarantined(rejects)

    def _quarantined(self, rejects: Sequence[Reject]) -> Iterator[Chunk]:
        for start in range(0, len(rejects), _REJECTS):
            part = rejects[start : start + _REJECTS]
            yield Chunk(None, self._quarantine(part), len(part))

    def _quarantine(self, rejects: Sequence[Reject]) -> pa.Table:
        rows = [
            {
                "stream": self._source.stream,
                "file": self._name,
                "line": reject.line,
                "field": reject.field or None,
                "reason": reject.reason,
                "raw": reject.raw,
            }
            for reject in rejects
        ]
        return pa.Table.from_pylist(rows, schema=QUARANTINE)

    def _canonical(self, table: pa.Table, columns: Sequence[str]) -> pa.Table:
        schema = self._source.canonical.columns
        named = {name: table.column(name).cast(schema.field(name).type) for name in columns}
        named["_file"] = pa.repeat(pa.scalar(self._name, pa.string()), table.num_rows)
        if "_source_rows" in table.column_names:
            named["_source_rows"] = table.column("_source_rows").cast(OPTIONAL.field("_source_rows").type)
        return pa.table(named)

    def _lines(self, mapping: Plain) -> Iterator[Chunk]:
        query = f"{self._src()}, {mapping.layers} SELECT {mapping.select} FROM done"
        expected = 0
        for table in _tables(self._relation.connection.sql(query)):
            if table.column("_row")[0].as_py() != expected:  # later lines win over earlier ones, so order is truth
                raise BadData("The rows came out of order.", hint="Please report this.")
            expected += table.num_rows
            yield from self._judged(table, mapping)

    def _judged(self, table: pa.Table, mapping: Plain) -> Iterator[Chunk]:
        keep, bad = table.column("_keep"), table.column("_bad")
        if bad.null_count < len(bad):
            wrong = table.filter(pc.and_(keep, pc.is_valid(bad)))
            rows, verdicts = wrong.column("_row").to_pylist(), wrong.column("_bad").to_pylist()
            yield from self._quarantined(self._rejects(rows, verdicts, mapping.problems))
            keep = pc.and_(keep, pc.is_null(bad))
        good = table if pc.all(keep).as_py() else table.filter(keep)
        if good.num_rows:
            yield Chunk(self._canonical(good, mapping.columns), None, good.num_rows)

    def _rejects(self, rows: Sequence[int], verdicts: Sequence[int], problems: Sequence[Problem]) -> list[Reject]:
        found = self._relation.locator.find(rows)
        return [
            Reject(line, problems[verdict].field, problems[verdict].reason, raw)
            for (line, raw), verdict in zip(found, verdicts, strict=True)
        ]

    def _records(self, mapping: Grouped) -> Iterator[Chunk]:
        connection = self._relation.connection
        connection.execute(f"CREATE TEMP TABLE lines AS {self._src()} {mapping.lines}").fetchall()
        connection.execute(f"CREATE TEMP TABLE groups AS {mapping.groups}").fetchall()
        yield from self._bad_records(mapping)
        names = ", ".join(f'"{name}"' for name in mapping.columns)
        query = f"SELECT {names}, _source_rows FROM groups WHERE _bad IS NULL AND _line_bad IS NULL ORDER BY _first"
        for table in _tables(connection.sql(query)):
            yield Chunk(
                self._canonical(table, mapping.columns), None, pc.sum(table.column("_source_rows")).as_py() or 0
            )

    def _bad_records(self, mapping: Grouped) -> Iterator[Chunk]:
        same = " AND ".join(f"l.{key} = g.{key}" for key in mapping.keys)
        found = self._relation.connection.execute(
            f"SELECT l._row, coalesce(l._bad, g._bad, {len(mapping.problems) - 1}) FROM lines l LEFT JOIN groups g "
            f"ON {same} WHERE l._keep AND (l._bad IS NOT NULL OR g._bad IS NOT NULL OR g._line_bad IS NOT NULL) "
            "ORDER BY l._row"
        ).fetchall()
        for start in range(0, len(found), _REJECTS):
            part = found[start : start + _REJECTS]
            rows, verdicts = [int(row[0]) for row in part], [int(row[1]) for row in part]
            yield from self._quarantined(self._rejects(rows, verdicts, mapping.problems))


def _tables(found: duckdb.DuckDBPyRelation) -> Iterator[pa.Table]:
    """Yield a result in tables of about a page; DuckDB's own batches may be much smaller."""
    batches: list[pa.RecordBatch] = []
    for batch in found.to_arrow_reader(PAGE_ROWS):
        batches.append(batch)
        if sum(map(len, batches)) > PAGE_ROWS * 2 // 3:
            yield pa.Table.from_batches(batches)
            batches = []
    if batches:
        yield pa.Table.from_batches(batches)
