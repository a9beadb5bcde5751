"""`hub add`: one more tool."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import HERE, AsJson, Folder
from hub.cli.show import as_json, line

if TYPE_CHECKING:
    from hub.settings import ConnectorModels


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
    from hub.cli.installed import connector_named, write_schemas

    models = connector_named(project, connector)
    stem = name or connector
    path = project / "config" / f"{stem}.toml"
    needed = _write(path, project / ".env", stem, connector, models)
    write_schemas(project)
    if json:
        as_json({"path": str(path), "variables": needed})
    else:
        line(f"Wrote {path}. Fill it in" + (f", and {', '.join(needed)} in .env" if needed else "") + ".")
        line(f"Then: hub check {stem}")


def _write(path: Path, env: Path, stem: str, connector: str, models: "ConnectorModels") -> list[str]:
    from hub.sdk.errors import ConfigError
    from hub.settings import env_lines, template

    if path.exists():
        raise ConfigError("this file is there already.", where=str(path), hint="Choose another name: --name NAME.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(template(connector, models, stem), encoding="utf-8")
    lines = env_lines(models, stem)
    _append(env, lines)
    return [each.removesuffix("=") for each in lines]


def _append(env: Path, lines: tuple[str, ...]) -> None:
    """Add variables that `.env` does not have; the file is the owner's alone."""
    before = env.read_text(encoding="utf-8") if env.exists() else ""
    missing = [each for each in lines if not any(line.startswith(each) for line in before.splitlines())]
    if missing:
        env.touch(mode=0o600)
        ending = "" if not before or before.endswith("\n") else "\n"
        env.write_text(before + ending + "".join(f"{each}\n" for each in missing), encoding="utf-8")
