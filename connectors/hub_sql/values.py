"""Columns of a result become columns of a stream: at once where the types agree, else value by value."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum
from uuid import UUID
from zoneinfo import ZoneInfo

import pyarrow as pa

_DIGITS, _SMALLEST, _MOST = 14, Decimal("0.0001"), 2**63


class Unfit(Exception):
    """A value is not what its column holds; `expected` says what that is."""

    def __init__(self, expected: str) -> None:
        super().__init__(f"expected {expected}")
        self.expected = expected


def column(values: Sequence[object], kind: pa.DataType, zone: str) -> tuple[pa.Array, Mapping[int, str]]:
    """Return values as an Arrow column, and by place why some of them do not fit (null in the column).

    `zone` is that of times without an offset; times become naive UTC.
    """
    if _agree(values, kind):
        try:
            return pa.array(values, kind), {}
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            pass  # one of them is too large, or not of the others' type
    found, unfit = list[object](), dict[int, str]()
    convert = _converter(kind, zone)
    for place, value in enumerate(values):
        try:
            found.append(None if value is None else convert(value))
        except Unfit as misfit:
            found.append(None)
            unfit[place] = f"expected {misfit.expected}, got {type(value).__name__}"
    return pa.array(found, kind), unfit


def _agree(values: Sequence[object], kind: pa.DataType) -> bool:
    """Whether Arrow would take these values for what they are."""
    types = {type(value) for value in values} - {type(None)}
    wanted = {pa.string(): {str}, pa.int64(): {int}, pa.bool_(): {bool}, pa.date32(): {date}}.get(kind)
    return not types or (wanted is not None and types == wanted)


def _converter(kind: pa.DataType, zone: str) -> Callable[[object], object]:
    if pa.types.is_timestamp(kind):
        place = ZoneInfo(zone)
        return lambda value: _when(value, place)
    if pa.types.is_decimal(kind):
        return _money
    simple: Mapping[pa.DataType, Callable[[object], object]] = {
        pa.string(): text,
        pa.int64(): _count,
        pa.bool_(): _flag,
        pa.date32(): _day,
        pa.float64(): _number,
    }
    return simple[kind]


def text(value: object) -> str:
    """Return a value as text. Raises Unfit for bytes."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode() if not value.isascii() else value
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal() | UUID():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case Enum():
            return str(value.value)
        case list() | tuple() | dict():
            return json.dumps(value, ensure_ascii=False, default=str)
    raise Unfit("text")


def _when(value: object, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(found, date) and not isinstance(found, datetime):
            found = datetime.combine(found, time())
        if isinstance(found, datetime):
            return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        pass
    raise Unfit("a time")


def _day(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise Unfit("a day") from None


def _money(value: object) -> Decimal:
    number = _decimal(value)
    if number.adjusted() >= _DIGITS:
        raise Unfit(f"an amount of at most {_DIGITS} digits before the mark")
    return number.quantize(_SMALLEST)


def _decimal(value: object) -> Decimal:
    try:
        if isinstance(value, int | float | str | Decimal) and not isinstance(value, bool):
            number = Decimal(str(value))
            if number.is_finite():
                return number
    except InvalidOperation:
        pass
    raise Unfit("a number")


def _count(value: object) -> int:
    number = _decimal(value)
    if number != number.to_integral_value() or not -_MOST <= number < _MOST:
        raise Unfit("a whole number")
    return int(number)


def _number(value: object) -> float:
    number = float(_decimal(value))
    if math.isfinite(number):
        return number
    raise Unfit("a number")


def _flag(value: object) -> bool:
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    raise Unfit("true or false")
