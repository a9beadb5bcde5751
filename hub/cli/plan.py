"""`hub plan`: what would be sent."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import HERE, AsJson, AsOf, Folder

if TYPE_CHECKING:
    from hub.sdk.records import Json


_ALWAYS = ("segment", "wanted")  # of the filters between them only those that took somebody are worth a word


def plan(
    *,
    audience: Annotated[str | None, typer.Argument(metavar="AUDIENCE", help="One audience; all without it.")] = None,
    as_of: AsOf = None,
    project: Folder = HERE,
    json: AsJson = False,
) -> None:
    """Say what the next run would add, update and remove. Nothing is sent."""
    from hub.cli.ask import asking
    from hub.cli.show import as_json, line, rows, table

    with asking(project) as client:
        found = client.post("/plan", {"audience": audience, "as_of": as_of})
    if json:
        as_json(found)
        return
    audiences = rows(found, "audiences")
    table("Plan", audiences, ("name", "destination", "approved", "wanted", "adds", "updates", "removes", "held"))
    for each in audiences:
        _reach(each)
    line("Nothing was sent. Approve a new or changed audience with: hub approve NAME")


def _reach(plan: "Mapping[str, Json]") -> None:
    """Print what keeps members of the segment off the list, and what is held and why."""
    from hub.cli.show import line, text

    reach = plan.get("reach")
    steps = (
        [f"{text(count)} {name.replace('_', ' ')}" for name, count in reach.items() if count or name in _ALWAYS]
        if isinstance(reach, Mapping)
        else []
    )
    line(f"{text(plan.get('name'))}: {', '.join(steps)}")
    if plan.get("held_reason"):
        line(f"  held: {text(plan.get('held_reason'))}", "yellow")
    warnings = plan.get("warnings")
    for warning in warnings if isinstance(warnings, list) else ():
        line(f"  ! {text(warning)}", "yellow")
