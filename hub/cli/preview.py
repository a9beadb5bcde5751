"""`hub preview`: how many people a rule describes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import HERE, AsJson, Folder

if TYPE_CHECKING:
    from hub.sdk.records import Json


def preview(
    *,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule as in segments.toml.")],
    sample: Annotated[int, typer.Option(metavar="N", help="People to show, by profile id.")] = 10,
    project: Folder = HERE,
    json: AsJson = False,
) -> None:
    """Count the people that a rule describes, and those it cannot judge because a trait is empty.

    Looks at everybody as the last run left them.
    """
    from hub.cli.ask import asking
    from hub.cli.show import as_json, line, rows, table, text, value

    with asking(project) as client:
        found = client.post("/preview", {"rule": rule, "sample": sample})
    if json:
        as_json(found)
        return
    line(f"{text(value(found, 'size'))} of {text(value(found, 'people'))} people", "bold")
    warnings = value(found, "warnings")
    for warning in warnings if isinstance(warnings, list) else ():
        line(f"! {text(warning)}", "yellow")
    flat = [{"profile_id": row.get("profile_id"), **_values(row)} for row in rows(found, "sample")]
    table("For example", flat, list(flat[0]) if flat else [])


def _values(row: "Mapping[str, Json]") -> "Mapping[str, Json]":
    values = row.get("values")
    return values if isinstance(values, Mapping) else {}
