"""Events: only genuine ones of our shop, the same records as a read makes, and requests of the law."""

import base64
import copy
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.flow.land import Counts, Place, land_page
from hub.flow.unpack import unpack
from hub.lake.landing import Landing
from hub.sdk.errors import BadData, HubError, Refused
from hub.sdk.records import Delivery, Json, Page
from hub.sdk.sandbox.reshape import places, put
from hub.store.control import Store
from hub.testing.bench import START, AnySource
from hub.testing.fold import Fold
from hub_shopify.pushed import page, proven, signature
from hub_shopify.sandbox import ShopifySandbox
from hub_shopify.settings import ShopifySettings, ShopifySourceSettings
from tests.connectors.hub_shopify.reading import identifiers, one, read, rows, shop, source
from tests.connectors.hub_shopify.test_shopify_values import OTHERS

BODY = b'{"id": 1}'
TOPICS = (
    *("customers/update", "customers/delete", "customers/merge", "customers/redact", "customers/data_request"),
    *("customers/email_marketing_consent_update", "orders/create", "orders/delete", "products/update", "shop/redact"),
    *("checkouts/update", "checkouts/delete", "carts/update"),
)

CUSTOMER: Mapping[str, Json] = {
    "id": 7, "admin_graphql_api_id": "gid://shopify/Customer/7", "email": "ann@mail.example", "first_name": "Ann",
    "last_name": "Lee", "phone": "+12025550107", "state": "disabled", "note": None, "tags": "vip, b2b",
    "created_at": "2026-01-01T08:00:00-05:00", "updated_at": "2026-03-01T06:30:00-05:00", "currency": "EUR",
    "email_marketing_consent": {
        "state": "subscribed", "opt_in_level": "confirmed_opt_in", "consent_updated_at": "2026-02-01T01:00:00-05:00",
    },
    "sms_marketing_consent": {
        "state": "unsubscribed", "opt_in_level": "unknown", "consent_updated_at": "2026-02-02T01:00:00-05:00",
    },
    "default_address": {
        "id": 9, "address1": "1 Rue", "address2": "B", "city": "Paris", "province": None, "zip": "75001",
        "country_code": "FR",
    },
}  # fmt: skip
MONEY: Mapping[str, Json] = {"shop_money": {"amount": "10.00", "currency_code": "EUR"}}
ORDER: Mapping[str, Json] = {
    "id": 20, "admin_graphql_api_id": "gid://shopify/Order/20", "email": "ann@mail.example", "phone": None,
    "created_at": "2026-03-01T06:00:00-05:00", "processed_at": "2026-03-01T05:59:00-05:00", "cancelled_at": None,
    "updated_at": "2026-03-01T06:30:00-05:00", "currency": "EUR", "financial_status": "paid", "source_name": "web",
    "test": False, "total_price_set": MONEY, "total_discounts_set": {"shop_money": {"amount": "1.00"}},
    "discount_codes": [{"code": "WELCOME", "amount": "1.00", "type": "fixed_amount"}], "refunds": [],
    "customer": {"id": 7, "email": "ann@mail.example", "phone": "+12025550107"},
    "line_items": [{
        "id": 21, "admin_graphql_api_id": "gid://shopify/LineItem/21", "product_id": 30, "title": "Shirt", "sku": "S",
        "variant_title": "Blue", "vendor": "V", "quantity": 2, "current_quantity": 2, "gift_card": False,
        "price_set": MONEY, "discount_allocations": [{"amount": "1.00", "amount_set": MONEY}],
    }],
}  # fmt: skip
CHECKOUT: Mapping[str, Json] = {
    "id": 40, "token": "abc", "email": "ann@mail.example", "phone": None, "created_at": "2026-03-01T06:00:00-05:00",
    "updated_at": "2026-03-01T06:30:00-05:00", "completed_at": None, "currency": "EUR", "presentment_currency": "EUR",
    "total_price": "20.00", "discount_codes": [], "abandoned_checkout_url": "https://shop.example/40/recover",
    "name": "#40", "note": None, "customer": {"id": 7, "email": "ann@mail.example", "phone": None},
}  # fmt: skip


def event(topic: str, body: Mapping[str, Json], key: str = "e1") -> Delivery:
    """An event that was proven already."""
    return Delivery(f"{topic}:{key}", topic, START, json.dumps(body).encode())


def vars_of(found: Page) -> tuple[object, ...]:
    """Everything that a page can say."""
    return found.rows, found.quarantine, found.deleted, found.merged, found.warnings, found.cursor, found.complete


def made(topic: str, body: Mapping[str, Json], **entry: Json) -> Page:
    """What an event makes."""
    return page(event(topic, body), ShopifySourceSettings.model_validate(entry))


def settings(**keys: str) -> ShopifySettings:
    """A connection table."""
    return ShopifySettings.model_validate({"shop": "my-shop", "access_token": "shpat_x", **keys})


def headers(secret: str, body: bytes = BODY, **more: str) -> dict[str, str]:
    """What Shopify sends in the older form."""
    named = {f"X-Shopify-{name.replace('_', '-')}": value for name, value in more.items()}
    return {"X-Shopify-Hmac-Sha256": signature(secret, body), "X-Shopify-Topic": "orders/create", **named}


@pytest.fixture
def box() -> Iterator[ShopifySandbox]:
    """Serve a shop."""
    with shop(people=1) as box:
        yield box


def test_the_signature_is_what_shopify_documents() -> None:
    """HMAC-SHA256 of the bytes, in base64."""
    digest = hmac.new(b"hush", BODY, hashlib.sha256).digest()
    assert base64.b64encode(digest).decode() == signature("hush", BODY)


def test_both_forms_of_headers_are_taken(box: ShopifySandbox) -> None:
    """`X-Shopify-...` in any capitals, and the newer `shopify-...`."""
    body = json.dumps(ORDER).encode()
    old = box.signed("orders/create", body)
    new = {name.lower().removeprefix("x-"): value for name, value in old.items()}
    found = source(box)
    first, second = found.verify(old, body), found.verify(new, body)
    assert first == second
    assert ("orders/create", "orders/create:event-1") == (first.topic, first.id)
    assert START == first.received_at
    assert 1 == len(rows(found.unpack(first), "orders"))


def test_both_secrets_are_taken_while_they_change() -> None:
    """The new one and the old one, no third one, no empty body, no body that was changed by a byte."""
    both = settings(webhook_secret="new", webhook_secret_old="old")
    for secret in ("new", "old"):
        assert "orders/create" == proven(both, headers(secret), BODY, START).topic
    for given_, body in (
        (headers("other"), BODY), ({}, BODY), (headers("new", b""), b""), (headers("new"), BODY + b" "),
    ):  # fmt: skip
        with pytest.raises(Refused, match="does not match"):
            proven(both, given_, body, START)
    with pytest.raises(Refused, match="webhook_secret"):
        proven(settings(), headers("new"), BODY, START)


def test_the_apps_secret_signs_where_no_other_is_named() -> None:
    """Events of an app are signed with its client secret."""
    app = ShopifySettings.model_validate({"shop": "my-shop", "client_id": "i", "client_secret": "s"})
    assert "orders/create" == proven(app, headers("s"), BODY, START).topic


def test_an_event_of_another_shop_is_refused() -> None:
    """One app in two shops signs with one secret."""
    ours = settings(webhook_secret="s")
    assert BODY == proven(ours, headers("s", Shop_Domain="My-Shop.myshopify.com"), BODY, START).body
    with pytest.raises(Refused, match="another shop"):
        proven(ours, headers("s", Shop_Domain="other.myshopify.com"), BODY, START)


def test_copies_of_an_event_are_one_and_topics_are_not() -> None:
    """Copies share the id of their event, and so do its other topics."""
    ours = settings(webhook_secret="s")
    same = headers("s", Event_Id="e", Webhook_Id="w1", Triggered_At="2026-03-01T11:59:00.5Z")
    again = {**same, "X-Shopify-Webhook-Id": "w2"}
    later = START + timedelta(hours=1)
    assert proven(ours, same, BODY, START) == proven(ours, again, BODY, later)
    other = {**same, "X-Shopify-Topic": "orders/paid"}
    assert proven(ours, same, BODY, START).id != proven(ours, other, BODY, START).id


@pytest.mark.parametrize("text", ["", "yesterday", "2030-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_an_event_is_never_from_the_future(text: str) -> None:
    """A time that is none, or is still to come, is now."""
    found = proven(settings(webhook_secret="s"), headers("s", Triggered_At=text), BODY, START)
    assert found.received_at <= START


def test_a_customer_is_as_a_read_makes_them() -> None:
    """Name, address, tags, both consents; times with an offset become UTC."""
    found = made("customers/update", CUSTOMER)
    row = one(found, "people")
    assert ("7", "Ann", "Lee", "vip, b2b") == (row["record_id"], row["first_name"], row["last_name"], row["tags"])
    assert ("1 Rue, B", "Paris", "75001", "FR") == (row["street"], row["city"], row["postcode"], row["country"])
    assert ("2026-01-01 13:00:00", "2026-03-01 11:30:00") == (str(row["created_at"]), str(row["updated_at"]))
    assert {"shopify_customer": "7", "email": "ann@mail.example", "phone": "+12025550107"} == identifiers(row)
    said = {each["channel"]: each for each in rows(found, "consents")}
    assert ("granted", "confirmed_opt_in") == (said["email"]["state"], said["email"]["evidence"])
    assert ("denied", "2026-02-02 06:00:00") == (said["sms"]["state"], str(said["sms"]["occurred_at"]))


def test_what_an_event_does_not_show_overwrites_nothing() -> None:
    """Attributes and language never, and whatever is null or left out: it may be protected."""
    assert not {"attributes", "language"} & set(one(made("customers/update", CUSTOMER), "people")["_known"])
    for name, column in (("email", "identifiers"), ("first_name", "first_name"), ("default_address", "city")):
        for hidden in ({**CUSTOMER, name: None}, {key: value for key, value in CUSTOMER.items() if key != name}):
            assert column not in one(made("customers/update", hidden), "people")["_known"]


def test_an_event_and_a_read_of_the_same_say_the_same(box: ShopifySandbox) -> None:
    """A read after the event changes no column that the event knew."""
    fold = read(box)
    before = one(fold, "people")
    mine: Any = next(iter(box.objects["people"].values()))
    shown: dict[str, Any] = {
        "id": int(before["record_id"]), "email": mine["email"], "first_name": mine["firstName"],
        "last_name": mine["lastName"], "phone": mine["phone"], "tags": "sandbox", "created_at": mine["createdAt"],
        "updated_at": mine["updatedAt"], "default_address": {
            "address1": "1 Main Street", "city": "Springfield", "province": "Oregon", "zip": "97475",
            "country_code": mine["defaultAddress"]["countryCodeV2"],
        },
        "email_marketing_consent": {
            "state": "subscribed", "opt_in_level": "single_opt_in", "consent_updated_at": mine["createdAt"],
        },
        "sms_marketing_consent": {"state": "not_subscribed", "opt_in_level": "unknown", "consent_updated_at": None},
    }  # fmt: skip
    whole = fold.content()
    fold.take(source(box).unpack(event("customers/update", shown)))
    assert whole == fold.content()


def test_an_older_event_that_comes_late_changes_nothing(box: ShopifySandbox) -> None:
    """Order of arrival does not count, the time of change does."""
    fold = Fold()
    new = {**CUSTOMER, "last_name": "New", "updated_at": "2026-03-01T07:00:00-05:00"}
    for body in (new, CUSTOMER, new):
        fold.take(source(box).unpack(event("customers/update", body)))
    assert "New" == one(fold, "people")["last_name"]


def test_an_order_is_as_a_read_makes_it() -> None:
    """Its money, its people, its lines; what was refunded, the number of items and categories are left to the read."""
    found = made("orders/create", ORDER)
    row, bought = one(found, "orders"), one(found, "order_lines")
    assert ("20", 10, 1, "EUR", "paid", "WELCOME", "web") == (
        row["order_id"], row["total"], row["discount"], row["currency"], row["status"], row["coupon"], row["channel"],
    )  # fmt: skip
    assert "2026-03-01 10:59:00" == str(row["placed_at"])
    assert {"shopify_customer": "7", "email": "ann@mail.example", "phone": "+12025550107"} == identifiers(row)
    assert not {"refunded", "items", "attributes"} & set(row["_known"])
    assert ("20", "21", "30", "Shirt - Blue", 2, 10, 10) == (
        bought["order_id"], bought["line_id"], bought["product_id"], bought["name"], bought["quantity"],
        bought["price"], bought["discount"],
    )  # fmt: skip
    assert "category" not in bought["_known"]
    assert "2026-03-01 11:30:00" == str(bought["_version"])
    cancelled = made("orders/cancelled", {**ORDER, "cancelled_at": "2026-03-01T06:00:00Z"})
    assert "cancelled" == one(cancelled, "orders")["status"]


def test_test_orders_are_left_out_of_events_too() -> None:
    """Unless they are asked for."""
    assert not rows(made("orders/create", {**ORDER, "test": True}), "orders")
    assert 1 == len(rows(made("orders/create", {**ORDER, "test": True}, test_orders=True), "orders"))


def test_a_checkout_is_a_cart() -> None:
    """Its total counts where the buyer pays in the shop's currency; an address of its own identifies."""
    row = one(made("checkouts/update", CHECKOUT), "carts")
    assert ("40", 20, "EUR") == (row["cart_id"], row["total"], row["currency"])
    assert {"shopify_customer": "7", "email": "ann@mail.example"} == identifiers(row)
    assert "recover" in row["attributes"]
    foreign = one(made("checkouts/create", {**CHECKOUT, "presentment_currency": "JPY"}), "carts")
    assert foreign["total"] is None
    assert not {"total", "currency"} & set(foreign["_known"])
    done = one(made("checkouts/update", {**CHECKOUT, "completed_at": "2026-03-01T06:00:00-05:00"}), "carts")
    assert "2026-03-01 11:00:00" == str(done["recovered_at"])
    guest = {**CHECKOUT, "customer": None}
    assert {"email": "ann@mail.example"} == identifiers(one(made("checkouts/update", guest), "carts"))


def test_a_product_keeps_its_price_from_the_read() -> None:
    """An event does not say in which currency its prices are."""
    body: Mapping[str, Json] = {"id": 30, "title": "Shirt", "vendor": "V", "updated_at": "2026-03-01T06:30:00-05:00"}
    row = one(made("products/update", body), "products")
    assert ("30", "Shirt", "V") == (row["product_id"], row["name"], row["brand"])
    assert not {"price", "currency", "category", "attributes"} & set(row["_known"])


@pytest.mark.parametrize(
    ("topic", "stream"),
    [
        ("customers/delete", "people"),
        ("orders/delete", "orders"),
        ("products/delete", "products"),
        ("checkouts/delete", "carts"),
    ],
)
def test_deletions_delete(topic: str, stream: str) -> None:
    """No list tells of them."""
    assert {stream: ["7"]} == {name: list(gone) for name, gone in made(topic, {"id": 7}).deleted.items()}
    with pytest.raises(BadData):
        made(topic, {})


def test_a_merge_leads_from_the_loser_to_the_winner() -> None:
    """The record that vanished becomes part of the one that was kept."""
    ids: Mapping[str, Json] = {"admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
           "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2", "status": "completed"}  # fmt: skip
    found = made("customers/merge", ids)
    assert [("2", "1")] == list(found.merged)
    assert {"people": ["2"]} == found.deleted
    with pytest.raises(BadData):
        made("customers/merge", {"status": "failed"})


@pytest.mark.parametrize(
    ("topic", "body", "channel"),
    [
        (
            "customers/email_marketing_consent_update",
            {"customer_id": 7, "email_address": "ann@mail.example", "email_marketing_consent": {
                "state": "unsubscribed", "opt_in_level": None, "consent_updated_at": "2026-03-01T06:00:00-05:00"}},
            "email",
        ),
        (
            "customers/marketing_consent_update",
            {"id": 7, "phone": "+12025550107", "sms_marketing_consent": {
                "state": "unsubscribed", "opt_in_level": "unknown", "consent_updated_at": "2026-03-01T06:00:00-05:00"}},
            "sms",
        ),
    ],
)  # fmt: skip
def test_an_opt_out_comes_alone(topic: str, body: Mapping[str, Json], channel: str) -> None:
    """A word on marketing is a row of consents and nothing else."""
    found = made(topic, body)
    assert {"consents"} == set(found.rows)
    row = one(found, "consents")
    assert (channel, "denied", "2026-03-01 11:00:00") == (row["channel"], row["state"], str(row["occurred_at"]))
    assert "7" == identifiers(row)["shopify_customer"]
    assert 2 == len(identifiers(row))


def test_an_erasure_request_is_a_row_of_erasures() -> None:
    """Once, however often it comes; by every identifier that it names; with the day from which the law counts."""
    body: Mapping[str, Json] = {"shop_id": 1, "shop_domain": "my-shop.myshopify.com", "orders_to_redact": [20],
            "customer": {"id": 7, "email": "ann@mail.example", "phone": None}}  # fmt: skip
    fold = Fold()
    for _ in range(2):
        fold.take(made("customers/redact", body))
    row = one(fold, "erasures")
    assert {"shopify_customer": "7", "email": "ann@mail.example"} == identifiers(row)
    assert (datetime(2026, 3, 1, 12), "customers/redact:e1") == (row["requested_at"], row["request_id"])  # noqa: DTZ001
    with pytest.raises(BadData):
        made("customers/redact", {"customer": {"id": None, "email": None}})


def test_the_hub_lands_an_erasure_request(box: ShopifySandbox, tmp_path: Path) -> None:
    """From the socket's bytes through proof, unpacking and landing: one row, once, whichever source hears of it."""
    body = json.dumps({"customer": {"id": 7, "email": "ann@mail.example", "phone": None}}).encode()
    found, counts = source(box), Counts()
    delivery = found.verify(box.signed("customers/redact", body), body)
    with closing(Store.open(tmp_path / "control.sqlite")) as store:
        store.take_lease("test")
        place = Place(found.streams, "shop", "all", "read", store.start_run("test", START.replace(tzinfo=None)), "EUR")
        for each in unpack(cast("AnySource", found), found.streams, [delivery]):
            land_page(each, place, Landing(tmp_path / "landing", store), store, counts)
    assert {"erasures": 1} == counts.landed
    assert not counts.dropped


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        ("customers/data_request", "customer 7 asks for their data"),
        ("shop/redact", "delete everything of this shop"),
        ("app/uninstalled", "taken out"),
        ("app/scopes_update", "scopes have changed"),
    ],
)
def test_what_a_person_has_to_do_is_a_warning(topic: str, text: str) -> None:
    """The run is amber, and no address is told."""
    found = made(topic, {"customer": {"id": 7, "email": "ann@mail.example"}, "data_request": {"id": 3}})
    [warning] = found.warnings
    assert text in warning
    assert "@" not in warning
    assert not found.rows


def test_other_topics_make_nothing() -> None:
    """What is not known is passed over."""
    assert not any(vars_of(made("carts/update", {"id": 1})))


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("customers/update", CUSTOMER),
        ("customers/email_marketing_consent_update", CUSTOMER),
        ("orders/create", ORDER),
        ("checkouts/update", CHECKOUT),
    ],
)
def test_any_value_of_any_field_of_an_event_costs_at_most_its_record(topic: str, body: dict[str, Json]) -> None:
    """Rows or quarantine or an error of the contract, never another one."""
    for field in places(body, []):
        for value in OTHERS:
            other = copy.deepcopy(body)
            put(other, field, value)
            with suppress(HubError):
                found = made(topic, other, test_orders=True)
                assert found.rows or found.quarantine is not None or "consent" in topic, (field, value)


@given(
    topic=st.sampled_from(TOPICS),
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from([*CUSTOMER, *ORDER, *CHECKOUT, "state", "id", "consent_updated_at"]), inner, max_size=6
            )
        ),
        max_leaves=12,
    ),
)
def test_no_body_breaks_anything(topic: str, body: Json) -> None:
    """Whatever comes in, it makes a page or an error of the contract."""
    delivery = Delivery("x", topic, datetime.now(UTC), json.dumps(body).encode())
    with suppress(HubError):
        assert isinstance(page(delivery, ShopifySourceSettings()), Page)
