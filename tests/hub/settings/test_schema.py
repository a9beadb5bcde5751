"""JSON Schema for editors, and the commented file that `hub add` writes."""

import json
from pathlib import Path

import pytest

from hub.settings import RESERVED, env_lines, load, schema, template
from tests.support.settings import CONNECTORS, ENV, GOOD, project


def test_there_is_a_schema_for_every_kind_of_file() -> None:
    """Each common file and each connector has one, and all of it is JSON that knows no other keys."""
    found = json.loads(json.dumps(schema(CONNECTORS)))
    assert {f"{stem}.json" for stem in (*RESERVED, *CONNECTORS)} == set(found)
    assert [name for name, one in found.items() if one.get("additionalProperties") is None] == []


def test_a_connection_schema_types_the_connector() -> None:
    """The connector's own keys stand beside the common ones, and its name is the only one allowed."""
    mail = schema(CONNECTORS)["mail.json"]
    account = mail["properties"]["connection"]
    assert account["required"] == ["connector", "api_key"]
    assert account["properties"]["connector"]["const"] == "mail"
    assert {"list", "tag", "new_contacts"} == set(mail["$defs"]["MailTarget"]["properties"])
    assert {"connection", "audience"} == set(schema(CONNECTORS)["folder.json"]["properties"])


def test_defaults_are_shown_as_users_write_them() -> None:
    """Durations, shares and times of day appear in words."""
    found = schema(CONNECTORS)
    hub, shop = found["hub.json"]["$defs"], found["shop.json"]["$defs"]
    assert [
        hub["Safety"]["properties"]["max_removals_per_run"]["default"],
        hub["Schedule"]["properties"]["full_at"]["default"],
        shop["ShopSource"]["properties"]["every"]["default"],
    ] == ["10 %, at least 50", "03:30", "1 hour"]


TEMPLATE = """\
#:schema ./.schema/mail.json
# The file's name is the connection's: "letters".
[connection]
connector = "mail"
api_key = "${LETTERS_API_KEY}"  # Key of the account
# webhook_token = "${LETTERS_WEBHOOK_TOKEN}"  # Proof of pushed events

[[source]]  # this connector has: messages
# stream = "all"  # Canonical stream to fill, or "all" that the connector offers
# every = "1 hour"  # How often the daemon reads it, such as "15 minutes"
# page_within = "30 minutes"  # Longest wait for one page before the read ends
# read_within = "6 hours"  # Longest read; the next one goes on from there
# max_pages = 1000000  # Most pages in one read; the next one goes on from there
# complete = false  # true: every full read holds all records, so that a missing one was deleted

# Take the first # away from the lines that you need.
# [[audience]]
# name = "my-audience"  # Unique over all files
# segment = "my_segment"  # Segment whose members are wanted
# target = { list = "..." }  # Where in the tool; keys of the connector
# #   list: Name of the list, needed
# #   tag: Tag within the list
# #   new_contacts: Whether to add contacts: "never", "pending", "subscribed"
"""


def test_the_template_explains_each_key() -> None:
    """The file says what each key means, with its default, and needs one line in .env."""
    assert template("mail", CONNECTORS["mail"], "letters").startswith(TEMPLATE)
    assert env_lines(CONNECTORS["mail"], "letters") == ("LETTERS_API_KEY=",)


@pytest.mark.parametrize("connector", CONNECTORS)
def test_a_template_loads_as_it_is(connector: str, tmp_path: Path) -> None:
    """What `hub add` writes is valid before anything is edited, once .env is filled."""
    models = CONNECTORS[connector]
    env = {line.removesuffix("="): "made-up-value" for line in env_lines(models, "fresh")}
    folder = project(tmp_path, {**GOOD, "fresh": template(connector, models, "fresh")})
    assert connector == load(folder, CONNECTORS, {**ENV, **env}).connections["fresh"].connector


@pytest.mark.parametrize("connector", ["mail", "folder"])
def test_a_template_loads_with_everything_taken_in(connector: str, tmp_path: Path) -> None:
    """Every commented line of the audience is valid too."""
    models = CONNECTORS[connector]
    head, tail = template(connector, models, "fresh").split("# [[audience]]")
    body = "".join(line.removeprefix("# ") for line in tail.splitlines(keepends=True))
    text = f"{head}[[audience]]{body}".replace("my_segment", "vip")
    folder = project(tmp_path, {**GOOD, "fresh": text})
    settings = load(folder, CONNECTORS, {**ENV, "FRESH_API_KEY": "made-up-value"})
    assert settings.connections["fresh"].audiences[0].name == "my-audience"
