"""`hub plan`: what would be sent."""

from typing import Annotated

import typer

from hub.cli.options import HERE, AsJson, AsOf, Folder


def plan(
    *,
    audience: Annotated[str | None, typer.Argument(metavar="AUDIENCE", help="One audience; all without it.")] = None,
    as_of: AsOf = None,
    project: Folder = HERE,
    json: AsJson = False,
) -> None:
    """Say what the next run would add, update and remove. Nothing is sent."""
    from hub.cli.ask import asking
    from hub.cli.show import as_json, line, rows, show_plans

    with asking(project) as client:
        found = client.post("/plan", {"audience": audience, "as_of": as_of})
    if json:
        as_json(found)
        return
    show_plans(rows(found, "audiences"))
    line("Nothing was sent. Approve a new or changed audience with: hub approve NAME")
