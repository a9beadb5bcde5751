"""`hub segments`: sizes and movement."""

from hub.cli.options import HERE, AsJson, Folder


def segments(*, project: Folder = HERE, json: AsJson = False) -> None:
    """List segments and stages as the last run left them."""
    from hub.cli.ask import asking
    from hub.cli.show import as_json, line, rows, table

    with asking(project) as client:
        found = client.get("/segments")
    if json:
        as_json(found)
        return
    if not rows(found, "segments"):
        line("No segments. Write one into config/segments.toml, then: hub run")
    table("Segments", rows(found, "segments"), ("name", "size", "entered", "left", "description"))
    table("Stages", rows(found, "stages"), ("name", "size"))
