"""Shopify's own Python SDK works against the sandbox: other people's code decides what it must be like."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import shopify

from hub_shopify.sandbox import ShopifySandbox
from tests.connectors.hub_shopify.reading import shop

PAGE = """
query Customers($after: String) {
  customers(first: 10, after: $after, sortKey: CREATED_AT) {
    edges { cursor node { ...Who } }
    pageInfo { hasNextPage endCursor }
  }
}
fragment Who on Customer { __typename id number: legacyResourceId defaultEmailAddress { emailAddress } }
"""


@pytest.fixture
def box() -> Iterator[ShopifySandbox]:
    """Serve a shop with the plan's own bucket of points."""
    with shop(ShopifySandbox, people=25, orders=2) as box:
        yield box


def sdk(box: ShopifySandbox, token: str = ShopifySandbox.static_token) -> shopify.GraphQL:
    """Make the vendor's client speak to a sandbox."""
    shopify.ShopifyResource.activate_session(shopify.Session("sandbox.myshopify.com", "2026-10", token))
    shopify.ShopifyResource.site = f"{box.url}/admin/api/2026-10"
    return shopify.GraphQL()


def run(client: shopify.GraphQL, query: str, **variables: object) -> Any:  # noqa: ANN401 - JSON
    """Run a query."""
    return json.loads(client.execute(query, variables))


def test_a_list_is_paged_by_the_sdk(box: ShopifySandbox) -> None:
    """Every customer once, by cursors, with fragments and aliases that the connector does not use."""
    client, after, found = sdk(box), None, []
    while True:
        page = run(client, PAGE, after=after)["data"]["customers"]
        found += [each["node"]["number"] for each in page["edges"]]
        assert {"Customer"} == {each["node"]["__typename"] for each in page["edges"]}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert list(box.keys("people")) == found


def test_searches_of_the_sdk_find_what_they_say(box: ShopifySandbox) -> None:
    """By id, by time, by the newest first; single objects; counts."""
    client, keys = sdk(box), list(box.keys("people"))
    found = run(client, f'{{ customers(first: 5, query: "id:>{keys[-3]}") {{ nodes {{ id }} }} }}')
    assert 2 == len(found["data"]["customers"]["nodes"])
    newest = run(client, "{ customers(first: 1, sortKey: ID, reverse: true) { nodes { legacyResourceId } } }")
    assert keys[-1] == newest["data"]["customers"]["nodes"][0]["legacyResourceId"]
    one = run(client, "query($id: ID!) { node(id: $id) { id ... on Order { name } } customersCount { count } }",
              id=f"gid://shopify/Order/{box.keys('orders')[0]}")["data"]  # fmt: skip
    assert one["node"]["name"].startswith("#")
    assert 25 == one["customersCount"]["count"]


def test_a_bulk_operation_is_run_by_the_sdk(box: ShopifySandbox) -> None:
    """Started, looked at, fetched; lines name their order."""
    client = sdk(box)
    query = "{ orders { edges { node { id lineItems { edges { node { id sku } } } } } } }"
    start = "mutation($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id } userErrors { code } } }"
    job = run(client, start, q=query)["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"]
    look = "query($id: ID!) { bulkOperation(id: $id) { status url objectCount } }"
    while (seen := run(client, look, id=job)["data"]["bulkOperation"])["status"] != "COMPLETED":
        assert seen["url"] is None
    with urllib.request.urlopen(seen["url"]) as file:  # noqa: S310 - the sandbox's own
        lines = [json.loads(line) for line in file]
    assert seen["objectCount"] == str(len(lines)) == "4"
    assert {each["id"] for each in lines if "__parentId" not in each} == {
        each["__parentId"] for each in lines if "__parentId" in each
    }


def test_refusals_are_what_the_sdk_knows(box: ShopifySandbox) -> None:
    """A wrong token is 401; everything else that is wrong comes with status 200 and a code."""
    with pytest.raises(urllib.error.HTTPError, match="401"):
        sdk(box, "shpat_wrong").execute("{ shop { name } }")
    client = sdk(box)
    for query, code in (
        ("{ shop { planet } }", "undefinedField"),
        ("{ customers { nodes { id } } }", "BAD_REQUEST"),
        ("{ orders(first: 250) { nodes { id lineItems(first: 50) { nodes { id } } } } }", "MAX_COST_EXCEEDED"),
        ("{ shop {", "PARSE_ERROR"),
    ):
        assert code == run(client, query)["errors"][0]["extensions"]["code"], query


def test_points_that_were_not_spent_come_back(box: ShopifySandbox) -> None:
    """A query reserves what it may cost and pays for what it brought."""
    found = run(sdk(box), "{ orders(first: 100) { nodes { id customer { id } } } }")["extensions"]["cost"]
    assert (200, 4) == (found["requestedQueryCost"], found["actualQueryCost"])
    assert found["throttleStatus"]["currentlyAvailable"] >= 1996


def test_points_run_out_and_come_back(box: ShopifySandbox) -> None:
    """A query that costs more than is left is refused with what is left, and spends nothing."""
    box.make("orders", 98)
    client = sdk(box)
    dear = "{ orders(first: 100) { nodes { id customer { id } totalPriceSet { shopMoney { amount } } } } }"
    answers = [run(client, dear) for _ in range(6)]
    refused = [each for each in answers if "errors" in each]
    assert refused
    assert "THROTTLED" == refused[0]["errors"][0]["extensions"]["code"]
    status = refused[0]["extensions"]["cost"]["throttleStatus"]
    assert status["currentlyAvailable"] < refused[0]["extensions"]["cost"]["requestedQueryCost"]
    assert (2000, 100) == (status["maximumAvailable"], status["restoreRate"])
