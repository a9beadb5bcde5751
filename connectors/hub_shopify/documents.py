"""What is asked for: kinds of objects, their fields in GraphQL, the scope that each needs and what is lost without it.

Fields stand apart by name, so that one which Shopify refuses to show can be left out of a job.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

VERSION = "2026-10"

LINES = 10  # of an order, asked for with it; what is beyond is asked for apart
_LINE = {
    "id": "id",
    "title": "title",
    "variantTitle": "variantTitle",
    "sku": "sku",
    "vendor": "vendor",
    "quantity": "quantity",
    "currentQuantity": "currentQuantity",
    "isGiftCard": "isGiftCard",
    "originalUnitPriceSet": "originalUnitPriceSet { shopMoney { amount } }",
    "discountAllocations": "discountAllocations { allocatedAmountSet { shopMoney { amount } } }",
    "product": "product { id productType }",
}
_BUYER = "customer { id defaultEmailAddress { emailAddress } defaultPhoneNumber { phoneNumber } }"


def _plain(names: str) -> Mapping[str, str]:
    return {name: name for name in names.split()}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object.

    `name` is the field of the query root. `fields` by name; `streams` are filled by it; `page` objects fit into one
    request's cost. `sort`: None where Shopify cannot sort by the time of change. `by_day`: its filter by that time
    matches whole days. `columns`: canonical columns that a field fills, `attributes` for those that are not named.
    `lost`: what a missing `scope` costs.
    """

    name: str
    type: str
    streams: tuple[str, ...]
    page: int
    sort: str | None
    scope: str
    lost: str
    fields: Mapping[str, str]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by_day: bool = False
    filter: str = ""
    lines: bool = False

    def selection(self, metafields: Collection[str], denied: Collection[str], lines: str) -> str:
        """Return what is asked of each object; `lines` is how its lines are asked for."""
        asked = [each for name, each in self.fields.items() if name not in denied]
        asked += [_metafield(place, each) for place, each in enumerate(metafields) if f"m{place}" not in denied]
        return "\n".join([*asked, lines] if self.lines else asked)


def _metafield(place: int, name: str) -> str:
    namespace, _, key = name.rpartition(".")
    return f"m{place}: metafield(namespace: {json.dumps(namespace)}, key: {json.dumps(key)}) {{ value type }}"


def _line_fields(denied: Collection[str]) -> str:
    return " ".join(each for name, each in _LINE.items() if f"lineItems.{name}" not in denied)


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            name="customers",
            type="Customer",
            streams=("people", "consents"),
            page=50,
            sort="UPDATED_AT",
            scope="read_customers",
            lost="no people and no consents, and orders name nobody but by their own e-mail and phone",
            fields={
                **_plain("id firstName lastName locale state note tags createdAt updatedAt verifiedEmail"),
                **_plain("taxExempt dataSaleOptOut numberOfOrders"),
                "amountSpent": "amountSpent { amount currencyCode }",
                "defaultEmailAddress": "defaultEmailAddress { emailAddress marketingState marketingOptInLevel"
                " marketingUpdatedAt }",
                "defaultPhoneNumber": "defaultPhoneNumber { phoneNumber smsMarketingConsent { state optInLevel"
                " updatedAt } }",
                "defaultAddress": "defaultAddress { address1 address2 city province zip countryCodeV2 }",
            },
            columns={
                "firstName": ("first_name",),
                "lastName": ("last_name",),
                "locale": ("language",),
                "tags": ("tags",),
                "defaultEmailAddress": ("identifiers",),
                "defaultPhoneNumber": ("identifiers",),
                "defaultAddress": ("street", "city", "region", "postcode", "country"),
            },
            by_day=True,
        ),
        Kind(
            name="orders",
            type="Order",
            streams=("orders", "order_lines"),
            page=10,
            sort="UPDATED_AT",
            scope="read_orders",
            lost="no orders, no lines",
            fields={
                **_plain("id name email phone createdAt processedAt updatedAt cancelledAt cancelReason test tags"),
                **_plain("sourceName currencyCode presentmentCurrencyCode discountCodes displayFinancialStatus"),
                **_plain("displayFulfillmentStatus subtotalLineItemsQuantity"),
                "customer": _BUYER,
                **{
                    name: f"{name} {{ shopMoney {{ amount }} }}"
                    for name in ("totalPriceSet", "totalDiscountsSet", "totalRefundedSet", "totalTaxSet")
                },
                "totalShippingPriceSet": "totalShippingPriceSet { shopMoney { amount } }",
            },
            columns={
                "email": ("identifiers",),
                "phone": ("identifiers",),
                "customer": ("identifiers",),
                "lineItems.product": ("product_id", "category"),
            },
            filter="test:false",
            lines=True,
        ),
        Kind(
            name="products",
            type="Product",
            streams=("products",),
            page=50,
            sort="UPDATED_AT",
            scope="read_products",
            lost="no products, and lines of orders without product and category",
            fields={
                **_plain("id title vendor productType status handle tags createdAt updatedAt"),
                "category": "category { name fullName }",
                "priceRangeV2": "priceRangeV2 { minVariantPrice { amount currencyCode } }",
            },
            columns={"category": ("category",)},
        ),
        Kind(
            name="abandonedCheckouts",
            type="AbandonedCheckout",
            streams=("carts",),
            page=50,
            sort=None,
            scope="read_orders",
            lost="no carts; the right to manage abandoned checkouts is needed as well",
            fields={
                **_plain("id name note createdAt updatedAt completedAt discountCodes abandonedCheckoutUrl"),
                "customer": _BUYER,
                "totalPriceSet": "totalPriceSet { shopMoney { amount currencyCode } }",
            },
            columns={
                "email": ("identifiers",),
                "phone": ("identifiers",),
                "customer": ("identifiers",),
                "totalPriceSet": ("total", "currency"),
            },
        ),
    )
}

ALL_ORDERS = "read_all_orders"
SCOPES = {
    **{kind.scope: kind.lost for kind in reversed(KINDS.values())},
    ALL_ORDERS: "only orders of the last 60 days; a read never says that it saw all of them",
}

WHO = """
query Who {
  shop { name myshopifyDomain ianaTimezone currencyCode }
  currentAppInstallation { app { title } accessScopes { handle } }
  publicApiVersions { handle supported }
}
"""
JOB = """
query Job($id: ID!) {
  bulkOperation(id: $id) { id status errorCode objectCount rootObjectCount fileSize url }
}
"""
START = """
mutation Start($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { id status }
    userErrors { field message code }
  }
}
"""
CANCEL = """
mutation Cancel($id: ID!) {
  bulkOperationCancel(id: $id) { bulkOperation { id status } userErrors { field message } }
}
"""


def listing(kind: Kind, metafields: Collection[str] = (), denied: Collection[str] = ()) -> str:
    """Return the query for a page of a kind, from what changed longest ago on."""
    lines = f"lineItems(first: {LINES}) {{ nodes {{ {_line_fields(denied)} }} pageInfo {{ hasNextPage endCursor }} }}"
    order = f"sortKey: {kind.sort or 'ID'}"
    return f"""
query Page($first: Int!, $after: String, $query: String) {{
  {kind.name}(first: $first, after: $after, query: $query, {order}) {{
    nodes {{
      {kind.selection(metafields, denied, lines)}
    }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""


def newest(kind: Kind) -> str:
    """Return the query for the time of the newest object."""
    order = f"sortKey: {kind.sort or 'CREATED_AT'}, reverse: true"
    return f"query Newest {{ {kind.name}(first: 1, {order}) {{ nodes {{ updatedAt }} }} }}"


def job(kind: Kind, metafields: Collection[str] = (), denied: Collection[str] = (), query: str = "") -> str:
    """Return the query of a job that reads all objects of a kind, with all their lines."""
    lines = f"lineItems {{ edges {{ node {{ {_line_fields(denied)} }} }} }}"
    where = f"(query: {json.dumps(query)})" if query else ""
    return f"{{ {kind.name}{where} {{ edges {{ node {{\n{kind.selection(metafields, denied, lines)}\n}} }} }} }}"


def more_lines(denied: Collection[str] = ()) -> str:
    """Return the query for the lines of an order that are behind a cursor."""
    return f"""
query Lines($id: ID!, $after: String) {{
  node(id: $id) {{
    ... on Order {{
      lineItems(first: 100, after: $after) {{
        nodes {{ {_line_fields(denied)} }}
        pageInfo {{ hasNextPage endCursor }}
      }}
    }}
  }}
}}
"""
