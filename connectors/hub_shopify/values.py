"""A field of an object of Shopify, or why it does not fit."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from hub.sdk.records import Json

Object: TypeAlias = Mapping[str, Json]

_DIGITS, _SMALLEST = 14, Decimal("0.0001")  # of money: before the decimal mark, and behind it
_LARGEST = 10**15  # of a number of things
_OLDEST = 1900


class Misfit(Exception):
    """An object lacks what its record needs; `field` is the canonical column."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: expected as Shopify documents it")
        self.field = field


def text(found: Object, key: str) -> str | None:
    """Return a text that is not empty; None for anything else."""
    value = found.get(key)
    return value if isinstance(value, str) and value else None


def part(found: Object, key: str) -> Object:
    """Return an inner object, an empty one for anything else."""
    value = found.get(key)
    return value if isinstance(value, Mapping) else {}


def objects(value: Json) -> Sequence[Object]:
    """Return the objects of a list, none for anything else."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def nodes(connection: Json) -> Sequence[Object]:
    """Return the objects of a connection, whether it was asked for its nodes or for its edges."""
    found = connection if isinstance(connection, Mapping) else {}
    return objects(found.get("nodes")) or [part(edge, "node") for edge in objects(found.get("edges"))]


def said(found: Object, key: str, column: str) -> str | None:
    """Return a text or None. Raises Misfit for a value of another type."""
    value = found.get(key)
    if value is None or isinstance(value, str):
        return value or None
    raise Misfit(column)


def inner(found: Object, key: str, column: str) -> Object:
    """Return an inner object, an empty one for null. Raises Misfit for a value of another type."""
    value = found.get(key)
    if value is None or isinstance(value, Mapping):
        return value or {}
    raise Misfit(column)


def listed(found: Object, key: str, column: str) -> Sequence[str]:
    """Return a list of texts. Raises Misfit for a value of another type."""
    value = found.get(key)
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return [each for each in value if isinstance(each, str)]
    raise Misfit(column)


def number_of(gid: Json) -> str | None:
    """Return the number in `gid://shopify/Customer/123?x=y`, or a number alone; None where there is none."""
    tail = str(gid).rpartition("/")[2].partition("?")[0] if isinstance(gid, str | int) else ""
    return tail if tail.isascii() and tail.isdigit() and not isinstance(gid, bool) else None


def key_of(found: Object, column: str) -> str:
    """Return an object's number as text. Raises Misfit without one."""
    key = number_of(found.get("id"))
    if key is None:
        raise Misfit(column)
    return key


def when(found: Object, key: str, column: str) -> datetime:
    """Return an instant as naive UTC; Shopify writes it as UTC, in events with an offset. Raises Misfit."""
    try:
        moment = datetime.fromisoformat(text(found, key) or "")
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        raise Misfit(column) from None
    if moment.year < _OLDEST:
        raise Misfit(column)
    return moment


def when_known(found: Object, key: str, column: str) -> datetime | None:
    """Return an instant, None for null. Raises Misfit."""
    return None if found.get(key) is None else when(found, key, column)


def money(value: Json, column: str) -> Decimal:
    """Return an amount, which Shopify writes as text in whole units. Raises Misfit."""
    try:
        amount = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or amount.adjusted() >= _DIGITS:
        raise Misfit(column)
    return amount.quantize(_SMALLEST)


def shop_money(found: Object, key: str, column: str) -> Decimal | None:
    """Return the amount of a MoneyBag in the shop's currency, None for null. Raises Misfit."""
    bag = inner(found, key, column)
    return money(inner(bag, "shopMoney", column).get("amount"), column) if bag else None


def count(value: Json, column: str) -> int:
    """Return a whole number, also where it is written as text. Raises Misfit."""
    digits = isinstance(value, str) and value.isascii() and value.isdigit()
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (digits or whole) or not 0 <= int(str(value)[:20]) < _LARGEST:
        raise Misfit(column)
    return int(str(value))


def currency(found: Object, key: str, column: str = "currency") -> str:
    """Return an ISO 4217 code. Raises Misfit."""
    code = text(found, key)
    if code is None or len(code) != len("USD") or not code.isascii() or not code.isalpha():
        raise Misfit(column)
    return code.upper()
