"""The vendor's customers become records of the stream `people`."""

from collections.abc import Mapping
from datetime import UTC, datetime

from hub.sdk.records import Json
from hub.sdk.tables import raw


class Misfit(Exception):
    """A customer lacks what its record needs; `field` is the canonical column."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field


def person(found: Mapping[str, Json]) -> Mapping[str, object]:
    """Return the columns of a customer. Raises Misfit where a value is not what the vendor documents."""
    return {
        "record_id": key(found),
        "first_name": _text(found, "first_name"),
        "last_name": _text(found, "last_name"),
        "country": _text(found, "country"),
        "created_at": when(found, "created_at"),
        "updated_at": when(found, "updated_at"),
        "identifiers": {
            "example_customer": key(found),
            "email": _text(found, "email"),
            "phone": _text(found, "phone"),
        },
        "_raw": raw(found),
    }


def key(found: Mapping[str, Json]) -> str:
    """Return the customer's id. Raises Misfit without one."""
    value = found.get("id")
    if isinstance(value, str) and value:
        return value
    raise Misfit("record_id", "text")


def when(found: Mapping[str, Json], name: str) -> datetime:
    """Return an instant in UTC; the vendor writes `2026-03-01T10:00:00+01:00`. Raises Misfit for anything else."""
    try:
        return datetime.fromisoformat(str(found.get(name))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Misfit(name, "a time such as 2026-03-01T10:00:00+01:00") from None


def _text(found: Mapping[str, Json], name: str) -> str | None:
    value = found.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise Misfit(name, "text")
