"""Where an increment begins: the greatest value of the cursor's column that was seen, and some before it.

Rows do not become visible in the order of their times or ids: a transaction that began earlier may commit later. That
is why each read begins before the last cursor. A transaction that is open for longer than `lookback` is not caught.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hub.sdk.errors import StopConnection
from hub.sdk.records import Json
from hub_sql.settings import SqlSourceSettings
from hub_sql.values import OutOfRange

_TIME = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:.*)?", re.DOTALL)
_DAY_LENGTH = len("2026-03-01")
_NO_TIME = "0000-00-00"  # MySQL's word for an empty time


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is, and in which zone times without an offset are meant."""

    now: datetime
    zone: ZoneInfo

    def like(self, when: datetime) -> datetime:
        """Return the present in the form of `when`: with an offset, or in the zone and without one."""
        return self.now if when.tzinfo else self.now.astimezone(self.zone).replace(tzinfo=None)

    def before(self, when: datetime, span: timedelta) -> datetime:
        """Return `when` less `span`, or the beginning of time.

        In autumn local times come twice: what was written in the second of the two hours stands before the end of the
        first. Where clocks were set back since, an hour more is taken.
        """
        try:
            if when.tzinfo is None:
                span += max(self._offset(when) - self._offset(self.like(when)), timedelta())
            return when - span
        except OverflowError:
            return datetime.min.replace(tzinfo=when.tzinfo)

    def _offset(self, naive: datetime) -> timedelta:
        return naive.replace(tzinfo=self.zone).utcoffset() or timedelta()


def furthest(seen: Sequence[object], column: str, clock: Clock) -> Mapping[str, Json] | None:
    """Return the last of some ordered values of the cursor's column in JSON; None where none can be a cursor.

    Raises:
        StopConnection: it is neither a time nor a number nor text.
    """
    return next((saved(value, column, clock) for value in reversed(seen) if _is_placed(value)), None)


def _is_placed(value: object) -> bool:
    if isinstance(value, float | Decimal):
        return math.isfinite(value)
    return value is not None and not isinstance(value, OutOfRange) and not str(value).startswith(_NO_TIME)


def saved(value: object, column: str, clock: Clock) -> Mapping[str, Json]:
    """Return one value in JSON; of a time that is yet to come, the present instead.

    Raises:
        StopConnection: it is neither a time nor a number nor text.
    """
    match value:
        case bool():
            pass
        case datetime():
            return {"time": min(value, clock.like(value)).isoformat()}
        case date():
            return {"day": min(value, clock.now.astimezone(clock.zone).date()).isoformat()}
        case int() | float() | Decimal():
            return {"number": math.floor(value)}
        case str():
            return {"text": _until_now(value, clock)}
    kind = type(value).__name__
    raise StopConnection(f"cursor {column!r}: expected a time or a number, got {kind}.", hint="Choose another column.")


def bound(since: Mapping[str, Json], entry: SqlSourceSettings, clock: Clock) -> object:
    """Return the value from which on (at or after) records are asked for, in the form in which they came."""
    if "time" in since:
        return clock.before(datetime.fromisoformat(str(since["time"])), entry.lookback)
    if "day" in since:
        day, span = date.fromisoformat(str(since["day"])), timedelta(days=math.ceil(entry.lookback / timedelta(days=1)))
        return day - span if day - date.min > span else date.min
    if "number" in since:
        return int(str(since["number"])) - entry.overlap
    value = str(since["text"])
    when = _instant(value)  # SQLite keeps times as text and compares them so: what is earlier has to be written alike
    return value if when is None else _written_like(value, clock.before(when, entry.lookback))


def _until_now(value: str, clock: Clock) -> str:
    when = _instant(value)
    if when is None or when <= clock.like(when):
        return value
    return _written_like(value, clock.like(when))


def _instant(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if _TIME.fullmatch(value) else None
    except ValueError:
        return None


def _written_like(value: str, when: datetime) -> str:
    if len(value) == _DAY_LENGTH:
        return when.date().isoformat()
    return when.isoformat(sep=value[_DAY_LENGTH], timespec="microseconds" if "." in value else "seconds")
