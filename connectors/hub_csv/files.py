"""Which files there are, which of them were read before, and how that is remembered in a cursor."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.sdk.errors import BadData, ConfigError
from hub.sdk.records import Json
from hub_csv.expression import nearest
from hub_csv.settings import Format

MAX_FILES = 3_000  # what a cursor of 64 KB holds
_STAMP = 8
KINDS = {".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet"}
_UNFINISHED = (".tmp", ".part", ".crc", ".crdownload")


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it was seen: `name` is its path under the root, `size` in bytes, `mtime` in nanoseconds."""

    path: Path
    name: str
    size: int
    mtime: int

    @property
    def stamp(self) -> bytes:
        """Stands for name, size and time; while it is the same, the file counts as unchanged."""
        return _short(f"{self.name}\0{self.size}\0{self.mtime}")

    def kind(self, settings: Format) -> str:
        """Say what kind of file it is: csv, tsv, jsonl or parquet."""
        suffixes = [suffix.lower() for suffix in self.path.suffixes if suffix.lower() != ".gz"]
        by_name = KINDS.get(suffixes[-1], "csv") if suffixes else "csv"
        return by_name if settings.kind == "auto" else settings.kind

    def require_unchanged(self) -> None:
        """Check that the file still is what was seen.

        Raises:
            BadData: it was written to meanwhile.
        """
        status = self.path.stat()
        if (status.st_size, status.st_mtime_ns) != (self.size, self.mtime):
            raise BadData("The file changed while it was read.", hint="It is read again next time.")


def content_stamp(digest: str) -> bytes:
    """Shorten a content's digest for a cursor."""
    return bytes.fromhex(digest)[:_STAMP]


def _short(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:_STAMP]


def find_files(root: Path, patterns: Sequence[str], *, first_time: bool) -> list[Found]:
    """List the files that patterns name, each once, in order of the patterns, then by name.

    Raises:
        ConfigError: a named file or the folder is missing, a name is a folder, or nothing matches on the first read.
    """
    if not root.is_dir():
        raise ConfigError(f"the folder {root} does not exist.", where="root", hint="Mend root or make the folder.")
    paths = dict.fromkeys(path for pattern in patterns for path in _matching(root, pattern, first_time=first_time))
    if len(paths) > MAX_FILES:
        raise ConfigError(
            f"{len(paths):,} files match; at most {MAX_FILES:,} can be remembered.",
            where="files",
            hint="Move files that were read to another folder, or split the source.",
        )
    return [_seen(root, path) for path in paths]


def _matching(root: Path, pattern: str, *, first_time: bool) -> Iterable[Path]:
    if not any(mark in pattern for mark in "*?["):
        return [_named(root, pattern)]
    relative = pattern if not Path(pattern).is_absolute() else str(Path(pattern).relative_to("/"))
    base = Path("/") if Path(pattern).is_absolute() else root
    found = sorted(path for path in base.glob(relative) if path.is_file() and not _passed_over(path))
    if not found and first_time:
        raise ConfigError(f'no file matches "{pattern}" in {root}.', where="files", hint=_listing(root, pattern))
    return found


def _named(root: Path, name: str) -> Path:
    path = root / name
    if path.is_dir():
        raise ConfigError(
            f'"{name}" is a folder.', where="files", hint=f'To read all in it, write "{name.rstrip("/")}/*.csv".'
        )
    if not path.is_file():
        raise ConfigError(f'the file "{name}" does not exist in {root}.', where="files", hint=_listing(root, name))
    return path


def _passed_over(path: Path) -> bool:
    return path.name.startswith((".", "_")) or path.suffix in _UNFINISHED


def _listing(root: Path, name: str) -> str:
    there = sorted(path.name for path in root.iterdir() if path.is_file())
    return nearest(name, there).strip() or f"There are: {', '.join(there[:8]) or 'no files'}."


def _seen(root: Path, path: Path) -> Found:
    status = path.stat()
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    return Found(path, name, status.st_size, status.st_mtime_ns)


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
