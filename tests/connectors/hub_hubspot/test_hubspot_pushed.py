"""Pushed events: only genuine ones, and the same records as a read makes."""

import base64
import hmac
import json
import time
from collections.abc import Mapping

import pytest

from hub.sdk.errors import BadData, Refused
from hub.sdk.records import Json, Page
from hub.sdk.sandbox import Fault
from hub_hubspot.sandbox import HubspotSandbox
from tests.connectors.hub_hubspot.reading import pairs, rows, source

URL = HubspotSandbox.webhook_url
BODY = b'[{"subscriptionType": "contact.creation", "objectId": 7}]'


def pushed(box: HubspotSandbox, *events: Mapping[str, Json]) -> Page:
    """The page that genuine events become."""
    made = source(box)
    return made.unpack(made.verify(*box.push(*events)))


def signed(secret: str, *, url: str = URL, at: float = 0.0, body: bytes = BODY) -> dict[str, str]:
    """The headers as HubSpot documents them, computed here anew; sent `at` seconds from now."""
    sent = str(int((time.time() + at) * 1000))
    text = b"POST" + url.encode() + body + sent.encode()
    given = base64.b64encode(hmac.new(secret.encode(), text, "sha256").digest()).decode()
    return {"X-HubSpot-Signature-v3": given, "X-HubSpot-Request-Timestamp": sent}


def test_a_genuine_event_is_taken(box: HubspotSandbox) -> None:
    """Whatever the case of its headers, with the new secret and the old one."""
    settings: dict[str, Json] = {"webhook_secret": "new-made-up", "webhook_secret_old": "old-made-up"}
    for secret in ("new-made-up", "old-made-up"):
        headers = signed(secret)
        for each in (headers, {name.upper(): value for name, value in headers.items()}):
            assert BODY == source(box, settings).verify(each, BODY).body


def test_the_address_is_taken_letter_by_letter(box: HubspotSandbox) -> None:
    """A slash at its end is part of what is signed."""
    headers = signed(box.client_secret, url=f"{URL}/")
    assert BODY == source(box, {"webhook_url": f"{URL}/"}).verify(headers, BODY).body


def test_an_app_of_oauth_signs_with_its_own_secret(box: HubspotSandbox) -> None:
    """No other key is needed."""
    table = {**box.oauth(), "webhook_url": URL, "token": None, "webhook_secret": None}
    assert BODY == source(box, table).verify(signed(box.client_secret), BODY).body


@pytest.mark.parametrize(("at", "taken"), [(-290, True), (-310, False), (290, True), (310, False)])
def test_an_event_is_taken_for_five_minutes(box: HubspotSandbox, at: float, taken: bool) -> None:  # noqa: FBT001
    """Whoever recorded one cannot send it again later."""
    headers = signed(box.client_secret, at=at)
    if taken:
        source(box).verify(headers, BODY)
    else:
        with pytest.raises(Refused, match="five minutes"):
            source(box).verify(headers, BODY)


@pytest.mark.parametrize("spoil", ["secret", "url", "body", "signature", "timestamp", "none", "odd", "letters"])
def test_what_is_not_genuine_is_refused(box: HubspotSandbox, spoil: str) -> None:
    """Another secret, another address, another body, no or an odd signature, another or no time."""
    url = f"{URL}/" if spoil == "url" else URL
    headers = signed("another" if spoil == "secret" else box.client_secret, url=url)
    if spoil == "signature":
        headers["X-HubSpot-Signature-v3"] = "x"
    elif spoil == "timestamp":
        headers["X-HubSpot-Request-Timestamp"] = str(int(time.time() * 1000) + 1)
    elif spoil == "letters":
        headers["X-HubSpot-Request-Timestamp"] = "\udcff²"
    elif spoil == "odd":
        headers["X-HubSpot-Signature-v3"] = "\udcff²"
    with pytest.raises(Refused):
        source(box).verify({} if spoil == "none" else headers, BODY + b" " if spoil == "body" else BODY)


def test_without_a_secret_nothing_is_taken(box: HubspotSandbox) -> None:
    """Not even what is signed with nothing."""
    made = source(box, {"webhook_secret": None})
    with pytest.raises(Refused, match="webhook_secret"):
        made.verify(signed(""), BODY)


def test_a_delivery_is_known_by_its_body(box: HubspotSandbox) -> None:
    """What is sent again has the same id."""
    made, secret = source(box), box.client_secret
    one, again = (made.verify(signed(secret), BODY) for _ in range(2))
    other = made.verify(signed(secret, body=b"[]"), b"[]")
    assert one.id == again.id != other.id


@pytest.mark.parametrize("what", ["creation", "propertyChange", "restore"])
def test_what_is_pushed_is_what_is_read(box: HubspotSandbox, what: str) -> None:
    """Of each kind, in the old form of events and the new one; the later read changes nothing."""
    keys = {stream: box.make(stream)[0] for stream in ("people", "companies", "deals")}
    names = {"people": ("contact", "0-1"), "companies": ("company", "0-2"), "deals": ("deal", "0-3")}
    old: list[dict[str, Json]] = [
        {"subscriptionType": f"{names[each][0]}.{what}", "objectId": int(key)} for each, key in keys.items()
    ]
    new: list[dict[str, Json]] = [
        {"subscriptionType": f"object.{what}", "objectTypeId": names[each][1], "objectId": int(key)}
        for each, key in keys.items()
    ]
    read = list(source(box).read(list(keys), None))
    whole = {stream: [row for page in read for row in rows(page, stream)] for stream in keys}
    for events in (old, new):
        page = pushed(box, *events)
        assert whole == {stream: rows(page, stream) for stream in keys}


def test_one_object_is_read_once(box: HubspotSandbox) -> None:
    """However many of its properties changed."""
    [key] = box.make("people")
    event: dict[str, Json] = {"subscriptionType": "contact.propertyChange", "objectId": key}
    assert 1 == len(rows(pushed(box, *[event] * 5), "people"))
    assert 1 == sum(each.request.path.endswith("/contacts/batch/read") for each in box.requests)


def test_a_deletion_is_believed_when_the_object_is_gone(box: HubspotSandbox) -> None:
    """Events come in any order: one that was restored since is there."""
    gone, restored = box.make("people", 2)
    box.archive("contacts", gone)
    page = pushed(box, *({"subscriptionType": "contact.deletion", "objectId": key} for key in (gone, restored)))
    assert ([gone], [restored]) == (page.deleted["people"], [each["record_id"] for each in rows(page, "people")])


def test_a_deletion_lands_though_hubspot_is_down(box: HubspotSandbox) -> None:
    """What changed comes with the next read."""
    gone, changed = box.make("companies", 2)
    box.archive("companies", gone)
    box.faults.add(Fault(kind="status", status=400, times=None))
    page = pushed(
        box,
        {"subscriptionType": "company.deletion", "objectId": gone},
        {"subscriptionType": "company.propertyChange", "objectId": changed},
    )
    assert ({"companies": [gone]}, {}) == (page.deleted, page.rows)


@pytest.mark.parametrize("makes_new", [False, True])
def test_a_merge_names_losers_and_winner(box: HubspotSandbox, makes_new: bool) -> None:  # noqa: FBT001 - both ways
    """Whether HubSpot keeps one of both or makes a new contact; the winner is read."""
    box.merge_makes_new = makes_new
    one, two = box.make("people", 2)
    winner = box.merge("contacts", one, two)
    event: dict[str, Json] = {
        "subscriptionType": "contact.merge", "primaryObjectId": int(one), "mergedObjectIds": [int(two)],
        "newObjectId": int(winner) if makes_new else None, "numberOfPropertiesMoved": 3,
    }  # fmt: skip
    page = pushed(box, event)
    losers = {one, two} - {winner}
    assert {(loser, winner) for loser in losers} == set(page.merged)
    assert (losers, [winner]) == (set(page.deleted["people"]), [each["record_id"] for each in rows(page, "people")])


def test_a_merge_of_companies_merges_no_people(box: HubspotSandbox) -> None:
    """The losing company is gone."""
    one, two = box.make("companies", 2)
    box.merge("companies", one, two)
    page = pushed(box, {"subscriptionType": "company.merge", "primaryObjectId": one, "mergedObjectIds": [two]})
    assert ([], [two]) == (list(page.merged), page.deleted["companies"])


def test_a_privacy_deletion_is_an_erasure(box: HubspotSandbox) -> None:
    """It suppresses at once, whether HubSpot answers or not, and says the same however often it comes."""
    box.faults.add(Fault(kind="status", status=400, times=None))
    event: dict[str, Json] = {
        "subscriptionType": "contact.privacyDeletion",
        "objectId": 77,
        "occurredAt": 1772366400000,
    }
    page = pushed(box, event)
    [row] = rows(page, "erasures")
    assert [("hubspot_contact", "77")] == pairs(row)
    assert ("hubspot-77", "2026-03-01 12:00:00") == (row["request_id"], str(row["requested_at"]))
    assert ({"people": ["77"]}, []) == (page.deleted, list(box.requests))
    assert [row] == rows(pushed(box, {**event, "attemptNumber": 3}), "erasures")


@pytest.mark.parametrize("generic", [False, True])
def test_an_association_is_a_change_of_both(box: HubspotSandbox, generic: bool) -> None:  # noqa: FBT001 - both ways
    """A deal that gets a contact, in either form of the event."""
    [person], [deal] = box.make("people"), box.make("deals")
    event: dict[str, Json] = {"subscriptionType": "deal.associationChange", "associationType": "DEAL_TO_CONTACT"}
    if generic:
        event = {"subscriptionType": "object.associationChange", "fromObjectTypeId": "0-3", "toObjectTypeId": "0-1"}
    page = pushed(box, {**event, "fromObjectId": deal, "toObjectId": person})
    assert ([person], [deal]) == (
        [each["record_id"] for each in rows(page, "people")],
        [each["deal_id"] for each in rows(page, "deals")],
    )


def test_other_events_are_passed_over(box: HubspotSandbox) -> None:
    """Tickets, conversations, and what nobody knows yet."""
    kinds = ["ticket.creation", "conversation.newMessage", "contact.somethingNew", "object.creation", "", "x"]
    events: list[dict[str, Json]] = [{"subscriptionType": kind, "objectId": 7, "objectTypeId": "0-5"} for kind in kinds]
    page = pushed(box, *events)
    assert ({}, {}, None) == (page.rows, page.deleted, page.quarantine)


@pytest.mark.parametrize(
    "event",
    [
        {"subscriptionType": "contact.creation"},
        {"subscriptionType": "contact.creation", "objectId": "x"},
        {"subscriptionType": "contact.merge", "primaryObjectId": 7, "mergedObjectIds": 8},
        {"subscriptionType": "contact.privacyDeletion", "objectId": None},
    ],
)
def test_an_event_that_does_not_fit_costs_no_other(box: HubspotSandbox, event: dict[str, Json]) -> None:
    """It is in quarantine; the erasure beside it lands."""
    page = pushed(box, event, {"subscriptionType": "contact.privacyDeletion", "objectId": 77})
    assert page.quarantine is not None
    assert (1, 1) == (len(page.quarantine), len(rows(page, "erasures")))


@pytest.mark.parametrize("body", [b"", b"\xff", b"{}", b"7", b"not json"])
def test_what_is_no_list_of_events_is_bad_data(box: HubspotSandbox, body: bytes) -> None:
    """The hub puts it into quarantine as it came."""
    made = source(box)
    with pytest.raises(BadData):
        made.unpack(made.verify(signed(box.client_secret, body=body), body))


def test_an_event_that_is_no_object_is_quarantined(box: HubspotSandbox) -> None:
    """Its neighbours are read."""
    body = json.dumps([7]).encode()
    made = source(box)
    page = made.unpack(made.verify(signed(box.client_secret, body=body), body))
    assert page.quarantine is not None
