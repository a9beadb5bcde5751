"""A no wherever HubSpot has one, a yes only where it is proven."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from hub.sdk.sandbox import Fault
from hub_hubspot.sandbox import HubspotSandbox
from tests.connectors.hub_hubspot.reading import STREAMS, read, said, source

ANN = "ann@shop.example"
NOON = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - naive UTC, as everywhere in the hub
MAPPED = {"Newsletter": "marketing"}


def refused(box: HubspotSandbox) -> list[str]:
    """The columns of what went to quarantine of consents."""
    found = [page.quarantine.to_pylist() for page in source(box).read(STREAMS, None) if page.quarantine]
    return [each["field"] for page in found for each in page if each["stream"] == "consents"]


def test_a_subscription_with_its_basis_is_a_consent(box: HubspotSandbox) -> None:
    """With its time and where it is from; for the purpose that the config gives it, else its own name."""
    box.contact(email=ANN)
    box.subscribe(ANN)
    [word] = read(box, purposes=MAPPED).rows["consents"].values()
    assert {
        "channel": "email", "purpose": "marketing", "state": "granted", "occurred_at": NOON, "source": "hubspot",
        "evidence": "Newsletter, PUBLIC_STATUS_API, CONSENT_WITH_NOTICE",
    }.items() <= word.items()  # fmt: skip
    assert [{"namespace": "email", "value": ANN}] == word["identifiers"]
    assert {(ANN, "newsletter"): "granted"} == said(read(box))
    assert {(ANN, "post"): "granted"} == said(read(box, purposes={"1": "post"}))


@pytest.mark.parametrize("basis", [None, "LEGITIMATE_INTEREST_CLIENT", "NON_GDPR"])
def test_a_subscription_without_proof_is_no_consent(box: HubspotSandbox, basis: str | None) -> None:
    """Unless the config says that this basis proves one."""
    box.contact(email=ANN)
    box.subscribe(ANN, basis=basis)
    assert {} == said(read(box))
    if basis:
        assert {(ANN, "newsletter"): "granted"} == said(read(box, consent_bases=[basis]))


@pytest.mark.parametrize("status", ["UNSUBSCRIBED", "NOT_SUBSCRIBED"])
def test_who_unsubscribed_denies(box: HubspotSandbox, status: str) -> None:
    """Whatever the legal basis says."""
    box.contact(email=ANN)
    box.subscribe(ANN, status=status)
    assert {(ANN, "newsletter"): "denied"} == said(read(box))


def test_nothing_said_is_nothing(box: HubspotSandbox) -> None:
    """Neither a yes nor a no: other tools may know better."""
    box.contact(email=ANN, hs_email_optout="false")
    assert ({}, []) == (said(read(box)), refused(box))


def test_who_opted_out_of_all_denies_all(box: HubspotSandbox) -> None:
    """Every purpose that is known, by every address, though a subscription says yes."""
    box.contact(email=ANN, hs_additional_emails="a@shop.example", hs_email_optout="true")
    box.subscribe(ANN)
    found = said(read(box, purposes={"One to One": "sales"}))
    assert {"denied"} == set(found.values())
    assert {(who, what) for who in (ANN, "a@shop.example") for what in ("marketing", "sales", "newsletter")} == set(
        found
    )


def test_an_opt_out_is_as_of_the_last_change(box: HubspotSandbox) -> None:
    """So that a consent that is proven later counts."""
    box.contact(email=ANN, hs_email_optout="true")
    words = read(box).rows["consents"].values()
    assert {(NOON, "hs_email_optout")} == {(word["occurred_at"], word["evidence"]) for word in words}


def test_of_two_consents_for_one_purpose_the_later_counts(box: HubspotSandbox) -> None:
    """Whichever HubSpot names first."""
    for address, first, second in [("a@x.example", 1, 2), ("b@x.example", 2, 1)]:
        box.contact(email=address)
        box.clock = NOON.replace(tzinfo=UTC)
        box.subscribe(address, first)
        box.clock += timedelta(hours=1)
        box.subscribe(address, second)
        box.subscriptions[address] = dict(sorted(box.subscriptions[address].items()))
    words = read(box, purposes={"Newsletter": "marketing", "One to One": "marketing"}).rows["consents"].values()
    assert [NOON + timedelta(hours=1)] * 2 == [word["occurred_at"] for word in words]


def test_of_two_subscriptions_for_one_purpose_the_no_counts(box: HubspotSandbox) -> None:
    """Whichever came later."""
    for address, first, second in [("a@x.example", 1, 2), ("b@x.example", 2, 1)]:
        box.contact(email=address)
        box.subscribe(address, first, "UNSUBSCRIBED")
        assert box.clock
        box.clock += timedelta(hours=1)
        box.subscribe(address, second)
    found = said(read(box, purposes={"Newsletter": "marketing", "One to One": "marketing"}))
    assert {("a@x.example", "marketing"): "denied", ("b@x.example", "marketing"): "denied"} == found


def test_additional_addresses_are_asked_for_too(box: HubspotSandbox) -> None:
    """They are addresses of the same person, with subscriptions of their own."""
    box.contact(email="Main@shop.example", hs_additional_emails="Second@shop.example")
    box.subscribe("second@shop.example")
    assert {("second@shop.example", "newsletter"): "granted"} == said(read(box))


def test_a_change_of_mind_lands(box: HubspotSandbox) -> None:
    """From yes to no and back, each with its time."""
    box.contact(email=ANN)
    fold = None
    for status, state in [("SUBSCRIBED", "granted"), ("UNSUBSCRIBED", "denied"), ("SUBSCRIBED", "granted")]:
        assert box.clock
        box.clock += timedelta(hours=1)
        box.subscribe(ANN, status=status)
        fold = read(box, fold)
        assert {(ANN, "newsletter"): state} == said(fold)


def test_without_the_scope_opt_outs_still_land(box: HubspotSandbox) -> None:
    """And nobody has consented; the run is amber."""
    box.scopes -= {"communication_preferences.statuses.batch.read"}
    box.contact(email=ANN, hs_email_optout="true")
    box.contact(email="b@shop.example")
    box.subscribe("b@shop.example")
    box.make("people", 150)
    fold = read(box)
    assert ({(ANN, "marketing"): "denied"}, False, 1) == (said(fold), fold.completed, len(fold.warnings))


def test_addresses_that_hubspot_does_not_tell_of_are_told(box: HubspotSandbox) -> None:
    """The run is amber and not complete, and no address is in the warning."""
    box.contact(email=ANN)
    box.untold = {ANN}
    fold = read(box)
    assert (["HubSpot did not tell what some addresses are subscribed to."], False) == (fold.warnings, fold.completed)


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [
        ("status", "MAYBE", "state"),
        ("status", None, "state"),
        ("timestamp", None, "occurred_at"),
        ("timestamp", "then", "occurred_at"),
        ("subscriptionId", "x", "purpose"),
        ("legalBasis", 7, "evidence"),
    ],
)
def test_a_status_that_does_not_fit_is_quarantined(box: HubspotSandbox, field: str, value: object, column: str) -> None:
    """Rather than taken for a consent; the person lands."""
    key = box.contact(email=ANN)
    box.subscribe(ANN)
    place = f"results.0.statuses.0.{field}"
    box.faults.add(Fault(kind="other_type", path="*/statuses/*", field=place, body=json.dumps(value), times=None))
    assert [column] == refused(box)
    assert ({}, {key}) == (said(read(box)), read(box).keys("people"))


@pytest.mark.parametrize("body", ["7", '{"statuses": 7}', '{"statuses": [7]}'])
def test_an_answer_that_is_no_status_is_quarantined(box: HubspotSandbox, body: str) -> None:
    """It is not taken for silence."""
    box.contact(email=ANN)
    box.faults.add(Fault(kind="other_type", path="*/statuses/*", field="results.0", body=body))
    assert ["state"] == refused(box)


def test_an_opt_out_that_does_not_fit_is_quarantined(box: HubspotSandbox) -> None:
    """Neither yes nor no."""
    box.contact(email=ANN, hs_email_optout="maybe")
    assert ["state"] == refused(box)


def test_many_addresses_are_asked_for_in_batches(box: HubspotSandbox) -> None:
    """At most a hundred in a request, each once."""
    for number in range(60):
        box.contact(email=f"{number}@shop.example", hs_additional_emails=f"{number}@x.example;{number}@shop.example")
    read(box)
    asked = [each.request.json() for each in box.requests if "/statuses/" in each.request.path]
    sizes = [len(each["inputs"]) for each in asked]  # type: ignore[call-overload,index,arg-type]
    assert [100, 20] == sizes
