"""The export as files: Parquet or JSON lines in a folder, each named after its table, as `bq extract` writes them."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import duckdb

from hub.sdk.errors import BadData
from hub.sdk.http.response import loads
from hub.sdk.records import Fact, Json
from hub_google_analytics.export.events import COLUMNS, REQUIRED

_KINDS = ("*.parquet", "*.json", "*.jsonl", "*.ndjson", "*.json.gz", "*.jsonl.gz", "*.ndjson.gz")
_TABLE = re.compile(r"(?:events_fresh_|events_intraday_|events_)\d{8}")


class Files:
    """A folder; files whose path names no table are passed over. `rows`: events that are taken at a time."""

    def __init__(self, folder: Path, rows: int) -> None:
        self._folder, self._rows = folder, rows

    def names(self) -> Iterator[str]:
        """Yield the tables that files are named after. Raises BadData where there is no such folder."""
        yield from sorted(self._found())

    def version(self, name: str) -> str | None:
        """Return names, sizes and times of a table's files."""
        stats = [(path, path.stat()) for path in self._found().get(name, [])]
        if not stats:
            return None
        return repr([(str(path.relative_to(self._folder)), stat.st_size, stat.st_mtime_ns) for path, stat in stats])

    def events(self, name: str) -> Iterator[Sequence[Json]]:
        """Yield the events of a table. Raises BadData for a file that cannot be read; its name is in the text."""
        for path in self._found().get(name, []):
            try:
                yield from self._read(path)
            except (duckdb.Error, ValueError) as error:
                kind = type(error).__name__  # its text may hold values
                raise BadData(f"{path.name}: cannot be read ({kind}).", hint="Is the file whole?") from None

    def facts(self) -> Iterator[Fact]:
        """Say how many tables are there."""
        found = self._found()
        yield Fact("ok" if found else "warning", f"{self._folder}: files of {len(found)} tables of events")

    def _found(self) -> dict[str, list[Path]]:
        if not self._folder.is_dir():
            raise BadData(f"{self._folder} is no folder.")
        found: dict[str, list[Path]] = {}
        for path in sorted({each for kind in _KINDS for each in self._folder.rglob(kind)}):
            if match := _TABLE.search(str(path.relative_to(self._folder))):
                found.setdefault(match[0], []).append(path)
        return found

    def _read(self, path: Path) -> Iterator[Sequence[Json]]:
        reader = "read_parquet($1)" if path.suffix == ".parquet" else "read_ndjson_objects($1)"
        with closing(duckdb.connect()) as database:
            database.execute("set threads = 1")
            rows = database.execute(f"select {self._event(database, path, reader)} from {reader}", [str(path)])
            while some := rows.fetchmany(self._rows):
                yield [loads(text.encode()) for (text,) in some]

    def _event(self, database: duckdb.DuckDBPyConnection, path: Path, reader: str) -> str:
        """SQL for an event as JSON, of the columns that BigQuery would be asked for."""
        if path.suffix != ".parquet":
            return "json"
        present = {row[0] for row in database.execute(f"describe from {reader}", [str(path)]).fetchall()}
        if missing := sorted(REQUIRED - present):
            raise BadData(f"{path.name} has no column {missing[0]}.", hint="Is it a table of GA4's export?")
        return f"to_json(struct_pack({', '.join(f'{name} := {name}' for name in COLUMNS if name in present)}))"
