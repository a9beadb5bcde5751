"""Events of the BigQuery export: types, ids, people, and what does not fit."""

import json
from collections.abc import Mapping
from datetime import datetime

import pytest

from hub.sdk.records import Json
from hub.sdk.tables import table_of
from hub_google_analytics.export.events import Misfit, event_id, event_of, values_of

EVENT: Mapping[str, Json] = {
    "event_timestamp": "1772366400000001",
    "event_name": "purchase",
    "event_bundle_sequence_id": "7",
    "user_id": "u1",
    "user_pseudo_id": "1.2",
    "privacy_info": {"analytics_storage": "Yes", "ads_storage": "No"},
    "ecommerce": {"transaction_id": "T-1"},
    "device": {"category": "mobile"},
    "collected_traffic_source": {"manual_source": "news", "manual_medium": "email"},
    "event_params": [
        {"key": "ga_session_id", "value": {"int_value": "99"}},
        {"key": "page_location", "value": {"string_value": "https://shop.example/"}},
        {"key": "value", "value": {"double_value": 12.5}},
    ],
}


def test_an_event_becomes_a_row() -> None:
    """Every column of the stream comes from where the export has it."""
    row = event_of(EVENT, "user_id", "shop")
    assert {
        "name": "purchase", "occurred_at": datetime.fromisoformat("2026-03-01T12:00:00.000001"), "session": "1.2.99",
        "page": "https://shop.example/", "campaign": None, "source": "news", "medium": "email", "device": "mobile",
        "value": 12.5, "order_id": "T-1", "order_connection": "shop",
        "identifiers": {"user_id": "u1", "ga_client": "1.2"},
    } == {name: value for name, value in row.items() if name not in {"event_id", "attributes", "_raw"}}  # fmt: skip
    attributes = json.loads(str(row["attributes"]))
    assert ("Yes", "No") == (attributes["analytics_storage"], attributes["ads_storage"])
    assert table_of("events", [row]).num_rows == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"string_value": "1"}, "1"),
        ({"int_value": "9007199254740993"}, 9007199254740993),
        ({"int_value": 0}, 0),
        ({"double_value": 1.5, "string_value": None}, 1.5),
        ({"float_value": "2.5"}, 2.5),
        ({}, None),
        (None, None),
    ],
)
def test_a_parameter_has_the_type_that_is_set(value: Json, expected: Json) -> None:
    """Whole numbers keep every digit, zero is a value, and nothing is nothing."""
    assert {"k": expected} == values_of({"event_params": [{"key": "k", "value": value}]}, "event_params")


@pytest.mark.parametrize(
    "name", ["event_timestamp", "event_name", "event_bundle_sequence_id", "user_pseudo_id", "batch_page_id",
             "batch_ordering_id", "batch_event_index", "stream_id"],
)  # fmt: skip
def test_what_identifies_an_event_changes_its_id(name: str) -> None:
    """Two events that differ in one of these are two."""
    assert event_id(EVENT) != event_id({**EVENT, name: "8"})


def test_what_does_not_identify_an_event_leaves_its_id() -> None:
    """A restated event keeps its id, whether numbers come as text or as numbers."""
    assert event_id(EVENT) == event_id({**EVENT, "user_id": None, "event_bundle_sequence_id": 7})


def test_events_without_a_client_are_told_apart_by_all_they_hold() -> None:
    """Denied consent leaves no client: what is different is not one event, and keys in another order are the same."""
    denied = {**EVENT, "user_pseudo_id": None}
    assert event_id(denied) != event_id({**denied, "event_params": []})
    assert event_id(denied) == event_id(dict(reversed(denied.items())))


@pytest.mark.parametrize(
    ("column", "value"),
    [("event_timestamp", None), ("event_timestamp", "x"), ("event_timestamp", 10**30), ("event_name", ""),
     ("event_params", {}), ("event_params", [{"key": "k", "value": 1}]), ("device", []), ("user_id", 5),
     ("stream_id", True)],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_named_without_itself(column: str, value: Json) -> None:
    """The column is said, so that the event can go to quarantine."""
    with pytest.raises(Misfit) as caught:
        event_of({**EVENT, column: value}, "user_id", None)
    assert column == caught.value.field
