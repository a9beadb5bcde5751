"""JSON of an event becomes records: paths are followed, values cast to the columns' types, misfits named."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

import pyarrow as pa

from hub.sdk.records import Json
from hub.sdk.streams import COUNT, DAY, FLAG, MONEY, NUMBER, WHEN
from hub_webhook.settings import WebhookSourceSettings

_MONEY_DIGITS = 14  # before the decimal mark
_EPOCH_MILLISECONDS = 100_000_000_000  # a larger number of seconds would be beyond the year 5000


class Misfit(Exception):
    """A value does not fit its column; `field` is the column, the text never holds the value."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def at(event: object, path: str) -> object:
    """Follow a path of keys and places (`customer.emails.0`); None where it leads nowhere."""
    for part in path.split("."):
        if isinstance(event, Mapping):
            event = event.get(part)
        elif isinstance(event, Sequence) and not isinstance(event, str) and part.isdigit() and int(part) < len(event):
            event = event[int(part)]
        else:
            return None
    return event


def fits(event: object, conditions: Mapping[str, Sequence[str]]) -> bool:
    """Say whether every path holds one of its values; no condition fits all."""
    return all(_text(at(event, path)) in wanted for path, wanted in conditions.items())


def record(event: object, settings: WebhookSourceSettings) -> dict[str, object]:
    """Return the columns of one record.

    Raises:
        Misfit: a value does not fit.
    """
    stream = settings.canonical.columns
    row: dict[str, object] = dict(settings.values)
    for name, path in settings.columns.items():
        row[name] = _cast(at(event, path), stream.field(name).type, name)
    if settings.identifiers:
        row["identifiers"] = {name: _text(at(event, path)) for name, path in settings.identifiers.items()}
    if settings.attributes:
        found = {name: at(event, path) for name, path in settings.attributes.items()}
        row["attributes"] = json.dumps(found, default=str, ensure_ascii=False)
    return row


def loaded(body: bytes) -> Json:
    """Read JSON without losing a digit of an amount. Raises ValueError for anything else."""
    data: Json = json.loads(body, parse_float=Decimal)
    json.dumps(data, default=str, ensure_ascii=False).encode()  # half a character cannot be stored
    return data


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | Decimal) else json.dumps(value, default=str, ensure_ascii=False)


def _cast(value: object, kind: pa.DataType, name: str) -> object:
    if value is None or value == "":
        return None
    try:
        return _CASTS.get(kind, _text)(value)
    except (ValueError, InvalidOperation, OverflowError, OSError):
        raise Misfit(name, f"expected {_EXPECTED[kind]}") from None


def _money(value: object) -> Decimal:
    amount = Decimal(str(value))
    if not amount.is_finite() or amount.adjusted() >= _MONEY_DIGITS:
        raise ValueError
    return amount.quantize(Decimal("0.0001"))


def _number(value: object) -> float:
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError
    return float(number)


def _count(value: object) -> int:
    number = Decimal(str(value))
    if number != number.to_integral_value() or abs(number) >= 1 << 63:
        raise ValueError
    return int(number)


def _flag(value: object) -> bool:
    text = str(value).lower()
    if text not in {"true", "1", "yes", "false", "0", "no"}:
        raise ValueError
    return text in {"true", "1", "yes"}


def _when(value: object) -> datetime:
    if isinstance(value, int | Decimal):
        number = Decimal(value)
        seconds = number / 1000 if abs(number) >= _EPOCH_MILLISECONDS else number
        return datetime.fromtimestamp(float(seconds), UTC).replace(tzinfo=None)
    moment = datetime.fromisoformat(str(value))
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _day(value: object) -> date:
    return date.fromisoformat(str(value)[:10])


_CASTS: Mapping[pa.DataType, Callable[[object], object]] = {
    MONEY: _money,
    NUMBER: _number,
    COUNT: _count,
    FLAG: _flag,
    WHEN: _when,
    DAY: _day,
}
_EXPECTED = {
    MONEY: "an amount with at most 14 digits before the decimal mark",
    NUMBER: "a number",
    COUNT: "a whole number",
    FLAG: "true or false",
    WHEN: "an ISO 8601 time or epoch seconds",
    DAY: "an ISO 8601 date",
}
