"""What is known of a file without reading it, and how it is remembered in a cursor that it was read."""

import base64
import hashlib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from hub.sdk.errors import BadData
from hub.sdk.records import Json
from hub_csv.settings import Format

MAX_FILES = 3_000  # what a cursor of 64 KB holds
PACKED = (".gz", ".zst", ".bz2")
KINDS = {
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "excel",
    ".xlsm": "excel",
}
_STAMP = 8
_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crc", ".crdownload", ".download", ".swp", ".lock")


def suffix_of(name: str) -> str:
    """Return the last suffix of a name, in small letters, without the one of a packer."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes if suffix.lower() not in PACKED]
    return suffixes[-1] if suffixes else ""


def passed_over(name: str) -> bool:
    """Tell by its name that a file is hidden, a marker, or still being written by another program."""
    last = PurePosixPath(name).name
    return last.startswith((".", "_", "~$")) or last.lower().endswith(_UNFINISHED)


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it was seen.

    `place` is how its store calls it, `name` its path under the root, `size` in bytes, `mtime` in nanoseconds. `etag`
    is the store's word for its content, where it has one.
    """

    place: str
    name: str
    size: int
    mtime: int
    etag: str = ""

    @property
    def stamp(self) -> bytes:
        """Stands for name, size and content or time; while it is the same, the file counts as unchanged."""
        return _short(f"{self.name}\0{self.size}\0{self.etag or self.mtime}")

    def kind(self, settings: Format) -> str:
        """Say what kind of file it is: csv, tsv, jsonl, parquet or excel."""
        return KINDS.get(suffix_of(self.name), "csv") if settings.kind == "auto" else settings.kind

    def archived(self, folder: str) -> str:
        """Return its name in the archive: the stamp keeps files apart that come under one name again and again."""
        path = PurePosixPath(self.name.lstrip("/"))
        return str(PurePosixPath(folder) / path.with_name(f"{path.stem}.{self.stamp.hex()}{path.suffix}"))

    def require_same(self, now: "Found") -> None:
        """Check that the file still is what was seen.

        Raises:
            BadData: it was written to meanwhile.
        """
        if now.stamp != self.stamp:
            raise BadData("The file changed while it was read.", hint="It is read again next time.")


class Store(Protocol):
    """Where files lie. `near`: opening one costs nothing, it need not be fetched."""

    near: bool

    def find(self, patterns: Iterable[str], *, names: bool, matches: bool) -> list[Found]:
        """List the files that patterns name, each once, in order of the patterns, then by name.

        Raises:
            ConfigError: `names`, and a named file is not there; or `matches`, and a pattern has no match.
        """
        ...

    def fetched(self, file: Found) -> AbstractContextManager[Path]:
        """Give a path that can be opened; leaving it raises BadData when the file was changed meanwhile."""
        ...

    def move(self, file: Found, name: str) -> None:
        """Move a file that is still the same to another name below the root."""
        ...

    def remove(self, file: Found) -> None:
        """Delete a file that is still the same."""
        ...


def content_stamp(digest: str) -> bytes:
    """Shorten a content's digest for a cursor."""
    return bytes.fromhex(digest)[:_STAMP]


def _short(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:_STAMP]


class Seen:
    """The files read so far: for each, a stamp of name, size and time, and a stamp of its content.

    The cursor is one short text, so that thousands of files fit into 64 KB.
    """

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._by_stamp = dict(pairs)

    @classmethod
    def from_cursor(cls, cursor: Json) -> "Seen":
        """Read a cursor back; None gives an empty one.

        Raises:
            BadData: it was not written by this connector.
        """
        if cursor is None:
            return cls()
        if not isinstance(cursor, dict) or not isinstance(cursor.get("files"), str):
            raise BadData("The saved cursor is not one of the csv connector.", hint="Read again with --rebuild.")
        raw = base64.b85decode(str(cursor["files"]))
        pairs = (raw[at : at + 2 * _STAMP] for at in range(0, len(raw), 2 * _STAMP))
        return cls((pair[:_STAMP], pair[_STAMP:]) for pair in pairs)

    def cursor(self) -> Json:
        """Return what to save."""
        raw = b"".join(stamp + content for stamp, content in self._by_stamp.items())
        return {"files": base64.b85encode(raw).decode()}

    def has(self, file: Found) -> bool:
        """Tell by name, size and time alone whether a file was read."""
        return file.stamp in self._by_stamp

    def has_content(self, digest: str) -> bool:
        """Tell whether the same content was read, under whatever name."""
        return content_stamp(digest) in self._by_stamp.values()

    def has_others(self, files: Iterable[Found]) -> bool:
        """Tell whether files were read that are not among these."""
        return len(self.only(files)) < len(self)

    def contents(self) -> set[bytes]:
        """Return the stamps of all contents."""
        return set(self._by_stamp.values())

    def add(self, file: Found, digest: str) -> None:
        """Remember a file as read."""
        self._by_stamp[file.stamp] = content_stamp(digest)

    def only(self, files: Iterable[Found]) -> "Seen":
        """Return what is remembered of these files; the rest is forgotten."""
        return Seen((file.stamp, self._by_stamp[file.stamp]) for file in files if file.stamp in self._by_stamp)

    def __len__(self) -> int:
        return len(self._by_stamp)
