"""Open one file as a DuckDB relation `src`: one row per record, cells in columns c0, c1, ...

Each kind of file also knows how to find the physical line and the raw text of a row, which is only asked for rows that
do not fit.
"""

import json
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Protocol

import duckdb

from hub.sdk.errors import BadData
from hub_csv.cells import literal, quoted
from hub_csv.header import Layout, csv_layout, json_layout
from hub_csv.scan import MAX_RECORD, Run, Scanned
from hub_csv.settings import Format
from hub_csv.staging import Staged, digest_of, staged
from hub_csv.workbook import unroll

_PATIENCE = MAX_RECORD + MAX_RECORD // 10  # DuckDB's limit lies above ours, so that ours decides
RAW_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Damaged:
    """A physical line that holds no readable record."""

    line: int
    reason: str
    raw: str


class Locator(Protocol):
    """Finds rows of `src` again in the file."""

    def find(self, rows: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Yield (line, raw text) of rows, counted from 0; each call goes on behind the last one."""
        ...


@dataclass
class Relation:
    """A file that DuckDB can read.

    `select` is SQL for `src`. `names` are the headers, `refs` and `types` the columns and DuckDB types they have there.
    `problem` is SQL for rows that cannot be taken apart, if there can be any. `damaged` are lines left out of `src`.
    """

    connection: duckdb.DuckDBPyConnection
    select: str
    names: tuple[str, ...]
    types: dict[str, str]
    locator: Locator
    digest: str
    problem: str = ""
    damaged: Sequence[Damaged] = field(default_factory=tuple)

    @property
    def refs(self) -> dict[str, str]:
        """Header -> column of `src`."""
        return {name: f"c{at}" for at, name in enumerate(self.names)}


def connect(path: str, timezone: str) -> duckdb.DuckDBPyConnection:
    """Open a database in memory that can read one file and nothing else."""
    connection = duckdb.connect()
    settings = (
        f"allowed_paths = [{literal(path)}]",
        f"TimeZone = {literal(timezone)}",
        "temp_directory = ''",
        "disabled_optimizers = 'in_clause'",  # it turns long IN lists into joins, which lose the order of lines
        "enable_external_access = false",
        "lock_configuration = true",
    )
    for setting in settings:
        connection.execute(f"SET {setting}").fetchall()
    return connection


@contextmanager
def open_relation(path: Path, kind: str, settings: Format, timezone: str, wanted: Sequence[str]) -> Iterator[Relation]:
    """Open a file of any kind; `kind` is never "auto".

    Raises:
        BadData: it is not what its kind says, or nothing can be read.
    """
    if kind == "parquet":
        yield _parquet(path, timezone)
        return
    if kind == "excel":
        with _excel(path, settings, timezone, wanted) as relation:
            yield relation
        return
    with staged(path, settings) as text, tempfile.TemporaryFile() as spare:
        if kind == "jsonl":
            yield _jsonl(text, spare, settings, timezone, wanted)
        else:
            layout = csv_layout(text, settings, kind, wanted)
            connection, select, damaged = _readable(text, spare, layout, settings, timezone)
            types = dict.fromkeys(layout.names, "VARCHAR")
            yield Relation(
                connection, select, layout.names, types, TextLocator(text, layout), text.digest, damaged=damaged
            )


@contextmanager
def _excel(path: Path, settings: Format, timezone: str, wanted: Sequence[str]) -> Iterator[Relation]:
    """Read a sheet by way of a CSV file without a name, and tell rows by their number in the sheet."""
    plain = Format(delimiter=",", header=settings.header, skip=settings.skip, nulls=settings.nulls)
    with tempfile.TemporaryFile() as text:
        rows = unroll(path, settings, text)
        with open_relation(Path(f"/dev/fd/{text.fileno()}"), "csv", plain, timezone, wanted) as found:
            damaged = [replace(each, line=rows[each.line - 1]) for each in found.damaged]
            yield replace(found, locator=SheetLocator(found.locator, rows), digest=digest_of(path), damaged=damaged)


@dataclass(frozen=True)
class SheetLocator:
    """Finds rows of a sheet that was written as text; cells with line breaks take several lines of it."""

    text: Locator
    rows: "array[int]"

    def find(self, rows: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Yield row of the sheet and text of rows."""
        return ((self.rows[line - 1], raw) for line, raw in self.text.find(rows))


def _readable(
    text: Staged, spare: IO[bytes], layout: Layout, settings: Format, timezone: str
) -> tuple[duckdb.DuckDBPyConnection, str, list[Damaged]]:
    """Let DuckDB read the file as it lies if it is clean, else a copy of its sound records."""
    connection = connect(text.path, timezone)
    select = _read_csv(text.path, layout, settings)
    if _looks_clean(text, layout) and _agrees(connection, select, text, layout):
        return connection, select, []
    connection.close()
    sound, damaged = _copy_sound(layout.scan(text), layout, spare)
    path = f"/dev/fd/{spare.fileno()}"
    connection = connect(path, timezone)
    select = _read_csv(path, layout, settings, is_copy=True)
    if (seen := _count(connection, select, layout)) != sound:
        raise BadData(f"Two readers disagree: {sound} records or {seen}.", hint="Please report this file's shape.")
    return connection, select, damaged


def _looks_clean(text: Staged, layout: Layout) -> bool:
    one_kind_of_newline = text.returns in {0, text.feeds} or text.feeds == 0
    return one_kind_of_newline and not text.nuls and not text.spaced and layout.lines_before <= 1


def _agrees(connection: duckdb.DuckDBPyConnection, select: str, text: Staged, layout: Layout) -> bool:
    """Read once without keeping anything: a damaged file must show before its first page is handed over."""
    count = _count(connection, select, layout)
    if count is None or text.quotes:
        return count is not None
    ends = text.returns if text.newline == b"\r" else text.feeds
    text.file.seek(-1, 2)
    unended = text.file.read(1) not in {b"\n", b"\r"}
    return count == ends + unended - layout.lines_before


def _count(connection: duckdb.DuckDBPyConnection, select: str, layout: Layout) -> int | None:
    # Every column is counted so that DuckDB looks at every cell.
    columns = ", ".join(f"count(c{at})" for at in range(len(layout.names)))
    try:
        found = connection.execute(f"SELECT count(*), {columns} FROM ({select})").fetchall()
    except duckdb.Error:
        return None
    return int(found[0][0])


def _copy_sound(found: Iterator[Scanned | Run], layout: Layout, target: IO[bytes]) -> tuple[int, list[Damaged]]:
    """Write the sound records with plain line ends; return how many they are, and the damaged lines."""
    sound, damaged = 0, []
    end = b"\r\n" if layout.dialect.newline == b"\n" else b"\r"
    for part in found:
        if isinstance(part, Run):
            sound += part.records
            target.write(part.data.replace(end, b"\n"))
        elif part.fields is None:
            damaged.append(Damaged(part.line, part.reason, shown(part.raw)))
        else:
            sound += 1
            target.write(layout.dialect.join(part.fields[: len(layout.names)]) + b"\n")
    target.flush()
    return sound, damaged


def shown(raw: bytes) -> str:
    """Return raw text for quarantine, cut."""
    return raw[: RAW_LIMIT * 4].decode("utf-8", "replace")[:RAW_LIMIT]


def _read_csv(path: str, layout: Layout, settings: Format, *, is_copy: bool = False) -> str:
    dialect = layout.dialect
    columns = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(len(layout.names)))
    nulls = ", ".join(map(literal, ["", *settings.nulls]))
    # Line ends are named for copies alone: told so, DuckDB reads no rows of a file with others, and does not complain.
    lines = "skip = 0, new_line = '\\n'" if is_copy else f"skip = {layout.lines_before}"
    select = (
        f"SELECT * FROM read_csv({literal(path)}, columns = {{{columns}}}, auto_detect = false, header = false, "
        f"delim = {literal(dialect.delimiter)}, quote = {literal(dialect.quote)}, escape = {literal(dialect.escape)}, "
        f"comment = '', {lines}, strict_mode = true, nullstr = [{nulls}], max_line_size = {_PATIENCE})"
    )
    return f"{select} WHERE c0 IS NOT NULL" if len(layout.names) == 1 else select


class TextLocator:
    """Finds rows of a text file by reading it again, carefully, as far as needed."""

    def __init__(self, text: Staged, layout: Layout) -> None:
        self._text, self._layout = text, layout
        self._parts: Iterator[Scanned | Run] | None = None
        self._first, self._behind = 0, 0  # rows in the current part: from, up to
        self._line, self._lines = 0, list[bytes]()  # the part's first physical line, and its records

    def find(self, rows: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Yield line and raw text of ascending rows."""
        for row in rows:
            while row >= self._behind:
                self._advance()
            yield self._within(row - self._first)

    def _advance(self) -> None:
        if self._parts is None:
            found = self._layout.scan(self._text)
            self._parts = (part for part in found if isinstance(part, Run) or not part.reason)
        part = next(self._parts)
        self._line = part.line
        self._lines = part.data.split(self._text.newline)[:-1] if isinstance(part, Run) else [part.raw]
        self._first, self._behind = self._behind, self._behind + len(self._lines)

    def _within(self, at: int) -> tuple[int, str]:
        return self._line + at, shown(self._lines[at].removesuffix(b"\r"))


def _jsonl(text: Staged, spare: IO[bytes], settings: Format, timezone: str, wanted: Sequence[str]) -> Relation:
    _check_json(text)
    layout = json_layout(text)
    connection, lines, damaged = _readable(text, spare, layout, Format(quote=""), timezone)
    names = _json_names(connection, lines, wanted)
    pointers = ", ".join(literal("/" + name.replace("~", "~0").replace("/", "~1")) for name in names)
    nulls = ", ".join(map(literal, ["", *settings.nulls]))
    cells = ", ".join(
        f"CASE WHEN _cells[{at + 1}] NOT IN ({nulls}) THEN _cells[{at + 1}] END AS c{at}" for at in range(len(names))
    )
    parsed = f"CASE WHEN json_valid(c0) AND json_type(c0) = 'OBJECT' THEN json_extract_string(c0, [{pointers}]) END"
    select = f"SELECT {cells}, _cells IS NULL AS _broken FROM (SELECT {parsed} AS _cells FROM ({lines}))"
    types = dict.fromkeys(names, "VARCHAR")
    locator = TextLocator(text, layout)
    return Relation(connection, select, names, types, locator, text.digest, problem="_broken", damaged=damaged)


def _check_json(text: Staged) -> None:
    text.file.seek(0)
    if text.file.read(1000).lstrip().startswith(b"["):
        raise BadData(
            "Expected one JSON object per line, found a JSON array.", hint="Write each record on its own line."
        )
    end = text.file.seek(0, 2)
    text.file.seek(max(0, end - MAX_RECORD))
    last = text.file.read().rpartition(text.newline)[2]
    try:
        if last.strip():
            json.loads(last)
    except (ValueError, RecursionError):
        raise BadData(
            "The last line stops in the middle of a record.", hint="Wait until the file is complete."
        ) from None


def _json_names(connection: duckdb.DuckDBPyConnection, lines: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """Keys of the first records, and of all records where a wanted one is not among those."""
    keys = "SELECT unnest(json_keys(c0)) AS key FROM ({}) WHERE json_valid(c0) AND json_type(c0) = 'OBJECT'"
    names: tuple[str, ...] = ()
    for rows in (f"SELECT * FROM ({lines}) LIMIT 1000", lines):
        found = connection.execute(f"SELECT key FROM ({keys.format(rows)}) GROUP BY key ORDER BY key").fetchall()
        names = tuple(str(row[0]) for row in found)
        if set(wanted) <= set(names):
            break
    return names


class ParquetLocator:
    """Finds rows of a Parquet file by number."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: str, names: Sequence[str]) -> None:
        self._connection = connection
        row = ", ".join(f"{literal(name)}: {quoted(name)}" for name in names)
        self._query = (
            f"SELECT file_row_number, CAST(to_json({{{row}}}) AS VARCHAR) FROM "
            f"read_parquet({literal(path)}, file_row_number = true) "
            "WHERE file_row_number IN (SELECT unnest($1)) ORDER BY 1"
        )

    def find(self, rows: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Yield number, from 1, and JSON text of rows."""
        found = self._connection.cursor().execute(self._query, [list(rows)])
        for row, raw in found.fetchall():
            yield int(row) + 1, str(raw)[:RAW_LIMIT]


def _parquet(path: Path, timezone: str) -> Relation:
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            raise BadData("Expected a Parquet file; its first bytes say otherwise.", hint="Check format.kind.")
    connection = connect(str(path), timezone)
    try:
        found = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(str(path))})").fetchall()
    except duckdb.Error:
        raise BadData("The Parquet file is cut off or damaged.", hint="Copy it again.") from None
    names = tuple(str(row[0]) for row in found)
    select = ", ".join(f"{quoted(name)} AS c{at}" for at, name in enumerate(names))
    return Relation(
        connection,
        f"SELECT {select} FROM read_parquet({literal(str(path))})",
        names,
        {str(row[0]): str(row[1]) for row in found},
        ParquetLocator(connection, str(path), names),
        digest_of(path),
    )
