"""Check an installed wheel from outside the tree: everything imports, and every built-in plugin loads."""

# ruff: noqa: INP001, S603, T201 - a script that prints and runs the program

import importlib
import json
import pkgutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

ALEMBIC = "hub.store.migrations."  # scripts that only Alembic can run; every command runs them by opening a store
EXTRAS = {
    "graphql",
    "hypothesis",
    "keyring",
    "paramiko",
    "psycopg",
    "pytest",
}  # what a plain installation does not bring


def import_all(package: str) -> int:
    """Import a package and everything in it; return how many modules there were."""
    root = importlib.import_module(package)
    found = [each.name for each in pkgutil.walk_packages(root.__path__, f"{package}.")]
    names = [name for name in found if not name.startswith(ALEMBIC)]
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as missing:
            if missing.name not in EXTRAS:
                raise
    return len(names) + 1


def main() -> None:
    """Import all, then ask the program itself."""
    plugins = [point.value for point in entry_points(group="hub")]
    count = sum(import_all(package) for package in ["hub", *plugins])
    where = Path(importlib.import_module("hub").__file__ or "")
    if not where.is_relative_to(sys.prefix):
        sys.exit(f"hub was imported from {where}, not from the wheel")
    hub = str(Path(sys.executable).with_name("hub"))
    listed = json.loads(subprocess.run([hub, "plugins", "--json"], check=True, capture_output=True).stdout)
    if listed["broken"] or len(listed["plugins"]) != len(plugins):
        sys.exit(f"expected {len(plugins)} working plugins, got {listed}")
    subprocess.run([hub, "--help"], check=True, stdout=subprocess.DEVNULL)
    print(f"{count} modules import, {len(plugins)} plugins load")


if __name__ == "__main__":
    main()
