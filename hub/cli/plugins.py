"""`hub plugins`: what is installed."""

from hub.cli.options import HERE, AsJson, Folder


def plugins(*, project: Folder = HERE, json: AsJson = False) -> None:
    """List connectors and plugins, what each offers, and the broken ones with the reason."""
    from hub.cli.installed import listing
    from hub.cli.show import as_json, line, table

    found, broken = listing(project)
    if json:
        as_json({"plugins": found, "broken": broken})
        return
    table("Plugins", found, ("name", "sources", "destinations", "sandboxes", "traits", "stages"))
    for row in broken:
        line(f"! {row['name']}: {row['reason']}", "red")
