"""One audience's files: the full list, the delta of each plan, and the rows that wait for their plan to close.

    win-back.csv                     the full list: match keys, then fields
    win-back.delta-<plan>.csv        what a plan changed: op, match keys, fields
    .win-back.csv.columns.json       which columns of the list are match keys
    .win-back.csv.plan-<plan>/       batches of a plan that is not closed yet

All columns are text. A row is found again by all of its match keys.
"""

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from hub.sdk.errors import StopConnection
from hub.sdk.records import Batch, Json
from hub_file.durable import make_folder, replacing

_ROWS = 100_000
_FORMULA = r"^''*[=+\-@\t\r]"  # as SQL text: any number of ' and then what starts a formula


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of a list in order: the match keys, then the fields."""

    match: tuple[str, ...]
    fields: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """All columns."""
        return (*self.match, *self.fields)

    def as_json(self) -> dict[str, Json]:
        """Return the form that is stored."""
        return {"match": list(self.match), "fields": list(self.fields)}

    @classmethod
    def from_json(cls, value: object) -> "Columns":
        """Read the stored form back."""
        if not isinstance(value, dict):
            raise TypeError("expected an object")
        return cls(tuple(map(str, value["match"])), tuple(map(str, value["fields"])))


class ListFile:
    """The files of one audience. `path` is the full list; its suffix says the format."""

    def __init__(self, path: Path, *, formula_safe: bool) -> None:
        self._path = path
        self._guarded = formula_safe and path.suffix == ".csv"

    def _plan_folder(self, plan: str) -> Path:
        return self._path.with_name(f".{self._path.name}.plan-{safe_name(plan)}")

    def _delta(self, plan: str) -> Path:
        return self._path.with_name(f"{self._path.stem}.delta-{safe_name(plan)}{self._path.suffix}")

    @property
    def _columns_file(self) -> Path:
        return self._path.with_name(f".{self._path.name}.columns.json")

    def open(self, plan: str) -> None:
        """Make the folder in which a plan's batches wait."""
        make_folder(self._plan_folder(plan))

    def stage(self, plan: str, batch: Batch, columns: Columns) -> None:
        """Keep a batch until its plan is closed; the same batch again takes its own place."""
        folder = self._plan_folder(plan)
        make_folder(folder)
        with replacing(folder / f"{safe_name(batch.id)}.parquet") as temporary:
            pq.write_table(_table(batch, columns), temporary)

    def merge(self, plan: str, columns: Columns) -> None:
        """Bring a plan's batches into the list and write its delta; harmless when it was done before."""
        folder = self._plan_folder(plan)
        if not folder.is_dir():
            return
        before = self._stored_columns()
        with _database(self._path.parent) as connection:
            self._load_batches(connection, folder, columns)
            self._load_list(connection, before, columns)
            names = ", ".join(map(_quoted, columns.all))
            self._write(connection, f"SELECT op, {names} FROM changes", self._delta(plan), ("op", *columns.match))
            self._write_columns(columns if before is None else Columns(columns.match, columns.all))
            kept = f"SELECT {names} FROM list ANTI JOIN changes c ON {_same(columns)}"
            added = f"SELECT {names} FROM changes WHERE op <> 'remove'"
            self._write(connection, f"{kept} UNION ALL {added}", self._path, columns.match)
        self._write_columns(columns)
        shutil.rmtree(folder)

    def members(self, otherwise: Columns | None) -> Iterator[dict[str, str]]:
        """Yield match keys of the list as it lies there; nothing when there is no file.

        `otherwise` says what its columns are when the note about them is gone.

        Raises:
            StopConnection: the file cannot be read.
        """
        if not self._path.is_file():
            return
        columns = self._stored_columns() or otherwise
        if columns is None:
            raise StopConnection(f"{self._path.name}: which columns are match keys is not known.", hint="Delete it.")
        with _database(self._path.parent) as connection:
            self._load_list(connection, columns, Columns(columns.match, ()))
            found = connection.sql("SELECT * FROM list").to_arrow_reader(_ROWS)
            for batch in found:
                for row in batch.to_pylist():
                    yield {name: value for name, value in row.items() if value is not None}
