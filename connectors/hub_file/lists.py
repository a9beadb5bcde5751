"""The list on disk: read it, lay changes over it, write it whole or not at all."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from hub.sdk.errors import StopConnection

_FORMULA = r"^''*[=+\-@\t\r]"
_ESCAPED = r"^''+[=+\-@\t\r]"
_OP, _PLACE = "_op", "_place"


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a list: those that people are recognised by, then the fields. All of them are text."""

    match: tuple[str, ...]
    fields: tuple[str, ...]
    formula_safe: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in the order of the file."""
        return (*self.match, *(name for name in self.fields if name not in self.match))

    def changes(self, rows: Sequence[Mapping[str, str | None]], op: str, first: int) -> pa.Table:
        """Return rows as a table of changes; `first` is the place of the first one among all changes of a plan."""
        columns: dict[str, list[object]] = {name: [row.get(name) for row in rows] for name in self.columns}
        columns |= {_OP: [op] * len(rows), _PLACE: list(range(first, first + len(rows)))}
        types = [(name, pa.string()) for name in (*self.columns, _OP)]
        return pa.table(columns, schema=pa.schema([*types, (_PLACE, pa.int64())]))


def merge(path: Path, delta: Path, staged: Sequence[Path], layout: Layout) -> None:
    """Lay the staged changes over the list at `path`, and write them to `delta`; later changes win.

    Both files are replaced as a whole. Doing it twice gives the same list.
    """
    con = _connect()
    names = ", ".join(_quote(name) for name in layout.columns)
    same = " and ".join(f"l.{_quote(name)} is not distinct from c.{_quote(name)}" for name in layout.match)
    keys = ", ".join(_quote(name) for name in layout.match)
    con.execute(f"create table changes as select * from read_parquet({[str(each) for each in staged]})").fetchall()
    _load(con, path, layout)
    con.execute(f"""
        create table final as
        select * from changes qualify row_number() over (partition by {keys} order by {_PLACE} desc) = 1""").fetchall()
    whole = f"""
        select {names} from listed l where not exists (select 1 from final c where {same})
        union all select {names} from final where {_OP} <> 'remove' order by {keys}"""
    with replaced(path) as partial:
        _write(con, whole, partial, path, layout)
    with replaced(delta) as partial:
        _write(con, f"select {_OP} as op, {names} from final order by op, {keys}", partial, delta, layout)
    con.close()


def members(path: Path, layout: Layout) -> Iterator[Mapping[str, str]]:
    """Yield what each person of the list is recognised by; a list that is not there is empty."""
    con = _connect()
    keys = ", ".join(_quote(name) for name in layout.match)
    _load(con, path, layout)
    for row in con.execute(f"select {keys} from listed").fetchall():
        yield {name: str(value) for name, value in zip(layout.match, row, strict=True) if value is not None}
    con.close()


def _connect() -> duckdb.DuckDBPyConnection:
    """Open a database in memory that never spills people into files."""
    con = duckdb.connect()
    con.execute("set temp_directory = ''").fetchall()
    return con


def _load(con: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> None:
    """Make the table `listed` of the list as it stands.

    Raises:
        StopConnection: somebody changed the file so that it is no such list any more; it is not overwritten.
    """
    try:
        con.execute(f"create table listed as {_current(con, path, layout)}").fetchall()
    except duckdb.Error as error:  # its text quotes the file's lines
        raise _unreadable(path, f"it cannot be read ({type(error).__name__})") from None


def _unreadable(path: Path, why: str) -> StopConnection:
    return StopConnection(f"{path.name}: {why}.", hint="Restore it, or delete it to have it written anew.")


def _current(con: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> str:
    """SQL for the list as it stands, in today's columns: new ones are empty, others are left behind."""
    if not path.exists() or path.stat().st_size == 0:
        return f"select {', '.join(f'cast(null as varchar) as {_quote(name)}' for name in layout.columns)} where false"
    read = _reader(path)
    there = [str(row[0]) for row in con.execute(f"describe select * from {read}").fetchall()]
    if not set(layout.match) & set(there):
        raise _unreadable(path, f'it has no column "{layout.match[0]}"')
    unescape = path.suffix == ".csv" and layout.formula_safe
    columns = [_column(name, there=name in there, unescape=unescape) for name in layout.columns]
    return f"select {', '.join(columns)} from {read}"


def _column(name: str, *, there: bool, unescape: bool) -> str:
    quoted = _quote(name)
    if not there:
        return f"cast(null as varchar) as {quoted}"
    if not unescape:
        return f"cast({quoted} as varchar) as {quoted}"
    escaped = f"regexp_matches({quoted}, '{_ESCAPED}')"
    return f"case when {escaped} then substr({quoted}, 2) else {quoted} end as {quoted}"


def _reader(path: Path) -> str:
    text = str(path).replace("'", "''")
    if path.suffix == ".parquet":
        return f"read_parquet('{text}')"
    options = "all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"', allow_quoted_nulls = false"
    return f"read_csv('{text}', {options})"


def _write(con: duckdb.DuckDBPyConnection, select: str, partial: Path, path: Path, layout: Layout) -> None:
    text = str(partial).replace("'", "''")
    if path.suffix == ".parquet":
        con.execute(f"copy ({select}) to '{text}' (format parquet, compression zstd, use_tmp_file false)").fetchall()
        return
    if layout.formula_safe:
        described = con.execute(f"describe {select}").fetchall()
        safe = ", ".join(_safe(str(row[0])) for row in described)
        select = f"select {safe} from ({select})"
    con.execute(f"copy ({select}) to '{text}' (format csv, header true, use_tmp_file false)").fetchall()


def _safe(name: str) -> str:
    quoted = _quote(name)
    return f"case when regexp_matches({quoted}, '{_FORMULA}') then '''' || {quoted} else {quoted} end as {quoted}"


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Yield a temporary path that takes the name `path` when the block ends well, durable and readable by us alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}.tmp")
    os.close(os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))  # private from its first byte on
    try:
        yield partial
        _sync(partial)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
