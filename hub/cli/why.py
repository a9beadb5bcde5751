"""`hub why`: why a person is in a segment, or is not."""

from typing import Annotated

import typer

from hub.cli.options import HERE, AsJson, Folder, Key


def why(
    *,
    key: Key,
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help="Name of a segment.")],
    project: Folder = HERE,
    json: AsJson = False,
) -> None:
    """Show each condition of a segment with the person's values, and what happened in each tool."""
    from hub.cli.ask import asking
    from hub.cli.keys import given
    from hub.cli.show import as_json

    with asking(project) as client:
        found = client.post("/why", {"key": given(key), "segment": segment})
    if json:
        as_json(found)
        return
    from hub.cli.standing import show_why

    show_why(found)
