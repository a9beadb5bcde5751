"""DuckDB: a database file of its own, or files that it reads (Parquet, JSON, CSV), with the query in its dialect."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from hub.sdk.errors import HubError, RetryLater, StopConnection
from hub_sql.result import Query, Result

_NAMES = (duckdb.CatalogException, duckdb.BinderException, duckdb.ParserException, duckdb.IOException)
_BUSY = "lock"


class DuckDatabase:
    """One file, opened to be read; without one, nothing but what a query reads. Paths are meant from the project."""

    def __init__(self, path: str | None, project: Path, batch_rows: int) -> None:
        self._path, self._project, self._rows = path, project, batch_rows
        self._dialect = SQLiteDialect(paramstyle="qmark")  # names, limits and places for values are written alike

    def quoted(self, name: str) -> str:
        """Return a name as DuckDB writes it."""
        return self._dialect.identifier_preparer.quote(name)

    def identity(self) -> tuple[str, str, bool]:
        """Return name and version; nobody has to sign in."""
        with self._connected():
            return f"duckdb {duckdb.__version__}", "", False

    @contextmanager
    def result(self, statement: Query) -> Iterator[Result]:
        """Run a query; its rows are made while they are read."""
        compiled = statement.compile(dialect=self._dialect)
        values = [compiled.params[name] for name in compiled.positiontup or ()]
        with self._connected() as connection:
            connection.execute(str(compiled), values)
            names = [str(each[0]) for each in connection.description or ()]
            yield Result(names, self._batches(connection))

    def _batches(self, connection: duckdb.DuckDBPyConnection) -> Iterator[Sequence[Sequence[object]]]:
        while batch := connection.fetchmany(self._rows):
            yield batch

    @contextmanager
    def _connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            where = str(self._project / self._path) if self._path else ":memory:"
            with closing(duckdb.connect(where, read_only=bool(self._path))) as connection:
                folder = str(self._project.resolve()).replace("'", "''")
                for setting in (
                    f"file_search_path = '{folder}'",
                    "TimeZone = 'UTC'",
                    "autoinstall_known_extensions = false",
                    "lock_configuration = true",
                ):
                    connection.execute(f"set {setting}")
                yield connection
        except duckdb.Error as error:
            raise _failure(error) from None


def _failure(error: duckdb.Error) -> HubError:
    """Names of tables, columns and files may be told; other words may quote values."""
    if isinstance(error, duckdb.IOException) and _BUSY in str(error).lower():
        return RetryLater("the DuckDB file is in use by another process.", hint="It is read again later.")
    told = str(error).splitlines()[0] if isinstance(error, _NAMES) else type(error).__name__
    return StopConnection(f"the database cannot run the query: {told}.", hint="Mend query, cursor or url.")
