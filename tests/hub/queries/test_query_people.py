"""Finding a person, all that is known of them, and why they are in or out."""

import re

import pytest

from hub.flow.identify import profile_id_of
from hub.queries.find import NotFound, find
from hub.queries.person import Person, person
from hub.queries.why import Finding, why
from hub.sdk.errors import ConfigError
from tests.support.asked import Asked


def found(asked: Asked, key: str) -> str:
    """Find a key."""
    return find(asked.project, asked.project.engine.cursor(), key)


def leaves(finding: Finding) -> list[Finding]:
    """The comparisons of a rule, in its order."""
    return [leaf for child in finding.children for leaf in leaves(child)] or [finding]


def customer(asked: Asked, number: int) -> Person:
    """All that is known of customer N."""
    return person(asked.project, f"customer@tills:{number}")


@pytest.mark.parametrize(
    "key",
    [
        "customer@tills:4",
        " customer@tills:4 ",
        "member:4",
        "member@crm:4",
        "email:person-4@example.com",
        "email: Person-4@EXAMPLE.com",
    ],
)
def test_a_person_is_found_by_any_identifier(asked: Asked, key: str) -> None:
    """Every identifier, in any spelling that lands as the same value, with or without its connection."""
    assert found(asked, "customer@tills:4") == found(asked, key)


def test_a_phone_number_is_read_as_of_the_shops_country(asked: Asked) -> None:
    """A number without a country code is the shop's."""
    assert found(asked, "customer@tills:1") == found(asked, "phone:0171 2345601") == found(asked, "phone:+491712345601")


def test_a_profile_is_found_by_its_id(asked: Asked) -> None:
    """The id that every list shows can be asked for."""
    profile = found(asked, "customer@tills:4")
    assert profile == found(asked, profile)


def test_a_former_id_leads_to_the_person(asked: Asked) -> None:
    """A profile that was merged into another is found under the id it had, by the record that gave it."""
    key = asked.project.key
    former = [
        str(asked.project.engine.run(f"select {profile_id_of(repr(record), key)}")[0][0])
        for record in ("tills/people/4", "crm/people/c4", "tills/orders/4-2026022400")
    ]
    assert [found(asked, "customer@tills:4")] * 3 == [found(asked, profile) for profile in former]


@pytest.mark.parametrize(
    "key", ["email:nobody@example.com", "nobody@example.com", "0" * 20, "zz", "", ":", "phone:x", "' or 1=1 --"]
)
def test_nobody_is_told_without_repeating_the_key(asked: Asked, key: str) -> None:
    """The answer says what a key looks like and holds nothing of this one."""
    with pytest.raises(NotFound, match=r"^Nobody has this key\. Give a profile id or") as caught:
        found(asked, key)
    assert "nobody@example.com" not in str(caught.value)


@pytest.mark.parametrize("key", ["email:shared@example.com", "customer:1"])
def test_a_key_of_several_people_is_not_guessed(asked: Asked, key: str) -> None:
    """A shared address, or a number that two tools gave to different people: the ids are named, nobody is chosen."""
    with pytest.raises(NotFound, match=r"^2 people have this key\. Give one of their ids: [0-9a-f]{20}, [0-9a-f]{20}"):
        found(asked, key)


def test_attributes_come_with_their_origin(asked: Asked) -> None:
    """Each value names the connection and record that it was taken from, by the order of preference."""
    told = {each.name: (each.value, each.connection, each.record) for each in customer(asked, 4).attributes}
    assert {"first_name": ("Victoria", "crm", "c4"), "city": ("Bonn", "tills", "4")} == told


def test_identifiers_say_whether_they_link(asked: Asked) -> None:
    """An address that stands beside two customers is theirs, but joins nobody."""
    told = {each.namespace: each.linking for each in customer(asked, 5).identifiers}
    assert {"customer@tills": True, "email": False} == told


def test_a_person_has_segments_stage_consents_and_a_timeline(asked: Asked) -> None:
    """What a marketer asks about somebody is all there."""
    told = customer(asked, 1)
    assert (True, "retention") == (told.known, told.stage)
    assert ["buyers", "fans"] == [each.name for each in told.segments]
    assert [("email", "marketing", True)] == [(each.channel, each.purpose, each.granted) for each in told.consents]
    assert ["2026-02-28", "2026-02-18", "2026-02-08"] == [each.occurred_at[:10] for each in told.timeline]
    assert (3, 30.0, 10.0) == tuple(told.traits[name] for name in ("orders", "monetary_total", "median_gap_days"))


def test_an_opt_out_seen_at_a_tool_is_known_at_once(asked: Asked) -> None:
    """Who unsubscribed there has said no here, as soon as the run ends."""
    told = customer(asked, 2)
    assert [("email", "marketing", False)] == [(each.channel, each.purpose, each.granted) for each in told.consents]
    assert [("news", "suppressed", "unsubscribed")] == [
        (each.audience, each.state, each.code) for each in told.tools if each.state != "none"
    ]


def test_a_visitor_is_not_known(asked: Asked) -> None:
    """Somebody with a device alone is a profile, not a known person."""
    told = person(asked.project, "ga_client:GA1.2.3")
    assert (False, "awareness", ["product_viewed"]) == (told.known, told.stage, [each.name for each in told.timeline])


def test_why_shows_each_condition_with_the_persons_values(asked: Asked) -> None:
    """Every comparison is true, false or unknown, with what it looked at, counts of events included."""
    answer = why(asked.project, "customer@tills:2", "fans")
    assert (False, "unknown") == (answer.member, answer.condition.outcome)
    counted = "count_of('order_placed', within => '30 days')"
    assert [
        ("in_segment('buyers')", "true", {}),
        (f"{counted} >= 2", "false", {counted: 0}),
        ("nps >= 9", "unknown", {"nps": None}),
    ] == [(leaf.text, leaf.outcome, leaf.values) for leaf in leaves(answer.condition)]
    assert why(asked.project, "customer@tills:1", "fans").member


@pytest.mark.parametrize(
    ("number", "news", "offers"),
    [
        (1, "", "in an excluded segment"),
        (2, "no consent", "no consent"),
        (3, "not in the segment", "not in the segment"),
        (4, "no consent", "no consent"),
        (5, "", "the audience is not approved"),
        (7, "in a segment that no audience may hold", "in a segment that no audience may hold"),
    ],
)
def test_why_says_what_keeps_a_person_out_of_a_tool(asked: Asked, number: int, news: str, offers: str) -> None:
    """For every audience of the segment: the first reason why somebody is not on the list."""
    answer = why(asked.project, f"customer@tills:{number}", "buyers")
    assert {"news": news, "offers": offers} == {each.audience: each.kept_out for each in answer.tools}


def test_why_names_the_segments_there_are(asked: Asked) -> None:
    """A segment that does not exist is answered with those that do."""
    with pytest.raises(ConfigError, match=re.escape('no segment "buyer". Segments: buyers, quiet, fans, complaining.')):
        why(asked.project, "customer@tills:1", "buyer")
