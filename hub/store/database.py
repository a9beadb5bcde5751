"""Engines, sessions and the lease: every write is one transaction that first proves it may write."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import Connection as SqliteConnection
from threading import Lock

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, select

from hub.sdk.records import Json
from hub.store.errors import LeaseLost, StoreError
from hub.store.models import AuditEntry, Lease, NamedValue, to_json, utcnow

_PRAGMAS = (
    "busy_timeout = 30000",  # milliseconds; only a backup tool or a second reader ever makes us wait
    "journal_mode = WAL",
    "synchronous = FULL",  # a commit that was acknowledged survives power loss
    "secure_delete = ON",  # deleted rows are overwritten, not left in free pages
)


def make_engine(url: URL, *, for_migration: bool = False) -> Engine:
    """Return an engine with the store's settings.

    A migration on SQLite copies tables, which foreign keys would answer with cascades: they are off there and checked
    at its end.
    """
    pool = {"poolclass": NullPool} if for_migration else {"pool_pre_ping": True}  # a server may have restarted
    engine = create_engine(url, json_serializer=to_json, hide_parameters=True, **pool)
    if engine.dialect.name == "sqlite":
        pragmas = (*_PRAGMAS, f"foreign_keys = {'OFF' if for_migration else 'ON'}")
        _set_up_sqlite(engine, pragmas)
    return engine


def _set_up_sqlite(engine: Engine, pragmas: tuple[str, ...]) -> None:
    """Take transactions over from the driver, which begins them too late, and set the pragmas on every connection."""

    @event.listens_for(engine, "connect")
    def connect(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def append_audit(session: Session, who: str, action: str, detail: Json = None) -> None:
    """Add one line to the audit within the caller's transaction."""
    session.add(AuditEntry(who=who, action=action, detail=detail))


def read_number(session: Session, key: str) -> int:
    """Return the whole number kept under `key` in `meta`, 0 where there is none."""
    row = session.get(NamedValue, key)
    return row.value if row is not None and isinstance(row.value, int) else 0


def write_value(session: Session, key: str, value: Json) -> None:
    """Keep `value` under `key` in `meta`."""
    session.merge(NamedValue(key=key, value=value))


class Database:
    """Short sessions over one engine, usable from any thread, and the lease that allows writing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)
        self._one_writer = Lock()  # threads queue here in order instead of polling the database's own lock
        self._lease: Lease | None = None

    def take_lease(self, holder: str) -> Lease:
        """Make this process the one that writes; whoever wrote before cannot commit any more.

        Args:
            holder: the process in words for messages and the audit, such as `pid 4121, web-1`.

        Returns:
            The lease; its `epoch` is greater than that of every lease before it.
        """
        with self._transaction() as session:
            lease = session.exec(select(Lease).with_for_update()).one()
            lease.epoch += 1
            lease.token, lease.holder, lease.taken_at = secrets.token_hex(8), holder, utcnow()
            append_audit(session, holder, "lease.taken", {"epoch": lease.epoch})
        self._lease = lease
        return lease

    def check_lease(self) -> None:
        """Prove, just before something irreversible outside the store, that this process is still the one that may act.

        Raises:
            LeaseLost: it is not.
        """
        with self._reading() as session:
            self._require_lease(session.exec(select(Lease)).one())

    @property
    def _held(self) -> Lease:
        if self._lease is None:
            raise LeaseLost("The store is open for reading only.", hint="Take the lease before writing.")
        return self._lease

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        """A session for one read."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """A transaction that commits only under the current lease; the lease row stays locked until it ends."""
        with self._transaction() as session:
            self._require_lease(session.exec(select(Lease).with_for_update()).one())
            yield session

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        try:
            with self._one_writer, Session(self._writer, expire_on_commit=False) as session, session.begin():
                yield session
        except OperationalError as error:
            raise StoreError(
                f"The control store could not be written: {error.orig}. Nothing of this step was kept.",
                hint="Make room, or end what holds it, and run again.",
            ) from error

    def _require_lease(self, current: Lease) -> None:
        if (current.epoch, current.token) != (self._held.epoch, self._held.token):
            raise LeaseLost(
                f"Another hub ({current.holder}) took over this store at {current.taken_at:%Y-%m-%d %H:%M} UTC; "
                "nothing was written.",
                hint="This process must stop. Ask the other one: hub status.",
            )
