"""Values of fields become values of columns, by the type that the mapping gives them."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Date, DateTime, Double, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

from hub.sdk.records import Json

_MOST = 1 << 63

TYPES: Mapping[str, Callable[[], TypeEngine[Any]]] = {
    "text": Text,
    "integer": BigInteger,
    "number": Double,
    "boolean": Boolean,
    "date": Date,
    "timestamp": lambda: DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb"),
    "json": JSON,
}


def cell(value: Json, kind: str) -> object:
    """Return a value for a column of a kind of `TYPES`; a time becomes naive UTC.

    Raises:
        ValueError: it is none of that kind; the text never holds the value.
    """
    if value is None or (value == "" and kind != "text"):
        return None
    try:
        return _CASTS[kind](value)
    except (ValueError, OverflowError, TypeError):
        raise ValueError(f"no_{kind}") from None


def text(value: Json) -> str:
    """Return text as a database takes it. Raises ValueError for NUL and half characters."""
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    written.encode()
    if "\0" in written:
        raise ValueError
    return written


def _integer(value: Json) -> int:
    number = int(str(value)) if not isinstance(value, float) else int(value)
    if isinstance(value, bool) or (isinstance(value, float) and value != number) or not -_MOST <= number < _MOST:
        raise ValueError
    return number


def _number(value: Json) -> float:
    number = float(str(value))
    if not math.isfinite(number):
        raise ValueError
    return number


def _boolean(value: Json) -> bool:
    written = str(value).lower()
    if written not in {"true", "false"}:
        raise ValueError
    return written == "true"


def _timestamp(value: Json) -> datetime:
    moment = datetime.fromisoformat(str(value))
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _json(value: Json) -> Json:
    text(json.dumps(value, ensure_ascii=False))
    return value


_CASTS: Mapping[str, Callable[[Json], object]] = {
    "text": text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": lambda value: date.fromisoformat(str(value)),
    "timestamp": _timestamp,
    "json": _json,
}
