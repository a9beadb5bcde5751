"""`hub schema`: JSON Schema of the config files, for editors."""

from typing import Annotated

import typer

from hub.cli.options import HERE, Folder


def schema(
    *,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A connector, or hub, identity, segments, stages, traits.")
    ] = None,
    project: Folder = HERE,
) -> None:
    """Print the JSON Schema of one kind of config file, or of all by name."""
    from hub.cli.installed import schemas
    from hub.cli.show import as_json

    as_json(schemas(project, name))
