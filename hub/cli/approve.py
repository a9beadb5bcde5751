"""`hub approve`: a person says yes."""

import getpass
from typing import Annotated

import typer

from hub.cli.options import HERE, AsJson, Folder


def approve(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="An audience, or a source whose emptiness is true.")],
    removals: Annotated[bool, typer.Option("--removals", help="Release the removals that are held.")] = False,
    project: Folder = HERE,
    json: AsJson = False,
) -> None:
    """Let a new or changed audience, held removals or an unusual read pass. The next run sends.

    An approval holds for the audience as it is configured now; a change of its rule, fields or target needs another.
    """
    from hub.cli.ask import asking
    from hub.cli.show import as_json, line, text, value

    with asking(project) as client:
        found = client.post("/approve", {"name": name, "removals": removals, "who": getpass.getuser()})
    if json:
        as_json(found)
    else:
        line(text(value(found, "message")))
