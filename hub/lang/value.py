"""A compiled part of an expression: its SQL, its type, and what can make it NULL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, TypeAlias

from hub.lang.problem import Problem
from hub.sdk.traits import TraitType

Kind: TypeAlias = TraitType | Literal["null"]

# How tightly the outermost operator of a text binds; only what the next operator needs is put in parentheses.
CONNECTOR, NOT, OPERATOR, ATOM = range(4)
MAX_SQL = 200_000
_PLAIN = 1e15  # numbers below are written without an exponent


@dataclass(frozen=True, slots=True)
class Value:
    """`nulls`: names whose NULL can make it NULL; `sure`: it is never NULL; `literal`: the constant it stands for."""

    sql: str
    type: Kind
    nulls: frozenset[str] = frozenset()
    sure: bool = False
    binds: int = ATOM
    literal: str | int | float | None = None

    def __post_init__(self) -> None:
        if len(self.sql) > MAX_SQL:
            raise Problem("it becomes too long when compiled", hint="Split it into two segments.")

    @property
    def operand(self) -> str:
        """Its SQL as it may stand beside an operator."""
        return self.sql if self.binds == ATOM else f"({self.sql})"

    @property
    def kind(self) -> str:
        """Its type in a message."""
        return "text literal" if isinstance(self.literal, str) else self.type


def combine(sql: str, type_: Kind, parts: Iterable[Value], *, binds: int = ATOM, sure: bool = True) -> Value:
    """Make a value that is NULL where any of `parts` is; `sure` False: it may be NULL besides."""
    parts = list(parts)
    nulls = frozenset[str]().union(*(part.nulls for part in parts))
    return Value(sql, type_, nulls, sure and all(part.sure for part in parts), binds)


def quote(text: str) -> str:
    """Write a text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def name(text: str) -> str:
    """Write a column's name as SQL."""
    return '"' + text.replace('"', '""') + '"'


def text_value(text: str) -> Value:
    """A constant text."""
    return Value(quote(text), "text", sure=True, literal=text)


def as_number(value: Value) -> Value:
    """Turn an integer into a number."""
    if value.type != "integer":
        return value
    if isinstance(value.literal, int):
        return number_value(float(value.literal))
    return replace(value, sql=f"CAST({value.sql} AS DOUBLE)", type="number", binds=ATOM)


def number_value(number: float) -> Value:
    """A constant number, written so that no engine takes it for a decimal."""
    text = f"{int(number)}" if number.is_integer() and abs(number) < _PLAIN else repr(number)
    text = text if "e" in text else f"{text}e0"
    return Value(text, "number", sure=True, binds=OPERATOR if number < 0 else ATOM, literal=number)


def as_date(value: Value) -> Value:
    """Turn a timestamp, or a text such as '2026-01-31', into a date."""
    if value.type == "date":
        return value
    if isinstance(value.literal, str):
        return _moment(value.literal, "date")
    return replace(value, sql=f"CAST({value.sql} AS DATE)", type="date", binds=ATOM)


def as_timestamp(value: Value) -> Value:
    """Turn a date, or a text such as '2026-01-31 12:00', into a timestamp."""
    if value.type == "timestamp":
        return value
    if isinstance(value.literal, str):
        return _moment(value.literal, "timestamp")
    return replace(value, sql=f"TRY_CAST({value.sql} AS TIMESTAMP)", type="timestamp", sure=False, binds=ATOM)


def common(values: Sequence[Value]) -> tuple[list[Value], Kind] | None:
    """Give the values one type, where they have one in common: numbers beside integers, text constants beside times."""
    types = {value.type for value in values} - {"null"}
    times = types & {"date", "timestamp"}
    texts = [value for value in values if value.type == "text"]
    if types == {"integer", "number"}:
        return [as_number(value) for value in values], "number"
    if times and types <= {"date", "timestamp", "text"} and all(isinstance(t.literal, str) for t in texts):
        return _as_times(values, precise="timestamp" in times)
    if len(types) > 1:
        return None
    return list(values), types.pop() if types else "null"


def _as_times(values: Sequence[Value], *, precise: bool) -> tuple[list[Value], Kind]:
    turn = as_timestamp if precise else as_date
    turned = [value if value.type == "null" else turn(value) for value in values]
    return turned, "timestamp" if precise else "date"


def _moment(text: str, type_: Literal["date", "timestamp"]) -> Value:
    try:
        moment = datetime.fromisoformat(text) if type_ == "timestamp" else date.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or (isinstance(moment, datetime) and moment.tzinfo is not None):
        form = "2026-01-31 12:00:00" if type_ == "timestamp" else "2026-01-31"
        raise Problem(f"expected a {type_} such as '{form}', without a time zone, got {quote(text)}")
    shown = moment.isoformat(" ") if isinstance(moment, datetime) else moment.isoformat()
    return Value(f"CAST({quote(shown)} AS {type_.upper()})", type_, sure=True)
