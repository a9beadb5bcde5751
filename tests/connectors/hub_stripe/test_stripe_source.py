"""What Stripe holds is what lands, at first and after any history of changes."""

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
from hub.sdk.errors import BadData, RetryLater, StopConnection
from hub.sdk.records import Json, Page
from hub.sdk.sandbox import Fault
from hub.sdk.settings import SourceSettings
from hub_stripe.client import Client
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
    """Three pages of customers; only the last page says that it is all."""
    pages = list(source(box.url).read(StripeSource.streams, None))
    assert 250 == sum(page.rows["people"].num_rows for page in pages if "people" in page.rows)
    assert [False] * (len(pages) - 1) + [True] == [page.complete for page in pages]
    assert {"at": "2026-03-01T00:00:00"} == pages[-1].cursor


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


def yesterday() -> StripeSandbox:
    """An account whose objects are all older than the look-back: only an event can tell that one changed."""
    box = StripeSandbox()
    box.clock = START - timedelta(days=1)
    return box


def fill(box: StripeSandbox) -> None:
    """Three customers, two charges of which one is not captured, one subscription."""
    for number in range(3):
        send(box, "POST", "/customers", email=f"old-{number}@shop.example")
    send(box, "POST", "/charges", amount="1000", currency="eur")
    send(box, "POST", "/charges", amount="2000", currency="eur", capture="false")
    first = next(iter(box.objects["customers"]))
    send(box, "POST", "/subscriptions", **{"customer": first, "items[0][price]": "price_1"})
    box.clock = START


def change(box: StripeSandbox, what: str, number: int = 0) -> None:
    """Change something, where there is something to be changed."""
    customer, charge, subscription = (_pick(box, kind, number) for kind in ("customers", "charges", "subscriptions"))
    held = next((key for key, each in box.objects["charges"].items() if not each["captured"]), "")
    calls: dict[str, tuple[str, str, str, dict[str, str]]] = {
        "create": ("-", "POST", "/customers", {"email": f"person-{number}@shop.example"}),
        "update": (customer, "POST", f"/customers/{customer}", {"name": f"Name {number}"}),
        "delete": (customer, "DELETE", f"/customers/{customer}", {}),
        "charge": ("-", "POST", "/charges", {"amount": str(100 + number), "currency": "eur"}),
        "capture": (held, "POST", f"/charges/{held}/capture", {"amount": "60"}),
        "refund": (charge, "POST", "/refunds", {"charge": charge, "amount": "1"}),
        "subscribe": (customer, "POST", "/subscriptions", {"customer": customer, "items[0][price]": "price_1"}),
        "pause": (subscription, "POST", f"/subscriptions/{subscription}", {"status": "paused"}),
        "cancel": (subscription, "DELETE", f"/subscriptions/{subscription}", {}),
    }
    needed, method, path, form = calls[what]
    if needed:
        send(box, method, path, **form)


def fail_refund(box: StripeSandbox, number: int = 0) -> None:
    """Let a refund fail, where there is one that has not failed yet."""
    refund = _pick(box, "refunds", number)
    if refund:
        box.fail_refund(refund)
        del box.objects["refunds"][refund]


def _pick(box: StripeSandbox, kind: str, number: int) -> str:
    keys = list(box.objects[kind])
    return keys[number % len(keys)] if keys else ""


CHANGES = ("create", "update", "delete", "charge", "capture", "refund", "subscribe", "pause", "cancel")


@pytest.mark.parametrize("what", CHANGES)
def test_each_kind_of_change_to_old_objects_is_seen(what: str) -> None:
    """Nothing but its event says that an object from before the look-back changed; without it a test here fails."""
    with yesterday() as box:
        fill(box)
        landed = read(box, Landed())
        before = landed.content()
        box.clock = START + timedelta(days=1)
        change(box, what)
        assert before != read(box, landed).content() == read(box, Landed()).content()


def test_a_refund_that_fails_is_seen() -> None:
    """The event names the refund, and what changed is its charge."""
    with yesterday() as box:
        fill(box)
        change(box, "refund")
        box.clock = START + timedelta(hours=1)  # so that the next look-back does not reach the refund itself
        landed = read(box, Landed())
        box.clock = START + timedelta(days=1)
        fail_refund(box)
        assert read(box, landed).content() == read(box, Landed()).content()
        assert [Decimal(0)] == [row["refunded"] for row in landed.rows["orders"].values()]


_HISTORY = st.lists(st.tuples(st.sampled_from([*CHANGES, "fail", "read", "wait"]), st.integers(0, 9)), max_size=16)


@settings(max_examples=40)
@given(_HISTORY)
def test_incremental_equals_full_after_any_history(history: list[tuple[str, int]]) -> None:
    """Whatever changes between reads, within a second or over days, to old objects and to new ones."""
    with yesterday() as box:
        fill(box)
        landed = read(box, Landed())
        for what, number in history:
            if what == "read":
                read(box, landed)
            elif what == "wait":
                assert box.clock is not None
                box.clock += timedelta(days=number * 4)
            elif what == "fail":
                fail_refund(box, number)
            else:
                change(box, what, number)
        assert read(box, landed).content() == read(box, Landed()).content()


def read(box: StripeSandbox, landed: Landed) -> Landed:
    """Read at the sandbox's own time, from where `landed` stands."""
    assert box.clock is not None
    return landed.take(source(box.url, box.clock).read(StripeSource.streams, landed.cursor))


def test_an_old_cursor_reads_everything_again_and_says_so(box: StripeSandbox) -> None:
    """The event log would not tell everything."""
    landed = Landed().take(source(box.url).read(StripeSource.streams, None))
    later = START + timedelta(days=30)
    pages = list(source(box.url, later).read(StripeSource.streams, landed.cursor))
    assert pages[-1].complete
    assert "older than the event log" in pages[0].warnings[0]


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


def test_an_object_that_does_not_fit_is_quarantined(box: StripeSandbox) -> None:
    """The others of its page land."""
    charge = send(box, "POST", "/charges", amount="1230", currency="eur")
    send(box, "POST", "/charges", amount="1", currency="eur")
    box.objects["charges"][charge["id"]]["amount_captured"] = "12.30"
    pages = list(source(box.url).read(["orders"], None))
    assert pages[0].quarantine is not None
    assert (1, ["total"]) == (pages[0].rows["orders"].num_rows, pages[0].quarantine["field"].to_pylist())


@pytest.mark.parametrize("amount", ["12.30", 10**18, None, True])
def test_an_amount_that_is_none_is_quarantined(box: StripeSandbox, amount: Json) -> None:
    """Text, too many digits, nothing, a flag: a row of the quarantine with its column, no end of the read."""
    charge = send(box, "POST", "/charges", amount="1230", currency="eur")
    box.objects["charges"][charge["id"]]["amount_captured"] = amount
    [page, _] = list(source(box.url).read(["orders"], None))
    assert page.quarantine is not None
    assert (["total"], {}) == (page.quarantine["field"].to_pylist(), page.rows)


@pytest.mark.parametrize("quantity", ["many", 1.5, [], 10**15])
def test_a_quantity_that_is_none_is_quarantined(box: StripeSandbox, quantity: Json) -> None:
    """The same for what is multiplied."""
    made = send(box, "POST", "/subscriptions", **{"customer": "cus_00000001", "items[0][price]": "price_1"})
    box.objects["subscriptions"][made["id"]]["items"]["data"][0]["quantity"] = quantity  # type: ignore[index,call-overload]
    [page, _] = list(source(box.url).read(["subscriptions"], None))
    assert page.quarantine is not None
    assert ["amount"] == page.quarantine["field"].to_pylist()


@pytest.mark.parametrize(
    ("item", "amount"),
    [
        ({"quantity": 0}, Decimal(0)),
        ({"quantity": 3}, Decimal(27)),
        ({"price": {"id": "p", "unit_amount": None, "unit_amount_decimal": "0.5"}, "quantity": 200}, Decimal(1)),
    ],
)
def test_items_cost_what_they_say(box: StripeSandbox, item: Mapping[str, Json], amount: Decimal) -> None:
    """None of them is nothing, and fractions of a cent count."""
    made = send(box, "POST", "/subscriptions", **{"customer": "cus_00000001", "items[0][price]": "price_1"})
    box.objects["subscriptions"][made["id"]]["items"]["data"][0].update(item)  # type: ignore[index,call-overload,union-attr]
    landed = Landed().take(source(box.url).read(["subscriptions"], None))
    assert [amount] == [row["amount"] for row in landed.rows["subscriptions"].values()]


def test_items_beyond_the_first_ten_are_read(box: StripeSandbox) -> None:
    """A subscription shows ten; the others count as well."""
    prices = {f"items[{number}][price]": f"price_{number}" for number in range(12)}
    send(box, "POST", "/subscriptions", **{"customer": "cus_00000001", **prices})
    landed = Landed().take(source(box.url).read(["subscriptions"], None))
    assert [Decimal(108)] == [row["amount"] for row in landed.rows["subscriptions"].values()]


def test_only_captured_money_is_an_order(box: StripeSandbox) -> None:
    """What is only held is none, and of a partial capture the part counts."""
    send(box, "POST", "/charges", amount="500", currency="eur", capture="false")
    part = send(box, "POST", "/charges", amount="1000", currency="eur", capture="false")
    send(box, "POST", f"/charges/{part['id']}/capture", amount="600")
    landed = Landed().take(source(box.url).read(["orders"], None))
    assert {part["id"]: Decimal(6)} == {key: row["total"] for key, row in landed.rows["orders"].items()}


def test_a_list_that_loses_its_place_is_read_again_from_its_newest(box: StripeSandbox) -> None:
    """Where the last customer of a page is deleted before the next page, nobody has to mend anything."""
    reading = source(box.url).read(["people"], None)
    landed = Landed().take(iter([next(reading)]))
    last = min(landed.rows["people"])
    send(box, "DELETE", f"/customers/{last}")
    assert {*box.objects["customers"]} == landed.take(reading).rows["people"].keys()


def test_a_list_that_loses_its_place_twice_is_read_again_later(box: StripeSandbox) -> None:
    """It is no error that a person has to mend, and the next read begins with the newest customer again."""
    landed = Landed()

    def deleting() -> Iterator[Page]:
        for page in source(box.url).read(["people"], None):
            yield page
            send(box, "DELETE", f"/customers/{min(page.rows['people']['record_id'].to_pylist())}")

    with pytest.raises(RetryLater, match="changed while it was read"):
        landed.take(deleting())
    assert {*box.objects["customers"]} == read(box, read(box, landed)).rows["people"].keys()


def test_a_first_read_that_was_cut_off_goes_on_where_it_was(box: StripeSandbox) -> None:
    """The pages that have landed are not asked for again, and what changed meanwhile is read afterwards."""
    send(box, "POST", "/charges", amount="1230", currency="eur")
    reading = source(box.url).read(StripeSource.streams, None)
    landed = Landed().take(iter([next(reading), next(reading)]))
    box.clock = START + timedelta(hours=1)
    change(box, "update", 240)  # which has landed already
    box.clock = START + timedelta(hours=2)
    before = len(box.requests)
    assert 250 == len(read(box, landed).rows["people"])
    assert ["/v1/customers", "/v1/charges", "/v1/subscriptions"] == [
        each.request.path for each in list(box.requests)[before:]
    ]
    box.clock = START + timedelta(hours=3)
    assert read(box, landed).content() == read(box, Landed()).content()


def test_a_first_read_that_was_cut_off_long_ago_begins_anew(box: StripeSandbox) -> None:
    """What changed since then is in no log any more."""
    landed = Landed().take(iter([next(source(box.url).read(StripeSource.streams, None))]))
    box.clock = START + timedelta(days=31)
    pages = list(source(box.url, box.clock).read(StripeSource.streams, landed.cursor))
    assert [False] * (len(pages) - 1) + [True] == [page.complete for page in pages]


def test_the_log_forgets_after_thirty_days() -> None:
    """So does the sandbox, which the checks on old cursors rely on."""
    with yesterday() as box:
        fill(box)
        client = Client(source(box.url).settings)
        assert [6] == [len(page) for page in client.pages("/events")]
        box.clock = START + timedelta(days=31)
        assert [0] == [len(page) for page in client.pages("/events")]


@pytest.mark.parametrize(
    "strange", [{"type": "customer.updated", "data": None}, {"type": "charge.refunded", "data": {"object": {"id": 7}}}]
)
def test_an_event_that_names_nothing_is_quarantined(box: StripeSandbox, strange: dict[str, Json]) -> None:
    """The other events of the log are followed all the same."""
    landed = Landed().take(source(box.url).read(StripeSource.streams, None))
    change(box, "create", 1)
    next(reversed(box.objects["events"].values())).update(strange)
    change(box, "create", 2)
    pages = list(source(box.url).read(StripeSource.streams, landed.cursor))
    assert [1] == [page.quarantine.num_rows for page in pages if page.quarantine is not None]
    assert "person-2@shop.example" in json.dumps(Landed().take(iter(pages)).rows["people"], default=str)


@pytest.mark.parametrize("more", [None, "false", 0])
def test_a_list_that_does_not_say_whether_it_ends_is_no_list(box: StripeSandbox, more: Json) -> None:
    """An end that nobody announced would make every other customer look deleted."""
    box.faults.add(Fault(kind="other_type", path="/v1/customers", field="has_more", body=json.dumps(more)))
    with pytest.raises(BadData, match="does not say whether there is more"):
        list(source(box.url).read(["people"], None))


def test_too_fast_is_asked_again(box: StripeSandbox) -> None:
    """429 is waited for, as long as it is said to last."""
    box.faults.add(Fault(kind="status", status=429, path="/v1/customers", retry_after="0"))
    assert 250 == len(Landed().take(source(box.url).read(["people"], None)).rows["people"])
