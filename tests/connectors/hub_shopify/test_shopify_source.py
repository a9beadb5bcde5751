"""Increments, what may not be seen, and when a read is complete."""

from datetime import timedelta
from typing import Any

import pytest

from hub.sdk.errors import StopConnection
from hub.sdk.records import Json
from hub.sdk.sandbox import Fault
from hub.testing.bench import START
from hub.testing.fold import Fold
from hub_shopify.sandbox import ShopifySandbox
from hub_shopify.sandbox.records import bag, line, typed
from hub_shopify.source import ShopifySource
from tests.connectors.hub_shopify.reading import PATH, asked, identifiers, one, read, rows, shop, source


def touched(box: ShopifySandbox, stream: str, **fields: object) -> dict[str, Any]:
    """Change fields of the only object of a stream, now."""
    [found] = box.objects[stream].values()
    found |= {**fields, "updatedAt": box.stamp()}
    return found


def hour(box: ShopifySandbox, hours: float = 1) -> None:
    """Let time pass."""
    box.clock = box.now() + timedelta(hours=hours)


def test_what_a_customer_is() -> None:
    """Every column of a person, and both words on marketing."""
    with shop(people=1) as box:
        touched(box, "people", locale="de-AT", tags=["vip", "b2b"], note="likes tea")
        row = one(read(box), "people")
    assert ("de", "vip, b2b", "1 Main Street") == (row["language"], row["tags"], row["street"])
    assert ("Springfield", "Oregon", "97475") == (row["city"], row["region"], row["postcode"])
    assert '"note": "likes tea"' in row["attributes"]
    assert '"orders": 0' in row["attributes"]
    assert {"shopify_customer", "email", "phone"} == set(identifiers(row))
    assert row["record_id"] == identifiers(row)["shopify_customer"]
    assert row["country"] in {"US", "DE", "FR", "GB"}
    assert '"id":"gid://shopify/Customer/' in row["_raw"]


def test_what_an_order_is() -> None:
    """Money in the shop's currency and not the buyer's, refunds, coupons, times, its lines."""
    with shop(people=1, products=1, orders=1) as box:
        order = touched(
            box, "orders", displayFinancialStatus="PARTIALLY_REFUNDED", totalRefundedSet=bag("5.5"),
            processedAt="2025-12-24T18:30:00Z", email="Gift@mail.example", presentmentCurrencyCode="JPY",
            totalPriceSet=typed(
                "MoneyBag", shopMoney=typed("MoneyV2", amount="19.00", currencyCode="EUR"),
                presentmentMoney=typed("MoneyV2", amount="3100", currencyCode="JPY"),
            ),
        )  # fmt: skip
        fold = read(box)
    row, bought = one(fold, "orders"), one(fold, "order_lines")
    assert (19, 1, 5.5) == (row["total"], row["discount"], row["refunded"])
    assert ("EUR", "partially_refunded", "web", "WELCOME", 2) == (
        row["currency"], row["status"], row["channel"], row["coupon"], row["items"],
    )  # fmt: skip
    assert "2025-12-24 18:30:00" == str(row["placed_at"]) == str(bought["placed_at"])
    assert "Gift@mail.example" == identifiers(row)["email"]
    assert str(order["customer"]["id"]).rpartition("/")[2] == identifiers(row)["shopify_customer"]
    assert (10, 1, 2) == (bought["price"], bought["discount"], bought["quantity"])
    assert ("Product 1002 - Blue", "Things", "1002") == (bought["name"], bought["category"], bought["product_id"])
    assert row["updated_at"] == bought["_version"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"cancelledAt": "2026-02-01T00:00:00Z"}, "cancelled"),
        ({"displayFinancialStatus": "VOIDED"}, "cancelled"),
        ({"displayFinancialStatus": "EXPIRED"}, "cancelled"),
        ({"displayFinancialStatus": "REFUNDED"}, "refunded"),
        ({"displayFinancialStatus": None}, None),
    ],
)
def test_what_state_an_order_is_in(fields: dict[str, Json], status: str | None) -> None:
    """Cancelled counts before what was paid, and money that never came is none."""
    with shop(orders=1) as box:
        touched(box, "orders", **fields)
        assert status == one(read(box), "orders")["status"]


def test_what_a_product_and_a_checkout_are() -> None:
    """Price of the cheapest variant; a checkout that was taken up again says when."""
    with shop(people=1, products=1, carts=1) as box:
        touched(box, "carts", completedAt="2026-03-01T11:00:00Z")
        fold = read(box)
    product, cart = one(fold, "products"), one(fold, "carts")
    assert (10, "EUR", "Shirts", "Sandbox") == (
        product["price"], product["currency"], product["category"], product["brand"],
    )  # fmt: skip
    assert ("2026-03-01 11:00:00", 20, "EUR") == (str(cart["recovered_at"]), cart["total"], cart["currency"])
    assert {"shopify_customer", "email", "phone"} == set(identifiers(cart))
    assert "recovery_url" in cart["attributes"]


@pytest.mark.parametrize(
    ("state", "moment", "word"),
    [
        ("SUBSCRIBED", "2026-01-02T03:04:05Z", ("granted", "2026-01-02 03:04:05")),
        ("SUBSCRIBED", None, ("granted", "2026-03-01 12:00:00")),
        ("UNSUBSCRIBED", "2026-01-02T03:04:05Z", ("denied", "2026-01-02 03:04:05")),
        ("PENDING", "2026-01-02T03:04:05Z", ("pending", "2026-01-02 03:04:05")),
        ("INVALID", None, ("invalid", "2026-03-01 12:00:00")),
        ("NOT_SUBSCRIBED", None, None),
        ("NEVER_SUBSCRIBED", None, None),
        ("NOT_SUBSCRIBED", "2026-01-02T03:04:05Z", ("denied", "2026-01-02 03:04:05")),
    ],
)
def test_what_a_customer_said(state: str, moment: str | None, word: tuple[str, str] | None) -> None:
    """A yes is a yes; who was never asked said nothing; a word without a time is as old as the customer."""
    with shop(people=1) as box:
        [found] = box.objects["people"].values()
        found["defaultEmailAddress"] |= {"marketingState": state, "marketingUpdatedAt": moment}  # type: ignore[operator]
        said = [(row["state"], str(row["occurred_at"])) for row in rows(read(box), "consents")]
    assert said == ([word] if word else [])


def test_sms_is_a_word_of_its_own() -> None:
    """By the phone, with its own time and level; redacted is a no."""
    with shop(people=1) as box:
        [found] = box.objects["people"].values()
        phone: Any = found["defaultPhoneNumber"]
        phone["smsMarketingConsent"] |= {
            "state": "REDACTED", "updatedAt": "2026-01-01T00:00:00Z", "optInLevel": "CONFIRMED_OPT_IN",
        }  # fmt: skip
        said = {row["channel"]: row for row in rows(read(box), "consents")}
    assert ("denied", "confirmed_opt_in") == (said["sms"]["state"], said["sms"]["evidence"])
    assert {"shopify_customer", "phone"} == set(identifiers(said["sms"]))
    assert {"shopify_customer", "email"} == set(identifiers(said["email"]))


def test_a_word_that_nobody_knows_is_in_quarantine() -> None:
    """It is not taken for silence; the person lands all the same, and so does their other word."""
    with shop(people=1) as box:
        [found] = box.objects["people"].values()
        found["defaultEmailAddress"] |= {"marketingState": "MAYBE"}  # type: ignore[operator]
        phone: Any = found["defaultPhoneNumber"]
        phone["smsMarketingConsent"] |= {"state": "UNSUBSCRIBED", "updatedAt": "2026-01-01T00:00:00Z"}
        fold = read(box)
    assert [("consents", "state")] == [(row["stream"], row["field"]) for row in fold.quarantined]
    assert 1 == len(rows(fold, "people"))
    assert [("sms", "denied")] == [(row["channel"], row["state"]) for row in rows(fold, "consents")]


def test_metafields_that_are_chosen_land() -> None:
    """By their full name, in a full read as in an increment; others stay where they are."""
    names = {"customers": ["loyalty.tier", "custom.score"]}
    with shop(people=1) as box:
        [found] = box.objects["people"].values()
        found["metafields"] = {"loyalty.tier": typed("Metafield", value="gold", type="single_line_text_field")}
        fold = read(box, None, metafields=names)
        assert '"loyalty.tier": "gold"' in one(fold, "people")["attributes"]
        hour(box)
        touched(box, "people", metafields={"custom.score": typed("Metafield", value="7", type="number_integer")})
        read(box, fold, metafields=names)
    assert '"custom.score": "7"' in one(fold, "people")["attributes"]
    assert "loyalty.tier" not in one(fold, "people")["attributes"]


def test_test_orders_are_left_out_unless_asked_for() -> None:
    """Money that nobody paid is no revenue; the search leaves them out, and so do we where it does not."""
    with shop(orders=2) as box:
        first = next(iter(box.objects["orders"].values()))
        first["test"] = True
        assert 1 == len(rows(read(box), "orders"))
        assert 2 == len(rows(read(box, None, test_orders=True), "orders"))
        searches = [str(each["variables"].get("query")) for each in asked(box)]
    assert any("test:false" in each for each in searches)


def test_an_increment_begins_a_look_back_before_what_landed() -> None:
    """Inclusive, in UTC; customers, whose filter matches whole days, from the day on, and older ones are left aside."""
    with shop(people=1, orders=1) as box:
        fold = read(box)
        hour(box, 5)
        box.make("people")
        read(box, fold)
        increment = Fold(cursor=fold.cursor)
        before = len(asked(box))
        read(box, increment)
        searches = {each["variables"]["query"] for each in asked(box)[before:]}
    assert "updated_at:>='2026-03-01T00:00:00Z'" in searches
    assert "updated_at:>='2026-03-01T11:50:00Z' AND test:false" in searches
    assert 1 == len(rows(increment, "people"))
    assert 1 == len(rows(increment, "orders"))


def test_the_bound_is_closed() -> None:
    """An object of the very instant where the look-back begins is read."""
    with shop(orders=1) as box:
        fold = read(box)
        box.clock = START - timedelta(minutes=10)
        [late] = box.make("orders")
        box.clock = START - timedelta(minutes=10, seconds=1)
        [too_late] = box.make("orders")
        box.clock = START
        read(box, fold)
    assert late in fold.keys("orders")
    assert too_late not in fold.keys("orders")


def test_the_same_of_customers() -> None:
    """Though their filter would bring the whole day, what is before the look-back is not read again."""
    with shop(people=1) as box:
        fold = read(box)
        box.clock = START - timedelta(minutes=10)
        [late] = box.make("people")
        box.clock = START - timedelta(minutes=10, seconds=1)
        [too_late] = box.make("people")
        box.clock = START
        read(box, fold)
    assert late in fold.keys("people")
    assert too_late not in fold.keys("people")


def test_the_place_of_checkouts_moves_behind_their_last_page() -> None:
    """Shopify lists them by id: one that changed late may be on the last page."""
    with shop(people=1) as box:
        fold = read(box)
        hour(box)
        box.make("carts", 60)
        cursors = [
            page.cursor["abandonedCheckouts"]  # type: ignore[index,call-overload]
            for page in source(box).read(["carts"], fold.cursor)
        ]
    assert ["2026-03-01T12:00:00", "2026-03-01T12:00:00", "2026-03-01T13:00:00"] == cursors


def test_a_place_is_never_behind_the_start_of_the_read() -> None:
    """What changes while a job works may be missing from its file: the next read begins before that."""
    with shop(people=2) as box:
        reading = source(box).read(["people"], None)
        next(reading)
        hour(box)
        key = box.keys("people")[0]
        box.touch("people", key, "Late")
        pages = list(reading)
    assert {"customers": "2026-03-01T12:00:00"} == pages[-1].cursor


def test_a_kind_that_is_new_to_the_cursor_is_read_whole() -> None:
    """Other kinds go on from where they were, and nothing is taken for deleted."""
    with shop(people=1, products=2) as box:
        fold = Fold()
        for _ in fold.read(source(box).read(["people"], None)):
            pass
        assert fold.completed
        read(box, fold)
    assert 2 == len(rows(fold, "products"))
    assert not fold.completed
    assert {"customers", "orders", "products", "abandonedCheckouts"} == set(fold.cursor)


def test_without_the_scope_for_all_orders_no_read_is_complete() -> None:
    """Orders of before 60 days are hidden: they must not be taken for deleted; people alone are complete."""
    with shop(people=1, orders=1) as box:
        hour(box, 24 * 61)
        fold = read(box)
        assert fold.completed
        box.scopes.remove("read_all_orders")
        fold.cursor = None
        read(box, fold)
        assert not fold.completed
        assert 1 == len(rows(fold, "orders"))
        alone = Fold()
        for _ in alone.read(source(box).read(["people"], None)):
            pass
        assert alone.completed


def test_a_full_read_forgets_who_was_deleted() -> None:
    """No list tells of a deletion; whoever reads all sees who is missing."""
    with shop(people=2, products=2) as box:
        fold = read(box)
        gone = box.keys("people")[0]
        box.remove("people", gone)
        read(box, fold)
        assert gone in fold.keys("people")
        fold.cursor = None
        read(box, fold)
        assert gone not in fold.keys("people")


def test_a_kind_without_its_scope_spoils_no_other() -> None:
    """It is warned of with what is lost, the read is not complete, what landed before stays; in increments as well."""
    with shop(people=2, orders=2) as box:
        fold = read(box)
        box.scopes.remove("read_customers")
        for cursor in (None, fold.cursor):
            fold.cursor, fold.warnings = cursor, []
            read(box, fold)
            assert 2 == len(rows(fold, "people"))
            assert 2 == len(rows(fold, "orders"))
            assert not fold.completed
            assert any("scope read_customers is missing: no people" in text for text in fold.warnings)


def test_a_source_that_may_see_nothing_stops() -> None:
    """A person has to grant something."""
    with shop(people=1) as box:
        box.scopes.clear()
        with pytest.raises(StopConnection, match="read_customers"):
            read(box)


@pytest.mark.parametrize("full", [True, False], ids=["full", "increment"])
@pytest.mark.parametrize(
    ("hidden", "column"),
    [
        ("Customer.firstName", "first_name"),
        ("Customer.defaultEmailAddress", "identifiers"),
        ("CustomerEmailAddress.emailAddress", "identifiers"),
        ("CustomerPhoneNumber.phoneNumber", "identifiers"),
        ("MailingAddress.address1", "street"),
        ("Order.email", "identifiers"),
        ("Order.customer", "identifiers"),
        ("LineItem.product", "product_id"),
        ("Customer.note", "attributes"),
        ("Customer.metafield", "attributes"),
    ],
)
def test_what_may_not_be_seen_overwrites_nothing(*, hidden: str, column: str, full: bool) -> None:
    """A field that Shopify hides one day keeps what was known; everything else lands, and the run is warned."""
    with shop(people=1, products=1, orders=1) as box:
        names = {"customers": ["loyalty.tier"]}
        touched(box, "people", note="known")
        fold = read(box, None, metafields=names)
        stream = {"Order": "orders", "LineItem": "order_lines"}.get(hidden.partition(".")[0], "people")
        before = one(fold, stream)[column]
        hour(box)
        box.hidden = frozenset({hidden})
        touched(box, "people", lastName="Changed")
        touched(box, "orders", tags=["changed"])
        fold.cursor = None if full else fold.cursor
        read(box, fold, metafields=names)
    assert before is not None
    assert before == one(fold, stream)[column]
    assert "Changed" == one(fold, "people")["last_name"]
    assert any("does not show" in text for text in fold.warnings)
    assert not any("@" in text for text in fold.warnings)


def test_a_list_without_rows_is_no_end() -> None:
    """A page that is empty and names a next one: what is behind it lands."""
    with shop(people=1) as box:
        fold = read(box)
        hour(box)
        box.make("people", 120)
        increment = Fold(cursor=fold.cursor)
        box.faults.add(Fault(kind="no_rows", path=PATH, skip=1))
        read(box, increment)
    assert 70 <= len(rows(increment, "people")) < 120


def test_an_odd_order_costs_itself_and_an_odd_line_itself() -> None:
    """What is wrong with a line is its own matter; its order and its neighbours land."""
    with shop(orders=2) as box:
        first, second = box.objects["orders"].values()
        first["lineItems"] = [{**line(1, None), "quantity": -1}, line(2, None)]
        second["totalPriceSet"] = bag("many")
        fold = read(box)
    assert 1 == len(rows(fold, "orders"))
    assert 2 == len(rows(fold, "order_lines"))
    refused = sorted((row["stream"], row["field"]) for row in fold.quarantined)
    assert [("order_lines", "quantity"), ("orders", "total")] == refused


def test_streams_are_those_of_the_kinds() -> None:
    """And erasures, which are pushed; a read of them alone asks nothing and deletes nothing."""
    with shop() as box:
        fold = Fold()
        for _ in fold.read(source(box).read(["erasures"], None)):
            pass
        assert not fold.completed
        assert not asked(box)
    assert "erasures" in ShopifySource.streams
