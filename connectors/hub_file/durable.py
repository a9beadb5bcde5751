"""Files that are there whole or not at all, whenever the process or the machine stops."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PRIVATE = 0o600
_PRIVATE_FOLDER = 0o700


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; on success it takes the place of `path`, durably and readable by us alone."""
    temporary = path.with_name(f".{path.name}.tmp")
    os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, _PRIVATE))
    try:
        yield temporary
        temporary.chmod(_PRIVATE)
        _sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder and its parents; new ones are ours alone."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
