"""`hub person`: everything known about one person."""

from hub.cli.options import HERE, AsJson, Folder, Key


def person(*, key: Key, project: Folder = HERE, json: AsJson = False) -> None:
    """Show a person's values with where they came from, segments, consents and time line. Prints personal data."""
    from hub.cli.ask import asking
    from hub.cli.keys import given
    from hub.cli.show import as_json

    with asking(project) as client:
        found = client.post("/person", {"key": given(key)})
    if json:
        as_json(found)
        return
    from hub.cli.standing import show_person

    show_person(found)
