"""`hub add`: one more tool."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.options import HERE, AsJson, Folder
from hub.cli.show import as_json, line


def add(
    *,
    connector: Annotated[str, typer.Argument(metavar="CONNECTOR", help="As `hub plugins` lists it.")],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Name of the connection; default: the connector's.")
    ] = None,
    project: Folder = HERE,
    json: AsJson = False,
) -> None:
    """Write a commented config file for a tool, and the lines of .env that it needs."""
    from hub.cli.template import connection_file, variables
    from hub.registry import load_plugins
    from hub.sdk.errors import ConfigError
    from hub.settings import FOLDER
    from hub.settings.problems import listed, nearest

    known = load_plugins(project / "plugins").connectors()
    if connector not in known:
        hint = f"Installed: {listed(known)}."
        raise ConfigError(f'there is no connector "{connector}".{nearest(connector, known)}', hint=hint)
    stem, models = name or connector, known[connector]
    path = project / FOLDER / f"{stem}.toml"
    if path.exists():
        raise ConfigError("this file is there already.", where=str(path), hint="Choose another name: --name NAME.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(connection_file(stem, connector, models), encoding="utf-8")
    needed = _remember(project / ".env", variables(stem, models))
    if json:
        as_json({"path": str(path), "variables": needed})
    else:
        line(f"Wrote {path}. Fill it in" + (f", and {', '.join(needed)} in .env" if needed else "") + ".")
        line(f"Then: hub check {stem}")


def _remember(path: Path, names: list[str]) -> list[str]:
    """Add empty lines for variables that `.env` does not have; the file is the owner's alone."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [name for name in names if f"{name}=" not in before]
    if missing:
        path.touch(mode=0o600)
        ending = "" if not before or before.endswith("\n") else "\n"
        path.write_text(before + ending + "".join(f"{name}=\n" for name in missing), encoding="utf-8")
    return names
