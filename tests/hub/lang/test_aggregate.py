"""Traits over a person's rows: aggregates, row filters, fields of attributes."""

from collections.abc import Sequence

import duckdb
import pytest

from hub.lang import compile_aggregate, compile_row_filter
from hub.sdk.errors import ConfigError
from hub.sdk.traits import TraitType
from tests.support.lang import spark

COLUMNS: dict[str, TraitType] = {
    "order_id": "text",
    "placed_at": "timestamp",
    "status": "text",
    "total": "number",
    "refunded": "number",
    "items": "integer",
    "gift": "boolean",
    "attributes": "text",
}
TABLE = """
    CREATE TABLE orders (order_id VARCHAR, placed_at TIMESTAMP, status VARCHAR, total DECIMAL(18, 4),
                         refunded DECIMAL(18, 4), items BIGINT, gift BOOLEAN, attributes VARCHAR);
    INSERT INTO orders VALUES
        ('a', '2026-01-01 10:00:00', 'paid', 10.10, 0.30, 1, false, '{"points": 7, "loyalty tier": "gold"}'),
        ('b', '2026-02-01 10:00:00', 'paid', 20.20, 0.00, 2, true, '{"points": "x"}'),
        ('c', '2026-02-01 11:00:00', 'open', 0.05, 0.00, 2, NULL, NULL),
        ('d', NULL, 'open', NULL, NULL, NULL, NULL, '{}')
"""


def run(sql: str, *, where: str = "true") -> list[tuple[object, ...]]:
    """Select over the four orders."""
    with duckdb.connect() as connection:
        connection.execute(TABLE).fetchall()
        return connection.execute(f"SELECT {sql} FROM orders WHERE {where}").fetchall()


CASES: Sequence[tuple[str, object, TraitType]] = [
    ("sum(total - refunded)", 30.05, "number"),
    ("sum(items)", 5, "integer"),
    ("count(*)", 4, "integer"),
    ("count(total)", 3, "integer"),
    ("count(distinct status)", 2, "integer"),
    ("avg(items)", 5 / 3, "number"),
    ("avg(total)", 30.35 / 3, "number"),
    ("median(items)", 2.0, "number"),
    ("mode(status)", "open", "text"),
    ("min(total)", 0.05, "number"),
    ("max(order_id)", "d", "text"),
    ("bool_or(gift)", True, "boolean"),
    ("bool_and(gift)", False, "boolean"),
    ("sum(case when status = 'paid' then total else 0 end)", 30.3, "number"),
    ("sum(total) / count(*)", 30.35 / 4, "number"),
    ("sum(items) / sum(items - items)", None, "number"),
    ("round(sum(total) / nullif(count(total), 0), 1)", 10.1, "number"),
    ("coalesce(max(attribute('loyalty tier')), 'none')", "gold", "text"),
    ("sum(cast(attribute('points') as integer))", 7, "integer"),
    ("max(date_trunc('month', placed_at)) = '2026-02-01'", True, "boolean"),
]


@pytest.mark.parametrize(("text", "answer", "type_"), CASES)
def test_an_aggregate_runs_over_rows(text: str, answer: object, type_: TraitType) -> None:
    """The value, exact for money, in the type that is promised; Spark has an equal."""
    aggregate = compile_aggregate(text, COLUMNS)
    [(found,)] = run(aggregate.sql)
    assert (answer, type_) == (found, aggregate.type)
    assert spark(aggregate.sql)


def test_no_rows_give_null_or_zero() -> None:
    """An aggregate over nothing never fails."""
    found = [run(compile_aggregate(text, COLUMNS).sql, where="false")[0][0] for text, _, _ in CASES]
    assert {None, 0, "none"} == set(found)


def test_a_sum_does_not_depend_on_the_order_of_rows() -> None:
    """Doubles would differ in the last digit from run to run, and be sent again for nothing."""
    aggregate = compile_aggregate("sum(total)", {"total": "number"})
    averaged = compile_aggregate("avg(total)", {"total": "number"})
    found = set()
    for order in ("ASC", "DESC"):
        rows = f"(SELECT x / 7::DOUBLE AS total FROM range(10000) AS r(x) ORDER BY x {order})"
        with duckdb.connect() as connection:
            found |= set(connection.execute(f"SELECT {aggregate.sql}, {averaged.sql} FROM {rows}").fetchall())
    assert len(found) == 1


def test_ties_of_mode_go_to_the_first_by_value() -> None:
    """A favourite does not change because rows were read in another order."""
    aggregate = compile_aggregate("mode(status)", COLUMNS)
    assert run(aggregate.sql) == [("open",)]
    assert run(aggregate.sql, where="order_id <> 'd'") == [("paid",)]


def test_the_columns_that_are_read_are_listed() -> None:
    """Other steps need not carry the rest."""
    aggregate = compile_aggregate("sum(cast(attribute('points') as number) * total)", COLUMNS)
    assert frozenset({"attributes", "total"}) == aggregate.traits


def test_an_expected_type_is_met() -> None:
    """A count may be declared a number; a text may not."""
    assert compile_aggregate("count(*)", COLUMNS, expects="number").type == "number"
    with pytest.raises(ConfigError, match="number is expected, this gives text"):
        compile_aggregate("mode(status)", COLUMNS, expects="number")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("total", "total has many values here. Say which, such as sum(total)"),
        ("sum(total) + items", "items has many values here"),
        ("attribute('x')", "has many values here"),
        ("sum(sum(total))", "cannot stand inside another"),
        ("sum(count(*))", "cannot stand inside another"),
        ("sum(status)", "sum() needs number or integer, got text"),
        ("bool_or(items)", "bool_or() needs true or false, got integer"),
        ("count(distinct status, items)", "takes one value"),
        ("sum(distinct items)", "distinct is not part"),
        ("sum(total) filter (where gift)", "filter (where ...) is not allowed"),
        ("sum(total) over ()", "window functions"),
        ("max(total, 3)", "'count'"),
        ("sum(totl)", 'No column "totl". Near: total.'),
        ("max(as_of)", "Store instants"),
        ("max(days_since(placed_at))", "cannot stand here"),
        ("did('x')", "cannot stand here"),
        ("first(total)", 'No function "first"'),
        ("string_agg(status)", "No function"),
        ("max(attribute('a.b'))", "attribute() needs a key of letters"),
        ("max(attribute('a\"] '))", "attribute() needs a key of letters"),
        ("sum((select 1))", "sub-queries"),
        ("sum(now())", "as_of"),
    ],
)
def test_what_is_no_aggregate_is_refused(text: str, reason: str) -> None:
    """A trait is one value over all rows of a person, made of what the stream carries."""
    with pytest.raises(ConfigError) as caught:
        compile_aggregate(text, COLUMNS, where="config/traits.toml: spend")
    assert reason in str(caught.value)
    assert str(caught.value).startswith("config/traits.toml: spend: ")


def test_a_stream_without_attributes_has_none() -> None:
    """The message says so before DuckDB would."""
    with pytest.raises(ConfigError, match="no attributes"):
        compile_aggregate("max(attribute('x'))", {"total": "number"})


def test_a_row_filter_keeps_rows() -> None:
    """`where` of a trait looks at one row; money compares as a number."""
    kept = compile_row_filter("status = 'paid' and total > 10.1 or attribute('loyalty tier') = 'gold'", COLUMNS)
    assert run("order_id", where=kept.sql) == [("a",), ("b",)]
    assert frozenset({"status", "total", "attributes"}) == kept.traits


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("total", "a rule needs true or false, got number"),
        ("sum(total) > 1", "runs over many rows"),
        ("placed_at > as_of", "Store instants"),
        ("in_segment('vip')", "cannot stand here"),
        ("order_id in (select order_id from orders)", "'query'"),
    ],
)
def test_what_is_no_row_filter_is_refused(text: str, reason: str) -> None:
    """It sees one row, no aggregates, no people."""
    with pytest.raises(ConfigError) as caught:
        compile_row_filter(text, COLUMNS)
    assert reason in str(caught.value)
