"""`hub sandbox`: a simulated vendor on a port of this machine."""

from typing import Annotated

import typer

from hub.cli.options import HERE, AsJson, Folder
from hub.cli.stopping import signalled


def sandbox(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `hub plugins` lists it.")],
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="Port; 0 takes a free one.")] = 0,
    size: Annotated[int, typer.Option(metavar="N", min=0, help="How many people it holds at the start.")] = 0,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed makes the same people.")] = 0,
    project: Folder = HERE,
    json: AsJson = False,
) -> None:
    """Serve a simulated vendor until Ctrl-C. Nothing leaves this machine."""
    from hub.cli.installed import sandbox_named
    from hub.cli.show import as_json, line

    stopped = signalled()
    with sandbox_named(project, name)(port=port, size=size, seed=seed) as box:
        if json:
            as_json({"name": name, "url": box.url})
        else:
            line(f"{name} answers at {box.url}; its state: {box.url}/_sandbox/state. Ctrl-C ends it.")
        stopped.get()
