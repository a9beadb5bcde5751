"""When the daemon runs what."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.daemon import DailyTrigger, next_slot

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def utc(text: str) -> datetime:
    """An instant from its ISO form."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_next_slot_is_the_shops_time_of_day() -> None:
    """03:30 in New York in winter is 08:30 UTC."""
    assert next_slot(utc("2026-01-10 12:00"), time(3, 30), NEW_YORK) == utc("2026-01-11 08:30")


def test_slot_itself_is_not_after_itself() -> None:
    """A job that just ran at its slot gets the next day's."""
    assert next_slot(utc("2026-01-11 08:30"), time(3, 30), NEW_YORK) == utc("2026-01-12 08:30")


def test_hour_that_does_not_exist_is_not_skipped() -> None:
    """On the day when clocks go forward, 02:30 comes as 03:30 local time."""
    assert next_slot(utc("2026-03-28 12:00"), time(2, 30), BERLIN) == utc("2026-03-29 01:30")


def test_hour_that_exists_twice_comes_once() -> None:
    """On the day when clocks go back, 02:30 is taken the first time only."""
    first = next_slot(utc("2026-10-24 12:00"), time(2, 30), BERLIN)
    assert first == utc("2026-10-25 00:30")
    assert next_slot(first, time(2, 30), BERLIN) == utc("2026-10-26 01:30")


@given(
    start=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
    at=st.times().map(lambda value: value.replace(microsecond=0, fold=0)),
    zone=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"]
    ),
)
def test_every_day_of_the_shop_has_exactly_one_slot(start: datetime, at: time, zone: str) -> None:
    """Following the trigger for 400 days gives 400 different, consecutive days."""
    trigger = DailyTrigger(at, ZoneInfo(zone))
    slot: datetime | None = None
    days: list[date] = []
    for _ in range(400):
        slot = trigger.get_next_fire_time(slot, start.replace(tzinfo=UTC))
        days.append(slot.astimezone(ZoneInfo(zone)).date())
    assert [days[0] + timedelta(days=ahead) for ahead in range(400)] == days


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK])
def test_slots_of_a_year_are_a_day_apart_but_for_an_hour(zone: ZoneInfo) -> None:
    """Between two slots lie 23, 24 or 25 hours, each odd one once a year."""
    slot, gaps = utc("2026-01-01 12:00"), list[int]()
    slot = next_slot(slot, time(3, 30), zone)
    for _ in range(365):
        after = next_slot(slot, time(3, 30), zone)
        gaps.append(int((after - slot).total_seconds()) // 3600)
        slot = after
    assert sorted(set(gaps)) == [23, 24, 25]
    assert (gaps.count(23), gaps.count(25)) == (1, 1)
