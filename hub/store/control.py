"""The control store as the rest of the hub uses it."""

import os
from pathlib import Path
from typing import Self

from sqlalchemy import URL, make_url
from sqlalchemy.exc import DatabaseError

from hub.sdk.records import Json
from hub.store.approvals import Approvals
from hub.store.database import make_engine, write_value
from hub.store.errors import StoreError
from hub.store.journal import sync_directory
from hub.store.landing import Landing
from hub.store.models import NamedValue
from hub.store.plans import Plans
from hub.store.runs import Runs
from hub.store.schema import migrate

_RESERVED = "store."


class Store(Landing, Runs, Plans, Approvals):
    """All that must survive: files, cursors, runs, plans, batches, approvals, audit.

    Every method is one short transaction and may be called from any thread. Reading needs nothing; writing needs
    `take_lease` first, and raises `LeaseLost` once another process has taken it.
    """

    @classmethod
    def open(cls, where: str | Path) -> Self:
        """Open the store, creating or upgrading it as needed.

        Args:
            where: the path of an SQLite file (created with mode 0600), or a URL such as `postgresql://user@host/name`.

        Raises:
            StoreTooNew: it was written by a newer hub.
            StoreError: it cannot be opened.
        """
        url = _url(where)
        try:
            migrate(url)
        except DatabaseError as error:
            shown = url.database if url.drivername == "sqlite" else url.render_as_string(hide_password=True)
            raise StoreError(f"{shown}: the control store cannot be opened: {error.orig}.") from error
        return cls(make_engine(url))

    def close(self) -> None:
        """Close all connections; SQLite folds its write-ahead log into the file."""
        self._engine.dispose()

    def meta(self, key: str) -> Json:
        """Return a named value, None if it was never set."""
        with self._reading() as session:
            row = session.get(NamedValue, key)
            return None if row is None else row.value

    def set_meta(self, key: str, value: Json) -> None:
        """Keep a value under a name; names that begin with `store.` are the store's own."""
        if key.startswith(_RESERVED):
            raise StoreError(f'"{key}" belongs to the store.', hint=f'Choose a name without "{_RESERVED}".')
        with self._writing() as session:
            write_value(session, key, value)


def _url(where: str | Path) -> URL:
    if isinstance(where, Path) or "://" not in where:
        path = Path(where)
        _create_private(path)
        return URL.create("sqlite", database=str(path))
    url = make_url(where)
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _create_private(path: Path) -> None:
    """Create the file before SQLite does, so that it and its companions are readable by the owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        sync_directory(path.parent)
