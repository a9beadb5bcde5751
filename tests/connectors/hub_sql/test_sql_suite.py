"""A database does what every source must do, as far as no network is in it."""

from hub.testing import source_suite
from hub_sql.sandbox import SqlSandbox
from hub_sql.source import SqlSource

NO_HTTP = "the suite spoils answers of HTTP, and a database has none; test_sql_postgres.py cuts real connections"
TestSqlSource = source_suite(
    SqlSource,
    sandbox=SqlSandbox,
    without=dict.fromkeys(
        (
            "an_answer_that_is_lost_is_asked_for_again",
            "an_answer_of_another_kind_is_no_page",
            "a_vendor_that_stays_down_ends_the_read",
            "a_slow_answer_is_waited_for",
            "an_empty_page_is_not_the_end",
            "a_vendor_that_is_stuck_does_not_hold_us",
            "a_page_that_comes_twice_loses_nothing",
            "rows_in_another_order_lose_nothing",
            "rows_that_come_twice_are_one",
            "unknown_fields_are_no_error",
            "a_value_of_another_type_costs_at_most_its_record",
        ),
        NO_HTTP,
    ),
)
