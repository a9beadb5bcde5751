"""Who we are to HubSpot, how fast it lets us, and what `hub check` says."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from hub.sdk.errors import RetryLater, StopConnection
from hub.sdk.records import Json
from hub.sdk.sandbox import Fault
from hub_hubspot import client as client_module
from hub_hubspot.client import Client
from hub_hubspot.sandbox import HubspotSandbox
from hub_hubspot.settings import HubspotSettings, HubspotSourceSettings
from tests.connectors.hub_hubspot.reading import STREAMS, read, source

SCOPES = (
    "crm.objects.contacts.read, crm.objects.companies.read, crm.objects.deals.read, "
    "communication_preferences.statuses.batch.read"
)
OAUTH: dict[str, Json] = {"token": None, "webhook_url": None, "webhook_secret": None}


def facts(box: HubspotSandbox, table: dict[str, Json] | None = None, **entry: object) -> list[tuple[str, str]]:
    """Level and text of what check says."""
    return [(each.level, each.text) for each in source(box, table, **entry).check()]


def test_an_app_of_oauth_renews_its_token(box: HubspotSandbox) -> None:
    """In the middle of a read that began with one that HubSpot then refuses; nothing is missing."""
    box.make("people", 250)
    reading = source(box, {**OAUTH, **box.oauth()}).read(["people"], None)
    found = [next(reading)]
    box.expire()
    found += reading
    assert (250, 2) == (sum(len(page.rows["people"]) for page in found if page.rows), box.grants)


def test_a_token_is_replaced_before_it_expires(box: HubspotSandbox) -> None:
    """By what HubSpot says of its life; a refusal is not waited for."""
    box.make("people", 250)
    box.lifetime = 0
    list(source(box, {**OAUTH, **box.oauth()}).read(["people"], None))
    assert {200} == {each.status for each in box.requests}


def test_a_token_lives_as_long_as_hubspot_says(box: HubspotSandbox) -> None:
    """Where it says so."""
    settings = HubspotSettings.model_validate({**box.connection(), **OAUTH, **box.oauth()})
    grant = Client(settings, "crm").grant
    assert grant is not None
    assert timedelta(minutes=30) == grant.mint().lifetime
    box.lifetime = 0
    assert grant.mint().lifetime is None


def test_a_token_is_asked_for_again(box: HubspotSandbox) -> None:
    """A refresh token stays as it is, so that no harm is done where an answer was lost."""
    box.faults.add(Fault(kind="status", path="/oauth/*", status=503, retry_after="0.01"))
    list(source(box, {**OAUTH, **box.oauth()}).read(["people"], None))
    assert [503, 200] == [each.status for each in box.requests if each.request.path.startswith("/oauth/")]


def test_one_token_is_enough_for_a_read(box: HubspotSandbox) -> None:
    """Lists and searches share it."""
    box.make("people", 250)
    made = source(box, {**OAUTH, **box.oauth()})
    list(made.read(STREAMS, None))
    list(made.read(STREAMS, {"contacts": {"until": "2026-02-01T00:00:00"}}))
    assert 1 == box.grants


def test_a_refresh_token_that_is_refused_stops_the_connection(box: HubspotSandbox) -> None:
    """A person has to install the app anew; neither secret is told."""
    table = {**OAUTH, **box.oauth(), "refresh_token": "made-up-and-wrong"}
    with pytest.raises(StopConnection, match="BAD_REFRESH_TOKEN") as caught:
        list(source(box, table).read(STREAMS, None))
    assert not any(secret in str(caught.value) for secret in ("made-up-and-wrong", box.client_secret))


@pytest.mark.parametrize("body", ["{}", "[]", '{"access_token": 7}', '{"access_token": ""}'])
def test_an_answer_without_a_token_is_none(box: HubspotSandbox, body: str) -> None:
    """It is said so."""
    box.faults.add(Fault(kind="status", path="/oauth/*", status=200, body=body, times=None))
    assert "error" == facts(box, {**OAUTH, **box.oauth()})[0][0]


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"client_id": "a", "client_secret": "b"},
        {"token": "a", "refresh_token": "b"},
        {"token": "a", "webhook_secret": "b"},
        {"token": "a", "base_url": "http://api.example.com"},
        {"token": "a", "api": "v1"},
        {"token": "a", "calls_per_10_seconds": 0},
    ],
)
def test_a_table_that_cannot_work_is_refused(table: dict[str, Json]) -> None:
    """By its own check, before any request; no secret is told."""
    with pytest.raises(ValidationError) as caught:
        HubspotSettings.model_validate(table)
    assert "input_value" not in str(caught.value)


@pytest.mark.parametrize("name", ["Card Number", "card-number", ""])
def test_a_property_has_an_internal_name(name: str) -> None:
    """Not its label."""
    with pytest.raises(ValidationError):
        HubspotSourceSettings.model_validate({"contact_properties": [name]})


def test_limits_of_seconds_are_waited_for(box: HubspotSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read goes on after them, and brings all."""
    monkeypatch.setattr(client_module, "_PAUSES", dict.fromkeys(client_module._PAUSES, timedelta(milliseconds=20)))
    box.make("people", 250)
    policies = ["SECONDLY", "TEN_SECONDLY_ROLLING"]
    for policy in policies:
        body = f'{{"status": "error", "category": "RATE_LIMITS", "policyName": "{policy}"}}'
        box.faults.add(Fault(kind="status", status=429, body=body))
    assert set(box.keys("people")) == read(box).keys("people")
    assert [429, 429] == [each.status for each in box.requests][:2]


def test_a_day_that_is_used_up_ends_the_read(box: HubspotSandbox) -> None:
    """After one request, which says when to come again; what was read stays, and the next read goes on there."""
    box.make("people", 250)
    made = source(box)
    reading = made.read(["people"], None)
    cursor = next(reading).cursor
    box.left = 0
    before = len(box.requests)
    with pytest.raises(RetryLater, match="DAILY") as caught:
        next(reading)
    assert (1, timedelta(hours=1)) == (len(box.requests) - before, caught.value.after)
    box.left = 1_000
    before = len(box.requests)
    list(source(box).read(["people"], cursor))
    assert ["200"] == box.requests[before].request.query["after"]


def test_a_pause_that_hubspot_names_is_kept(box: HubspotSandbox) -> None:
    """Rather than our own for its policy: a day that ends in a moment does not end the read."""
    box.make("people")
    body = '{"status": "error", "category": "RATE_LIMITS", "policyName": "DAILY"}'
    box.faults.add(Fault(kind="status", status=429, body=body, retry_after="0.02"))
    assert set(box.keys("people")) == read(box).keys("people")


@pytest.mark.parametrize("status", [423, 477])
def test_an_account_that_is_busy_is_waited_for(box: HubspotSandbox, status: int) -> None:
    """Locked, or on the move to another data centre."""
    box.make("people")
    box.faults.add(Fault(kind="status", status=status, retry_after="0.02"))
    assert set(box.keys("people")) == read(box).keys("people")


def test_limits_are_kept_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """At HubSpot itself: what the plan allows, and four searches a second, evenly; a server here is not counted."""
    rates: list[Any] = []
    monkeypatch.setattr("hub_hubspot.client.Http", lambda *_, rate, **__: rates.append(rate))
    Client(HubspotSettings.model_validate({"token": "a-token", "calls_per_10_seconds": 190}), "crm")
    Client(HubspotSettings.model_validate({"token": "a-token", "base_url": "http://127.0.0.1:1"}), "crm")
    assert [(19, timedelta(seconds=1)), (1, timedelta(milliseconds=250))] == [(r.requests, r.per) for r in rates[:2]]
    assert ["hubspot/crm", "hubspot/crm/search"] == [rate.account for rate in rates[:2]]
    assert [None, None] == rates[2:]


def test_check_fits_on_a_screen(box: HubspotSandbox) -> None:
    """Account, version, scopes, newest changes, budget, where events are taken."""
    box.make("people")
    assert [
        ("ok", "authenticated as account 62515 (STANDARD, EUR, Europe/Berlin)"),
        ("ok", "API 2026-03, at most 100 calls in ten seconds"),
        ("ok", f"scopes present: {SCOPES}"),
        ("ok", "contacts can be read; the newest change is of 2026-03-01 12:00 UTC"),
        ("ok", "companies can be read; there are none yet"),
        ("ok", "deals can be read; there are none yet"),
        ("ok", "249,995 of 250,000 calls are left today"),
        ("ok", "takes events at /hooks/crm while hub serve runs"),
    ] == facts(box)  # fmt: skip


def test_check_says_what_a_missing_scope_costs(box: HubspotSandbox) -> None:
    """From the list of scopes, and from what cannot be read."""
    box.scopes = {"crm.objects.contacts.read", "oauth"}
    found = facts(box)
    assert ("warning", "scope missing: crm.objects.deals.read; no deals are read") in found
    assert ("warning", "deals cannot be read. Give the app the scope crm.objects.deals.read.") in found
    assert any("proves no consent" in text for _, text in found)
    assert not [text for level, text in found if level == "error"]


def test_check_of_a_token_that_tells_no_scopes(box: HubspotSandbox) -> None:
    """A service key: what can be read shows all the same."""
    box.tells_scopes = False
    assert ("warning", "HubSpot does not tell the scopes of this token; what cannot be read shows below") in facts(box)


def test_check_of_an_app_of_oauth(box: HubspotSandbox) -> None:
    """Its scopes come with its token; it is not told the day's budget."""
    found = facts(box, {**OAUTH, **box.oauth()})
    assert "scopes present: crm.objects.contacts.read" in found[2][1]
    assert ("ok", "HubSpot does not tell this kind of app how many calls are left today") in found


def test_check_finds_properties_that_do_not_exist(box: HubspotSandbox) -> None:
    """Of each kind; those that exist are not told."""
    found = facts(box, contact_properties=["card_number", "nonsense"], deal_properties=["nothing"])
    assert [
        ("warning", "contacts have no property nonsense: check its internal name"),
        ("warning", "deals have no property nothing: check its internal name"),
    ] == [fact for fact in found if "no property" in fact[1]]


def test_check_warns_of_a_day_that_is_nearly_used_up(box: HubspotSandbox) -> None:
    """Below a tenth."""
    box.left = 20_005
    assert ("warning", "20,000 of 250,000 calls are left today") in facts(box)
    box.left = 30_005
    assert ("ok", "30,000 of 250,000 calls are left today") in facts(box)


@pytest.mark.parametrize("body", ["[]", '{"results": [7]}', '{"results": [{"id": "1", "properties": {}}]}'])
def test_check_survives_a_newest_object_that_does_not_fit(box: HubspotSandbox, body: str) -> None:
    """It says an error, or that the time is not known."""
    box.faults.add(Fault(kind="status", path="*/search", status=200, body=body))
    assert facts(box)
