"""Which tables of the export are read, and which days of UTC they replace.

A table holds a day of the *property's* zone, a window of the hub a day of UTC: a window is whole once every table that
reaches into it has been read. Where one of these is not there any more, or may have been there once (the days before
the oldest table, where that is an old one), what is read is added, and nothing is taken away.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
_NAME = re.compile(r"(events_fresh_|events_intraday_|events_)(\d{8})")
_BEST = ("events_", "events_fresh_", "events_intraday_")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a day. `version`: changes whenever its content does."""

    name: str
    day: date
    version: str


def table_of_day(name: str, version: str) -> Table | None:
    """Return the table that a name stands for, None for other tables (`users_...`)."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        return Table(name, datetime.strptime(match[2], "%Y%m%d").replace(tzinfo=UTC).date(), version)
    except ValueError:
        return None


def best_of_days(tables: Iterable[Table]) -> Mapping[date, Table]:
    """Return one table for each day: the daily one, else the fresh one, else the one of the running day."""
    found: dict[date, Table] = {}
    for table in sorted(tables, key=lambda each: (each.day, _rank(each))):
        found.setdefault(table.day, table)
    return found


def _rank(table: Table) -> int:
    return _BEST.index(table.name[:-8])


def covered(day: date, zone: ZoneInfo) -> tuple[date, ...]:
    """Return the days of UTC that a day of the property reaches into."""
    first = datetime.combine(day, time(), zone).astimezone(UTC).date()
    last = (datetime.combine(day + DAY, time(), zone).astimezone(UTC) - timedelta(microseconds=1)).date()
    return tuple(first + DAY * count for count in range((last - first).days + 1))


def covering(window: date, zone: ZoneInfo) -> tuple[date, ...]:
    """Return the property's days that reach into a day of UTC."""
    return tuple(day for day in (window - DAY, window, window + DAY) if window in covered(day, zone))


@dataclass(frozen=True, slots=True)
class Plan:
    """Tables to read, in order; windows that they replace, in order; windows that they can only add to."""

    tables: tuple[Table, ...]
    windows: tuple[date, ...]
    partial: tuple[date, ...]


def plan(found: Mapping[date, Table], before: Mapping[date, str], zone: ZoneInfo, settled: date) -> Plan:
    """Say what has to be read so that the hub is as a fresh full read, from the versions that were read before.

    `settled`: tables of days before it are not rewritten any more; where the oldest one is of such a day, there may
    have been others before it.
    """
    changed = [day for day, table in found.items() if before.get(day) != table.version]
    touched = sorted({window for day in changed for window in covered(day, zone)})
    gone, oldest = before.keys() - found.keys(), min(found, default=settled)
    oldest = oldest if oldest < settled else date.min
    partial = tuple(window for window in touched if any(day in gone or day < oldest for day in covering(window, zone)))
    windows = tuple(window for window in touched if window not in partial)
    needed = {day for window in windows for day in covering(window, zone) if day in found} | {*changed}
    return Plan(tuple(found[day] for day in sorted(needed)), windows, partial)
