"""`hub run`: one pass through the flow."""

from typing import Annotated

import typer

from hub.cli.options import HERE, AsJson, AsOf, Folder


def run(
    *,
    until: Annotated[str, typer.Option(metavar="STEP", help="Stop after this step of the flow.")] = "deliver",
    source: Annotated[str | None, typer.Option(metavar="CONNECTION", help="Read this connection only.")] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Derive everything anew from what was landed.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Read sources from their beginning, as the first time.")] = False,
    as_of: AsOf = None,
    project: Folder = HERE,
    json: AsJson = False,
) -> None:
    """Read, identify, segment and deliver; exit code 0 when the run is green.

    Steps: extract, land, identify, profile, segment, audience, deliver.
    """
    from hub.cli.ask import asking
    from hub.cli.follow import follow
    from hub.cli.report import exit_code, show_report
    from hub.cli.show import as_json

    request = {"until": until, "source": source, "rebuild": rebuild, "reread": full, "as_of": as_of}
    with asking(project) as client:
        report = follow(client, request)
    if json:
        as_json(report)
    else:
        show_report(report)
    raise typer.Exit(exit_code(report))
