"""What is read of a property: orders with their source, sessions of known users; days, quotas and warnings."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.sdk.errors import HubError, RetryLater, StopConnection
from hub.sdk.records import Json
from hub_google_analytics.sandbox import GoogleAnalyticsSandbox
from tests.connectors.hub_google_analytics.reading import events, read, source


def test_an_order_says_where_it_came_from(box: GoogleAnalyticsSandbox) -> None:
    """The event names the order of the connection that has it, and source, medium, campaign and device."""
    box.hit(transactionId="1001", sessionCampaignName="Winter")
    [event] = events(read(box, orders="shop"))
    assert ("order_source", "1001", "shop") == tuple(event[name] for name in ("name", "order_id", "order_connection"))
    assert ("google", "cpc", "Winter", "mobile") == tuple(
        event[name] for name in ("source", "medium", "campaign", "device")
    )
    assert datetime(2026, 2, 3, 12) == event["occurred_at"]  # noqa: DTZ001 - naive UTC, as everywhere in the hub
    assert 19.9 == event["value"]


def test_what_is_not_set_is_not_known(box: GoogleAnalyticsSandbox) -> None:
    """Google's word for nothing never becomes a campaign, and an order without an id is none."""
    box.hit(sessionCampaignName="(not set)")
    box.hit(transactionId="(not set)")
    [event] = events(read(box))
    assert event["campaign"] is None


def test_sessions_of_known_users_are_theirs(box: GoogleAnalyticsSandbox) -> None:
    """A registered custom dimension identifies them, in the namespace that its setting names."""
    told: dict[str, Any] = {"customUser:crm_id": "C7"}
    box.hit("session_start", **told)
    [event] = events(read(box, user_id="customUser:crm_id", user_namespace="customer@shop"))
    assert "session_started" == event["name"]
    assert [{"namespace": "customer@shop", "value": "C7"}] == event["identifiers"]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati", "UTC"])
def test_days_of_any_time_zone_lose_and_double_nothing(box: GoogleAnalyticsSandbox, zone: str) -> None:
    """Every order lands once, in the day in UTC on which it was placed, whatever the property's days are."""
    box.zone = zone
    times = [datetime(2026, 2, 1, tzinfo=UTC) + timedelta(minutes=37 * number) for number in range(90)]
    for time in times:
        box.hit(at=time)
    found = events(read(box))
    assert [time.replace(tzinfo=None) for time in times] == sorted(event["occurred_at"] for event in found)


@pytest.mark.parametrize("turn", [datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)])
def test_days_on_which_the_clock_is_turned_lose_nothing(box: GoogleAnalyticsSandbox, turn: datetime) -> None:
    """The property's clock leaves out an hour, or has one twice: no order is lost."""
    box.clock = turn + timedelta(days=2)
    for number in range(96):
        box.hit(at=turn + timedelta(minutes=30 * number))
    fold = read(box, table={"start": f"{turn - timedelta(days=1):%Y-%m-%d}"})
    assert 96 == len(events(fold))
    assert [] == fold.quarantined


def test_a_later_start_takes_nothing_away(box: GoogleAnalyticsSandbox) -> None:
    """A full read from another day on has not seen what was before, and says nothing of it."""
    box.hit(at=datetime(2026, 2, 1, 12, tzinfo=UTC))
    fold = read(box)
    fold.cursor = None
    read(box, fold, {"start": "2026-02-03"})
    assert 1 == len(events(fold))


def test_restated_days_are_replaced(box: GoogleAnalyticsSandbox) -> None:
    """What Google changes within the look-back is changed here, and what it takes back goes."""
    table = {"lookback": "3 days"}
    gone, stays = box.hit(transactionId="1"), box.hit(transactionId="2")
    fold = read(box, table=table)
    box.remove("events", gone)
    box.touch("events", stays, "Autumn")
    read(box, fold, table)
    assert [("2", "Autumn")] == [(event["order_id"], event["campaign"]) for event in events(fold)]


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"samplingMetadatas": [{"samplesReadCount": "1", "samplingSpaceSize": "9"}]}, "sampled"),
        ({"subjectToThresholding": True}, "thresholded"),
        ({"dataLossFromOtherRow": True}, "other_row"),
        ({"dataTruncationReasons": ["REASON"]}, "truncated"),
    ],
)
def test_what_makes_a_report_inexact_is_told(box: GoogleAnalyticsSandbox, metadata: dict[str, Json], said: str) -> None:
    """The run becomes amber, and the events carry it."""
    box.hit()
    box.metadata = metadata
    fold = read(box)
    assert any(f"order_source: {said}: " in warning for warning in fold.warnings)
    assert f'"quality": ["{said}"]' in events(fold)[0]["attributes"]


def test_the_row_of_all_others_is_no_order(box: GoogleAnalyticsSandbox) -> None:
    """A row that stands for many is kept aside, and told."""
    box.hit(transactionId="(other)")
    fold = read(box)
    assert [] == events(fold)
    assert 1 == len(fold.quarantined)


@pytest.mark.parametrize(
    ("quota", "least", "most"), [("tokensPerHour", 0, 1), ("tokensPerProjectPerHour", 0, 1), ("tokensPerDay", 1, 24)]
)
def test_a_spent_quota_waits_for_the_hour_or_the_day(
    box: GoogleAnalyticsSandbox, quota: str, least: int, most: int
) -> None:
    """The hour's is there again in an hour; the day's at midnight in California, which is 20 hours from noon in UTC."""
    box.quota[quota] = 1
    with pytest.raises(RetryLater) as caught:
        read(box)
    assert caught.value.after is not None
    assert timedelta(hours=least) < caught.value.after <= timedelta(hours=most)


def test_a_429_of_the_day_waits_for_midnight(box: GoogleAnalyticsSandbox) -> None:
    """Also where Google says so with the status alone, and the request before did not."""
    box.quota["tokensPerDay"] = 0
    with pytest.raises(RetryLater) as caught:
        read(box)
    assert timedelta(hours=20) == caught.value.after


def test_what_google_refuses_says_what_to_do(box: GoogleAnalyticsSandbox) -> None:
    """A property that the account may not see, and a dimension that is not registered."""
    with pytest.raises(StopConnection) as caught:
        read(box, user_id="customUser:unknown")
    assert "user_id" in str(caught.value.hint)
    box.granted = False
    with pytest.raises(StopConnection) as caught:
        read(box)
    assert "Viewer" in str(caught.value.hint)


def test_check_says_what_was_found(box: GoogleAnalyticsSandbox) -> None:
    """The property's name, its days, yesterday's rows; and that nobody is found without `orders`."""
    box.hit(at=datetime(2026, 2, 2, 12, tzinfo=UTC))
    told = [fact.text for fact in source(box).check()]
    assert ["property Sandbox shop", "its days are those of America/New_York"] == told[:2]
    assert any("`orders`" in text for text in told)
    assert "order_source: 1 rows yesterday" == told[-1]
    assert not any(fact.level == "warning" for fact in source(box, orders="shop").check())


def test_members_of_an_audience_are_a_snapshot(box: GoogleAnalyticsSandbox) -> None:
    """The first read orders it, a later one takes it; who has left is gone; devices and users identify."""
    box.audiences["55"] = [("100.1", "C7"), ("100.2", "(not set)"), ("(not set)", "C9"), ("(not set)", "(not set)")]
    entry: dict[str, Any] = {"audiences": {"in_sale": "55"}, "user_namespace": "customer@shop"}
    with pytest.raises(RetryLater, match="prepares"):
        read(box, **entry)
    fold = read(box, **entry)
    ids = [{pair["namespace"]: pair["value"] for pair in event["identifiers"]} for event in events(fold)]
    assert [{"ga_client": "100.1", "customer@shop": "C7"}, {"ga_client": "100.2"}, {"customer@shop": "C9"}] == ids
    assert {"in_sale"} == {event["name"] for event in events(fold)}
    assert {'{"ads_personalization": true}'} == {event["attributes"] for event in events(fold)}
    assert 1 == len(fold.quarantined)
    assert 1 == len(box.exports)
    box.audiences["55"] = box.audiences["55"][:1]
    box.clock = box.now() + timedelta(days=1)
    with pytest.raises(RetryLater, match="prepares"):
        read(box, fold, **entry)
    assert 1 == len(events(read(box, fold, **entry)))


def test_an_export_that_fails_or_waits_is_told(box: GoogleAnalyticsSandbox) -> None:
    """While Google works on it nothing more is ordered; one that failed is not ordered again at once."""
    box.audiences["55"] = [("100.1", "C7")]
    box.export_state = "CREATING"
    for _ in range(3):
        with pytest.raises(RetryLater):
            read(box, audiences={"in_sale": "55"})
    assert 1 == len(box.exports)
    for export in box.exports.values():
        export["state"] = "FAILED"
    with pytest.raises(StopConnection, match="could not export"):
        read(box, audiences={"in_sale": "55"})
    with pytest.raises(StopConnection) as caught:
        read(box, audiences={"in_sale": "66"})
    assert "Audiences" in str(caught.value.hint)


def test_a_key_that_is_none_names_nothing_of_it() -> None:
    """Neither the private key nor the account's address is in the error."""
    with GoogleAnalyticsSandbox() as box, pytest.raises(ValueError, match="private_key") as caught:
        source(box, {"key": '{"client_email": "a@b.example", "private_key": "-----BEGIN secret"}'})
    assert "secret" not in str(caught.value)
    assert "a@b.example" not in str(caught.value)


def test_a_key_that_google_does_not_know_is_told(box: GoogleAnalyticsSandbox) -> None:
    """By OAuth's code, without the account's address."""
    with pytest.raises(HubError, match="invalid_grant"):
        read(box, table={"key": box.service_key("other")})
