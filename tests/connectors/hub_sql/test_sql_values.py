"""Whatever a driver gives, it becomes what its column holds, or the row is refused with a reason."""

import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.sdk.streams import COUNT, DAY, FLAG, MONEY, NUMBER, STREAMS, TEXT, WHEN
from hub_sql.values import OutOfRange, Use, as_json, column, use_of


class Size(Enum):
    """An enumeration, as SQLAlchemy may give one."""

    BIG = "big"


PLACES = {
    TEXT: ("orders", "status"), WHEN: ("orders", "placed_at"), MONEY: ("orders", "total"), FLAG: ("orders", "gift"),
    NUMBER: ("orders", "items"), COUNT: ("people", "age"), DAY: ("people", "birthday"),
}  # fmt: skip
BERLIN = timezone(timedelta(hours=1))
ID = UUID("12345678-1234-5678-1234-567812345678")


def naive(*parts: int) -> datetime:
    """A time without an offset."""
    year, month, day, hour = parts
    return datetime(year, month, day, hour)  # noqa: DTZ001 - that is what is tested


def use(kind: pa.DataType, zone: str) -> Use:
    """How a column of some type reads its cells."""
    stream, name = PLACES[kind]
    return use_of(STREAMS[stream], name, zone)


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
        (TEXT, "half \ud83d", "half \ufffd"),
        (TEXT, "", None),
        (TEXT, 17850.0, "17850"),
        (TEXT, 0.5, "0.5"),
        (TEXT, Decimal("1E+3"), "1000"),
        (TEXT, timedelta(days=1), "1 day, 0:00:00"),
        (MONEY, " ", None),
        (WHEN, "", None),
        (MONEY, Decimal("1.23456"), Decimal("1.2346")),
        (NUMBER, 2, 2.0),
        (FLAG, b"\x00", False),
        (FLAG, b"\x01", True),
        (FLAG, " Yes", True),
        (FLAG, "off", False),
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
        array, unfit = column(values, use(kind, "Europe/Berlin"))
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
        (FLAG, "maybe"),
        (FLAG, b"\x05"),
        (WHEN, OutOfRange("infinity")),
        (WHEN, datetime.max),  # noqa: DTZ901
        (WHEN, datetime.max.replace(tzinfo=BERLIN)),
        (WHEN, datetime(9999, 1, 1, tzinfo=UTC)),
        (DAY, date.max),
        (DAY, 20260301),
        (NUMBER, math.inf),
        (COUNT, Decimal("1e400")),
        (MONEY, "1,5"),
        (FLAG, 2),
    ],
)
def test_a_value_that_does_not_fit_costs_its_row_alone(kind: pa.DataType, value: object) -> None:
    """It is null, with a reason that does not quote it; the others stand."""
    array, unfit = column([None, value, None], use(kind, "UTC"))
    assert ([1], 3, 3) == ([*unfit], len(array), array.null_count)
    assert unfit[1].startswith("expected ")
    assert str(value) not in unfit[1] or isinstance(value, int | bytes)


@given(st.lists(st.datetimes(timezones=st.sampled_from([UTC, BERLIN])) | st.none()))
@example([datetime(9999, 1, 1, tzinfo=UTC)])
@example([datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(9999, 1, 1, 1, tzinfo=BERLIN)])
@example([datetime(1, 1, 1, tzinfo=BERLIN), datetime(2026, 3, 1, tzinfo=UTC)])
def test_times_with_an_offset_keep_their_instant(values: list[datetime | None]) -> None:
    """Whatever the zone of others; what lies beyond Python's years, or stands for never, does not fit."""
    array, unfit = column(values, use(WHEN, "America/New_York"))
    instants = [None if each is None else _utc(each) for each in values]
    fits = [instant is not None and instant.year < 9999 for instant in instants]
    assert {place for place, each in enumerate(values) if each is not None and not fits[place]} == set(unfit)
    assert [each if fits[place] else None for place, each in enumerate(instants)] == array.to_pylist()


def _utc(value: datetime | None) -> datetime | None:
    try:
        return value.astimezone(UTC).replace(tzinfo=None) if value else None
    except OverflowError:
        return None


@pytest.mark.parametrize(
    ("stream", "name", "value", "expected"),
    [
        ("people", "country", " uk", "GB"),
        ("people", "country", "NO", "NO"),
        ("people", "country", "Norway", "bad"),
        ("people", "country", "", None),
        ("people", "country", "  ", None),
        ("orders", "currency", "eur", "EUR"),
        ("orders", "currency", "€", "bad"),
        ("people", "record_id", "a1   ", "a1"),
        ("people", "record_id", 7, "7"),
        ("people", "record_id", "  ", None),
        ("people", "first_name", " Ann ", " Ann "),
    ],
)
def test_codes_and_keys(stream: str, name: str, value: object, expected: object) -> None:
    """As in the connector csv: codes are checked, keys lose their blanks, other text stays as it is."""
    array, unfit = column([value], use_of(STREAMS[stream], name, "UTC"))
    assert expected == ("bad" if unfit else array.to_pylist()[0])


def test_json_is_json() -> None:
    """Whatever is in it; NaN and infinity are no JSON, and DuckDB would refuse the row."""
    value = {"a": [math.nan, {"b": -math.inf}], "c": ID, "d": b"x", "e": "half \ud83d", "f": Decimal("1.50")}
    expected = {"a": ["nan", {"b": "-inf"}], "c": str(ID), "d": "(bytes)", "e": "half \ufffd", "f": "1.50"}
    assert expected == json.loads(as_json(value), parse_constant=pytest.fail)
