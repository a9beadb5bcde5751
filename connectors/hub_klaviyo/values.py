"""JSON becomes values; what does not fit says which column it was for."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from hub.sdk.countries import ALIASES, COUNTRIES
from hub.sdk.records import Json

Object: TypeAlias = Mapping[str, Json]


class Misfit(Exception):
    """A value is not what Klaviyo documents; `field` is the canonical column that it was for."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field


def part(held: Object, name: str, field: str = "attributes") -> Object:
    """Return an object within an object, an empty one where there is none. Raises Misfit for anything else."""
    value = held.get(name)
    if value is None or isinstance(value, Mapping):
        return value or {}
    raise Misfit(field, f"an object in {name}")


def text(held: Object, name: str, field: str = "attributes") -> str | None:
    """Return text without space around it, None where it is empty. Raises Misfit for what is no text."""
    value = held.get(name)
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    raise Misfit(field, f"text in {name}")


def identity(found: Object, field: str) -> str:
    """Return an object's id. Raises Misfit without one."""
    key = text(found, "id", field)
    if key is None:
        raise Misfit(field, "an id")
    return key


def moment(held: Object, name: str, field: str) -> datetime | None:
    """Return an instant, aware, None where there is none; one without an offset is UTC. Raises Misfit otherwise."""
    value = text(held, name, field)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Misfit(field, f"a time such as 2026-03-01T10:00:00+00:00 in {name}") from None


def country(held: Object) -> str | None:
    """Return the country where it is an ISO 3166-1 alpha-2 code; Klaviyo takes any text for one."""
    code = (text(held, "country", "country") or "").upper()
    code = ALIASES.get(code, code)
    return code if code in COUNTRIES else None


def linked(found: Object, name: str, field: str) -> str:
    """Return the id of the one object that `found` is related to. Raises Misfit without one."""
    return identity(part(part(part(found, "relationships", field), name, field), "data", field), field)
