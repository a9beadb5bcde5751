"""Columns of a result become columns of a stream: at once where the types agree, else value by value."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import partial
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from hub.sdk.countries import ALIASES, COUNTRIES
from hub.sdk.streams import COUNT, DAY, FLAG, MONEY, NUMBER, TEXT, WHEN, Stream

_DIGITS, _SMALLEST, _MOST = 14, Decimal("0.0001"), 2**63
_WHOLE = 9e15  # whole numbers below it are exact as floating numbers
_LAST = datetime(9999, 1, 1)  # noqa: DTZ001 - naive UTC; what is later stands for "never"
_CURRENCY = re.compile("[A-Z]{3}")
_YES, _NO = frozenset(["true", "t", "yes", "y", "1", "on"]), frozenset(["false", "f", "no", "n", "0", "off"])
_UTC = pa.timestamp("us", tz="UTC")
_PLAIN = {TEXT: {str}, COUNT: {int}, FLAG: {bool}, DAY: {date}, MONEY: {Decimal}, NUMBER: {float}, WHEN: {datetime}}


class Unfit(Exception):
    """A value is not what its column holds; `expected` says what that is."""

    def __init__(self, expected: str) -> None:
        super().__init__(f"expected {expected}")
        self.expected = expected


class OutOfRange(str):
    """A time in a database's own words that Python has no value for: infinity, a year before Christ."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Use:
    """How a canonical column reads its cells: its type, and what becomes of one value. `zone`: of naive times."""

    kind: pa.DataType
    zone: str
    convert: Callable[[object], object]
    exact: bool = True
    """Whether a value of the right type needs no look at it."""


def use_of(stream: Stream, name: str, zone: str) -> Use:
    """Say how a column of a stream reads its cells."""
    kind = stream.columns.field(name).type
    if name in stream.key:
        return Use(kind, zone, key, exact=False)
    if name in _CODES:
        return Use(kind, zone, _CODES[name], exact=False)
    return Use(kind, zone, _converter(kind, zone))


def column(values: Sequence[object], use: Use) -> tuple[pa.Array, Mapping[int, str]]:
    """Return values as an Arrow column, and by place why some of them do not fit (null in the column)."""
    found = _at_once(values, use)
    return (found, {}) if found is not None else _one_by_one(values, use)


def _at_once(values: Sequence[object], use: Use) -> pa.Array | None:
    """Let Arrow take them, where all are of the column's own type; None where each has to be looked at."""
    types = {type(value) for value in values} - {type(None)}
    if not types:
        return pa.nulls(len(values), use.kind)
    if not use.exact or types != _PLAIN[use.kind]:
        return None
    try:
        return _taken(values, use)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):  # one is too large, or half a character
        return None


def _taken(values: Sequence[object], use: Use) -> pa.Array | None:
    if use.kind == WHEN:
        return _times(values, use.zone)
    array = pa.array(values, use.kind)
    if use.kind == TEXT:
        return pc.if_else(pc.equal(array, ""), pa.scalar(None, TEXT), array)
    if use.kind == NUMBER:
        return array if pc.all(pc.is_finite(array)).as_py() else None
    if use.kind == DAY:
        return array if pc.max(array).as_py() < _LAST.date() else None
    return array


def _times(values: Sequence[object], zone: str) -> pa.Array | None:
    offsets = {value.tzinfo is not None for value in values if isinstance(value, datetime)}
    if offsets == {True} or (offsets == {False} and zone == "UTC"):
        array = pa.array(values, _UTC).cast(WHEN)
        ends = pc.min_max(array)  # as Python sees them: Arrow has years before the first, and Python raises
        return array if ends["min"].as_py() <= ends["max"].as_py() < _LAST else None
    return None


def _one_by_one(values: Sequence[object], use: Use) -> tuple[pa.Array, Mapping[int, str]]:
    found, unfit = list[object](), dict[int, str]()
    for place, value in enumerate(values):
        try:
            found.append(None if value is None or value == "" else use.convert(value))
        except Unfit as misfit:
            found.append(None)
            unfit[place] = f"expected {misfit.expected}, got {_called(value)}"
    return pa.array(found, use.kind), unfit


def _called(value: object) -> str:
    return "a time out of range" if isinstance(value, OutOfRange) else type(value).__name__


def _converter(kind: pa.DataType, zone: str) -> Callable[[object], object]:
    if kind == TEXT:
        return text
    if kind == WHEN:
        return _filled(partial(_when, zone=ZoneInfo(zone)))
    simple: Mapping[pa.DataType, Callable[[object], object]] = {
        MONEY: _money,
        COUNT: _count,
        FLAG: _flag,
        DAY: _day,
        NUMBER: _number,
    }
    return _filled(simple[kind])


def _filled(convert: Callable[[object], object]) -> Callable[[object], object]:
    """Blanks where a number or a time should be are nothing."""
    return lambda value: None if isinstance(value, str) and not value.strip() else convert(value)


def text(value: object) -> str:
    """Return a value as text. Raises Unfit for bytes."""
    if isinstance(value, bytes | bytearray | memoryview):
        raise Unfit("text")
    if isinstance(value, str):
        return value if value.isascii() else _mended(value)
    return next((write(value) for kind, write in _WRITTEN if isinstance(value, kind)), None) or str(value)


def _whole(value: float) -> str:
    """Ids that somebody keeps as floating numbers lose their `.0`."""
    return str(int(value)) if value.is_integer() and abs(value) < _WHOLE else str(value)


def as_json(value: object) -> str:
    """Return a value as JSON; what JSON has no word for becomes text."""
    try:
        found = json.dumps(value, ensure_ascii=False, default=_shown, allow_nan=False)
    except ValueError:  # not a number, or infinite
        found = json.dumps(_told(value), ensure_ascii=False, default=_shown)
    return _mended(found)


def _mended(value: str) -> str:
    """Half a character becomes U+FFFD."""
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _shown(value: object) -> str:
    try:
        return text(value)
    except Unfit:
        return f"({type(value).__name__})"


def _told(value: object) -> object:
    match value:
        case float():
            return value if math.isfinite(value) else str(value)
        case list() | tuple():
            return [_told(each) for each in value]
        case dict():
            return {name: _told(each) for name, each in value.items()}
    return value


_WRITTEN: Sequence[tuple[type | tuple[type, ...], Callable[..., str]]] = (
    (bool, lambda value: "true" if value else "false"),
    (float, _whole),
    (Decimal, "{:f}".format),
    ((date, time), lambda value: value.isoformat()),  # a datetime is a date
    (Enum, lambda value: str(value.value)),
    ((list, tuple, dict), as_json),
)
"""All others (UUIDs, addresses, ranges, spans of time) as Python writes them."""


def key(value: object) -> str | None:
    """Return a record's key as text, without the blanks that CHAR columns are filled up with."""
    return text(value).strip() or None


def _country(value: object) -> str:
    code = text(value).strip().upper()
    code = ALIASES.get(code, code)
    if code in _COUNTRIES:
        return code
    raise Unfit("an ISO country code of two letters")


def _currency(value: object) -> str:
    code = text(value).strip().upper()
    if _CURRENCY.fullmatch(code):
        return code
    raise Unfit("an ISO currency code of three letters")


_COUNTRIES = frozenset(COUNTRIES)
_CODES: Mapping[str, Callable[[object], object]] = {"country": _filled(_country), "currency": _filled(_currency)}


def _when(value: object, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
        if isinstance(found, date) and not isinstance(found, datetime):
            found = datetime.combine(found, time())
        if isinstance(found, datetime):
            when = (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC).replace(tzinfo=None)
            if when < _LAST:
                return when
    except (ValueError, OverflowError):
        pass
    raise Unfit("a time before the year 9999")


def _day(value: object) -> date:
    try:
        found = date.fromisoformat(value.strip()[:10]) if isinstance(value, str) else value
        if isinstance(found, date) and found.year < _LAST.year:
            return found.date() if isinstance(found, datetime) else found
    except ValueError:
        pass
    raise Unfit("a day before the year 9999")


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
    if number.adjusted() > _DIGITS + 5 or number != number.to_integral_value() or not -_MOST <= number < _MOST:
        raise Unfit("a whole number")
    return int(number)


def _number(value: object) -> float:
    number = float(_decimal(value))
    if math.isfinite(number):
        return number
    raise Unfit("a number")


def _flag(value: object) -> bool:
    word = str(int.from_bytes(value)) if isinstance(value, bytes) else text(value).strip().lower()  # BIT(1) is bytes
    if word in _YES | _NO:
        return word in _YES
    raise Unfit("yes or no")
