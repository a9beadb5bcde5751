"""The SELECT of a plugin's query trait: one relation, known functions, two columns."""

import duckdb
import pytest
import sqlglot

from hub.lang import check_query
from hub.sdk.errors import ConfigError
from hub.sdk.traits import TraitType

COLUMNS: dict[str, TraitType] = {"order_id": "text", "placed_at": "timestamp", "total": "number", "items": "integer"}
GAPS = """
    with gaps as (
        select profile_id,
               date_diff('day', lag(placed_at) over (partition by profile_id order by placed_at, order_id)::date,
                         placed_at::date) as gap   -- the first order has none
        from orders
    )
    select profile_id, median(gap::double) as value from gaps where gap > 0 group by profile_id
"""


def run(sql: str) -> list[tuple[object, ...]]:
    """Run a query over four orders of two people."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE orders (profile_id VARCHAR, order_id VARCHAR, placed_at TIMESTAMP, total DECIMAL(18, 4))"
        ).fetchall()
        connection.execute(
            """INSERT INTO orders VALUES ('p', 'a', '2026-01-01', 1), ('p', 'b', '2026-01-11', 2),
                                         ('p', 'c', '2026-01-31', 3), ('q', 'd', '2026-01-01', 4)"""
        ).fetchall()
        return connection.execute(f"SELECT * FROM ({sql}) ORDER BY 1").fetchall()


def test_a_query_with_steps_and_windows_is_fine() -> None:
    """What one aggregate cannot say: the usual gap between orders."""
    query = check_query(GAPS, "orders", COLUMNS)
    assert query.type == "number"
    assert run(query.sql) == [("p", 15.0)]
    assert sqlglot.transpile(query.sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)


def test_the_value_has_the_physical_type_of_its_trait() -> None:
    """A number is a double, however the query made it."""
    query = check_query("select profile_id, sum(total) as value from orders group by profile_id", "orders", COLUMNS)
    assert 'CAST("value" AS DOUBLE)' in query.sql
    latest = """
        select profile_id, total as value from orders
        qualify row_number() over (partition by profile_id order by placed_at desc, order_id) = 1
    """
    assert run(check_query(latest, "orders", COLUMNS).sql) == [("p", 3.0), ("q", 4.0)]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select profile_id, 1 as value from people", 'a query may read "orders" alone'),
        ("select profile_id, 1 as value from 'people.csv'", 'a query may read "orders" alone'),
        ("select profile_id, 1 as value from read_csv('x')", 'a query may read "orders" alone'),
        ("select profile_id, 1 as value from orders, glob('*')", 'a query may read "orders" alone'),
        ("select profile_id, 1 as value from duckdb_settings()", 'a query may read "orders" alone'),
        ("select profile_id, 1 as value from main.orders", "'db'"),
        ("select profile_id, 1 as value from information_schema.tables", "'db'"),
        ("select profile_id, (select max(name) from people) as value from orders", 'may read "orders" alone'),
        ("select profile_id, items as value from orders where items in (select 1)", "'query'"),
        ("select profile_id, getenv('HOME') as value from orders", 'No function "getenv"'),
        ("select profile_id, current_setting('x') as value from orders", 'No function "current_setting"'),
        ("select profile_id, did('x') as value from orders", 'No function "did"'),
        ("select profile_id, mode(items) as value from orders group by 1", 'No function "mode"'),
        ("select profile_id, now() as value from orders", "the clock of the machine"),
        ("select profile_id, current_date as value from orders", "the clock of the machine"),
        ("select profile_id, 1 as value from orders; drop table orders", "no semicolon"),
        ("select profile_id, 1 as value from orders limit 1", "'limit'"),
        ("select profile_id, 1 as value into x from orders", "'into'"),
        ("select profile_id, 1 as value from orders tablesample 10%", "'sample'"),
        ("select profile_id, 1 as value from orders for update", "'locks'"),
        ("select profile_id, 1 as value from orders pivot (sum(items) for order_id in ('a'))", "'pivots'"),
        ("select profile_id, 1 as value from orders union all select 'a', 1", "one SELECT is expected"),
        ("with recursive x as (select 1) select profile_id, 1 as value from orders", "'recursive'"),
        ("select * exclude (items) from orders", "star is not allowed"),
        ("select columns('x') from orders", 'No function "columns"'),
        ("select profile_id, [1] as value from orders", "no lists"),
        ("select profile_id, row_number() over (partition by profile_id) as value from orders", "needs an order"),
        ("select profile_id, date_diff('day', placed_at, placed_at) as value from orders", "Write ::date"),
        ("select profile_id, date_diff('month', placed_at::date, placed_at::date) as value from orders", "Use 'day'"),
        ("select profile_id, avg(items) as value from orders group by 1", "Write avg(x::double)"),
        ("select profile_id, items from orders", "the columns profile_id and value are expected"),
        ("select profile_id, items as value, 1 as x from orders", "the columns profile_id and value are expected"),
        ("select 1 as profile_id, items as value from orders", "profile_id must be the relation's own"),
        ("select profile_id, nothing as value from orders", "DuckDB refuses it"),
        ("select profile_id, length(profile_id) as value from orders", "nothing else"),
        ("select profile_id, 1 as value from orders where profile_id > 'a'", "nothing else"),
        ("select profile_id, 1 as value from orders where profile_id = 'a'", "nothing else"),
        ("select profile_id, profile_id as value from orders", "under its own name"),
        ("select profile_id, a as value from (select items, profile_id from orders) as x(profile_id, a)", "columns"),
        ("select profile_id, null::time as value from orders", "value must be"),
        ("from orders", "one SELECT is expected"),
        ("drop table orders", "one SELECT is expected"),
        ("pragma database_list", "one SELECT is expected"),
        ("copy orders to 'x'", "one SELECT is expected"),
        ("select profile_id, (", "parenthesis"),
        ("select " * 2000, "cannot be read"),
        ("select profile_id, 1 as value from " + "(select * from " * 200 + "orders" + ")" * 200, "nested"),
        ("", "empty"),
    ],
)
def test_whatever_reads_more_is_refused(sql: str, reason: str) -> None:
    """A plugin's query reads its stream and nothing else, and means the same on every engine."""
    with pytest.raises(ConfigError) as caught:
        check_query(sql, "orders", COLUMNS, where="plugin rfm: gap")
    assert reason in str(caught.value)
    assert str(caught.value).startswith("plugin rfm: gap: ")
