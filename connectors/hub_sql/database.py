"""Connections that only read, and the rows of a query in batches that never hold all of them."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, CursorResult, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from hub.sdk.errors import ConfigError
from hub_sql.drivers import abandon, arguments, prepare, session, url_of, who
from hub_sql.duck import DuckDatabase
from hub_sql.failures import failure
from hub_sql.result import Query, Result
from hub_sql.settings import SqlSettings


class Database(Protocol):
    """One database. Raises `StopConnection` or `RetryLater` for whatever its driver raises."""

    def quoted(self, name: str) -> str:
        """Return a name as this database writes it."""
        ...

    def identity(self) -> tuple[str, str, bool]:
        """Return name and version, who we are there, and whether we may do anything."""
        ...

    def result(self, statement: Query) -> AbstractContextManager[Result]:
        """Run a query; its rows are fetched while they are read, where the driver can do that."""
        ...


def open_database(settings: SqlSettings, project: Path) -> Database:
    """Find out how to speak to the database that the settings name. No network.

    Raises:
        ConfigError: no installed package speaks to it.
    """
    url = url_of(settings.url.reveal(), project)
    if url.drivername == "duckdb":
        return DuckDatabase(url.database, project, settings.batch_rows)
    return SqlDatabase(url, settings)


class SqlDatabase:
    """A database that SQLAlchemy reaches."""

    def __init__(self, url: URL, settings: SqlSettings) -> None:
        self._rows, self._wait = settings.batch_rows, settings.statement_timeout.total_seconds()
        self._engine = engine_of(url, self._wait)

    def quoted(self, name: str) -> str:
        """Return a name as this database writes it."""
        return self._engine.dialect.identifier_preparer.quote(name)

    def identity(self) -> tuple[str, str, bool]:
        """Return name and version, who we are there, and whether we may do anything."""
        with self._connected() as connection:
            dialect = connection.dialect
            version = ".".join(map(str, getattr(dialect, "server_version_info", None) or ()))
            name = "mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name
            asked = who(dialect.name)
            user, may_all = connection.exec_driver_sql(asked).one() if asked else ("", False)
        return f"{name} {version}".strip(), str(user), bool(may_all)

    @contextmanager
    def result(self, statement: Query) -> Iterator[Result]:
        """Run a query; its rows are fetched while they are read, where the driver can do that."""
        with self._connected() as connection:
            streaming = connection.execution_options(stream_results=True, max_row_buffer=self._rows)
            rows = streaming.execute(statement)
            try:
                yield Result([*rows.keys()], _batches(rows, self._rows))
            finally:
                if abandon(self._engine.dialect, rows.cursor):
                    connection.invalidate()
                rows.close()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            connection = self._engine.connect()
        except SQLAlchemyError as error:
            raise failure(error, connecting=True) from None
        try:
            with connection:
                for command in session(connection.dialect.name, self._wait):
                    connection.exec_driver_sql(command)
                yield connection
        except SQLAlchemyError as error:
            raise failure(error) from None


def _batches(rows: CursorResult[*tuple[object, ...]], most: int) -> Iterator[Sequence[Sequence[object]]]:
    while batch := rows.fetchmany(most):
        yield batch


def engine_of(url: URL, wait: float) -> Engine:
    """Return what connects to a database; `wait`: seconds for the next rows. No network.

    Raises:
        ConfigError: no installed package speaks to it.
    """
    try:
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=arguments(url, wait))
    except NoSuchModuleError:
        raise ConfigError("url names a database that no installed package speaks to.", hint="See README.md.") from None
    except ModuleNotFoundError as missing:
        hint = "pip install 'audience-hub[postgres]' or 'audience-hub[mysql]', or the driver that your url names."
        raise ConfigError(f"the package {missing.name} is not installed.", hint=hint) from None
    event.listen(engine, "connect", lambda raw, _: prepare(engine.dialect, raw))
    return engine
