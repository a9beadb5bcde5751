"""One request and what its errors mean; pages, and lists that are too long for one query."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from hub.sdk.errors import BadData, RetryLater, StopConnection
from hub.sdk.http import Response
from hub.sdk.records import Json
from hub.sdk.sandbox import Fault
from hub_shopify.checking import scopes_of
from hub_shopify.client import Client, Denied, _pause
from hub_shopify.documents import KINDS, LINES
from hub_shopify.sandbox import ShopifySandbox
from hub_shopify.sandbox.cost import Bucket
from hub_shopify.sandbox.records import line
from hub_shopify.settings import ShopifySettings, ShopifySourceSettings
from hub_shopify.source import ShopifySource
from tests.connectors.hub_shopify.reading import PATH, asked, read, rows, shop, source

OLD = datetime(2026, 1, 1)  # noqa: DTZ001 - naive UTC


def client(box: ShopifySandbox, **entry: Json) -> Client:
    """A client of the shop."""
    settings = ShopifySettings.model_validate(box.connection())
    return Client(settings, ShopifySourceSettings.model_validate(entry), Path(), box.now())


def answers(box: ShopifySandbox, body: str) -> Client:
    """A client whose next answer is this one."""
    found = client(box)
    box.faults.add(Fault(kind="status", status=200, path=PATH, body=body))
    return found


class Counting(Bucket):
    """A bucket that counts how often it was found empty."""

    refused = 0

    def pay(self, points: float) -> bool:
        """Count."""
        paid = super().pay(points)
        self.refused += not paid
        return paid


def test_an_empty_bucket_is_waited_for() -> None:
    """Refused with status 200, the read waits until there are points enough and brings everything."""
    with shop(ShopifySandbox, people=200) as box:
        fold = read(box)
        for key in box.keys("people"):
            box.touch("people", key, "Changed")
        box.bucket = Counting(900, 1_000)
        read(box, fold)
        assert box.bucket.refused
    assert {"Changed"} == {row["last_name"] for row in rows(fold, "people")}


@pytest.mark.parametrize(
    ("wanted", "left", "rate", "seconds"), [(752, 2, 50, 15.0), (100, 100, 100, 0.0), (300, 100, 1000, 0.2)]
)
def test_the_pause_is_what_the_bucket_needs(wanted: int, left: int, rate: int, seconds: float) -> None:
    """The points that are missing, by what comes back in a second."""
    body = (
        '{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],"extensions":{"cost":'
        f'{{"requestedQueryCost":{wanted},"actualQueryCost":null,"throttleStatus":'
        f'{{"maximumAvailable":2000.0,"currentlyAvailable":{left},"restoreRate":{rate}}}}}}}}}'
    )
    pause = _pause(Response(200, {}, body.encode()))
    assert pause is not None
    assert seconds == pause.total_seconds()


def test_a_name_that_says_throttled_is_no_throttle() -> None:
    """Only the code of an error counts, not what a customer is called."""
    assert _pause(Response(200, {}, b'{"data":{"name":"THROTTLED"}}')) is None
    assert _pause(Response(200, {}, b'{"data":{},"errors":[{"message":"THROTTLED"}]}')) is None


def test_pages_that_cost_too_much_are_halved() -> None:
    """A page that no query may cost is asked for in smaller ones, and nothing is missing."""
    many = tuple(f"custom.m{number}" for number in range(40))
    with shop(people=60) as box:
        found = client(box, metafields={"customers": many})
        pages = list(found.pages(KINDS["customers"], OLD))
        firsts = [each["variables"]["first"] for each in asked(box)]
    assert [12, 12, 12, 12, 12] == [len(page.nodes) for page in pages]
    assert [50, 25, 12, 12, 12, 12, 12] == firsts


def test_one_object_that_costs_too_much_stops_the_connection() -> None:
    """No page is small enough."""
    body = '{"errors":[{"message":"x","extensions":{"code":"MAX_COST_EXCEEDED","cost":1001,"maxCost":1000}}]}'
    with shop(people=1) as box:
        found = client(box)
        box.faults.add(Fault(kind="status", status=200, path=PATH, body=body, times=None))
        with pytest.raises(StopConnection, match="costs more"):
            list(found.pages(KINDS["customers"], OLD))


def test_what_is_too_long_to_be_paged_through_is_read_by_a_job() -> None:
    """More changes than one query may page through land by a job that is asked for them alone."""
    for stream in ("people", "orders", "carts"):
        with shop() as box:
            fold = read(box)
            box.clock = box.now().replace(hour=15)
            box.make(stream, 70)
            found = source(box)
            found._client.most = 40
            for _ in fold.read(found.read(ShopifySource.streams, fold.cursor)):
                pass
            jobs = [each["variables"]["query"] for each in asked(box) if "mutation" in each["query"]]
            assert 70 == len(rows(fold, stream))
            assert len(KINDS) + 1 == len(jobs)
            assert "updated_at:>='2026-03-01T" in jobs[-1]
            assert fold.content() == read(box).content()


def test_lines_beyond_the_first_are_asked_for_apart() -> None:
    """An order with many lines brings all of them, in an increment as in a full read."""
    with shop(products=1, orders=1) as box:
        fold = read(box)
        [order] = box.objects["orders"].values()
        order["lineItems"] = [line(700_000 + place, None) for place in range(2 * LINES + 111)]
        order["updatedAt"] = box.stamp()
        read(box, fold)
        full = read(box)
    assert 2 * LINES + 111 + 1 == len(rows(fold, "order_lines"))  # the line that was taken out stays
    assert 2 * LINES + 111 == len(rows(full, "order_lines"))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"errors":[{"message":"x","extensions":{"code":"INTERNAL_SERVER_ERROR","requestId":"1"}}]}', RetryLater),
        ('{"data":{"shop":null},"errors":[{"extensions":{"code":"TIMEOUT"}}]}', RetryLater),
        ('{"errors":[{"message":"x","extensions":{"code":"SHOP_INACTIVE"}}]}', StopConnection),
        ('{"errors":[{"message":"Field planet"}]}', StopConnection),
        ('{"errors":"[API] something"}', StopConnection),
        ('{"data":null}', BadData),
        ("[]", BadData),
        ('{"errors":[],"data":5}', BadData),
    ],
)
def test_errors_say_what_has_to_happen_next(body: str, error: type[Exception]) -> None:
    """Trouble passes, a refusal does not, and an answer without data is none; no word of the vendor's is repeated."""
    with shop() as box, pytest.raises(error) as raised:
        answers(box, body).ask("{ shop { name } }")
    assert "planet" not in str(raised.value)


@pytest.mark.parametrize("status", [402, 403, 404, 423, 430])
def test_refusals_by_status_stop_the_connection(status: int) -> None:
    """Frozen, forbidden, no such shop, locked, a security rejection: a person has to look."""
    with shop() as box:
        found = client(box)
        box.faults.add(Fault(kind="status", status=status, path=PATH, body="{}"))
        with pytest.raises(StopConnection, match=str(status)):
            found.ask("{ shop { name } }")


@pytest.mark.parametrize(
    "page",
    [
        "null",
        '{"nodes":{},"pageInfo":{"hasNextPage":false}}',
        '{"nodes":[],"pageInfo":{}}',
        '{"nodes":[],"pageInfo":{"hasNextPage":"no"}}',
        '{"nodes":[],"pageInfo":{"hasNextPage":true,"endCursor":null}}',
        '{"nodes":["x"],"pageInfo":{"hasNextPage":false,"endCursor":null}}',
    ],
)
def test_what_is_no_page_is_no_end(page: str) -> None:
    """Whatever lacks its list or its mark of the end is an error, not an end."""
    with shop() as box, pytest.raises(BadData):
        answers(box, f'{{"data":{{"customers":{page}}}}}').found(KINDS["customers"], 1)


def test_a_circle_is_told() -> None:
    """A cursor that comes twice ends the read."""
    with shop(people=120) as box:
        found = client(box)
        box.faults.add(Fault(kind="replay", path=PATH, skip=1, times=None))
        with pytest.raises(BadData, match="circle"):
            list(found.pages(KINDS["customers"], OLD))


def test_a_list_that_is_denied_is_told_apart() -> None:
    """Without its scope a kind cannot be read, and the others can."""
    with shop(products=1) as box:
        box.scopes.remove("read_customers")
        with pytest.raises(Denied):
            client(box).found(KINDS["customers"], 1)
        assert 1 == len(client(box).found(KINDS["products"], 1).nodes)


def test_another_version_and_deprecated_use_are_warned_of() -> None:
    """An expired version is answered by the oldest one that is served; the header alone says so."""
    with shop() as box:
        box.version = "2027-01"
        [warning] = read(box).warnings
    assert "2027-01" in warning
    assert "2026-10" in warning


def test_a_redirect_is_not_followed_with_the_query() -> None:
    """A shop that was renamed leads elsewhere: the token stays here, and the error names the place."""

    class Renamed(ShopifySandbox):
        def answer(self, request):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            reply, fault = super().answer(request)
            if reply and request.path == PATH:
                object.__setattr__(reply, "status", 301)
                object.__setattr__(reply, "headers", {"Location": "https://other.myshopify.com/x"})
            return reply, fault

    with shop(Renamed) as box, pytest.raises(StopConnection, match=r"other\.myshopify\.com"):
        client(box).ask("{ shop { name } }")


def test_check_says_on_one_screen_how_things_are() -> None:
    """Who we are, the scopes that are there, the version, the budget, the newest of each kind."""
    with shop(ShopifySandbox, people=2, orders=1) as box:
        facts = list(source(box).check())
    texts = "\n".join(f"{fact.level}: {fact.text}" for fact in facts)
    assert {"ok"} == {fact.level for fact in facts}
    assert 'ok: authenticated as the app "Audience hub" at "Sandbox Shop" (sandbox.myshopify.com)' in texts
    assert "America/New_York" in texts
    assert "ok: scopes: read_orders, read_products, read_customers, read_all_orders" in texts
    assert "version 2026-10 of the API answers" in texts
    assert "customers can be read; the newest is of 2026-03-01 12:00 UTC" in texts
    assert "products can be read; there are none yet" in texts
    assert "of 2000 points are left, 100 a second come back" in texts
    assert "/hooks/shop" in texts
    assert len(facts) <= 20


def test_check_says_what_each_missing_scope_costs() -> None:
    """A scope that may write may read; one that is missing is named with what is lost."""
    with shop() as box:
        box.scopes = {"write_customers", "read_customers"}
        table: Mapping[str, Json] = {"shop": "sandbox", "base_url": box.url, "access_token": box.static_token}
        facts = list(source(box, table).check())
    warnings = [fact.text for fact in facts if fact.level == "warning"]
    assert any("scope read_orders is missing: no orders" in text for text in warnings)
    assert any("scope read_all_orders is missing: only orders of the last 60 days" in text for text in warnings)
    assert any("takes no events" in text for text in warnings)
    assert any("orders cannot be read" in text for text in warnings)
    assert not any("read_customers" in text for text in warnings)


def test_who_may_write_may_read() -> None:
    """A scope to write counts for the one to read; no other follows from it."""
    granted = scopes_of({"currentAppInstallation": {"accessScopes": [{"handle": "write_orders"}]}})
    assert {"write_orders", "read_orders"} == granted
    assert not scopes_of({"currentAppInstallation": None})
