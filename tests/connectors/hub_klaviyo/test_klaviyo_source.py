"""What Klaviyo's objects become, and what is asked for."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from hub.sdk.errors import BadData
from hub.sdk.http import Http
from hub.sdk.records import Json
from hub_klaviyo.client import Forbidden
from hub_klaviyo.sandbox import KlaviyoSandbox, said
from tests.connectors.hub_klaviyo.reading import pairs, read, row, source, words

NOON = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - as it lands: naive UTC
STAMP = "2026-02-01T09:00:00+00:00"


def test_what_a_profile_is(box: KlaviyoSandbox) -> None:
    """Names, place, language, identifiers, and the properties that the config chooses."""
    own: Json = {"Card number": 4711, "Shoe size": "43", "secret": "x"}
    key = box.profile(
        email="ann@shop.example", phone_number="+12025550100", external_id="A7", first_name="Ann", title="Baker",
        organization="Bakers", locale="de-AT", properties=own,
        location={"address1": "1 High Street", "city": "Graz", "region": "ST", "zip": "8010", "country": "at"},
    )  # fmt: skip
    found = row(read(box, properties=["Shoe size"], identifiers={"loyalty_card": "Card number"}), "people", key)
    columns = ("first_name", "job_title", "street", "city", "region", "postcode", "country", "language", "updated_at")
    assert ("Ann", "Baker", "1 High Street", "Graz", "ST", "8010", "AT", "de", NOON) == tuple(
        found[name] for name in columns
    )
    assert {
        "klaviyo_profile": key, "email": "ann@shop.example", "phone": "+12025550100", "external_id": "A7",
        "loyalty_card": "4711",
    } == pairs(found)  # fmt: skip
    assert {"organization": "Bakers", "country": "at", "Shoe size": "43"} == json.loads(found["attributes"])


def test_a_time_before_the_year_1_costs_its_record_alone(box: KlaviyoSandbox) -> None:
    """In UTC there is no such time; it cannot land."""
    box.profile(created="0001-01-01T00:00:00+05:00")
    key = box.profile()
    fold = read(box)
    assert ([(key,)], ["created_at"]) == ([*fold.rows["people"]], [each["field"] for each in fold.quarantined])


def test_a_country_that_is_no_code_stays_an_attribute(box: KlaviyoSandbox) -> None:
    """Klaviyo takes any text."""
    key = box.profile(location={"country": "United States"})
    found = row(read(box), "people", key)
    assert (None, "United States") == (found["country"], json.loads(found["attributes"])["country"])


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (said("SUBSCRIBED", STAMP), [("granted", 9, "FORM, shop.example")]),
        (said("UNSUBSCRIBED", STAMP), [("denied", 9, "FORM, shop.example")]),
        (said("NEVER_SUBSCRIBED"), []),
        (None, []),
        (
            said("SUBSCRIBED", STAMP, {"reason": "SPAM_COMPLAINT", "timestamp": "2026-02-02T10:00:00+00:00"}),
            [("denied", 10, "suppressed: SPAM_COMPLAINT")],
        ),
        (said("SUBSCRIBED"), []),
    ],
)
def test_what_a_subscription_says(box: KlaviyoSandbox, told: Json, expected: list[tuple[str, int, str]]) -> None:
    """A suppression outweighs; a subscription without a time proves nothing; silence is neither yes nor no."""
    box.profile(email="ann@shop.example", subscriptions={"email": {"marketing": told}})
    found = words(read(box))
    assert expected == [(each["state"], each["occurred_at"].hour, each["evidence"]) for each in found]
    assert all(
        ("email", "marketing", "klaviyo") == (each["channel"], each["purpose"], each["source"]) for each in found
    )


def test_a_subscription_by_text_message_is_of_the_number(box: KlaviyoSandbox) -> None:
    """And of nothing where there is no number; the purpose is the config's."""
    told = {"sms": {"marketing": said("SUBSCRIBED", STAMP)}}
    box.profile(phone_number="+12025550100", email=None, subscriptions=told)
    box.profile(phone_number=None, subscriptions=told)
    [found] = words(read(box, purpose="news"))
    assert ("sms", "news", "+12025550100") == (found["channel"], found["purpose"], pairs(found)["phone"])


def test_what_a_message_is(box: KlaviyoSandbox) -> None:
    """Each of Klaviyo's metrics of messages, and those that the config names; other metrics are not asked for."""
    profile, push = box.profile(), box.metric("Opened Push")
    box.event(box.metric("Placed Order", "Shopify"), profile)
    opened = box.event(
        box.opened, profile, properties={"Campaign Name": "Spring", "$message": "M7", "Subject": "Hello"}
    )
    pushed = box.event(push, profile)
    fold = read(box, metrics={"Opened Push": "push opened"})
    found = row(fold, "messages", opened)
    assert ("email", "opened", "Spring", NOON) == tuple(
        found[name] for name in ("channel", "kind", "campaign", "occurred_at")
    )
    assert ({"klaviyo_profile": profile}, {"message": "M7", "subject": "Hello"}) == (
        pairs(found),
        json.loads(found["attributes"]),
    )
    assert ("push", "opened") == (row(fold, "messages", pushed)["channel"], row(fold, "messages", pushed)["kind"])
    assert 2 == len(fold.rows["messages"])


def test_what_a_campaign_is(box: KlaviyoSandbox) -> None:
    """Campaigns of all channels, with the time at which they were sent."""
    keys = {channel: box.campaign(f"By {channel}", channel) for channel in ("email", "sms", "mobile_push")}
    fold = read(box)
    assert {"email": "email", "sms": "sms", "mobile_push": "push"} == {
        channel: row(fold, "campaigns", key)["channel"] for channel, key in keys.items()
    }
    found = row(fold, "campaigns", keys["sms"])
    assert ("By sms", NOON) == (found["name"], found["started_at"])


def test_an_event_of_the_future_hides_nothing(box: KlaviyoSandbox) -> None:
    """A shop may send events with any time; the place of a list never runs ahead of now."""
    profile = box.profile()
    box.event(box.opened, profile, at=box.now() + timedelta(days=365))
    fold = read(box)
    box.clock = box.now() + timedelta(days=1)
    late = box.event(box.opened, profile)
    assert (late,) in read(box, fold).rows["messages"]


def test_each_list_has_a_place_of_its_own(box: KlaviyoSandbox) -> None:
    """A metric that is new to the account is read from its beginning."""
    profile = box.profile()
    fold = read(box)
    old = box.event(box.metric("Clicked Email"), profile, at=datetime(2025, 1, 1, tzinfo=UTC))
    assert (old,) in read(box, fold).rows["messages"]


def test_a_missing_scope_costs_its_stream_alone(box: KlaviyoSandbox) -> None:
    """The run is amber, and nothing is taken for deleted; without profiles nothing is read at all."""
    box.profile()
    box.scopes -= {"events:read", "campaigns:read"}
    *_, last = source(box).read(("people", "messages", "campaigns"), None)
    assert ([False, 2]) == [last.complete, len(last.warnings)]
    assert "events:read" in last.warnings[0]
    box.scopes.discard("profiles:read")
    with pytest.raises(Forbidden, match="403 permission_denied"):
        list(source(box).read(("people", "messages"), None))


def test_the_check_names_what_a_missing_scope_costs(box: KlaviyoSandbox) -> None:
    """And what is there: account, revision, newest profile, metrics."""
    box.profile()
    box.scopes -= {"campaigns:read", "accounts:read"}
    told = [(fact.level, fact.text) for fact in source(box).check()]
    assert [
        ("warning", "scope missing: accounts:read; the account cannot be named"),
        ("ok", "API revision 2026-07-15"),
        ("ok", "profiles can be read; the newest is of 2026-03-01 12:00 UTC"),
        ("ok", "events can be read; there are none yet"),
        ("warning", "scope missing: campaigns:read; no campaigns are read"),
        ("ok", "metrics of messages that the account has: Received Email, Opened Email"),
    ] == told


def test_too_many_requests_are_waited_for(box: KlaviyoSandbox) -> None:
    """A 429 is no end."""
    for _ in range(250):
        box.profile()
    box.per_second = 2
    assert 250 == len(read(box).rows["people"])


def test_a_metric_of_klaviyo_comes_before_one_of_that_name(box: KlaviyoSandbox) -> None:
    """Another integration may have a metric of the same name."""
    other = box.metric("Clicked Email", "Other")
    own = box.metric("Clicked Email")
    assert own != other
    assert own == source(box)._client.metrics()["Clicked Email"]


def test_an_address_with_strange_characters_is_not_followed(box: KlaviyoSandbox) -> None:
    """It is the vendor's mistake, told as such."""
    with pytest.raises(BadData, match="holds characters that no address has"):
        Http(box.url).get("\0")
