"""What a data step may ask of an engine."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeAlias

import pyarrow as pa

Value: TypeAlias = object
Params: TypeAlias = Sequence[Value] | Mapping[str, Value]


class Engine(Protocol):
    """Runs SQL in DuckDB's dialect, limited to what means the same on every engine."""

    def run(self, sql: str, params: Params = ()) -> list[tuple[Value, ...]]:
        """Execute one statement and return all of its rows."""

    def arrow(self, sql: str) -> pa.Table:
        """Return a query's rows as an Arrow table."""

    def load(self, name: str, table: pa.Table) -> None:
        """Store an Arrow table as a temporary table, replacing one of the same name."""

    def transaction(self) -> AbstractContextManager[None]:
        """All statements inside become visible together, or not at all."""

    def write_parquet(self, sql: str, path: Path) -> int:
        """Write a query's rows to a Parquet file (not yet durable); return their number."""

    def cursor(self) -> "Engine":
        """A reader beside the writer: sees what was committed when its statement starts."""

    def components(self, edges: str, nodes: int) -> pa.Table:
        """Connected components of the query `edges` (columns a, b: BIGINT) over the nodes 0 to `nodes` - 1.

        Returns columns node, component (BIGINT), one row per node; a component's number is arbitrary.
        """

    def columns(self, relation: str) -> dict[str, str]:
        """Column name -> SQL type of a table, view or query in parentheses; empty when it does not exist."""

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file; costs seconds on a big store."""

    def close(self) -> None:
        """Release the database; the engine is of no use afterwards."""
