"""What becomes of an event's JSON."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.sdk.connector import Context
from hub.sdk.errors import BadData
from hub.sdk.records import Delivery, Page
from hub_webhook.settings import WebhookSettings, WebhookSourceSettings
from hub_webhook.source import WebhookSource

ORDERS = {
    "stream": "orders",
    "when": {"type": ["order.created", "order.updated"]},
    "columns": {"order_id": "data.number", "placed_at": "data.paid_at", "total": "data.sum", "gift": "data.gift"},
    "identifiers": {"email": "data.customer.emails.0"},
    "attributes": {"till": "data.till"},
    "values": {"channel": "shop"},
}
ORDER = {
    "type": "order.created",
    "data": {
        "number": 7, "paid_at": "2026-03-01T12:00:00+01:00", "sum": "12.30", "gift": True, "till": {"no": 3},
        "customer": {"emails": ["ann@shop.example"]},
    },
}  # fmt: skip


def source(**keys: object) -> WebhookSource:
    """One `[[source]]` entry."""
    entry = WebhookSourceSettings.model_validate({**ORDERS, **keys})
    settings = WebhookSettings.model_validate({"secret": "whsec_bWFkZS11cC1tYWRlLXVw"})
    return WebhookSource(settings, entry, Context("tills", Path(), datetime(2026, 3, 1, tzinfo=UTC)))


def unpack(body: object, **keys: object) -> Page:
    """Unpack an event; bytes go as they are."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return source(**keys).unpack(Delivery("e1", "orders", datetime(2026, 3, 1, tzinfo=UTC), raw))


def test_paths_become_columns() -> None:
    """Times are UTC, amounts exact, numbers text where the column is text."""
    [row] = unpack(ORDER).rows["orders"].to_pylist()
    assert ("7", "shop", True) == (row["order_id"], row["channel"], row["gift"])
    assert (Decimal("12.3000"), datetime(2026, 3, 1, 11)) == (row["total"], row["placed_at"])  # noqa: DTZ001 - naive UTC
    assert [{"namespace": "email", "value": "ann@shop.example"}] == row["identifiers"]
    assert {"till": {"no": 3}} == json.loads(row["attributes"])


@pytest.mark.parametrize("moment", ["2026-03-01T11:00:00Z", 1772362800, 1772362800000, "2026-03-01 11:00:00"])
def test_times_are_read_in_the_forms_that_senders_use(moment: object) -> None:
    """ISO with and without an offset, seconds and milliseconds."""
    event = {**ORDER, "data": {**ORDER["data"], "paid_at": moment}}  # type: ignore[dict-item]
    assert datetime(2026, 3, 1, 11) == unpack(event).rows["orders"]["placed_at"][0].as_py()  # noqa: DTZ001 - naive UTC


def test_amounts_keep_every_digit() -> None:
    """A JSON number is never a float."""
    body = b'{"type": "order.created", "data": {"number": "8", "sum": 90071992547.4093}}'
    assert Decimal("90071992547.4093") == unpack(body).rows["orders"]["total"][0].as_py()


def test_other_events_are_passed_over() -> None:
    """They belong to another entry, or to nobody."""
    assert {} == unpack({**ORDER, "type": "order.deleted"}).rows


def test_a_list_gives_a_record_per_element_and_misfits_one_by_one() -> None:
    """What does not fit is in quarantine with its column, and without its value in the reason."""
    columns = {"order_id": "id", "total": "sum"}
    items = [{"id": 1, "sum": 2}, {"id": 2, "sum": "much"}, {"id": 3, "sum": None}]
    page = unpack({"items": items}, when={}, items="items", columns=columns, attributes={}, identifiers={})
    assert ["1", "3"] == page.rows["orders"]["order_id"].to_pylist()
    assert page.quarantine is not None
    [row] = page.quarantine.to_pylist()
    assert ("total", False) == (row["field"], "much" in row["reason"])


def test_a_deletion_is_a_tombstone() -> None:
    """It names the record by its key."""
    page = unpack({**ORDER, "type": "order.updated", "gone": True}, deleted_when={"gone": "true"})
    assert (["7"], {}) == (list(page.deleted["orders"]), page.rows)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'"\\ud800"', b"NaNsense"])
def test_what_is_no_json_is_bad_data(body: bytes) -> None:
    """The hub puts it into quarantine."""
    with pytest.raises(BadData):
        unpack(body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(_JSON, _JSON, _JSON, _JSON)
def test_any_json_lands_or_is_quarantined(number: object, paid: object, amount: object, gift: object) -> None:
    """Whatever stands in the place of a value, there is no traceback, and one row or one entry of the quarantine."""
    try:
        page = unpack(
            {"type": "order.created", "data": {"number": number, "paid_at": paid, "sum": amount, "gift": gift}}
        )
    except BadData:
        return  # half a character
    landed = page.rows["orders"].num_rows if "orders" in page.rows else 0
    assert 1 == landed + (page.quarantine.num_rows if page.quarantine is not None else 0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"stream": "order"}, "expected a stream"),
        ({"columns": {"order_id": "a", "totl": "b"}}, 'no column "totl"'),
        ({"columns": {}}, 'must give "order_id"'),
        ({"stream": "products", "columns": {"product_id": "a"}, "values": {}}, "takes no identifiers"),
    ],
)
def test_mappings_that_cannot_work_are_refused(wrong: dict[str, object], message: str) -> None:
    """When the config is read, not when the first event comes."""
    with pytest.raises(ValidationError, match=message):
        WebhookSourceSettings.model_validate({**ORDERS, **wrong})
