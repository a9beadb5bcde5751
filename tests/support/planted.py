"""Scaffolded connectors with a bug in each, to see whether the conformance suites catch it."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import hub.scaffold

NAME = "hub_planted"


@dataclass(frozen=True)
class Bug:
    """In `file`, `old` becomes `new`; `caught_by` is the check that must fail."""

    name: str
    file: str
    old: str
    new: str
    caught_by: str


@contextmanager
def planted(kind: str, folder: Path, bug: Bug) -> Iterator[tuple[ModuleType, ModuleType]]:
    """Copy the scaffold of a `source` or `destination` with a bug in it; yield its own module and its sandbox's.

    `folder` is on the path that is imported from.
    """
    origin, package = Path(next(iter(hub.scaffold.__path__))) / kind, folder / NAME
    package.mkdir()
    for path in origin.glob("*.py"):
        text = path.read_text(encoding="utf-8").replace(f"hub.scaffold.{kind}", NAME)
        if bug.file == path.name:
            assert bug.old in text, f"{bug.name}: the scaffold has changed; mend this test"
            text = text.replace(bug.old, bug.new)
        (package / path.name).write_text(text, encoding="utf-8")
    importlib.invalidate_caches()
    try:
        yield importlib.import_module(f"{NAME}.{kind}"), importlib.import_module(f"{NAME}.sandbox")
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
            del sys.modules[name]
