"""Files that are either wholly there or not at all, also after a power cut."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".tmp"


@contextmanager
def published(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; when the block ends without error, its file is fsynced and takes the name.

    Folders are made as needed, 0700; the file becomes 0600.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(path.name + PARTIAL)
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))  # private from its first byte on
    try:
        yield partial
        partial.chmod(0o600)
        sync(partial)
        partial.rename(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Force a file's content, or a folder's entries, onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(folder: Path) -> int:
    """Remove unfinished files left by a crash; return how many there were."""
    partials = list(folder.rglob(f"*{PARTIAL}")) if folder.exists() else []
    for partial in partials:
        partial.unlink()
    return len(partials)
