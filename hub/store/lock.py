"""One hub per project directory: a lock of the operating system, which a killed process cannot leave behind."""

import fcntl
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import TypeAdapter, ValidationError

from hub.store.errors import LockHeld

_TRIES, _PAUSE = 50, 0.01  # the owner writes its name within microseconds of locking; wait half a second at most


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that holds the lock. `since` is naive UTC in ISO form."""

    pid: int
    host: str
    since: str


_OWNER = TypeAdapter(Owner)


class ProjectLock:
    """The lock on `data/lock`. The file stays when the lock is given back: deleting it would let two in.

    A process made by fork shares the lock; one made by exec does not.
    """

    def __init__(self, data: Path) -> None:
        self.path = data / "lock"
        self._descriptor: int | None = None

    def acquire(self) -> Self:
        """Take the lock without waiting.

        Raises:
            LockHeld: another process has it; the message names it.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise _held_by(self._wait_for_owner(), self.path.parent) from None
        self._descriptor = descriptor
        _write(descriptor, _myself())
        return self

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def owner(self) -> Owner | None:
        """Return who wrote their name into the file last and did not take it back: a hint, the lock is the truth."""
        try:
            return _OWNER.validate_json(self.path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def __enter__(self) -> Self:
        return self.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()

    def _wait_for_owner(self) -> Owner | None:
        for _ in range(_TRIES):
            if owner := self.owner():
                return owner
            time.sleep(_PAUSE)
        return None


def _write(descriptor: int, owner: Owner) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(asdict(owner)).encode(), 0)


def _myself() -> Owner:
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    return Owner(pid=os.getpid(), host=socket.gethostname(), since=now.isoformat())


def _held_by(owner: Owner | None, data: Path) -> LockHeld:
    hint = "Ask it: hub status. To take over, stop it."
    if owner is None:
        return LockHeld(f"Another hub owns {data.name}/.", hint=hint)
    since = f"{owner.since.replace('T', ' ')[:16]} UTC"
    message = f"Another hub (pid {owner.pid}, {owner.host}, since {since}) owns {data.name}/."
    return LockHeld(message, pid=owner.pid, host=owner.host, since=owner.since, hint=hint)
