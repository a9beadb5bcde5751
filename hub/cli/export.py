"""`hub export`: a list as a file."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.options import HERE, AsJson, Folder


def export(
    *,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="people, segment:NAME or audience:NAME.")],
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; .csv or .parquet.")],
    project: Folder = HERE,
    json: AsJson = False,
) -> None:
    """Write people, a segment or the members of a list to a file, readable by you alone. It holds personal data."""
    from hub.cli.ask import asking
    from hub.cli.show import as_json, line, text, value

    with asking(project) as client:
        found = client.post("/export", {"what": what, "path": str(path.absolute())})
    if json:
        as_json(found)
    else:
        line(f"{text(value(found, 'rows'))} people written to {path}")
