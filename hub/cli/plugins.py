"""`hub plugins`: what is installed."""

from hub.cli.options import HERE, AsJson, Folder


def plugins(*, project: Folder = HERE, json: AsJson = False) -> None:
    """List connectors and plugins, what each offers, and the broken ones with the reason."""
    from hub.cli.installed import listing, offers
    from hub.cli.show import as_json, line, table

    found, broken = listing(project)
    if json:
        as_json({"plugins": found, "broken": broken})
        return
    table("Plugins", [{"name": each["name"], "offers": offers(each)} for each in found], ("name", "offers"))
    for row in broken:
        line(f"! {row['name']}: {row['reason']}", "red")
