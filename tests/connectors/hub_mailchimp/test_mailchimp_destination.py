"""The destination against the sandbox, over real sockets."""

import json
from collections.abc import Iterator

import pytest

from hub.sdk.errors import ConfigError, StopConnection
from hub.sdk.records import Json, Suppression, Verdict
from hub_mailchimp.destination import MailchimpDestination
from hub_mailchimp.sandbox import MailchimpSandbox
from tests.support.mailchimp import audience, batch, destination, row


@pytest.fixture
def box() -> Iterator[MailchimpSandbox]:
    """Serve an account with one empty list."""
    with MailchimpSandbox() as box:
        yield box


@pytest.fixture
def tool(box: MailchimpSandbox) -> MailchimpDestination:
    """Make the connector speak to it."""
    return destination(box)


def test_targets_are_a_list_and_a_tag_on_it(tool: MailchimpDestination) -> None:
    """Keys are durable and found without the network; contacts are never removed; the tag needs the contact."""
    contact, tag = tool.targets(audience(tag="Win-Back"))
    assert (contact.key, contact.kind, contact.fields, contact.may_remove) == ("list/Customers", "object", True, False)
    assert (tag.key, tag.kind, tag.depends_on) == ("list/Customers/tag/win-back", "membership", contact.key)


@pytest.mark.parametrize("name", ["LIFETIMEVALUE", "ltv", "EMAIL", "1ST", "A B"])
def test_bad_field_names_are_refused_before_anything_is_sent(
    tool: MailchimpDestination, box: MailchimpSandbox, name: str
) -> None:
    """A merge tag that Mailchimp would not take is an error of the config file."""
    with pytest.raises(ConfigError, match=name):
        tool.targets(audience(fields={name: "x"}))
    assert list(box.requests) == []


def test_check_tells_account_role_and_lists(tool: MailchimpDestination, box: MailchimpSandbox) -> None:
    """Whoever runs `hub check` sees whose key this is, what it may do, and where contacts can go."""
    box.add("ada@shop.example")
    assert [fact.level for fact in tool.check()] == ["ok", "ok"]
    assert "1 contacts" in list(tool.check())[1].text
    box.role = "viewer"
    assert [fact.level for fact in tool.check()] == ["ok", "error", "ok"]


def test_a_wrong_key_stops_the_connection(box: MailchimpSandbox) -> None:
    """401 is for a person to mend, and the message holds no key."""
    with pytest.raises(StopConnection) as caught:
        list(destination(box, api_key="wrong-us1").check())
    assert "wrong" not in str(caught.value)


def test_an_unknown_or_ambiguous_list_stops_the_connection(tool: MailchimpDestination, box: MailchimpSandbox) -> None:
    """The message names the lists there are."""
    contact, _ = tool.targets(audience(list_name="Kunden"))
    with pytest.raises(StopConnection, match="Customers"):
        tool.open(contact, audience(list_name="Kunden"), "p1", 1)
    box.add_list("Customers")
    with pytest.raises(StopConnection, match="2 lists"):
        tool.open(contact, audience(), "p1", 1)


def opened(tool: MailchimpDestination, new_contacts: str = "never", tag: str = "vip") -> tuple[Json, Json]:
    """Open both targets of an audience and return their handles."""
    wanted = audience(new_contacts, tag=tag)
    contact, member = tool.targets(wanted)
    return tool.open(contact, wanted, "p1", 1), tool.open(member, wanted, "p1", 1)


def outcomes(answer: object) -> dict[int, tuple[str, str]]:
    """Return place -> (outcome, code)."""
    assert isinstance(answer, list)
    return {verdict.index: (verdict.outcome, verdict.code) for verdict in answer if isinstance(verdict, Verdict)}


def test_handles_are_json(tool: MailchimpDestination) -> None:
    """The core stores them before anything is sent."""
    for handle in opened(tool):
        assert handle == json.loads(json.dumps(handle))


def test_contacts_that_are_not_on_the_list_are_left_out_by_default(
    tool: MailchimpDestination, box: MailchimpSandbox
) -> None:
    """`new_contacts = "never"` creates nobody, and says so for each row."""
    box.add("Ada@shop.example")
    contact, _ = tool.targets(audience())
    answer = tool.push(contact, opened(tool)[0], batch(row("ada@shop.example"), row("new@shop.example")))
    assert outcomes(answer) == {0: ("present", ""), 1: ("rejected", "not_in_list")}
    assert box.members() == {"Ada@shop.example": "subscribed"}


@pytest.mark.parametrize(
    ("status", "consented", "expected", "stands"),
    [
        ("subscribed", True, ("present", ""), "subscribed"),
        ("subscribed", False, ("rejected", "no_consent"), None),
        ("pending", True, ("present", ""), "pending"),
        ("pending", False, ("rejected", "no_consent"), None),
        ("transactional", False, ("present", ""), "transactional"),
    ],
)
def test_new_contacts_need_proven_consent(
    tool: MailchimpDestination,
    box: MailchimpSandbox,
    status: str,
    consented: bool,  # noqa: FBT001
    expected: tuple[str, str],
    stands: str | None,
) -> None:
    """Marketing starts with consent alone; transactional contacts get none."""
    contact, _ = tool.targets(audience(status))
    answer = tool.push(contact, opened(tool, status)[0], batch(row("new@shop.example", consented=consented)))
    assert outcomes(answer) == {0: expected}
    assert box.members() == ({"new@shop.example": stands} if stands else {})


def test_each_state_at_mailchimp_has_its_verdict(tool: MailchimpDestination, box: MailchimpSandbox) -> None:
    """Opt-outs come back as suppressions, the rest with a stable code that holds no address."""
    for state in ("out", "dead", "gone", "kept"):
        box.add(f"{state}@shop.example")
    box.unsubscribe("out@shop.example")
    box.clean("dead@shop.example")
    box.forget("gone@shop.example")
    box.archive("kept@shop.example")
    names = ["out@shop.example", "dead@shop.example", "gone@shop.example", "kept@shop.example", "new@example.com"]
    contact, _ = tool.targets(audience("subscribed"))
    answer = tool.push(contact, opened(tool, "subscribed")[0], batch(*map(row, names)))
    assert outcomes(answer) == {
        0: ("suppressed", "unsubscribed"),
        1: ("rejected", "cleaned"),
        2: ("suppressed", "forgotten_email_not_subscribed"),
        3: ("rejected", "archived"),
        4: ("rejected", "invalid_address"),
    }
    assert isinstance(answer, list)
    assert isinstance(answer[0].suppression, Suppression)
    assert (answer[0].suppression.channel, answer[0].suppression.purpose) == ("email", "marketing")


def test_fields_are_made_and_filled(tool: MailchimpDestination, box: MailchimpSandbox) -> None:
    """Missing fields get a type from their values; None is left alone, "" erases, unicode survives."""
    box.add("ada@shop.example", FNAME="Ada", LNAME="Old")
    values: dict[str, Json] = {
        "FNAME": "Zoë 🎈 Łuczak",
        "LNAME": "",
        "LTV": 12.5,
        "SINCE": "2017-03-04T10:00:00",
        "VIP": True,
        "EMPTY": None,
    }
    contact, _ = tool.targets(audience())
    assert outcomes(tool.push(contact, opened(tool)[0], batch(row("ada@shop.example", values)))) == {0: ("present", "")}
    held = box.default
    assert {tag: field.type for tag, field in held.fields.items()} == {
        "FNAME": "text",
        "LNAME": "text",
        "LTV": "number",
        "SINCE": "date",
        "VIP": "text",
    }
    written = {"FNAME": "Zoë 🎈 Łuczak", "LNAME": "", "LTV": 12.5, "SINCE": "2017-03-04", "VIP": "true"}
    assert held.member("ada@shop.example").values == written
    tool.push(contact, opened(tool)[0], batch(row("ada@shop.example", {"FNAME": None, "LTV": 3})))
    assert held.member("ada@shop.example").values == {**written, "LTV": 3}


def test_a_value_that_does_not_fit_names_the_field(tool: MailchimpDestination, box: MailchimpSandbox) -> None:
    """One bad row does not harm its neighbours."""
    box.add("ada@shop.example")
    box.add("bea@shop.example")
    rows = [row("ada@shop.example", {"FNAME": "x" * 300}), row("bea@shop.example", {"FNAME": "Bea"})]
    contact, _ = tool.targets(audience())
    answer = tool.push(contact, opened(tool)[0], batch(*rows))
    assert outcomes(answer) == {0: ("rejected", "invalid_merge_field:FNAME"), 1: ("present", "")}


def test_no_more_fields_stops_before_any_contact_is_written(tool: MailchimpDestination, box: MailchimpSandbox) -> None:
    """The list is full: nothing of the batch is sent."""
    box.add("ada@shop.example")
    contact, _ = tool.targets(audience())
    handle = opened(tool)[0]
    fields: dict[str, Json] = {f"F{number}": number for number in range(30)}
    with pytest.raises(StopConnection, match="merge field"):
        tool.push(contact, handle, batch(row("ada@shop.example", fields)))
    assert not any(exchange.request.method in {"PUT", "PATCH"} for exchange in box.requests)


def test_tags_are_put_on_and_taken_off(tool: MailchimpDestination, box: MailchimpSandbox) -> None:
    """The tag's spelling in Mailchimp stays; adding and removing twice says the same."""
    box.add("Ada@shop.example")
    box.add("bea@shop.example")
    box.default.add_segment("VIP")
    _, tag = tool.targets(audience(tag="vip"))
    _, handle = opened(tool, tag="vip")
    people = batch(row("ada@shop.example"), row("bea@shop.example"))
    for _ in range(2):
        assert outcomes(tool.push(tag, handle, people)) == {0: ("present", ""), 1: ("present", "")}
    assert box.members(tag="VIP") == {"Ada@shop.example": "subscribed", "bea@shop.example": "subscribed"}
    for _ in range(2):
        gone = tool.push(tag, handle, batch(row("ada@shop.example"), op="remove"))
        assert outcomes(gone) == {0: ("absent", "")}
    assert box.members(tag="VIP") == {"bea@shop.example": "subscribed"}
    assert [segment.name for segment in box.default.segments.values()] == ["VIP"]


def test_strangers_get_an_honest_verdict_for_a_tag(tool: MailchimpDestination, box: MailchimpSandbox) -> None:
    """Mailchimp is silent about them; a look-up tells."""
    box.add("kept@shop.example")
    box.archive("kept@shop.example")
    _, tag = tool.targets(audience())
    _, handle = opened(tool)
    people = (row("new@shop.example"), row("kept@shop.example"))
    added = tool.push(tag, handle, batch(*people))
    assert outcomes(added) == {0: ("rejected", "not_in_list"), 1: ("rejected", "archived")}
    assert outcomes(tool.push(tag, handle, batch(*people, op="remove"))) == {0: ("absent", ""), 1: ("absent", "")}


def test_contacts_are_never_removed(tool: MailchimpDestination) -> None:
    """Even if the core asked for it."""
    contact, _ = tool.targets(audience())
    with pytest.raises(StopConnection, match="never removed"):
        tool.push(contact, opened(tool)[0], batch(row("ada@shop.example"), op="remove"))


def test_read_back_sees_everybody(box: MailchimpSandbox, tool: MailchimpDestination) -> None:
    """Pages of the list and of the tag, with who opted out."""
    for number in range(1203):
        box.add(f"P{number}@shop.example")
    box.unsubscribe("P0@shop.example")
    box.clean("P1@shop.example")
    contact, tag = tool.targets(audience())
    handle, segment = opened(tool)
    tool.push(tag, segment, batch(*(row(f"p{number}@shop.example") for number in range(3))))
    seen = {one.wire["email"]: one for one in tool.read_back(contact, handle)}
    assert len(seen) == 1203
    assert [seen[f"p{number}@shop.example"].state for number in range(3)] == ["suppressed", "suppressed", "present"]
    assert seen["p0@shop.example"].suppression is not None
    assert seen["p1@shop.example"].suppression is None
    tagged = {one.wire["email"]: one.state for one in tool.read_back(tag, segment)}
    assert tagged == {f"p{number}@shop.example": seen[f"p{number}@shop.example"].state for number in range(3)}
