"""Days in UTC, which the hub counts in, and hours of the property's time zone, which Google counts in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MINUTE = "%Y%m%d%H%M"
_HOUR, _TO_LAST_MINUTE = timedelta(hours=1), timedelta(minutes=59)


@dataclass(frozen=True, slots=True)
class Window:
    """One day in UTC. `hours` are those of the property's zone that it touches, as Google's `dateHour` writes them."""

    day: date
    zone: ZoneInfo
    hours: tuple[str, ...]

    @property
    def range(self) -> tuple[str, str]:
        """The property's first and last day that it touches, as `dateRanges` has them."""
        return date_of(self.hours[0]).isoformat(), date_of(self.hours[-1]).isoformat()

    def holds(self, when: datetime) -> bool:
        """Say whether an instant (naive UTC) is of this day; of an hour that it touches not all minutes are."""
        return when.date() == self.day

    def asked(self, minute: str) -> bool:
        """Say whether a minute of the property's zone is in the hours that were asked for."""
        return minute[: len("2026010100")] in self.hours


def window(day: date, zone: ZoneInfo) -> Window:
    """Return a day's window: in most zones 24 hours of two of the property's days."""
    return Window(day, zone, tuple(sorted(set(_hours(day, zone)))))


def instant(minute: str, zone: ZoneInfo) -> datetime:
    """Return the instant (naive UTC) of a `dateHourMinute`; of an hour that comes twice in autumn the first.

    Raises:
        ValueError: it is none.
    """
    if len(minute) != len("202601010000") or not minute.isdecimal():
        raise ValueError("expected a minute such as 202601312359")
    return datetime.strptime(minute, _MINUTE).replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def date_of(text: str) -> date:
    """Return the day that a `dateHour` begins with."""
    return datetime.strptime(text[: len("20260101")], "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone


def _hours(day: date, zone: ZoneInfo) -> Iterator[str]:
    begin = datetime.combine(day, time(), UTC)
    for number in range(24):
        for moment in (begin + number * _HOUR, begin + number * _HOUR + _TO_LAST_MINUTE):
            yield f"{moment.astimezone(zone):%Y%m%d%H}"
