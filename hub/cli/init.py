"""`hub init`: an empty project."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.options import AsJson
from hub.cli.show import as_json, line


def init(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where; it is made when it is missing.")] = Path(),
    project: Annotated[Path, typer.Option("-C", "--project", metavar="DIR", help="Folder that DIR is in.")] = Path(),
    json: AsJson = False,
) -> None:
    """Make a project folder with commented config files and nothing to read yet."""
    from hub.demo.projects import make_project

    root = project / folder
    make_project(root)
    if json:
        as_json({"project": str(root)})
    else:
        line(f"Made {root}. Set time zone and currency in config/hub.toml, then: cd {root} && hub add CONNECTOR")
        line("Connectors: hub plugins")
