"""HubSpot's strings become values; what does not fit says which column it was for."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from hub.sdk.records import Json

Object: TypeAlias = Mapping[str, Json]

_DIGITS, _SMALLEST = 14, Decimal("0.0001")  # of money: before the decimal mark, and behind it
_LONGEST_ID = 20
_BIGGEST = 2**63 - 1


class Misfit(Exception):
    """A value is not what HubSpot documents; `field` is the canonical column that it was for."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field


def identity(value: Json, field: str) -> str:
    """Return an object's id: digits, as text. Raises Misfit for anything else."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID:
        return text
    raise Misfit(field, "the digits of an id")


def properties(found: Object) -> Object:
    """Return the properties of an object. Raises Misfit where there are none."""
    held = found.get("properties")
    if isinstance(held, Mapping):
        return held
    raise Misfit("attributes", "an object of properties")


def text(held: Object, name: str, field: str = "attributes") -> str | None:
    """Return a property, None where it is empty. Raises Misfit for what is no text."""
    value = held.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise Misfit(field, f"text in {name}")


def parts(held: Object, name: str, field: str) -> Sequence[str]:
    """Return the parts of a property that holds several, joined by `;`. Raises Misfit for what is no text."""
    return [part.strip() for part in (text(held, name, field) or "").split(";") if part.strip()]


def moment(value: Json, field: str) -> datetime | None:
    """Return an instant as naive UTC, None where there is none: ISO 8601, or milliseconds since 1970.

    Raises:
        Misfit: it is neither.
    """
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Misfit(field, "a time")
    try:
        if isinstance(value, int) or value.isdigit():
            return datetime.fromtimestamp(int(value) / 1000, UTC).replace(tzinfo=None)
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        raise Misfit(field, "a time such as 2026-03-01T10:00:00Z") from None


def day(value: str | None) -> date | None:
    """Return a date that is written as 1990-02-03; None for anything else, since the property is free text."""
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        return None


def money(held: Object, name: str, field: str) -> Decimal | None:
    """Return an amount in the currency's main unit. Raises Misfit for what is none."""
    value = _decimal(held, name, field)
    if value is None:
        return None
    if value.adjusted() >= _DIGITS:
        raise Misfit(field, "an amount of at most 14 digits")
    return value.quantize(_SMALLEST)


def count(held: Object, name: str, field: str) -> int | None:
    """Return a whole number. Raises Misfit for what is none."""
    value = _decimal(held, name, field)
    if value is None:
        return None
    if abs(value) > _BIGGEST:
        raise Misfit(field, "a number of at most 18 digits")
    return int(value)


def flag(held: Object, name: str, field: str) -> bool | None:
    """Return a yes or no. Raises Misfit for anything else."""
    value = text(held, name, field)
    if value is None or value in {"true", "false"}:
        return None if value is None else value == "true"
    raise Misfit(field, f"true or false in {name}")


def country(held: Object, *names: str) -> str | None:
    """Return the first property that is an ISO 3166-1 alpha-2 code; HubSpot takes any text for a country."""
    codes = [(text(held, name, "country") or "").strip().upper() for name in names]
    return next((code for code in codes if len(code) == 2 and code.isascii() and code.isalpha()), None)  # noqa: PLR2004


def known(sources: Mapping[str, Sequence[str]], held: Object) -> Sequence[str] | None:
    """Return the columns that could be read, None for all: HubSpot leaves out what the token may not see.

    `sources` names the properties of each column that may be hidden so.
    """
    hidden = {column for column, names in sources.items() if not all(name in held for name in names)}
    return [column for column in sources if column not in hidden] if hidden else None


def _decimal(held: Object, name: str, field: str) -> Decimal | None:
    value = text(held, name, field)
    if value is None:
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise Misfit(field, f"a number in {name}") from None
    if not found.is_finite():
        raise Misfit(field, f"a number in {name}")
    return found
