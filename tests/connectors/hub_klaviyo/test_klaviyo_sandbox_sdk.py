"""The vendor's own client, klaviyo-api, against the sandbox."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from klaviyo_api import KlaviyoAPI
from openapi_client.exceptions import ForbiddenException, UnauthorizedException

from hub_klaviyo.sandbox import KlaviyoSandbox, said

STAMP = "2026-02-01T09:00:00+00:00"


def sdk(box: KlaviyoSandbox, key: str | None = None) -> KlaviyoAPI:
    """Klaviyo's client, at the sandbox."""
    return KlaviyoAPI(key or box.key, max_delay=1, max_retries=0, test_host=box.url)


def test_profiles_are_listed_page_by_page(box: KlaviyoSandbox) -> None:
    """In the order of their changes, behind the cursor of the link to the next page."""
    keys = [box.profile() for _ in range(7)]
    found, cursor = list[str](), None
    for _ in range(3):
        page = sdk(box).Profiles.get_profiles(page_size=3, sort="updated", page_cursor=cursor)
        found += [each.id for each in page.data]
        cursor = parse_qs(urlsplit(page.links.next or "").query).get("page[cursor]", [None])[0]
    assert (keys, None) == (found, cursor)


def test_subscriptions_come_only_when_asked_for(box: KlaviyoSandbox) -> None:
    """As an additional field."""
    box.profile(subscriptions={"email": {"marketing": said("SUBSCRIBED", STAMP)}})
    [plain] = sdk(box).Profiles.get_profiles().data
    [told] = sdk(box).Profiles.get_profiles(additional_fields_profile=["subscriptions"]).data
    assert plain.attributes.subscriptions is None
    assert "SUBSCRIBED" == told.attributes.subscriptions.email.marketing.consent


def test_what_changed_is_found(box: KlaviyoSandbox) -> None:
    """Only behind an instant: there is no "or equal" for profiles."""
    box.profile()
    moment = box.now()
    box.clock = moment + timedelta(minutes=1)
    key = box.profile()
    api = sdk(box).Profiles
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [key] == [each.id for each in api.get_profiles(filter=f"greater-than(updated,{stamp})").data]


def test_events_and_metrics_are_listed(box: KlaviyoSandbox) -> None:
    """The events of one metric, with their profile."""
    profile = box.profile()
    box.event(box.received, profile)
    key = box.event(box.opened, profile)
    [found] = sdk(box).Events.get_events(filter=f'equals(metric_id,"{box.opened}")', sort="datetime").data
    assert (key, profile) == (found.id, found.relationships.profile.data.id)
    assert ["Received Email", "Opened Email"] == [each.attributes.name for each in sdk(box).Metrics.get_metrics().data]


def test_the_account_is_read(box: KlaviyoSandbox) -> None:
    """With its currency."""
    [account] = sdk(box).Accounts.get_accounts().data
    assert "EUR" == account.attributes.preferred_currency


def test_who_may_not_is_refused(box: KlaviyoSandbox) -> None:
    """With 401 for a wrong key, 403 for a missing scope."""
    with pytest.raises(UnauthorizedException):
        sdk(box, "pk_wrong_key").Profiles.get_profiles()
    box.scopes.discard("profiles:read")
    with pytest.raises(ForbiddenException):
        sdk(box).Profiles.get_profiles()
