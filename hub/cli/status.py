"""`hub status`: what ran, what stands still and why."""

from hub.cli.options import HERE, AsJson, Folder


def status(*, project: Folder = HERE, json: AsJson = False) -> None:
    """Show the last run, each connection, each audience, and what waits for a person."""
    from hub.cli.ask import asking
    from hub.cli.show import as_json

    with asking(project) as client:
        found = client.get("/status")
    if json:
        as_json(found)
        return
    from hub.cli.standing import show_status

    show_status(found)
