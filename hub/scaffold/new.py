"""Copies a connector that works under another name."""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Literal, TypeAlias

from hub.sdk.errors import ConfigError

Kind: TypeAlias = Literal["source", "destination"]

_HERE = Path(__file__).parent
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_PLAIN_WORD = re.compile(r"(?<![a-z.])example(?!\.com)")  # `example`, `example_customer`; an address stays one


def package(kind: Kind, name: str, folder: Path) -> dict[Path, str]:
    """Return the files, by path, of a package of its own in `folder`. Raises ConfigError for a name that is none."""
    root = folder / f"hub-{_checked(name).replace('_', '-')}"
    return {
        root / "pyproject.toml": _renamed((_HERE / "texts" / "pyproject.toml").read_text(encoding="utf-8"), name, kind),
        **_files(kind, name, root / f"hub_{name}", root / "tests"),
        root / "README.md": _renamed((_HERE / "texts" / "README.md").read_text(encoding="utf-8"), name, kind),
    }


def in_tree(kind: Kind, name: str, repository: Path) -> dict[Path, str]:
    """Return the files, by path, of a connector in the hub's own repository. Raises ConfigError where that is not."""
    _checked(name)
    if not (repository / "hub" / "sdk").is_dir() or not (repository / "connectors").is_dir():
        raise ConfigError("this is not the hub's own repository.", where=str(repository), hint="Leave --in-tree out.")
    code = repository / "connectors" / f"hub_{name}"
    readme = _renamed((_HERE / "texts" / "README.md").read_text(encoding="utf-8"), name, kind)
    tests = repository / "tests" / "connectors" / f"hub_{name}"
    return {**_files(kind, name, code, tests), code / "README.md": readme}


def write(files: dict[Path, str]) -> None:
    """Write files that are not there yet. Raises ConfigError, and writes nothing, when one of them is."""
    for path in files:
        if path.exists():
            raise ConfigError("this file is there already.", where=str(path), hint="Choose another name.")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _checked(name: str) -> str:
    if _NAME.fullmatch(name):
        return name
    raise ConfigError(
        f'"{name}" cannot name a connector.', hint="Expected small letters, digits and _, such as acme or acme_crm."
    )


def _files(kind: Kind, name: str, code: Path, tests: Path) -> dict[Path, str]:
    modules = {code / path.name: path for path in sorted((_HERE / kind).glob("*.py"))}
    modules[tests / f"test_{name}_suite.py"] = _HERE / "texts" / f"test_{kind}.py"
    return {path: _renamed(origin.read_text(encoding="utf-8"), name, kind) for path, origin in modules.items()}


def _renamed(text: str, name: str, kind: Kind) -> str:
    title = "".join(part.capitalize() for part in name.split("_"))
    text = text.replace(f"hub.scaffold.{kind}", f"hub_{name}").replace("hub-example", f"hub-{name.replace('_', '-')}")
    text = text.replace("hub_example", f"hub_{name}").replace("EXAMPLE", name.upper()).replace("Example", title)
    return "".join(_imports_sorted(_PLAIN_WORD.sub(name, text)))


def _imports_sorted(text: str) -> Iterator[str]:
    """Imports of the hub in alphabetical order, which another name may have changed."""
    for ours, group in groupby(text.splitlines(keepends=True), lambda line: line.startswith("from hub")):
        lines = list(group)
        yield from sorted(lines, key=lambda line: line.split()[1]) if ours else lines
