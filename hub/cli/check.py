"""`hub check`: is every tool reachable, and what is missing."""

from typing import Annotated

import typer

from hub.cli.options import HERE, AsJson, Folder


def check(
    *,
    connection: Annotated[
        str | None, typer.Argument(metavar="CONNECTION", help="One connection; all without it.")
    ] = None,
    project: Folder = HERE,
    json: AsJson = False,
) -> None:
    """Load every config file, reach every tool, and say what was found; exit code 1 when something is wrong."""
    from hub.cli.ask import asking
    from hub.cli.show import COLOURS, as_json, line, rows, text

    with asking(project) as client:
        found = client.post("/check", {"connection": connection})
    facts = [(one, fact) for one in rows(found, "connections") for fact in rows(one, "facts")]
    if json:
        as_json(found)
    else:
        for one, fact in facts:
            line(f"{text(one.get('connection'))}: {text(fact.get('text'))}", COLOURS.get(text(fact.get("level")), ""))
    raise typer.Exit(1 if any(fact.get("level") == "error" for _, fact in facts) else 0)
