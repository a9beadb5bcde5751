"""The embedded engine: DuckDB in one file, one writer, readers beside it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hub.engine.base import Params, Value


def quote(name: str) -> str:
    """Quote an identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str | Path) -> str:
    """Quote a value as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


class DuckEngine:
    """DuckDB behind the `Engine` interface.

    `path` is the database file, None for one in memory. `folders` are the only places on disk that SQL may read or
    write; every other file, the network and the configuration itself are closed before the first statement runs.
    `memory` is DuckDB's own limit, such as "2GB"; beyond it, it spills into the database's folder.
    """

    def __init__(self, path: Path | None = None, *, folders: Sequence[Path] = (), memory: str = "2500MB") -> None:
        self._con = duckdb.connect(str(path) if path else ":memory:")
        if path:
            os.chmod(path, 0o600)  # noqa: PTH101 - DuckDB creates the file by the umask
        for statement in _lock_down(path, folders, memory):
            self._con.execute(statement).fetchall()

    def run(self, sql: str, params: Params = ()) -> list[tuple[Value, ...]]:
        """Execute one statement and return all of its rows."""
        result = self._con.execute(sql, params) if params else self._con.execute(sql)
        return list(result.fetchall())

    def arrow(self, sql: str) -> pa.Table:
        """Return a query's rows as an Arrow table."""
        return self._con.sql(sql).to_arrow_table()

    def load(self, name: str, table: pa.Table) -> None:
        """Store an Arrow table as a temporary table, replacing one of the same name."""
        self._con.register("_arrow", table)
        try:
            self.run(f"create or replace temp table {quote(name)} as select * from _arrow")
        finally:
            self._con.unregister("_arrow")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside become visible together, or not at all."""
        self.run("begin")
        try:
            yield
        except BaseException:
            self._con.rollback()
            raise
        self.run("commit")

    def write_parquet(self, sql: str, path: Path) -> int:
        """Write a query's rows to a Parquet file (not yet durable); return their number."""
        rows = self.run(f"copy ({sql}) to {text(path)} (format parquet, compression zstd, compression_level 1)")
        return int(str(rows[0][0]))

    def cursor(self) -> Self:
        """A reader beside the writer: sees what was committed when its statement starts."""
        reader = object.__new__(type(self))
        reader._con = self._con.cursor()
        return reader

    def components(self, edges: str, nodes: int) -> pa.Table:
        """Connected components over the nodes 0 to `nodes` - 1, solved by SciPy."""
        table = self.arrow(edges)
        ends = (table["a"].to_numpy(), table["b"].to_numpy())
        graph = coo_array((np.ones(len(table), dtype=np.int8), ends), shape=(nodes, nodes))
        labels = connected_components(graph, directed=False)[1] if nodes else np.empty(0)
        return pa.table({"node": pa.array(np.arange(nodes)), "component": pa.array(labels, pa.int64())})

    def columns(self, relation: str) -> dict[str, str]:
        """Column name -> SQL type of a table, view or query in parentheses; empty when it does not exist."""
        try:
            return {str(row[0]): str(row[1]) for row in self.run(f"describe select * from {relation}")}
        except duckdb.CatalogException:
            return {}

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file; costs seconds on a big store."""
        self.run("checkpoint")

    def close(self) -> None:
        """Release the database; the engine is of no use afterwards."""
        self._con.close()


def _lock_down(path: Path | None, folders: Sequence[Path], memory: str) -> Iterator[str]:
    """The order matters: what is allowed first, then close the rest, then lock."""
    allowed = [*folders, *([path.parent] if path else [])]
    yield f"set memory_limit = {text(memory)}"
    yield "set preserve_insertion_order = false"
    if path:
        yield f"set temp_directory = {text(path.parent / 'spill')}"
    yield f"set allowed_directories = [{', '.join(text(f'{folder.resolve()}/') for folder in allowed)}]"
    yield "set autoinstall_known_extensions = false"
    yield "set autoload_known_extensions = false"
    yield "set enable_external_access = false"
    yield "set lock_configuration = true"
