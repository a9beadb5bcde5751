"""What Stripe holds is what lands, at first and after any history of changes."""

import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.sdk.connector import Context
from hub.sdk.errors import BadData, Refused, StopConnection
from hub.sdk.records import Delivery, Json, Page
from hub.sdk.sandbox import Fault
from hub.sdk.settings import SourceSettings
from hub_stripe.sandbox import StripeSandbox
from hub_stripe.settings import StripeSettings
from hub_stripe.source import StripeSource

START = datetime(2026, 3, 1, tzinfo=UTC)
KEYS = {"people": "record_id", "orders": "order_id", "subscriptions": "subscription_id"}


@pytest.fixture
def box() -> Iterator[StripeSandbox]:
    """Serve an account with 250 customers."""
    with StripeSandbox(size=250) as box:
        box.clock = START
        yield box


def source(url: str, now: datetime = START, **keys: object) -> StripeSource:
    """The source at an instant."""
    given = {"api_key": StripeSandbox.api_key, "base_url": url, **keys}
    return StripeSource(StripeSettings.model_validate(given), SourceSettings(), Context("shop", Path(), now))


def send(box: StripeSandbox, method: str, path: str, **form: str) -> Mapping[str, Any]:
    """Change something as a shop does."""
    headers = {"Authorization": f"Bearer {box.api_key}"}
    with urlopen(Request(f"{box.url}/v1{path}", urlencode(form).encode(), headers, method=method)) as answer:  # noqa: S310
        return dict(json.load(answer))


class Landed:
    """Pages folded as the hub does it: by key, the newest version; a complete read forgets what it did not bring."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Mapping[str, Any]]] = {}
        self.cursor: Json = None
        self.warnings: list[str] = []

    def take(self, pages: Iterator[Page]) -> "Landed":
        """Fold the pages of one read."""
        seen = set[str]()
        for page in pages:
            for stream, table in page.rows.items():
                for row in table.to_pylist():
                    key = str(row[KEYS[stream]])
                    seen.add(key)
                    self.rows.setdefault(stream, {})[key] = row
            for stream, keys in page.deleted.items():
                for key in keys:
                    self.rows.get(stream, {}).pop(key, None)
            if page.complete:
                self.rows = {name: {k: r for k, r in each.items() if k in seen} for name, each in self.rows.items()}
            self.cursor = page.cursor if page.cursor is not None else self.cursor
            self.warnings += page.warnings
        return self

    def content(self) -> dict[str, dict[str, Any]]:
        """What landed, without when it was seen."""
        return {
            stream: {key: {name: v for name, v in row.items() if name != "_version"} for key, row in each.items()}
            for stream, each in self.rows.items()
            if each
        }


def test_a_full_read_brings_everything_over_pages(box: StripeSandbox) -> None:
    """Three pages of customers, and a cursor at the very end alone."""
    pages = list(source(box.url).read(StripeSource.streams, None))
    assert 250 == sum(page.rows["people"].num_rows for page in pages if "people" in page.rows)
    assert [False] * (len(pages) - 1) + [True] == [page.complete for page in pages]
    assert [None] * (len(pages) - 1) == [page.cursor for page in pages[:-1]]


def test_charges_and_subscriptions_are_exact(box: StripeSandbox) -> None:
    """Minor units by currency, refunds, and who it was."""
    euros = send(box, "POST", "/charges", amount="1230", currency="eur", customer="cus_00000001")
    yen = send(box, "POST", "/charges", amount="500", currency="jpy")
    send(box, "POST", "/refunds", charge=euros["id"], amount="230")
    send(box, "POST", "/subscriptions", **{"customer": "cus_00000001", "items[0][price]": "price_1"})
    landed = Landed().take(source(box.url).read(StripeSource.streams, None))
    order = landed.rows["orders"][euros["id"]]
    assert (Decimal("12.30"), Decimal("2.30"), "EUR", "paid") == (
        order["total"], order["refunded"], order["currency"], order["status"],
    )  # fmt: skip
    assert Decimal(500) == landed.rows["orders"][yen["id"]]["total"]
    [subscription] = landed.rows["subscriptions"].values()
    assert (Decimal(9), "month", "active") == (subscription["amount"], subscription["interval"], subscription["status"])


_CHANGES = st.lists(
    st.tuples(st.sampled_from(["create", "update", "delete", "charge", "refund", "read", "wait"]), st.integers(0, 9)),
    max_size=14,
)


@settings(max_examples=25)
@given(_CHANGES)
def test_incremental_equals_full_after_any_history(changes: list[tuple[str, int]]) -> None:
    """Whatever is created, changed, deleted and refunded between reads, within a second or over days."""
    with StripeSandbox(size=3) as box:
        box.clock = START
        landed = Landed().take(source(box.url, box.clock).read(StripeSource.streams, None))
        for what, number in changes:
            _change(box, landed, what, number)
        landed.take(source(box.url, box.clock).read(StripeSource.streams, landed.cursor))
        fresh = Landed().take(source(box.url, box.clock).read(StripeSource.streams, None))
        assert fresh.content() == landed.content()


def _change(box: StripeSandbox, landed: Landed, what: str, number: int) -> None:
    assert box.clock is not None
    customers, charges = list(box.objects["customers"]), list(box.objects["charges"])
    if what == "create":
        send(box, "POST", "/customers", email=f"person-{number}@shop.example")
    elif what == "update" and customers:
        send(box, "POST", f"/customers/{customers[number % len(customers)]}", name=f"Name {number}")
    elif what == "delete" and customers:
        send(box, "DELETE", f"/customers/{customers[number % len(customers)]}")
    elif what == "charge":
        send(box, "POST", "/charges", amount=str(100 + number), currency="eur")
    elif what == "refund" and charges:
        send(box, "POST", "/refunds", charge=charges[number % len(charges)], amount="1")
    elif what == "read":
        landed.take(source(box.url, box.clock).read(StripeSource.streams, landed.cursor))
    elif what == "wait":
        box.clock += timedelta(days=number * 4)


def test_an_old_cursor_reads_everything_again_and_says_so(box: StripeSandbox) -> None:
    """The event log would not tell everything."""
    landed = Landed().take(source(box.url).read(StripeSource.streams, None))
    later = START + timedelta(days=30)
    pages = list(source(box.url, later).read(StripeSource.streams, landed.cursor))
    assert pages[-1].complete
    assert "older than the event log" in pages[-1].warnings[0]


@pytest.mark.parametrize("kind", ["status", "reset", "truncate", "cut_gzip"])
def test_a_page_that_is_lost_is_asked_for_again(box: StripeSandbox, kind: Any) -> None:  # noqa: ANN401 - a literal
    """Nothing is missing after a 503, a reset or a cut body."""
    box.faults.add(Fault(kind=kind, path="/v1/customers", skip=1))
    landed = Landed().take(source(box.url).read(StripeSource.streams, None))
    assert 250 == len(landed.rows["people"])


def test_a_wrong_key_stops_the_connection(box: StripeSandbox) -> None:
    """A person has to mend it; the key is in no message."""
    wrong = source(box.url, api_key="rk_live_wrong_key")
    with pytest.raises(StopConnection) as caught:
        list(wrong.read(StripeSource.streams, None))
    [fact] = wrong.check()
    assert "rk_live_wrong_key" not in f"{caught.value}{fact.text}"
    assert ["ok"] * 4 + ["warning"] == [each.level for each in source(box.url).check()]


def pushed(event: Mapping[str, Json], secret: str, sent: datetime) -> tuple[dict[str, str], bytes]:
    """Headers and body as Stripe sends them."""
    body = json.dumps(event).encode()
    stamp = str(int(sent.timestamp()))
    digest = hmac.digest(secret.encode(), f"{stamp}.".encode() + body, "sha256").hex()
    return {"Stripe-Signature": f"t={stamp},v1={'0' * 64},v1={digest}"}, body


CUSTOMER: Mapping[str, Json] = {"id": "cus_1", "object": "customer", "email": "ann@shop.example", "created": 1772323200}
EVENT: Mapping[str, Json] = {
    "id": "evt_1", "type": "customer.updated", "created": 1772323200, "data": {"object": CUSTOMER},
}  # fmt: skip


def test_pushed_events_are_proven() -> None:
    """Either secret, of the last five minutes; an event becomes a record, a deletion a tombstone."""
    shop = source("https://api.stripe.com", webhook_secret="whsec_old", next_webhook_secret="whsec_new")
    now = datetime.now(UTC)
    for secret in ("whsec_old", "whsec_new"):
        delivery = shop.verify(*pushed(EVENT, secret, now))
        assert ("evt_1", ["cus_1"]) == (delivery.id, shop.unpack(delivery).rows["people"]["record_id"].to_pylist())
    for secret, sent in (("whsec_other", now), ("whsec_old", now - timedelta(minutes=6))):
        with pytest.raises(Refused):
            shop.verify(*pushed(EVENT, secret, sent))
    with pytest.raises(Refused):
        source("https://api.stripe.com").verify(*pushed(EVENT, "", now))
    gone = shop.verify(*pushed({**EVENT, "type": "customer.deleted"}, "whsec_old", now))
    assert {"people": ["cus_1"]} == shop.unpack(gone).deleted


def test_a_thin_event_is_bad_data() -> None:
    """It names an object and does not carry it; the hub quarantines it."""
    body = json.dumps({"id": "evt_2", "object": "v2.core.event", "type": "v1.customer.updated"}).encode()
    with pytest.raises(BadData, match="thin"):
        source("https://api.stripe.com").unpack(Delivery("evt_2", "v1", START, body))


def test_an_object_that_does_not_fit_is_quarantined(box: StripeSandbox) -> None:
    """The others of its page land."""
    charge = send(box, "POST", "/charges", amount="1230", currency="eur")
    send(box, "POST", "/charges", amount="1", currency="eur")
    box.objects["charges"][charge["id"]]["amount"] = "12.30"
    pages = list(source(box.url).read(["orders"], None))
    assert pages[0].quarantine is not None
    assert (1, ["total"]) == (pages[0].rows["orders"].num_rows, pages[0].quarantine["field"].to_pylist())
