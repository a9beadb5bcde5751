"""A simulated database: customers in a SQLite file, which the source reads without any network.

The routes of a sandbox have nothing to do here; what the conformance suite asks is done to the file.
"""

import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from hub.sdk.records import Json
from hub.sdk.sandbox import Change, SourceSandbox, people

_TABLE = (
    "create table customers (id text primary key, first_name text, last_name text, email text, phone text,"
    " created_at text, updated_at text, deleted_at text)"
)
QUERY = "select id as record_id, first_name, last_name, email, phone, created_at, updated_at, deleted_at from customers"


class SqlSandbox(SourceSandbox):
    """One database with a table of customers; `renews` is false, as a file that has moved is not found again."""

    name = "sql"
    kinds: ClassVar[Mapping[str, frozenset[Change]]] = {"people": frozenset({"touch", "remove"})}
    one_page = 100

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self._folder = tempfile.TemporaryDirectory(prefix="hub-sql-")
        self._moves, self._number = 0, 0
        self._do("pragma journal_mode = wal")  # so that a reader holds up no writer
        self._do(_TABLE)
        self.make("people", size)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._folder.cleanup()

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return Path(self._folder.name) / f"shop-{self._moves}.db"

    def connection(self) -> Mapping[str, Json]:
        """Return where the file is."""
        return {"url": f"sqlite:///{self.path}", "batch_rows": self.one_page}

    def refused(self) -> Mapping[str, Json]:
        """Return where no file is."""
        return {"url": f"sqlite:///{self._folder.name}/nowhere.db"}

    def entry(self) -> Mapping[str, Json]:
        """Return the query."""
        keys: Mapping[str, Json] = {"email": "email", "phone": "phone"}
        return {
            "stream": "people", "query": QUERY, "identifiers": keys, "cursor": "updated_at", "deleted": "deleted_at",
            "complete": True,
        }  # fmt: skip

    def expire(self) -> None:
        """Move the file."""
        before = self.path
        self._moves += 1
        before.rename(self.path)

    def make(self, stream: str, count: int = 1) -> Sequence[str]:
        """Let customers come into being."""
        del stream
        found = [*people(count, seed=self.seed, start=self._number)]
        self._number += count
        now = self._stamp()
        with closing(sqlite3.connect(self.path)) as database, database:
            database.executemany(
                "insert into customers values (?, ?, ?, ?, ?, ?, ?, null)",
                [(f"c{e.number:07}", e.first_name, e.last_name, e.email, e.phone, now, now) for e in found],
            )
        return [f"c{each.number:07}" for each in found]

    def touch(self, stream: str, key: str, text: str) -> None:
        """Give a customer another last name."""
        del stream
        whole = text.encode("utf-8", "replace").decode()  # no database takes half a character
        self._do("update customers set last_name = ?, updated_at = ? where id = ?", whole, self._stamp(), key)

    def remove(self, stream: str, key: str) -> None:
        """Mark a customer as deleted."""
        del stream
        self._do("update customers set deleted_at = ?, updated_at = ? where id = ?", self._stamp(), self._stamp(), key)

    def keys(self, stream: str) -> Sequence[str]:
        """Return who is not deleted."""
        del stream
        return [str(key) for (key,) in self._do("select id from customers where deleted_at is null order by id")]

    def state(self) -> Json:
        """Say where the file is, and how many customers it holds."""
        return {"url": f"sqlite:///{self.path}", "customers": len(self.keys("people"))}

    def _do(self, statement: str, *values: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.path)) as database, database:
            return database.execute(statement, values).fetchall()

    def _stamp(self) -> str:
        return self.now().replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
