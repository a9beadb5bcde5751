"""What the walks taught about pages: mistakes of a source that would lose rows in silence are refused."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.sdk.errors import BrokenPlugin
from hub.sdk.records import Page
from hub.sdk.tables import table_of
from tests.support.flow import SmallHub

DAY = (date(2026, 3, 8), date(2026, 3, 8))
EMPTY = table_of("events", [])


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        (Page(window=DAY, window_complete=True), "names no stream"),
        (Page({"events": EMPTY}, window_complete=True), "names no window"),
        (Page({"people": table_of("people", [])}, window=DAY), "has no time"),
    ],
)
def test_a_window_that_cannot_be_applied_is_refused(tmp_path: Path, page: Page, fault: str) -> None:
    """A day whose last page names no stream would stay as it was; people have no day at all."""
    with pytest.raises(BrokenPlugin, match=fault):
        SmallHub(tmp_path).land(page)


def test_a_misspelt_column_is_refused() -> None:
    """A value under a name that the stream lacks would be dropped without a word."""
    with pytest.raises(BrokenPlugin, match="'first_nam'"):
        table_of("people", [{"record_id": "1", "first_nam": "Ann"}])


def test_a_value_of_the_wrong_type_is_not_quoted() -> None:
    """The message names the column and the kinds, never what stood there."""
    with pytest.raises(BrokenPlugin) as caught:
        table_of("orders", [{"order_id": "1", "placed_at": "ann@shop.example"}])
    assert "orders.placed_at: expected timestamp[us], got str." == str(caught.value)


def test_identifiers_are_a_mapping() -> None:
    """Namespaces to values; what the vendor does not tell is left out."""
    links = {"email": "ann@shop.example", "phone": None}
    row = table_of("people", [{"record_id": "1", "identifiers": links, "_known": ["record_id"]}]).to_pylist()[0]
    assert [{"namespace": "email", "value": "ann@shop.example"}] == row["identifiers"]
    assert (["record_id"], None) == (row["_known"], row["first_name"])


def test_times_are_naive_utc() -> None:
    """A time with a zone is turned to UTC."""
    row = table_of("orders", [{"order_id": "1", "placed_at": datetime(2026, 3, 8, tzinfo=UTC)}]).to_pylist()[0]
    assert datetime(2026, 3, 8) == row["placed_at"]  # noqa: DTZ001 - naive UTC, as everywhere in the hub
