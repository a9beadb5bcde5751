"""Stripe's objects become records of canonical streams."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from hub.sdk.errors import BadData
from hub.sdk.records import Json
from hub.sdk.tables import raw
from hub_stripe.client import objects

STREAMS = {"customer": "people", "charge": "orders", "subscription": "subscriptions"}
_WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)  # no minor unit
_THOUSANDTHS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
_GOOD, _NO_MONEY = "succeeded", frozenset(["pending", "failed"])
_DIGITS, _SMALLEST = 14, Decimal("0.0001")  # of money: before the decimal mark, and behind it


class Misfit(Exception):
    """An object lacks what its record needs; `field` is the canonical column."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: expected as Stripe documents it")
        self.field = field


def record(kind: str, found: Mapping[str, Json], version: datetime) -> Mapping[str, object] | None:
    """Return the columns of an object as it was seen at `version` (naive UTC); None for charges that took no money.

    `kind` is Stripe's name for such an object, a key of `STREAMS`.

    Raises:
        Misfit: a value is not what Stripe documents.
    """
    make = {"customer": _person, "charge": _order, "subscription": _subscription}[kind]
    if kind == "charge" and not _took_money(found):
        return None
    return {**make(found), "_version": version, "_raw": raw(found)}


def key(found: Mapping[str, Json], field: str = "record_id") -> str:
    """Return an object's id. Raises Misfit without one."""
    value = _text(found, "id", field)
    if value is None:
        raise Misfit(field)
    return value


def _took_money(found: Mapping[str, Json]) -> bool:
    captured = found.get("captured")
    if not isinstance(captured, bool) or found.get("status") not in (_GOOD, *_NO_MONEY):
        raise Misfit("status")
    return captured and found["status"] == _GOOD


def _person(found: Mapping[str, Json]) -> Mapping[str, object]:
    address = _part(found, "address")
    locales = found.get("preferred_locales")
    first, _, last = (_text(found, "name", "first_name") or "").strip().partition(" ")
    return {
        "record_id": key(found),
        "first_name": first or None,
        "last_name": last.strip() or None,
        "street": _text(address, "line1"),
        "city": _text(address, "city"),
        "region": _text(address, "state"),
        "postcode": _text(address, "postal_code"),
        "country": _text(address, "country"),
        "language": str(locales[0])[:2].lower() if isinstance(locales, list) and locales else None,
        "created_at": _when(found, "created", "created_at"),
        "identifiers": {
            "stripe_customer": _text(found, "id"),
            "email": _text(found, "email"),
            "phone": _text(found, "phone"),
        },
        "attributes": _attributes(found, "metadata", "delinquent", "description"),
    }


def _order(found: Mapping[str, Json]) -> Mapping[str, object]:
    billing = _part(found, "billing_details")
    currency = _currency(found)
    return {
        "order_id": key(found, "order_id"),
        "placed_at": _when(found, "created", "placed_at"),
        "status": "refunded" if found.get("refunded") is True else "paid",
        "currency": currency,
        "total": _money(found.get("amount_captured"), currency, "total"),
        "refunded": _money(found.get("amount_refunded") or 0, currency, "refunded"),
        "identifiers": {
            "stripe_customer": _id(found.get("customer")),
            "email": _text(billing, "email") or _text(found, "receipt_email"),
            "phone": _text(billing, "phone"),
        },
        "attributes": _attributes(found, "metadata", "payment_intent", "disputed", "description"),
    }


def _subscription(found: Mapping[str, Json]) -> Mapping[str, object]:
    items = _items(_part(found, "items").get("data", []))
    prices = [_part(item, "price") for item in items]
    currency = _currency(found)
    return {
        "subscription_id": key(found, "subscription_id"),
        "plan": ", ".join(str(price.get("nickname") or price.get("id")) for price in prices) or None,
        "started_at": _when(found, "start_date", "started_at"),
        "ended_at": _when(found, "ended_at", "ended_at"),
        "status": _text(found, "status"),
        "amount": _scaled(sum(map(_cost, items), Decimal(0)), currency, "amount"),
        "currency": currency,
        "interval": _interval(_part(prices[0], "recurring")) if prices else None,
        "identifiers": {"stripe_customer": _id(found.get("customer"))},
        "attributes": _attributes(found, "metadata", "cancel_at_period_end", "description"),
    }


def _items(data: Json) -> Sequence[Mapping[str, Json]]:
    try:
        return objects(data)
    except BadData:
        raise Misfit("plan") from None


def _money(amount: Json, currency: str, field: str) -> Decimal:
    return _scaled(Decimal(_number(amount, field)), currency, field)


def _scaled(amount: Decimal, currency: str, field: str) -> Decimal:
    """Minor units, which some currencies do not have and some have a thousand of; at most what the column holds."""
    scaled = amount.scaleb(-(0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else 2))
    if scaled.adjusted() >= _DIGITS:
        raise Misfit(field)
    return scaled.quantize(_SMALLEST)


def _number(value: Json, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Misfit(field)
    return value


def _cost(item: Mapping[str, Json]) -> Decimal:
    """Minor units of one item. A price in tiers names no amount: it counts as nothing."""
    price, quantity = _part(item, "price"), item.get("quantity")
    exact = price.get("unit_amount_decimal")
    try:
        each = Decimal(str(exact)) if exact is not None else Decimal(_number(price.get("unit_amount") or 0, "amount"))
    except InvalidOperation:
        raise Misfit("amount") from None
    if not each.is_finite():
        raise Misfit("amount")
    return each * (1 if quantity is None else _number(quantity, "amount"))


def _interval(recurring: Mapping[str, Json]) -> str | None:
    """Return `month`, or `3 months` where it is billed every third one."""
    name, count = _text(recurring, "interval"), recurring.get("interval_count")
    return f"{count} {name}s" if name and count not in (None, 1) else name


def _when(found: Mapping[str, Json], key: str, field: str) -> datetime | None:
    seconds = found.get(key)
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(int(str(seconds)), UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        raise Misfit(field) from None


def _currency(found: Mapping[str, Json]) -> str:
    """Three letters of ISO 4217: they say how many decimals an amount has."""
    code = (_text(found, "currency") or "").upper()
    if len(code) == len("EUR") and code.isascii() and code.isalpha():
        return code
    raise Misfit("currency")


def _part(found: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    part = found.get(name)
    if part is None or isinstance(part, Mapping):
        return part or {}
    raise Misfit(name)


def _text(found: Mapping[str, Json], name: str, field: str | None = None) -> str | None:
    value = found.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise Misfit(field or name)


def _id(reference: Json) -> str | None:
    """Return the id of an object that may have been expanded."""
    return _text(reference if isinstance(reference, Mapping) else {"id": reference}, "id", "stripe_customer")


def _attributes(found: Mapping[str, Json], *keys: str) -> str:
    return json.dumps({key: found[key] for key in keys if found.get(key) not in (None, {}, "")}, ensure_ascii=False)
