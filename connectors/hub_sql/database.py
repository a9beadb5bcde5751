"""Connections that only read, and the rows of a query in batches that never hold all of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, CursorResult, Engine, create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from hub.sdk.errors import ConfigError
from hub_sql.failures import failure
from hub_sql.settings import SqlSettings

_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
_READ_ONLY = {
    "postgresql": ("set transaction read only", "set local statement_timeout = {ms}"),
    "mysql": ("set session transaction read only", "set time_zone = '+00:00'"),
    "mariadb": ("set session transaction read only", "set time_zone = '+00:00'"),
    "sqlite": ("pragma query_only = on",),
}


@dataclass(frozen=True, slots=True)
class Result:
    """The columns of a query, and its rows in batches."""

    columns: Sequence[str]
    batches: Iterator[Sequence[Sequence[object]]]


class Database:
    """One database. Raises `StopConnection` or `RetryLater` for whatever its driver raises."""

    def __init__(self, settings: SqlSettings, project: Path) -> None:
        self._settings = settings
        self._engine = _engine(settings.url.reveal(), project)

    @property
    def kind(self) -> str:
        """Name of the dialect."""
        return self._engine.dialect.name

    def quoted(self, name: str) -> str:
        """Return a name of a column as this database writes it."""
        return self._engine.dialect.identifier_preparer.quote_identifier(name)

    @contextmanager
    def result(self, statement: str, values: Mapping[str, object]) -> Iterator[Result]:
        """Run a query; its rows are fetched while they are read, where the driver can do that."""
        try:
            with self._engine.connect() as connection:
                for command in _READ_ONLY.get(self.kind, ()):
                    milliseconds = int(self._settings.statement_timeout.total_seconds() * 1000)
                    connection.exec_driver_sql(command.format(ms=milliseconds))
                with closing(self._run(connection, statement, values)) as rows:
                    yield Result([*rows.keys()], self._batches(rows))
        except SQLAlchemyError as error:
            raise failure(error) from None

    def _run(self, connection: Connection, statement: str, values: Mapping[str, object]) -> CursorResult[tuple[object]]:
        most = self._settings.batch_rows
        streaming = connection.execution_options(stream_results=True, max_row_buffer=most)
        return streaming.execute(text(statement), values)

    def _batches(self, rows: CursorResult[tuple[object]]) -> Iterator[Sequence[Sequence[object]]]:
        while batch := rows.fetchmany(self._settings.batch_rows):
            yield batch

    def version(self) -> str:
        """Return what the server says of its version."""
        try:
            with self._engine.connect() as connection:
                version = connection.dialect.server_version_info or ()
        except SQLAlchemyError as error:
            raise failure(error) from None
        return ".".join(map(str, version))


def _engine(url: str, project: Path) -> Engine:
    try:
        return create_engine(_placed(make_url(url), project), poolclass=NullPool, hide_parameters=True)
    except NoSuchModuleError:
        raise ConfigError("url names a database that no installed package speaks to.", hint="See README.md.") from None
    except ArgumentError:
        raise ConfigError("url: expected a SQLAlchemy URL.", hint="postgresql://user:password@host/database") from None
    except ModuleNotFoundError as missing:
        hint = "pip install 'audience-hub[postgres]' or 'audience-hub[mysql]', or the driver that your url names."
        raise ConfigError(f"the package {missing.name} is not installed.", hint=hint) from None


def _placed(url: URL, project: Path) -> URL:
    """Choose our drivers; a SQLite file lies in the project, is opened to be read, and never made."""
    if url.drivername != "sqlite" or not url.database or url.database.startswith("file:"):
        return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    path = (project / url.database).resolve()
    return url.set(database=path.as_uri()).update_query_dict({"mode": "ro", "uri": "true"})
