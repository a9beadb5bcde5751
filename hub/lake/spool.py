"""Pushed events between arrival and landing: lines of JSON, fsynced before the sender is told that all is well.

    spool/<connection>/<source>/open.jsonl         events are appended here
    spool/<connection>/<source>/<number>.jsonl     sealed: waits to be landed, removed once that is committed
    spool/<connection>/<source>/<number>.damaged   lines of a sealed file that could not be read, kept for a person

Numbers count up, so the order of files is the order of events. An event may be landed twice after a crash between
commit and removal; landing knows records by their key.
"""

import base64
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

from hub.lake.durable import published, sync
from hub.sdk.errors import RetryLater
from hub.sdk.records import Delivery

MOST_BYTES = 256_000_000  # of one source; senders retry, so that refusing is safer than filling the disk
OPEN_BYTES = 4_000_000
_OPEN = "open.jsonl"


@dataclass(slots=True)
class _Box:
    """What is known of one source's folder, so that an event costs the same however many files wait.

    `sealed`: bytes in sealed files. `since`: when the first event came that no run was asked for (monotonic seconds).
    """

    folder: Path
    sealed: int
    number: int
    entered: bool = False  # whether the open file's name is surely on the disk
    since: float | None = None

    @property
    def open(self) -> Path:
        return self.folder / _OPEN

    def seal(self) -> None:
        """Close the open file under the next number; what a crash cut off at its end goes, an empty file stays."""
        if not self.open.exists():
            return
        _mend(self.open)
        size = self.open.stat().st_size
        if size:
            self.number += 1
            self.open.rename(self.folder / f"{self.number:020}.jsonl")
            self.sealed += size
            self.entered = False
            sync(self.folder)

    def append(self, line: bytes) -> None:
        handle = os.open(self.open, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "ab") as file:
            _mend(self.open)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if not self.entered:
            sync(self.folder)
            self.entered = True
        self.since = monotonic() if self.since is None else self.since


class Spool:
    """The spool of a project; safe to use from several threads, by one process at a time.

    `open_bytes`: an open file that would grow beyond this is sealed.
    """

    def __init__(self, folder: Path, open_bytes: int = OPEN_BYTES) -> None:
        self._folder = folder
        self._open_bytes = open_bytes
        self._boxes: dict[tuple[str, str], _Box] = {}
        self._lock = threading.Lock()

    def put(self, connection: str, source: str, delivery: Delivery) -> None:
        """Make an event durable.

        Raises:
            RetryLater: too much waits to be landed.
            OSError: the disk does not take it.
        """
        line = json.dumps(_packed(delivery), separators=(",", ":")).encode() + b"\n"
        with self._lock:
            box = self._box(connection, source)
            size = box.open.stat().st_size if box.open.exists() else 0
            if box.sealed + size + len(line) > MOST_BYTES:
                raise RetryLater(f"{connection}: too many pushed events wait to be landed.", hint="Run: hub run.")
            if size and size + len(line) > self._open_bytes:
                box.seal()
            box.append(line)

    def sealed(self, connection: str, source: str) -> list[Path]:
        """Seal what came until now; return the files to be landed, oldest first."""
        with self._lock:
            box = self._box(connection, source)
            box.seal()
            box.since = None
            return _sealed_in(box.folder)

    def due(self, within: timedelta) -> list[str]:
        """Seal the sources whose events have waited for `within`; return their connections, each to be read now.

        Each is named once for what waits: if its read fails, the next one on schedule finds the files.
        """
        latest = monotonic() - within.total_seconds()
        with self._lock:
            ripe = {key: box for key, box in self._boxes.items() if box.since is not None and box.since <= latest}
            for box in ripe.values():
                box.seal()
                box.since = None
        return sorted({connection for connection, _ in ripe})

    def remove(self, connection: str, source: str, path: Path, damaged: list[bytes]) -> Path | None:
        """Remove a sealed file whose events are landed; return where its damaged lines are kept, if it has any."""
        kept = path.with_suffix(".damaged") if damaged else None
        if kept is not None:
            with published(kept) as partial:
                partial.write_bytes(b"\n".join(damaged) + b"\n")
        with self._lock:
            box = self._box(connection, source)
            size = path.stat().st_size
            path.unlink()
            box.sealed -= size
            sync(box.folder)
        return kept

    def _box(self, connection: str, source: str) -> _Box:
        """Look into the folder the first time only; its own name is on the disk before any event is."""
        key = (connection, source)
        if key not in self._boxes:
            folder = self._folder / connection / source
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for each in (folder.parent, self._folder, self._folder.parent):
                sync(each)
            files = _sealed_in(folder)
            number = max((int(path.stem) for path in _numbered(folder)), default=0)
            self._boxes[key] = _Box(folder, sum(path.stat().st_size for path in files), number)
        return self._boxes[key]


def read(path: Path, seen: set[str], damaged: list[bytes]) -> Iterator[Delivery]:
    """Yield the events of a sealed file that are not yet in `seen`; add to `seen`, and to `damaged` what is no event.

    A sealed file holds whole lines only, each of which a sender may have been told of: no damage is passed over.
    """
    for line in path.read_bytes().split(b"\n"):
        if not line:
            continue
        try:
            delivery = _unpacked(line)
        except (ValueError, KeyError, TypeError):
            damaged.append(line)
            continue
        if delivery.id not in seen:
            seen.add(delivery.id)
            yield delivery


def _numbered(folder: Path) -> list[Path]:
    """Files with a number, kept damage included, so that no number is given twice while one of its files is there."""
    return sorted(path for path in folder.iterdir() if path.stem.isdigit() and path.suffix in {".jsonl", ".damaged"})


def _sealed_in(folder: Path) -> list[Path]:
    return [path for path in _numbered(folder) if path.suffix == ".jsonl"]


def _mend(path: Path) -> None:
    """Cut off a last line without an end: its sender was never told that it arrived, and sends it again."""
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
            os.fsync(file.fileno())


def _packed(delivery: Delivery) -> dict[str, str]:
    return {
        "id": delivery.id,
        "topic": delivery.topic,
        "received_at": delivery.received_at.isoformat(),
        "body": base64.b64encode(delivery.body).decode(),
    }


def _unpacked(line: bytes) -> Delivery:
    found = json.loads(line)
    body = base64.b64decode(found["body"], validate=True)
    return Delivery(found["id"], found["topic"], datetime.fromisoformat(found["received_at"]), body)
