"""Where an increment begins, for every kind of cursor."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.sdk.connector import Context
from hub.sdk.errors import StopConnection
from hub.sdk.records import Json
from hub_sql.cursors import Clock, bound, furthest, saved
from hub_sql.settings import SqlSettings, SqlSourceSettings
from hub_sql.source import SqlSource
from hub_sql.values import OutOfRange

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BERLIN = NOW.replace(tzinfo=None, hour=13)  # the same instant, as a database in Berlin writes it


@pytest.mark.parametrize(
    ("value", "cursor", "begins"),
    [
        (NOW - timedelta(hours=1), {"time": "2026-03-01T11:00:00+00:00"}, NOW - timedelta(hours=3)),
        (NOW + timedelta(days=9), {"time": "2026-03-01T12:00:00+00:00"}, NOW - timedelta(hours=2)),
        (BERLIN, {"time": "2026-03-01T13:00:00"}, BERLIN - timedelta(hours=2)),
        (BERLIN + timedelta(seconds=1), {"time": "2026-03-01T13:00:00"}, BERLIN - timedelta(hours=2)),
        (date(2026, 2, 10), {"day": "2026-02-10"}, date(2026, 2, 9)),
        (date(2027, 2, 10), {"day": "2026-03-01"}, date(2026, 2, 28)),
        (7_000, {"number": 7_000}, 6_950),
        (Decimal("80.5"), {"number": 80}, 30),
        (-1.5, {"number": -2}, -52),
        (datetime.min, {"time": "0001-01-01T00:00:00"}, datetime.min),  # noqa: DTZ901
        (date.min, {"day": "0001-01-01"}, date.min),
        ("2026-03-01T10:00:00Z", {"text": "2026-03-01T10:00:00Z"}, "2026-03-01T08:00:00+00:00"),
        ("20260301", {"text": "20260301"}, "20260301"),
        ("2026-W09-1 x", {"text": "2026-W09-1 x"}, "2026-W09-1 x"),
        ("2026-03-01 10:00:00", {"text": "2026-03-01 10:00:00"}, "2026-03-01 08:00:00"),
        ("2026-03-01T10:00:00.250000", {"text": "2026-03-01T10:00:00.250000"}, "2026-03-01T08:00:00.250000"),
        ("2027-03-01 10:00:00", {"text": "2026-03-01 13:00:00"}, "2026-03-01 11:00:00"),
        ("2026-02-10", {"text": "2026-02-10"}, "2026-02-09"),
        ("rev-0042", {"text": "rev-0042"}, "rev-0042"),
    ],
)
def test_an_increment_begins_a_while_before_the_last_cursor(value: object, cursor: Json, begins: object) -> None:
    """Two hours, or 50 numbers; what is yet to come counts as now, in the zone of times without an offset."""
    entry = SqlSourceSettings(stream="people", query="select 1", lookback=timedelta(hours=2), overlap=50)
    clock = Clock(NOW, ZoneInfo("Europe/Berlin"))
    found = saved(value, "changed", clock)
    assert (cursor, begins) == (found, bound(found, entry, clock))


@pytest.mark.parametrize("value", [True, b"x", None, timedelta(1)])
def test_what_cannot_order_rows_is_no_cursor(value: object) -> None:
    """A person has to choose another column."""
    with pytest.raises(StopConnection, match="expected a time or a number"):
        saved(value, "changed", Clock(NOW, ZoneInfo("UTC")))


def test_the_hour_that_comes_twice_is_read_twice() -> None:
    """On the last Sunday of October 02:10 comes after 02:50: an hour more is taken while clocks went back since."""
    entry = SqlSourceSettings(stream="people", query="select 1", lookback=timedelta(minutes=10))
    summer, winter = datetime(2026, 10, 25, 0, 50, tzinfo=UTC), datetime(2026, 10, 25, 1, 20, tzinfo=UTC)
    zone = ZoneInfo("Europe/Berlin")
    for value in (summer.astimezone(zone).replace(tzinfo=None), "2026-10-25 02:50:00"):
        cursor = saved(value, "changed", Clock(summer, zone))
        assert "02:50:00" in str(cursor)
        begins = bound(cursor, entry, Clock(winter, zone))
        assert "2026-10-25 01:40:00" == str(begins)
        assert "2026-10-25 02:40:00" == str(bound(cursor, entry, Clock(summer, zone)))


@pytest.mark.parametrize(
    ("seen", "cursor"),
    [
        ([1, 2, None], {"number": 2}),
        ([1, Decimal("NaN")], {"number": 1}),
        ([math.inf], None),
        ([NOW, OutOfRange("infinity")], {"time": NOW.isoformat()}),
        (["0000-00-00 00:00:00"], None),
        ([], None),
    ],
)
def test_what_has_no_place_in_an_order_is_no_cursor(seen: list[object], cursor: Json) -> None:
    """Databases sort infinity and NaN last, and zeros first: the last value that can be a cursor counts."""
    assert cursor == furthest(seen, "changed", Clock(NOW, ZoneInfo("UTC")))


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A wrong path would otherwise look like an empty shop."""
    entry = SqlSourceSettings(stream="people", query="select 1 as record_id")
    source = SqlSource(SqlSettings.model_validate({"url": "sqlite:///shop.db"}), entry, Context("shop", tmp_path, NOW))
    with pytest.raises(StopConnection, match="unable to open"):
        list(source.read(["people"], None))
    assert [] == list(tmp_path.iterdir())
