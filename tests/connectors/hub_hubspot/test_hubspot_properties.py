"""Properties are made as what their values are, and filled with values in their own form."""

from datetime import UTC, datetime

import pytest

from hub.sdk.errors import ConfigError, RetryLater, StopConnection
from hub.sdk.records import Json
from hub.sdk.sandbox import Fault
from hub_hubspot.fields import Property, encode, new_type
from hub_hubspot.sandbox import HubspotSandbox
from hub_hubspot.values import Misfit
from tests.connectors.hub_hubspot.delivering import ADA, BEA, Push, audience, contact, destination, row, said


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([True, None, False], "bool"),
        ([1, 2.5], "number"),
        ([1, True], "string"),
        (["2026-03-01", None], "date"),
        (["2026-03-01", "2026-03-01T10:00:00"], "datetime"),
        (["2026-03-01", "x"], "string"),
        (["12"], "string"),
        (["20260301"], "string"),
        (["2026-03-01 10:00:00"], "datetime"),
        ([None, ""], None),
    ],
)
def test_a_new_property_is_of_the_type_of_its_values(values: list[Json], expected: str | None) -> None:
    """None as long as there are none."""
    assert expected == new_type(values)


def test_properties_are_made_once_and_filled(box: HubspotSandbox) -> None:
    """Of each type, in the group of contacts; one without values waits, one that exists is taken."""
    mapped = {"vip": "a", "ltv": "b", "last_seen": "c", "seen_at": "d", "note": "e", "empty": "f", "city": "g"}
    values: dict[str, Json] = {
        "vip": True, "ltv": 12.5, "last_seen": "2026-03-01", "seen_at": "2026-03-01T10:00:00+01:00", "note": "Zoë",
        "empty": None, "city": "Ulm",
    }  # fmt: skip
    push = Push(box, audience(mapped))
    for _ in range(2):
        assert {0: ("present", "")} == said(push.contacts(row(ADA, values)))
    made = {name: box.defined["contacts"][name] for name in mapped if name in box.defined["contacts"]}
    assert {
        "vip": ("bool", "booleancheckbox"), "ltv": ("number", "number"), "last_seen": ("date", "date"),
        "seen_at": ("datetime", "date"), "note": ("string", "text"), "city": ("string", "text"),
    } == {name: (each["type"], each["fieldType"]) for name, each in made.items()}  # fmt: skip
    expected = {
        "vip": "true", "ltv": "12.5", "last_seen": "2026-03-01", "seen_at": "2026-03-01T09:00:00.000Z", "note": "Zoë",
        "city": "Ulm",
    }  # fmt: skip
    assert expected.items() <= contact(box, ADA).items()
    posts = [each for each in box.requests if each.request.method == "POST" and "/properties/" in each.request.path]
    assert 5 == len(posts)


def test_an_empty_text_clears_and_none_leaves(box: HubspotSandbox) -> None:
    """As HubSpot has it."""
    box.contact(email=ADA, city="Ulm", zip="89073")
    Push(box, audience({"city": "a", "zip": "b"})).contacts(row(ADA, {"city": "", "zip": None}))
    held = contact(box, ADA)
    assert (None, "89073") == (held.get("city"), held["zip"])


def test_a_missing_property_can_be_an_error(box: HubspotSandbox) -> None:
    """Where the target says that none are made; one that HubSpot computes cannot be written at all."""
    with pytest.raises(StopConnection, match="HubSpot has no property ltv"):
        Push(box, audience({"ltv": "a"}, create_properties=False))
    with pytest.raises(StopConnection, match="HubSpot computes the property createdate"):
        Push(box, audience({"createdate": "a"}))


@pytest.mark.parametrize("name", ["Lifetime Value", "1st", "email"])
def test_names_that_are_no_properties_are_refused(box: HubspotSandbox, name: str) -> None:
    """And the one that people are matched by."""
    with pytest.raises(ConfigError, match="maps"):
        destination(box).targets(audience({name: "a"}))


def test_a_property_whose_answer_is_lost_is_found_next_time(box: HubspotSandbox) -> None:
    """It is asked for once, since it is a write; then it is there."""
    push = Push(box, audience({"ltv": "a"}))
    box.faults.add(Fault(kind="reset_after", method="POST", path="/crm/properties/*"))
    with pytest.raises(RetryLater):
        push.contacts(row(ADA, {"ltv": 1}))
    assert {0: ("present", "")} == said(push.contacts(row(ADA, {"ltv": 1})))
    posts = [each for each in box.requests if each.request.method == "POST" and "/properties/" in each.request.path]
    assert (1, "1") == (len(posts), contact(box, ADA)["ltv"])


@pytest.mark.parametrize("multi_status", [True, False])
@pytest.mark.parametrize("others", [0, 1])
def test_a_property_that_was_deleted_in_the_middle_is_made_anew(
    box: HubspotSandbox,
    others: int,
    multi_status: bool,  # noqa: FBT001 - a case
) -> None:
    """Nobody is refused for good because of it: the rows go again, and then it is there."""
    box.multi_status = multi_status
    push = Push(box, audience({"ltv": "a", "city": "b"}))
    push.contacts(row(BEA, {"ltv": 1}))
    del box.defined["contacts"]["ltv"]
    rows = [row(BEA, {"city": "Ulm"})] * others + [row(ADA, {"ltv": 1})]
    if multi_status or others:  # something is known of each row
        assert ("retry", "property_doesnt_exist") == said(push.contacts(*rows))[others]
    else:
        with pytest.raises(RetryLater):
            push.contacts(*rows)
    assert {0: ("present", "")} == said(push.contacts(row(ADA, {"ltv": 1})))


def test_a_property_that_hubspot_refuses_stops_the_connection(box: HubspotSandbox) -> None:
    """With what to do; the scope that is missing is named."""
    box.faults.add(Fault(kind="status", method="POST", path="/crm/properties/*", status=400, body="{}"))
    push = Push(box, audience({"ltv": "a"}))
    with pytest.raises(StopConnection, match="refuses the property ltv"):
        push.contacts(row(ADA, {"ltv": 1}))
    box.scopes.remove("crm.schemas.contacts.write")
    with pytest.raises(StopConnection, match=r"crm\.schemas\.contacts\.write"):
        push.contacts(row(ADA, {"ltv": 1}))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", 3, "3"),
        ("number", "4.50", "4.50"),
        ("number", "many", None),
        ("number", "NaN", None),
        ("bool", True, "true"),
        ("bool", "FALSE", "false"),
        ("bool", "yes", None),
        ("date", "2026-03-01T10:00:00", "2026-03-01"),
        ("date", "soon", None),
        ("datetime", int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000), "2026-03-01T00:00:00.000Z"),
        ("datetime", "soon", None),
        ("enumeration", ["a", "b"], "a;b"),
        ("enumeration", "a;c", None),
        ("string", {"a": 1}, None),
        ("string", [1, "x"], "1;x"),
    ],
)
def test_a_value_is_in_the_form_of_its_property(kind: str, value: Json, expected: str | None) -> None:
    """Or it does not fit, and the property is named."""
    known = {"p": Property("p", kind, frozenset({"a", "b"}) if kind == "enumeration" else None)}
    if expected is None:
        with pytest.raises(Misfit):
            encode({"p": value}, known)
    else:
        assert {"p": expected} == encode({"p": value}, known)
