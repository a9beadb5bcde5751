"""Files in an object store or on an SFTP server, through fsspec: listed, fetched in pieces, moved and deleted.

Nothing is cached between two looks. A listing that fails is an error and never a short list: with `complete = true`,
files that were not listed would count as deleted.
"""

import logging
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import SplitResult, urlsplit

from hub.sdk.errors import BadData, ConfigError, HubError
from hub_csv.access import Access, Options
from hub_csv.expression import nearest
from hub_csv.files import Found, Store, passed_over
from hub_csv.folder import Folder
from hub_csv.refusals import is_missing, mapped
from hub_csv.settings import CsvSettings

_BLOCK = 4 << 20
_PIPELINED = 64  # requests of 32 KB on their way, so that a far server is not waited for at each
_MAGIC = re.compile(r"[*?\[]")
_PACKAGES = {"s3": "s3", "gs": "gcs", "az": "azure", "sftp": "sftp"}  # scheme -> the extra that brings its client
_TIMES = ("LastModified", "mtime", "updated", "last_modified")
_ETAGS = ("ETag", "etag")
_TALKATIVE = ("aiobotocore", "botocore", "s3fs", "gcsfs", "google", "azure", "fsspec", "paramiko")


class FileSystem(Protocol):
    """What is used of `fsspec.AbstractFileSystem`."""

    def walk(
        self, path: str, maxdepth: int | None, *, on_error: str, detail: bool
    ) -> Iterable[tuple[str, Mapping[str, object], Mapping[str, Mapping[str, object]]]]:
        """Yield folder, folders and files in it, with their details."""
        ...

    def info(self, path: str) -> Mapping[str, object]:
        """Return the details of one file."""
        ...

    def open(self, path: str, mode: str, *, block_size: int, cache_type: str) -> IO[bytes]:
        """Open a file that is read in pieces."""
        ...

    def cp_file(self, path1: str, path2: str) -> None:
        """Copy within the store."""
        ...

    def rm_file(self, path: str) -> None:
        """Delete one file."""
        ...

    def makedirs(self, path: str, *, exist_ok: bool) -> None:
        """Make a folder."""
        ...

    def mv(self, old: str, new: str) -> None:
        """Rename a file."""
        ...


@contextmanager
def open_store(settings: CsvSettings, project: Path) -> Iterator[Store]:
    """Open the place that `root` names; relative folders are meant from `project`.

    Raises:
        HubError: its package is missing, or it cannot be reached.
    """
    if not settings.is_remote:
        yield Folder(project / settings.root)
        return
    _hush()
    parts = urlsplit(settings.root)
    with _told(settings.root):
        system = _system(parts, settings)
    try:
        yield Remote(system, settings.root)
    finally:
        if client := getattr(system, "client", None):  # SFTP keeps a connection and a thread
            client.close()


def _hush() -> None:
    """Let the clients log warnings alone, unless somebody asked for more: their finer lines hold requests' headers."""
    for name in _TALKATIVE:
        if (logger := logging.getLogger(name)).level == logging.NOTSET:
            logger.setLevel(logging.WARNING)


def _system(parts: SplitResult, settings: CsvSettings) -> FileSystem:
    kinds: dict[str, Access] = {"s3": settings.s3, "gs": settings.gcs, "az": settings.azure, "sftp": settings.sftp}
    try:
        import fsspec  # noqa: PLC0415 - optional: only those who read from a store have it

        more = _server(parts, settings) if parts.scheme == "sftp" else {"use_listings_cache": False}
        found: FileSystem = fsspec.filesystem(
            parts.scheme, skip_instance_cache=True, **kinds[parts.scheme].options(), **more
        )
    except ImportError:
        extra = _PACKAGES[parts.scheme]
        raise ConfigError(
            f"{parts.scheme}:// needs a package that is not installed.",
            where="root",
            hint=f'Install it: pip install "audience-hub[{extra}]"',
        ) from None
    return found


def _server(parts: SplitResult, settings: CsvSettings) -> Options:
    from hub_csv.host_keys import KnownHost  # noqa: PLC0415 - needs paramiko

    user = {"username": parts.username} if parts.username else {}
    return {
        "host": parts.hostname,
        "port": parts.port or 22,
        "host_key_policy": KnownHost(settings.sftp.host_key),
        **user,
    }


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Turn what the clients of stores raise into the hub's errors; none of their own words, which may hold keys."""
    try:
        yield
    except HubError:
        raise
    except (TypeError, AttributeError, LookupError, AssertionError):
        raise  # a mistake of ours
    except Exception as error:  # noqa: BLE001 - five clients, each with several families of errors
        raise mapped(error, where) from None


class Remote:
    """A store whose files are fetched before they are read; see `hub_csv.files.Store`."""

    near = False

    def __init__(self, system: FileSystem, root: str) -> None:
        parts = urlsplit(root)
        self._system, self._root = system, root
        self._is_sftp = parts.scheme == "sftp"
        self._base = parts.path.rstrip("/") if self._is_sftp else f"{parts.hostname}{parts.path}".rstrip("/")

    def find(self, patterns: Iterable[str], *, names: bool, matches: bool) -> list[Found]:
        """List the files that patterns name, each once, in order of the patterns, then by name.

        Raises:
            ConfigError: `names`, and a named file is not there; or `matches`, and a pattern has no match.
        """
        found: dict[str, Found] = {}
        for pattern in patterns:
            with _told(self._root):
                matching = self._matching(pattern)
            if not matching and (matches if _MAGIC.search(pattern) else names):
                problem = f'no file matches "{pattern}" in {self._root}.'
                raise ConfigError(problem, where="files", hint=self._near(pattern))
            found |= {file.place: file for file in sorted(matching, key=lambda file: file.name)}
        return list(found.values())

    def _matching(self, pattern: str) -> list[Found]:
        parts = pattern.strip("/").split("/")
        literal = list(takewhile(lambda part: not _MAGIC.search(part), parts[:-1]))
        depth = None if "**" in pattern else len(parts) - len(literal)
        wanted = _matcher(pattern.strip("/"))
        is_named = not _MAGIC.search(pattern)
        files = self._walk("/".join([self._base, *literal]), depth)
        return [file for file in files if wanted.fullmatch(file.name) and (is_named or not passed_over(file.name))]

    def _walk(self, start: str, depth: int | None) -> list[Found]:
        try:
            walked = list(self._system.walk(start, depth, on_error="raise", detail=True))
        except FileNotFoundError as error:  # a store without folders says so too where nothing begins like this
            if self._is_sftp or is_missing(error):
                raise
            return []
        files = (info for _, _, files in walked for name, info in files.items() if name)
        return [self._seen(info) for info in files if info.get("type") == "file"]

    def _near(self, name: str) -> str:
        with _told(self._root):
            there = sorted(file.name for file in self._walk(self._base, 1))
        return nearest(name, there).strip() or f"There are: {', '.join(there[:8]) or 'no files'}."

    def _seen(self, info: Mapping[str, object]) -> Found:
        place = str(info["name"])
        time = next((info[key] for key in _TIMES if info.get(key)), None)
        etag = str(next((info[key] for key in _ETAGS if info.get(key)), ""))
        return Found(place, place[len(self._base) + 1 :], int(str(info["size"])), _nanoseconds(time), etag)

    @contextmanager
    def fetched(self, file: Found) -> Iterator[Path]:
        """Fetch a file into one that has no name on disk, in pieces; raises BadData when it changed meanwhile."""
        with tempfile.TemporaryFile() as copy:
            with _told(file.name):
                self._copy(file, copy)
                self._require_same(file)
            yield Path(f"/dev/fd/{copy.fileno()}")

    def _copy(self, file: Found, target: IO[bytes]) -> None:
        with self._system.open(file.place, "rb", block_size=_BLOCK, cache_type="none") as remote:
            if self._is_sftp and file.size:
                remote.prefetch(file.size, _PIPELINED)  # type: ignore[attr-defined]  # of paramiko's files
            while block := remote.read(_BLOCK):
                target.write(block)
        if target.tell() != file.size:
            raise BadData(f"Expected {file.size:,} bytes, got {target.tell():,}.", hint="It is read again next time.")
        target.flush()

    def _require_same(self, file: Found) -> None:
        file.require_same(self._seen(self._system.info(file.place)))

    def move(self, file: Found, name: str) -> None:
        """Move a file that is still the same to another name below the root."""
        target = f"{self._base}/{name}"
        with _told(file.name):
            self._require_same(file)
            if self._is_sftp:
                self._system.makedirs(target.rpartition("/")[0], exist_ok=True)
                self._system.mv(file.place, target)
            else:
                self._system.cp_file(file.place, target)
                self._system.rm_file(file.place)

    def remove(self, file: Found) -> None:
        """Delete a file that is still the same."""
        with _told(file.name):
            self._require_same(file)
            self._system.rm_file(file.place)


def _nanoseconds(time: object) -> int:
    """Return a store's time in nanoseconds, 0 where it gives none."""
    moment = datetime.fromisoformat(time) if isinstance(time, str) else time
    return int(moment.timestamp() * 1_000_000) * 1_000 if isinstance(moment, datetime) else 0


def _matcher(pattern: str) -> re.Pattern[str]:
    from fsspec.utils import glob_translate  # noqa: PLC0415 - optional, see above

    return re.compile(glob_translate(pattern))
