"""`hub new`: a connector of one's own."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from hub.cli.options import HERE, AsJson, Folder
from hub.cli.show import as_json, line


def new(
    *,
    kind: Annotated[Literal["source", "destination"], typer.Argument(metavar="source|destination")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and _, such as acme_crm.")],
    in_tree: Annotated[bool, typer.Option("--in-tree", help="Into connectors/ of the hub's own repository.")] = False,
    project: Folder = HERE,
    json: AsJson = False,
) -> None:
    """Write a connector that works, with its tests, as a package of its own: a start for the one you need."""
    from hub.scaffold import new as scaffold

    files = (scaffold.in_tree if in_tree else scaffold.package)(kind, name, project)
    scaffold.write(files)
    if json:
        as_json({"files": [str(path) for path in files]})
        return
    for path in files:
        line(f"Wrote {path}")
    line(_then(name, files, in_tree=in_tree))


def _then(name: str, files: dict[Path, str], *, in_tree: bool) -> str:
    if in_tree:
        return f"Then: pytest tests/connectors/hub_{name}, and name hub_{name} in pyproject.toml (CONTRIBUTING.md)."
    folder = next(iter(files)).parent
    return f"Then, where the hub is installed: pip install -e '{folder}[test]' && pytest {folder}"
