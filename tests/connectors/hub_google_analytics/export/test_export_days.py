"""Tables of the property's days and windows of UTC: what is read again, and what stays."""

from datetime import date
from zoneinfo import ZoneInfo

import sqlglot

from hub_google_analytics.export.days import Table, best_of_days, covered, covering, plan, table_of_day
from hub_google_analytics.export.queries import events_query

LATE = date(2026, 3, 3)
UTC, NEW_YORK = ZoneInfo("UTC"), ZoneInfo("America/New_York")
TABLES = {date(2026, 3, day): Table(f"events_202603{day:02}", date(2026, 3, day), "1") for day in (1, 2, 3, 4)}


def test_a_day_has_its_best_table() -> None:
    """The daily table goes before the one of the running day; other tables are none of ours."""
    names = [
        "events_intraday_20260301",
        "events_20260301",
        "events_intraday_20260302",
        "users_20260301",
        "events_20261301",
    ]
    found = best_of_days(filter(None, (table_of_day(name, "1") for name in names)))
    assert ["events_20260301", "events_intraday_20260302"] == [table.name for table in found.values()]


def test_days_of_a_zone_reach_into_days_of_utc() -> None:
    """A day of New York is two of UTC, and back; a day of UTC is one."""
    day = date(2026, 3, 2)
    assert (day,) == covered(day, UTC) == covering(day, UTC)
    assert (day, date(2026, 3, 3)) == covered(day, NEW_YORK)
    assert (date(2026, 3, 1), day) == covering(day, NEW_YORK)


def test_only_what_changed_is_read_with_what_shares_its_windows() -> None:
    """One changed table of New York replaces two windows, and its neighbours are read for them."""
    before = dict.fromkeys(TABLES, "1") | {date(2026, 3, 3): "0"}
    made = plan(TABLES, before, NEW_YORK, LATE)
    assert (date(2026, 3, 3), date(2026, 3, 4)) == made.windows
    assert [2, 3, 4] == [table.day.day for table in made.tables]
    assert ([], ()) == ([*plan(TABLES, dict.fromkeys(TABLES, "1"), UTC, LATE).tables], made.partial)


def test_a_window_whose_table_expired_is_left_alone() -> None:
    """What was read from a table that is there no more is not replaced by the half that is left."""
    found = {day: table for day, table in TABLES.items() if day.day > 1}
    made = plan(found, {date(2026, 3, 1): "1"}, NEW_YORK, LATE)
    assert (date(2026, 3, 2),) == made.partial
    assert date(2026, 3, 2) not in made.windows
    assert (date(2026, 3, 2),) == plan(found, {}, NEW_YORK, LATE).partial
    assert () == plan(found, {}, NEW_YORK, date(2026, 3, 1)).partial


def test_a_query_names_needed_columns_alone() -> None:
    """Columns that are not there are not asked for, nor are those that nobody reads."""
    query = events_query("p-1", "analytics_1", "events_20260301", {"event_name", "event_timestamp", "items"})
    columns = {column.name for column in sqlglot.parse_one(query, dialect="bigquery").find_all(sqlglot.exp.Column)}
    assert {"event_name", "event_timestamp"} == columns
    assert "`p-1`.`analytics_1`.`events_20260301`" in query
