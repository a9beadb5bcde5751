"""`hub quarantine`: rows that did not fit, and why."""

from typing import Annotated

import typer

from hub.cli.options import HERE, AsJson, Folder


def quarantine(
    *,
    connection: Annotated[
        str | None, typer.Argument(metavar="CONNECTION", help="One connection; all without it.")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=10_000, help="The most rows to show.")] = 20,
    raw: Annotated[bool, typer.Option("--raw", help="Show the rows as they came: personal data.")] = False,
    project: Folder = HERE,
    json: AsJson = False,
) -> None:
    """List rows that were read but not landed: file, line, reason."""
    from hub.cli.ask import asking
    from hub.cli.show import as_json, line, rows, table

    with asking(project) as client:
        found = client.get("/quarantine", {"limit": str(limit)} | ({"connection": connection} if connection else {}))
    listed = [row if raw else {key: cell for key, cell in row.items() if key != "raw"} for row in rows(found, "rows")]
    if json:
        as_json({"rows": listed})
        return
    if not listed:
        line("Nothing is in quarantine.")
    columns = ("connection", "stream", "file", "line", "field", "reason")
    table("Quarantine", listed, (*columns, "raw") if raw else columns)
