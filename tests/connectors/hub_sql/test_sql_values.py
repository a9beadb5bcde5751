"""Whatever a driver gives, it becomes what its column holds, or the row is refused with a reason."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk.streams import COUNT, DAY, FLAG, MONEY, NUMBER, TEXT, WHEN
from hub_sql.values import column


class Size(Enum):
    """An enumeration, as SQLAlchemy may give one."""

    BIG = "big"


BERLIN = timezone(timedelta(hours=1))
ID = UUID("12345678-1234-5678-1234-567812345678")


def naive(*parts: int) -> datetime:
    """A time without an offset."""
    year, month, day, hour = parts
    return datetime(year, month, day, hour)  # noqa: DTZ001 - that is what is tested


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (TEXT, "Zoë", "Zoë"),
        (TEXT, 7, "7"),
        (TEXT, True, "true"),
        (TEXT, Decimal("1.50"), "1.50"),
        (TEXT, ID, str(ID)),
        (TEXT, Size.BIG, "big"),
        (TEXT, {"a": [1]}, '{"a": [1]}'),
        (TEXT, "half \ud83d", "half ?"),
        (WHEN, datetime(2026, 3, 1, 12, tzinfo=BERLIN), naive(2026, 3, 1, 11)),
        (WHEN, naive(2026, 7, 1, 12), naive(2026, 7, 1, 10)),
        (WHEN, "2026-03-01 12:00:00", naive(2026, 3, 1, 11)),
        (WHEN, date(2026, 3, 1), naive(2026, 2, 28, 23)),
        (DAY, naive(2026, 3, 1, 12), date(2026, 3, 1)),
        (DAY, "2026-03-01", date(2026, 3, 1)),
        (MONEY, 12, Decimal(12)),
        (MONEY, "12.345", Decimal("12.345")),
        (MONEY, 0.1, Decimal("0.1")),
        (COUNT, Decimal(3), 3),
        (COUNT, "4", 4),
        (NUMBER, Decimal("1.5"), 1.5),
        (FLAG, 1, True),
        (FLAG, False, False),
    ],
)
def test_values_become_what_the_column_holds(kind: pa.DataType, value: object, expected: object) -> None:
    """Alone and among others, in the zone of Berlin."""
    for values in ([value], [None, value]):
        array, unfit = column(values, kind, "Europe/Berlin")
        assert ({}, expected) == (unfit, array.to_pylist()[-1])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (TEXT, b"\x00"),
        (WHEN, "soon"),
        (WHEN, "0000-00-00 00:00:00"),
        (WHEN, 5),
        (DAY, "0000-00-00"),
        (MONEY, math.nan),
        (MONEY, Decimal("Infinity")),
        (MONEY, 10**15),
        (MONEY, True),
        (COUNT, 1.5),
        (COUNT, 2**63),
        (NUMBER, "NaN"),
        (FLAG, "yes"),
        (FLAG, 2),
    ],
)
def test_a_value_that_does_not_fit_costs_its_row_alone(kind: pa.DataType, value: object) -> None:
    """It is null, with a reason that does not quote it; the others stand."""
    array, unfit = column([None, value, None], kind, "UTC")
    assert ([1], 3, 3) == ([*unfit], len(array), array.null_count)
    assert unfit[1].startswith("expected ")
    assert str(value) not in unfit[1] or isinstance(value, int | bytes)


@given(st.lists(st.datetimes(timezones=st.sampled_from([UTC, BERLIN])) | st.none()))
def test_times_with_an_offset_keep_their_instant(values: list[datetime | None]) -> None:
    """Whatever the zone of the column and of those without an offset."""
    array, unfit = column(values, WHEN, "America/New_York")
    expected = [None if each is None else _utc(each) for each in values]
    assert [each for place, each in enumerate(expected) if place not in unfit] == [
        each for place, each in enumerate(array.to_pylist()) if place not in unfit
    ]
    assert all(values[place] is not None and _utc(values[place]) is None for place in unfit)


def _utc(value: datetime | None) -> datetime | None:
    try:
        return value.astimezone(UTC).replace(tzinfo=None) if value else None
    except OverflowError:
        return None
