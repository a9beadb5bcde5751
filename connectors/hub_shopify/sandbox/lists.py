"""Searching, sorting and paging, as Shopify's lists do it."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from hub_shopify.sandbox.records import Record

T = TypeVar("T", datetime, int)

MOST = 250
_TERM = re.compile(r"(\w+):(>=|<=|>|<|)('[^']*'|\"[^\"]*\"|[^\s()]+)")
_TIMES = {"updated_at": "updatedAt", "created_at": "createdAt", "customer_date": "createdAt"}
_SORTS = {
    "UPDATED_AT": "updatedAt",
    "CREATED_AT": "createdAt",
    "PROCESSED_AT": "processedAt",
    "ID": "",
    "CHECKOUT_ID": "",
}


class Refusal(Exception):
    """A query that Shopify does not run; `code` as in `extensions`."""

    def __init__(self, message: str, code: str = "BAD_REQUEST") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Many:
    """A list that is paged. `whole_days`: its filter by the time of change matches such. `sort`: its own order."""

    items: Sequence[Record]
    whole_days: bool = False
    sort: str = "ID"


@dataclass(frozen=True, slots=True)
class Part:
    """What one page holds, each with its cursor."""

    items: Sequence[tuple[str, Record]]
    before: bool
    behind: bool


def matching(many: Many, query: str) -> list[Record]:
    """Return what a search finds; terms that Shopify does not know are left out, as it does."""
    found = list(many.items)
    for name, sign, raw in _TERM.findall(query):
        value = raw.strip("'\"")
        if name in _TIMES:
            low, high = _span(value, days=many.whole_days and name == "updated_at")
            found = [each for each in found if _in(_time(str(each[_TIMES[name]])), sign, low, high)]
        elif name == "id":
            found = [each for each in found if _in(number(each), sign, int(value), int(value))]
        elif name == "test":
            found = [each for each in found if each.get("test", False) is (value == "true")]
    return found


def part_of(many: Many, args: Mapping[str, object]) -> Part:
    """Return a page. Raises Refusal for arguments that Shopify does not take."""
    first = args.get("first")
    if not isinstance(first, int):
        raise Refusal("you must provide one of first or last")
    if not 0 < first <= MOST:
        raise Refusal(f"first must be between 1 and {MOST}", "MAX_PAGE_SIZE_EXCEEDED")
    sort = str(args.get("sortKey") or many.sort)
    if sort not in _SORTS:
        raise Refusal(f"sortKey {sort} is not simulated")
    reverse = args.get("reverse") is True
    placed = sorted(((place(each, sort), each) for each in matching(many, str(args.get("query") or ""))),
                    key=lambda pair: pair[0], reverse=reverse)  # fmt: skip
    after = args.get("after")
    if after is not None:
        start = read_cursor(str(after))
        behind = [pair for pair in placed if (pair[0] < start if reverse else pair[0] > start)]
    else:
        behind = placed
    items = [(cursor(spot), each) for spot, each in behind[:first]]
    return Part(items, len(behind) < len(placed), len(behind) > first)


def place(record: Record, sort: str) -> tuple[str, int]:
    """Where an object stands in an order: by its value, then by its number."""
    return str(record.get(_SORTS[sort], "")), number(record)


def number(record: Record) -> int:
    """Return the number of an object's id."""
    return int(str(record["id"]).rpartition("/")[2])


def cursor(spot: tuple[str, int]) -> str:
    """Return an opaque cursor."""
    return base64.urlsafe_b64encode(json.dumps(spot).encode()).decode()


def read_cursor(text: str) -> tuple[str, int]:
    """Return where a cursor stands. Raises Refusal for one that is none."""
    try:
        value, key = json.loads(base64.urlsafe_b64decode(text))
    except ValueError:
        raise Refusal("invalid cursor") from None
    return str(value), int(key)


def _span(value: str, *, days: bool) -> tuple[datetime, datetime]:
    low = _time(value)
    if days:
        low = low.replace(hour=0, minute=0, second=0)
        return low, low + timedelta(days=1) - timedelta(seconds=1)
    return low, low


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in(value: T, sign: str, low: T, high: T) -> bool:
    match sign:
        case ">=":
            return value >= low
        case ">":
            return value > high
        case "<=":
            return value <= high
        case "<":
            return value < low
    return low <= value <= high
