"""Files in a folder of this machine."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.sdk.errors import ConfigError
from hub_csv.expression import nearest
from hub_csv.files import Found, passed_over

_MAGIC = "*?["


class Folder:
    """A store whose files are read where they lie; see `hub_csv.files.Store`."""

    near = True

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, patterns: Iterable[str], *, names: bool, matches: bool) -> list[Found]:
        """List the files that patterns name, each once, in order of the patterns, then by name.

        Raises:
            ConfigError: the folder is missing, or a name is a folder; `names`, and a named file is not there; or
                `matches`, and a pattern has no match.
        """
        if not self._root.is_dir():
            hint = "Mend root or make the folder."
            raise ConfigError(f"the folder {self._root} does not exist.", where="root", hint=hint)
        paths = dict.fromkeys(
            path for pattern in patterns for path in self._matching(pattern, names=names, matches=matches)
        )
        return [self._seen(path) for path in paths]

    def _matching(self, pattern: str, *, names: bool, matches: bool) -> Iterable[Path]:
        if not any(mark in pattern for mark in _MAGIC):
            return self._named(pattern, required=names)
        is_absolute = Path(pattern).is_absolute()
        base, relative = (Path("/"), pattern.lstrip("/")) if is_absolute else (self._root, pattern)
        found = sorted(path for path in base.glob(relative) if path.is_file() and not passed_over(path.name))
        if not found and matches:
            raise ConfigError(f'no file matches "{pattern}" in {self._root}.', where="files", hint=self._near(pattern))
        return found

    def _named(self, name: str, *, required: bool) -> Iterable[Path]:
        path = self._root / name
        if path.is_dir():
            hint = f'To read all in it, write "{name.rstrip("/")}/*.csv".'
            raise ConfigError(f'"{name}" is a folder.', where="files", hint=hint)
        if path.is_file():
            return [path]
        if required:
            problem = f'the file "{name}" does not exist in {self._root}.'
            raise ConfigError(problem, where="files", hint=self._near(name))
        return []

    def _near(self, name: str) -> str:
        there = sorted(path.name for path in self._root.iterdir() if path.is_file())
        return nearest(name, there).strip() or f"There are: {', '.join(there[:8]) or 'no files'}."

    def _seen(self, path: Path) -> Found:
        status = path.stat()
        name = path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else str(path)
        return Found(str(path), name, status.st_size, status.st_mtime_ns)

    @contextmanager
    def fetched(self, file: Found) -> Iterator[Path]:
        """Give the file's own path; leaving it raises BadData when the file was changed meanwhile."""
        yield Path(file.place)
        self._require_same(file)

    def _require_same(self, file: Found) -> None:
        file.require_same(self._seen(Path(file.place)))

    def move(self, file: Found, name: str) -> None:
        """Move a file that is still the same to another name below the root."""
        self._require_same(file)
        target = self._root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        Path(file.place).replace(target)

    def remove(self, file: Found) -> None:
        """Delete a file that is still the same."""
        self._require_same(file)
        Path(file.place).unlink()
