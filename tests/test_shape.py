"""The shape of the code: who imports whom, how long things are, that everything public says what it is."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median, quantiles

import grimp
import pytest

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LINTER = PYPROJECT["tool"]["importlinter"]
FOLDERS = sorted(path.name for kind in ("connectors", "plugins") for path in (ROOT / kind).glob("hub_*"))
CONNECTORS = sorted(path.name for path in (ROOT / "connectors").glob("hub_*"))
LAYERS: list[str] = next(contract["layers"] for contract in LINTER["contracts"] if contract["type"] == "layers")
MOST_LINES = 500
SOURCES = sorted(path for part in ("hub", "connectors", "plugins") for path in (ROOT / part).rglob("*.py"))


@cache
def graph() -> grimp.ImportGraph:
    """All imports of our packages."""
    return grimp.build_graph("hub", *FOLDERS, include_external_packages=True)


@cache
def tree(path: Path) -> ast.Module:
    """The parsed source of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def short(path: Path) -> str:
    """A path from the top of the repository."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def imports_of(package: str) -> set[str]:
    """Every module that a package imports directly, its own apart."""
    modules = {package, *graph().find_descendants(package)}
    found = {imported for module in modules for imported in graph().find_modules_directly_imported_by(module)}
    return found - modules


def test_every_folder_is_registered() -> None:
    """Folders, entry points and the linter's root packages are the same list: one that nobody named is not checked."""
    points = sorted(PYPROJECT["project"]["entry-points"]["hub"].values())
    assert points == FOLDERS
    assert sorted(LINTER["root_packages"]) == ["hub", *FOLDERS]


@pytest.mark.parametrize("name", [contract["name"] for contract in LINTER["contracts"]])
def test_contracts_name_every_folder(name: str) -> None:
    """A contract that lists connectors and plugins lists all of them."""
    contract = next(contract for contract in LINTER["contracts"] if contract["name"] == name)
    for key in ("source_modules", "forbidden_modules", "modules"):
        listed = [module for module in contract.get(key, []) if module.startswith("hub_")]
        assert listed in ([], FOLDERS)


def test_layers_are_the_modules_of_hub() -> None:
    """Every module of `hub` has its place in the layers; one that is not there yet is a plan, one too many an error."""
    present = {
        path.stem for path in (ROOT / "hub").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert present - set(LAYERS) - {"__init__", "__main__"} == set()


def test_imports_run_downwards() -> None:
    """No layer of `hub` imports one above it, in whatever package it hides."""
    chains = graph().find_illegal_dependencies_for_layers(layers=[f"hub.{layer}" for layer in _present_layers()])
    assert {f"{chain.importer} -> {chain.imported}" for chain in chains} == set()


def _present_layers() -> list[str]:
    return [layer for layer in LAYERS if f"hub.{layer}" in graph().modules]


@pytest.mark.parametrize("folder", FOLDERS)
def test_connectors_and_plugins_know_the_sdk_alone(folder: str) -> None:
    """Of the hub they import `hub.sdk`, and of each other nothing."""
    ours = {module for module in imports_of(folder) if module.split(".")[0] in {"hub", *FOLDERS}}
    assert {module for module in ours if not module.startswith("hub.sdk")} == set()


def test_hub_imports_no_connector() -> None:
    """The hub finds connectors and plugins through the registry only."""
    assert {module for module in imports_of("hub") if module.split(".")[0] in FOLDERS} == set()


def test_hub_names_no_connector() -> None:
    """No code of the hub knows a connector's name: not as a string, not as a word. Help texts may show one."""
    names = {name.removeprefix("hub_") for name in CONNECTORS} - {"csv", "file"}  # these two are also plain words
    found = {
        f"{short(path)}:{line} {text}"
        for path in SOURCES
        if path.is_relative_to(ROOT / "hub") and not path.is_relative_to(ROOT / "hub" / "cli")
        for line, text in _strings(path)
        if text.lower() in names or any(text.startswith(folder) for folder in FOLDERS)
    }
    assert found == set()


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_one_package_speaks_http() -> None:
    """Only `hub.sdk.http` imports httpx, httpcore and tenacity."""
    clients = {"httpx", "httpcore", "tenacity"} & graph().modules
    users = {module for client in clients for module in graph().find_modules_that_directly_import(client)}
    assert {module for module in users if not module.startswith("hub.sdk.http")} == set()


def test_functions_are_short() -> None:
    """The median function has eight lines or fewer, and 95 % have 35 or fewer."""
    lengths = [length(function) for path in SOURCES for function in functions(path)]
    assert median(lengths) <= 8
    assert quantiles(lengths, n=20)[-1] <= 35


def test_files_are_short() -> None:
    """No file has more than 500 lines."""
    counts = {short(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {path: count for path, count in counts.items() if count > MOST_LINES} == {}


def test_everything_public_is_documented() -> None:
    """Every public module, class and function says what it is."""
    assert [where for path in SOURCES for where in _undocumented(path)] == []


def _undocumented(path: Path) -> Iterator[str]:
    if not ast.get_docstring(tree(path)):
        yield short(path)
    for node in _public(tree(path)):
        if not ast.get_docstring(node):
            yield f"{short(path)}:{node.lineno} {node.name}"


def _public(parent: ast.Module | ast.ClassDef) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in parent.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            if not any(isinstance(mark, ast.Name) and mark.id == "overload" for mark in node.decorator_list):
                yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


def test_nothing_is_left_to_do() -> None:
    """No TODO, FIXME or XXX stays in the code."""
    pattern = re.compile(r"\b(TODO|FIXME|XXX)\b")
    found = {short(path) for path in SOURCES if pattern.search(path.read_text(encoding="utf-8"))}
    assert found == set()
