"""`hub new` writes a connector that works, whatever its name."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub.scaffold.new import Kind, in_tree, package, write
from hub.sdk.errors import ConfigError

ROOT = Path(__file__).parents[3]
KINDS: tuple[Kind, ...] = ("source", "destination")
NAMES = ("acme", "zeta_crm", "a1")


def run(*command: str, cwd: Path) -> str:
    """Run a program of this environment on the new package; fails with what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(cwd)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_is_clean(kind: Kind, name: str, tmp_path: Path) -> None:
    """It passes this repository's own linter and formatter, and no word of the example is left in it."""
    files = package(kind, name, tmp_path)
    write(files)
    root = tmp_path / f"hub-{name.replace('_', '-')}"
    rules = ("--config", str(ROOT / "pyproject.toml"))
    ours = ("--config", f'lint.isort.known-first-party = ["hub", "hub_{name}"]')
    run("ruff", "check", *rules, *ours, str(root / f"hub_{name}"), cwd=root)
    run("ruff", "format", "--check", *rules, str(root), cwd=root)
    lines = [line.replace("example.com", "") for text in files.values() for line in text.splitlines()]
    assert [] == [line for line in lines if "xample" in line]


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_passes_its_suite(kind: Kind, tmp_path: Path) -> None:
    """Its own tests pass where it is; a few checks stand for all, which run in tests/hub/testing."""
    write(package(kind, "acme_crm", tmp_path))
    root = tmp_path / "hub-acme-crm"
    assert "3 passed" in run("pytest", "-q", "-k", "everything or credentials_are_told or people_are", cwd=root)


def test_a_new_package_names_its_entry_point(tmp_path: Path) -> None:
    """The hub finds an installed package by the entry point of its name, and `hub plugins` lists what it offers."""
    files = package("source", "acme_crm", tmp_path)
    assert 'acme_crm = "hub_acme_crm"' in files[tmp_path / "hub-acme-crm" / "pyproject.toml"]
    assert "class AcmeCrmSource(" in files[tmp_path / "hub-acme-crm" / "hub_acme_crm" / "source.py"]


def test_in_the_tree_it_stands_where_the_others_do(tmp_path: Path) -> None:
    """In connectors/ and in tests/connectors/; elsewhere than in the repository it is an error."""
    with pytest.raises(ConfigError, match="not the hub's own repository"):
        in_tree("source", "acme", tmp_path)
    names = {str(path.relative_to(ROOT)) for path in in_tree("source", "acme", ROOT)}
    assert {"connectors/hub_acme/source.py", "connectors/hub_acme/README.md"} < names
    assert "tests/connectors/hub_acme/test_acme_suite.py" in names


@pytest.mark.parametrize("name", ["Acme", "acme-crm", "2fast", "_x", "a__b", "../evil", ""])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    """It becomes the name of a package, a class and a config value."""
    with pytest.raises(ConfigError, match="cannot name a connector"):
        package("source", name, tmp_path)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Where one file is there already, none is written."""
    files = package("source", "acme", tmp_path)
    there = tmp_path / "hub-acme" / "README.md"
    there.parent.mkdir()
    there.write_text("mine")
    with pytest.raises(ConfigError, match="there already"):
        write(files)
    assert ["README.md"] == [path.name for path in there.parent.iterdir()]


def test_the_page_on_connectors_shows_the_code_that_is_written(tmp_path: Path) -> None:
    """Every piece of Python in docs/write-a-connector.md stands in the new package, and the page is short."""
    page = (ROOT / "docs" / "write-a-connector.md").read_text(encoding="utf-8")
    code = "\n".join(text for kind in KINDS for text in package(kind, "acme", tmp_path).values())
    pieces = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert [] == [piece for piece in pieces if piece not in code]
    assert len(pieces) >= 5
    assert len(page.splitlines()) < 150
