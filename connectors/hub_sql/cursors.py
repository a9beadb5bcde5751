"""Where an increment begins: the greatest value of the cursor's column that was seen, and some before it.

Rows do not become visible in the order of their times or ids: a transaction that began earlier may commit later. That
is why each read begins before the last cursor. A transaction that is open for longer than `lookback` is not caught.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import ceil
from zoneinfo import ZoneInfo

from hub.sdk.errors import StopConnection
from hub.sdk.records import Json
from hub_sql.settings import SqlSourceSettings

_DAY_LENGTH = len("2026-03-01")


def saved(value: object, column: str, now: datetime, zone: str) -> Mapping[str, Json]:
    """Return a value of the cursor's column in JSON; of a time that is yet to come, the present instead.

    Raises:
        StopConnection: it is neither a time nor a number nor text.
    """
    match value:
        case bool():
            pass
        case datetime():
            here = now if value.tzinfo else now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            return {"time": min(value, here).isoformat()}
        case date():
            return {"day": min(value, now.astimezone(ZoneInfo(zone)).date()).isoformat()}
        case int() | Decimal():
            return {"number": int(value)}
        case str():
            return {"text": _until(value, now, zone)}
    kind = type(value).__name__
    raise StopConnection(f"cursor {column!r}: expected a time or a number, got {kind}.", hint="Choose another column.")


def bound(since: Mapping[str, Json], entry: SqlSourceSettings) -> object:
    """Return the value from which on (at or after) records are asked for, in the form in which they came."""
    [(kind, value)] = since.items()
    match kind:
        case "time":
            return datetime.fromisoformat(str(value)) - entry.lookback
        case "day":
            return date.fromisoformat(str(value)) - timedelta(days=ceil(entry.lookback / timedelta(days=1)))
        case "number":
            return int(str(value)) - entry.overlap
    return _earlier(str(value), entry.lookback)


def _until(value: str, now: datetime, zone: str) -> str:
    when = _instant(value)
    if when is None:
        return value
    here = now if when.tzinfo else now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return value if when <= here else _like(value, here)


def _earlier(value: str, lookback: timedelta) -> str:
    """Text that is a time, as SQLite keeps them, is compared as text: what is earlier has to be written alike."""
    when = _instant(value)
    return value if when is None else _like(value, when - lookback)


def _instant(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _like(value: str, when: datetime) -> str:
    if len(value) == _DAY_LENGTH:
        return when.date().isoformat()
    return when.isoformat(sep=value[_DAY_LENGTH], timespec="microseconds" if "." in value else "seconds")
