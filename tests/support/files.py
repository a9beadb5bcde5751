"""Helpers for tests of the file connectors: sources over a folder, and a slow plain reader to compare with."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.sdk.connector import Context
from hub.sdk.records import Json, Page
from hub_csv.settings import CsvSettings, CsvSourceSettings
from hub_csv.source import CsvSource

Row = dict[str, Any]


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def csv_source(root: Path | CsvSettings, *, timezone: str = "UTC", now: datetime = NOW, **keys: object) -> CsvSource:
    """Make the source that a `[[source]]` entry with these keys gives; `root` is a folder, or a whole connection."""
    settings = CsvSettings(root=str(root)) if isinstance(root, Path) else root
    return CsvSource(settings, CsvSourceSettings.model_validate(keys), Context("tills", Path(), now, timezone))


def people_source(root: Path | CsvSettings, files: str | list[str] = "*.csv", **keys: Any) -> CsvSource:  # noqa: ANN401
    """Make a source of people over the headers k (key), v and w."""
    defaults: dict[str, Any] = {
        "stream": "people",
        "files": files,
        "columns": {"record_id": "k", "first_name": "v", "last_name": "w"},
    }
    return csv_source(root, **(defaults | keys))


@dataclass
class Outcome:
    """What a read gave, all pages together."""

    rows: list[Row] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)
    read: int = 0
    cursor: Json = None
    complete: bool = False
    pages: list[Page] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def bad_lines(self) -> list[int]:
        """Physical lines in quarantine, ascending."""
        return sorted(int(str(row["line"])) for row in self.quarantine)

    @property
    def reasons(self) -> set[object]:
        """Reasons in quarantine."""
        return {row["reason"] for row in self.quarantine}

    def values(self, *columns: str) -> list[tuple[object, ...]]:
        """Some columns of the landed rows."""
        return [tuple(row.get(column) for column in columns) for row in self.rows]


def read_all(source: CsvSource, since: Json = None) -> Outcome:
    """Read to the end and check on the way that every row was accounted for."""
    return gather(source.read([source.source.stream], since), source.source.stream)


def gather(pages: Iterable[Page], stream: str) -> Outcome:
    """Put pages together."""
    outcome = Outcome()
    for page in pages:
        table = page.rows.get(stream)
        rows = table.to_pylist() if table is not None else []
        bad = page.quarantine.to_pylist() if page.quarantine is not None else []
        landed = sum(int(row.get("_source_rows") or 1) for row in rows)
        assert page.read.get(stream, 0) == landed + sum(int(row["rows"] or 1) for row in bad)
        outcome.pages.append(page)
        outcome.rows += rows
        outcome.quarantine += bad
        outcome.read += page.read.get(stream, 0)
        outcome.cursor = page.cursor if page.cursor is not None else outcome.cursor
        outcome.complete = page.complete
        outcome.warnings += page.warnings
    return outcome


@dataclass(frozen=True)
class Record:
    """What the plain reader found: `fields` of a sound record, or None for a damaged line."""

    line: int
    fields: tuple[str, ...] | None


def plain_read(data: bytes, columns: int) -> Iterator[Record]:
    """Read comma-separated text one character at a time, by the rules of the README and nothing else."""
    lines = data.split(b"\n")
    at = 1  # the header
    while at < len(lines):
        if lines[at] in {b"", b"\r"}:
            at += 1
            continue
        found = _plain_record(lines, at, columns)
        yield Record(at + 1, found[0] if found else None)
        at += found[1] if found else 1


def _plain_record(lines: list[bytes], at: int, columns: int) -> tuple[tuple[str, ...], int] | None:
    text = b"\n".join(lines[at:])
    fields: list[bytes] = []
    position = 0
    while True:
        cell = _plain_cell(text, position)
        if cell is None:
            return None
        fields.append(cell[0])
        position = cell[1]
        if _at_end(text, position):
            break
        position += 1
    record = text[:position]
    if len(fields) < columns or any(fields[columns:]) or b"\0" in record:
        return None
    try:
        return tuple(value.decode() for value in fields[:columns]), record.count(b"\n") + 1
    except UnicodeDecodeError:
        return None


def _plain_cell(text: bytes, start: int) -> tuple[bytes, int] | None:
    position = start
    while text[position : position + 1] == b" ":
        position += 1
    if text[position : position + 1] != b'"':
        while not _at_end(text, position) and text[position : position + 1] != b",":
            position += 1
        return text[start:position], position
    value = b""
    position += 1
    while True:
        char = text[position : position + 1]
        if char == b"":
            return None
        if char == b'"' and text[position + 1 : position + 2] == b'"':
            value += b'"'
            position += 2
        elif char == b'"':
            break
        else:
            value += char
            position += 1
    position += 1
    while text[position : position + 1] == b" ":
        position += 1
    ended = _at_end(text, position) or text[position : position + 1] == b","
    return (value, position) if ended else None


def _at_end(text: bytes, position: int) -> bool:
    rest = text[position : position + 2]
    return rest in {b"", b"\r\n"} or rest[:1] == b"\n" or (rest == b"\r" and position + 1 == len(text))


def expected_people(records: Iterable[Record]) -> tuple[list[tuple[object, ...]], list[int]]:
    """What `people_source` makes of plain records: landed (k, v, w) and damaged lines."""
    landed: list[tuple[object, ...]] = []
    bad: list[int] = []
    for record in records:
        if record.fields is None or not record.fields[0].strip(" "):
            bad.append(record.line)
        else:
            key, *others = record.fields
            landed.append((key.strip(" "), *(value or None for value in others)))
    return landed, bad


def write(root: Path, files: Mapping[str, bytes | str]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
