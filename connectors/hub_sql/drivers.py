"""What each driver needs: how it connects, how a session only reads, and values that it would fail on."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Dialect, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from hub.sdk.errors import ConfigError
from hub_sql.values import OutOfRange

if TYPE_CHECKING:
    from psycopg.abc import AdaptContext, Buffer

_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
_TIMES = ("date", "time", "timetz", "timestamp", "timestamptz", "interval")
_LIBPQ: Mapping[str, object] = {
    "application_name": "hub", "connect_timeout": 10,
    "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
}  # fmt: skip
_MYSQL = ("set session transaction read only", "set time_zone = '+00:00'", "set session net_write_timeout = 600")
_SESSIONS: Mapping[str, Sequence[str]] = {
    "postgresql": ("set transaction read only", "set local statement_timeout = {milliseconds}"),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlite": ("pragma query_only = on",),
}
_WHO = {
    "postgresql": "select current_user || ' at ' || current_database(), current_setting('is_superuser') = 'on'",
    "mysql": "select concat(current_user(), ' at ', coalesce(database(), 'no database')), false",
    "mariadb": "select concat(current_user(), ' at ', coalesce(database(), 'no database')), false",
}


def url_of(written: str, project: Path, *, mode: str = "ro") -> URL:
    """Read a URL and choose our drivers; a SQLite file lies in the project, and is never made (`mode`: ro or rw).

    Raises:
        ConfigError: it is none.
    """
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):  # their words hold parts of the password
        hint = "postgresql://user:password@host/database; in the password write @ as %40, : as %3A, / as %2F."
        raise ConfigError("url: expected a SQLAlchemy URL.", hint=hint) from None
    if url.drivername != "sqlite" or not url.database or url.database.startswith("file:"):
        return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    path = (project / url.database).resolve()
    return url.set(database=path.as_uri()).update_query_dict({"mode": mode, "uri": "true"})


def arguments(url: URL, wait: float) -> dict[str, object]:
    """Return what a driver is told beside the URL, which may say otherwise; `wait`: seconds for the next rows."""
    if url.drivername in {"postgresql+psycopg", "postgresql+psycopg2"}:
        return {name: value for name, value in _LIBPQ.items() if name not in url.query}
    if url.drivername.endswith("+pymysql"):
        usual = {"connect_timeout": 10, "read_timeout": max(1, round(wait))}
        return {"conv": _pymysql_values()} | {name: value for name, value in usual.items() if name not in url.query}
    return {}


def session(kind: str, wait: float) -> list[str]:
    """Return the statements with which a session begins, so that it only reads."""
    return [each.format(milliseconds=round(wait * 1000)) for each in _SESSIONS.get(kind, ())]


def who(kind: str) -> str | None:
    """Return the statement that says who we are, and whether we may do anything."""
    return _WHO.get(kind)


def prepare(dialect: Dialect, raw: object) -> None:
    """Keep a driver from failing on single values: the record is to be quarantined, and the others to be read."""
    if dialect.driver == "psycopg":
        _psycopg_times(raw)
    elif dialect.name == "sqlite":
        raw.text_factory = lambda value: value.decode("utf-8", "replace")  # type: ignore[attr-defined]


def abandon(dialect: Dialect, cursor: object) -> bool:
    """Let a cursor go; say whether that was before its end, so that its connection cannot be used any more.

    PyMySQL reads all that is left when a cursor is closed, also where the connection is lost already.
    """
    if dialect.driver != "pymysql" or cursor is None:
        return False
    if (unread := getattr(cursor, "_result", None)) is not None:
        unread.unbuffered_active = False
    return True


def _psycopg_times(raw: object) -> None:
    """Times that Python has no value for (infinity, before Christ, 24:00) become text; psycopg would raise."""
    import psycopg  # noqa: PLC0415 - optional: only those who read PostgreSQL have it
    from psycopg.adapt import Loader  # noqa: PLC0415 - as above
    from psycopg.pq import Format  # noqa: PLC0415 - as above

    class Tolerant(Loader):
        def __init__(self, oid: int, context: "AdaptContext | None" = None) -> None:
            super().__init__(oid, context)
            usual = psycopg.adapters.get_loader(oid, Format.TEXT)
            self._usual = usual(oid, context) if usual else None

        def load(self, data: "Buffer") -> object:
            try:
                return self._usual.load(data) if self._usual else OutOfRange(bytes(data).decode())
            except psycopg.DataError:
                return OutOfRange(bytes(data).decode())

    for name in _TIMES:
        raw.adapters.register_loader(name, Tolerant)  # type: ignore[attr-defined]


def _pymysql_values() -> Mapping[object, object]:
    """TIMESTAMP columns are instants and come in the session's zone, which is UTC; DATETIME columns are not."""
    from pymysql.constants import FIELD_TYPE  # noqa: PLC0415 - optional: only those who read MySQL have it
    from pymysql.converters import conversions, convert_datetime  # noqa: PLC0415 - as above

    def instant(written: str) -> object:
        found = convert_datetime(written)
        return found.replace(tzinfo=UTC) if isinstance(found, datetime) else found

    return {**conversions, FIELD_TYPE.TIMESTAMP: instant}
