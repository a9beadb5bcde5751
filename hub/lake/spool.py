"""Pushed events between arrival and landing: lines of JSON, fsynced before the sender is told that all is well.

    spool/<connection>/<source>/open.jsonl       events are appended here
    spool/<connection>/<source>/<time>.jsonl     sealed: being landed, removed once that is committed

An event may be landed twice after a crash between commit and removal; landing knows records by their key.
"""

import base64
import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from hub.lake.durable import sync
from hub.sdk.errors import RetryLater
from hub.sdk.records import Delivery

MOST_BYTES = 256_000_000  # of one source; senders retry, so that refusing is safer than filling the disk
_OPEN = "open.jsonl"


class Spool:
    """The spool of a project; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def put(self, connection: str, source: str, delivery: Delivery) -> None:
        """Make an event durable.

        Raises:
            RetryLater: too much waits to be landed.
            OSError: the disk does not take it.
        """
        folder = self._place(connection, source)
        line = json.dumps(_packed(delivery), separators=(",", ":")).encode() + b"\n"
        with self._lock:
            if sum(path.stat().st_size for path in folder.glob("*.jsonl")) + len(line) > MOST_BYTES:
                raise RetryLater(f"{connection}: too many pushed events wait to be landed.", hint="Run: hub run.")
            _append(folder / _OPEN, line)

    def sealed(self, connection: str, source: str) -> list[Path]:
        """Seal what came until now; return the files to be landed, oldest first."""
        folder = self._place(connection, source)
        with self._lock:
            if (folder / _OPEN).exists():
                (folder / _OPEN).rename(folder / f"{time.time_ns():020}.jsonl")
                sync(folder)
        return sorted(path for path in folder.glob("*.jsonl") if path.name != _OPEN)

    def _place(self, connection: str, source: str) -> Path:
        folder = self._folder / connection / source
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder


def read(path: Path) -> Iterator[Delivery]:
    """Yield the events of a sealed file, each once.

    A line that a crash cut off is passed over: its sender was never told that it arrived, and sends it again.
    """
    seen = set[str]()
    for line in path.read_bytes().split(b"\n"):
        try:
            delivery = _unpacked(line)
        except (ValueError, KeyError, TypeError):
            continue
        if delivery.id not in seen:
            seen.add(delivery.id)
            yield delivery


def _append(path: Path, line: bytes) -> None:
    begun = path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "rb+") as file:
        size = os.fstat(file.fileno()).st_size
        torn = size > 0 and os.pread(file.fileno(), 1, size - 1) != b"\n"
        file.write(b"\n" + line if torn else line)
        file.flush()
        os.fsync(file.fileno())
    if not begun:
        sync(path.parent)


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
