"""Rules: what compiles, to what, and what the result tells about itself."""

from datetime import timedelta

import pytest

from hub.lang import Activity, compile_expression, compile_rule
from tests.support.lang import CATALOGUE, PERSON, evaluate

LAPSING = """
days_since_order > 2 * coalesce(median_gap_days, 15)   -- one order: no gap yet
and not did('cart_started', within => '7 days')
"""


def test_a_rule_becomes_sql_over_columns() -> None:
    """Traits stay columns, helpers become columns that the caller offers, comments go."""
    rule = compile_rule(LAPSING, CATALOGUE)
    column = rule.activities[0].column
    gap = 'CAST("days_since_order" AS DOUBLE) > (2 * COALESCE("median_gap_days", 15e0))'
    expected = f'{gap} AND NOT COALESCE("{column}", 0) >= 1'
    assert expected == rule.sql
    assert evaluate(rule) == [True]
    assert evaluate(rule, [{**PERSON, column: 1}]) == [False]


def test_a_rule_lists_the_traits_it_reads() -> None:
    """The caller joins what is named, no more."""
    rule = compile_rule("ORDERS > 1 and country = 'DE'", CATALOGUE)
    assert frozenset({"orders", "country"}) == rule.traits
    assert rule.type == "boolean"


def test_helpers_are_listed_with_their_columns() -> None:
    """Every helper column can be made from what the rule lists, each once, in an order that does not change."""
    text = """did('order_placed', within => '60 days') and count_of('order_placed', within => '60 days') < 9
              and did('cart_started', at_least => 2) and in_segment('vip') and has_consent('email', 'marketing')"""
    rule = compile_rule(text, CATALOGUE)
    counted = {(activity.event, activity.within) for activity in rule.activities}
    assert {("order_placed", timedelta(days=60)), ("cart_started", None)} == counted
    assert len(rule.activities) == 2
    assert frozenset({"vip"}) == rule.segments
    [(column, channel, purpose)] = rule.consents
    assert (channel, purpose) == ("email", "marketing")
    assert f'COALESCE("{column}", FALSE)' in rule.sql
    assert 'COALESCE("_s_vip", FALSE)' in rule.sql


def test_the_column_of_a_count_depends_on_event_and_window_alone() -> None:
    """Rules that count the same thing share a column, now and after a restart; other windows have their own."""
    first = compile_rule("did('order_placed', within => '14 days')", CATALOGUE).activities
    second = compile_rule("count_of('order_placed', within => '2 weeks') > 3", CATALOGUE).activities
    third = compile_rule("did('order_placed', within => '15 days')", CATALOGUE).activities
    assert (Activity(first[0].column, "order_placed", timedelta(days=14)),) == first
    assert first == second
    assert first[0].column != third[0].column


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("did('order_placed')", False),
        ("not did('order_placed')", True),
        ("count_of('order_placed') = 0", True),
        ("in_segment('vip')", False),
        ("has_consent('email', 'marketing')", False),
    ],
)
def test_nothing_known_is_no_for_helpers(text: str, answer: bool) -> None:  # noqa: FBT001
    """A person without events, segments or consents is a plain no, never unknown."""
    assert [answer] == evaluate(compile_rule(text, CATALOGUE))


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("orders > 1", False),
        ("did('order_placed')", False),
        ("did('order_placed', within => '1 day')", True),
        ("days_since(last_order_at) > 3", True),
        ("last_order_at < as_of", True),
    ],
)
def test_a_rule_says_whether_time_alone_moves_people(text: str, clock: bool) -> None:  # noqa: FBT001
    """A daily pass is needed for rules that look at the clock."""
    assert clock == compile_rule(text, CATALOGUE).uses_clock


@pytest.mark.parametrize(
    ("text", "nullable"),
    [
        ("days_since_order > 2 * median_gap_days", {"days_since_order", "median_gap_days"}),
        ("days_since_order > 2 * coalesce(median_gap_days, 45)", {"days_since_order"}),
        ("coalesce(country, stage) = 'DE'", {"country", "stage"}),
        ("country is null or stage is distinct from 'lost'", set()),
        ("case when known then 1 else 0 end = 1", set()),
        ("case when known then 1 end = 1", {"known"}),
        ("greatest(orders, 0) > 1 and orders is not null", set()),
        ("not known", {"known"}),
        ("country in ('DE', 'AT')", {"country"}),
    ],
)
def test_a_rule_names_traits_whose_absence_hides_people(text: str, nullable: set[str]) -> None:
    """A missing value makes a rule neither true nor false; coalesce, is null and else take that away."""
    assert nullable == compile_rule(text, CATALOGUE).nullable


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("orders = 3 or orders = 4 and not known", True),
        ("(orders = 3 or orders = 4) and not known", False),
        ("not orders = 4 and known", True),
        ("not (orders = 3 and known)", False),
        ("orders - 1 - 1 = 1", True),
        ("orders - (1 - 1) = 3", True),
        ("2 + orders * 2 = 8", True),
        ("(2 + orders) * 2 = 10", True),
        ("8 / 2 / 2 = 2", True),
        ("- - orders = 3", True),
        ("orders between 1 and 3 and known", True),
        ("orders = 3 = known", True),
        ("country || 'x' = 'DEx'", True),
        ("(orders > 1) is true", True),
    ],
)
def test_operators_bind_as_in_sql(text: str, answer: bool) -> None:  # noqa: FBT001
    """What the user wrote is what runs, with and without parentheses."""
    assert [answer] == evaluate(compile_rule(text, CATALOGUE))


def test_division_by_zero_is_unknown() -> None:
    """A zero divisor gives NULL, which the segment step counts; it never stops a run."""
    rule = compile_rule("monetary_total / orders > 1", CATALOGUE)
    assert evaluate(rule, [{**PERSON, "orders": 0}, PERSON]) == [None, True]


def test_integers_that_grow_too_large_are_unknown() -> None:
    """Arithmetic beyond 64 bits gives NULL instead of an error, and is exact up to there."""
    expression = compile_expression("orders * orders", CATALOGUE)
    rows = [{"orders": 3_037_000_499}, {"orders": 3_037_000_500}, {"orders": -(2**63)}]
    assert evaluate(expression, rows) == [9_223_372_030_926_249_001, None, None]


def test_an_expression_gives_its_type() -> None:
    """Derived traits and fields can be of any type."""
    texts = {
        "orders + 1": "integer",
        "orders * 1.5": "number",
        "orders / 2": "number",
        "upper(country)": "text",
        "last_order_at": "timestamp",
        "birthday": "date",
        "orders > 1": "boolean",
        "case when orders > 1 then 'many' else 'few' end": "text",
        "days_since(last_order_at)": "integer",
    }
    assert texts == {text: compile_expression(text, CATALOGUE).type for text in texts}


def test_an_expected_type_is_met() -> None:
    """A declared type turns integers into numbers and null into a typed null."""
    assert evaluate(compile_expression("orders + 1", CATALOGUE, expects="number")) == [4.0]
    assert evaluate(compile_expression("null", CATALOGUE, expects="date")) == [None]
    assert compile_expression("orders", CATALOGUE, expects="number").type == "number"


def test_a_long_chain_is_fine() -> None:
    """A rule with hundreds of conditions side by side is not nested."""
    rule = compile_rule(" or ".join(f"orders = {number}" for number in range(900)), CATALOGUE)
    assert evaluate(rule) == [True]
    assert evaluate(compile_rule(f"orders in ({', '.join(map(str, range(2000)))})", CATALOGUE)) == [True]
