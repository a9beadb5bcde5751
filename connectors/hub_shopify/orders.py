"""Orders, their lines, products and abandoned checkouts become records. Money is in the shop's currency."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from hub_shopify.people import attributes, identifiers, metafields_of
from hub_shopify.values import (
    Misfit,
    Object,
    count,
    currency,
    inner,
    key_of,
    listed,
    money,
    number_of,
    said,
    shop_money,
    when,
    when_known,
)

_NO_MONEY = frozenset({"VOIDED", "EXPIRED"})  # was promised, and never came


def order(node: Object, metafields: Sequence[str]) -> Mapping[str, object]:
    """Return the columns of an order. Raises Misfit."""
    items = node.get("subtotalLineItemsQuantity")
    return {
        "order_id": key_of(node, "order_id"),
        "number": said(node, "name", "number"),
        "placed_at": placed_at(node),
        "status": _status(node),
        "channel": said(node, "sourceName", "channel"),
        "currency": currency(node, "currencyCode"),
        "total": shop_money(node, "totalPriceSet", "total"),
        "discount": shop_money(node, "totalDiscountsSet", "discount"),
        "refunded": shop_money(node, "totalRefundedSet", "refunded"),
        "coupon": ", ".join(listed(node, "discountCodes", "coupon")) or None,
        "items": None if items is None else float(count(items, "items")),
        "updated_at": when(node, "updatedAt", "updated_at"),
        "identifiers": identifiers(
            inner(node, "customer", "identifiers"),
            said(node, "email", "identifiers"),
            said(node, "phone", "identifiers"),
        ),
        "attributes": _about(node, metafields),
    }


def placed_at(node: Object) -> datetime:
    """Return when an order was placed; one that came from elsewhere was made at Shopify later. Raises Misfit."""
    return when(node, "createdAt" if node.get("processedAt") is None else "processedAt", "placed_at")


def line(found: Object, of: Object) -> Mapping[str, object]:
    """Return the columns of a line of an order. Raises Misfit."""
    product = inner(found, "product", "product_id")
    title, variant = said(found, "title", "name"), said(found, "variantTitle", "name")
    facts = {
        "vendor": said(found, "vendor", "attributes"),
        "left": found.get("currentQuantity"),  # of the quantity, after removals and returns
        "gift_card": found.get("isGiftCard") or None,
    }
    return {
        "order_id": key_of(of, "order_id"),
        "line_id": key_of(found, "line_id"),
        "placed_at": placed_at(of),
        "product_id": number_of(product.get("id")),
        "sku": said(found, "sku", "sku"),
        "name": " - ".join(each for each in (title, variant) if each) or None,
        "category": said(product, "productType", "category"),
        "quantity": float(count(found.get("quantity"), "quantity")),
        "price": shop_money(found, "originalUnitPriceSet", "price"),
        "discount": _discount(found),
        "currency": currency(of, "currencyCode"),
        "_version": when(of, "updatedAt", "updated_at"),
        "attributes": attributes(facts),
    }


def product(node: Object, metafields: Sequence[str]) -> Mapping[str, object]:
    """Return the columns of a product; its price is that of its cheapest variant. Raises Misfit."""
    cheapest = inner(inner(node, "priceRangeV2", "price"), "minVariantPrice", "price")
    category = inner(node, "category", "category")
    facts = {
        "type": said(node, "productType", "attributes"),
        "category_path": said(category, "fullName", "attributes"),
        "status": said(node, "status", "attributes"),
        "handle": said(node, "handle", "attributes"),
        "tags": listed(node, "tags", "attributes"),
    }
    return {
        "product_id": key_of(node, "product_id"),
        "name": said(node, "title", "name"),
        "category": said(category, "name", "category") or said(node, "productType", "category"),
        "brand": said(node, "vendor", "brand"),
        "price": money(cheapest.get("amount"), "price") if cheapest else None,
        "currency": currency(cheapest, "currencyCode") if cheapest else None,
        "updated_at": when(node, "updatedAt", "updated_at"),
        "attributes": attributes({**facts, **metafields_of(node, metafields)}),
    }


def cart(node: Object, _metafields: Sequence[str]) -> Mapping[str, object]:
    """Return the columns of a checkout that was left, and perhaps taken up again. Raises Misfit."""
    total = inner(inner(node, "totalPriceSet", "total"), "shopMoney", "total")
    email, phone = (said(node, name, "identifiers") for name in ("email", "phone"))  # events alone name them
    facts = {
        "name": said(node, "name", "attributes"),
        "note": said(node, "note", "attributes"),
        "coupon": ", ".join(listed(node, "discountCodes", "attributes")),
        "recovery_url": said(node, "abandonedCheckoutUrl", "attributes"),
    }
    return {
        "cart_id": key_of(node, "cart_id"),
        "started_at": when(node, "createdAt", "started_at"),
        "updated_at": when(node, "updatedAt", "updated_at"),
        "recovered_at": when_known(node, "completedAt", "recovered_at"),
        "total": money(total.get("amount"), "total") if total else None,
        "currency": currency(total, "currencyCode") if total else None,
        "identifiers": identifiers(inner(node, "customer", "identifiers"), email, phone),
        "attributes": attributes(facts),
    }


def _status(node: Object) -> str | None:
    """Name the state of an order: `cancelled` also where the money that was promised never came."""
    paid = said(node, "displayFinancialStatus", "status")
    if when_known(node, "cancelledAt", "status") or paid in _NO_MONEY:
        return "cancelled"
    return paid.lower() if paid else None


def _discount(found: Object) -> Decimal:
    """What was taken off a line, its share of what was taken off the whole order among it."""
    parts = found.get("discountAllocations") or []
    if not isinstance(parts, list) or not all(isinstance(each, Mapping) for each in parts):
        raise Misfit("discount")
    amounts = [shop_money(each, "allocatedAmountSet", "discount") for each in parts if isinstance(each, Mapping)]
    return sum((each for each in amounts if each is not None), Decimal(0)).quantize(Decimal("0.0001"))


def _about(node: Object, metafields: Sequence[str]) -> str:
    found = {
        "paid": said(node, "displayFinancialStatus", "attributes"),
        "fulfilled": said(node, "displayFulfillmentStatus", "attributes"),
        "cancel_reason": said(node, "cancelReason", "attributes"),
        "buyer_currency": said(node, "presentmentCurrencyCode", "attributes"),
        "tags": listed(node, "tags", "attributes"),
        "test": node.get("test") or None,
        **{
            name: str(amount)
            for name, key in (("tax", "totalTaxSet"), ("shipping", "totalShippingPriceSet"))
            if (amount := shop_money(node, key, "attributes")) is not None
        },
    }
    return attributes({**found, **metafields_of(node, metafields)})
