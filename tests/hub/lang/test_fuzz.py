"""Whatever is typed: it compiles or is refused, and what compiles runs on any row."""

from collections.abc import Callable, Mapping
from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub.lang import check_query, compile_aggregate, compile_expression, compile_row_filter, compile_rule, explain
from hub.sdk.errors import ConfigError
from hub.sdk.traits import TraitType
from tests.support.lang import CATALOGUE, TRAITS, evaluate, spark

_VOCABULARY = """
    known orders days_since_order monetary_total clv_12m country stage last_order_at birthday as_of true false null
    and or not = <> < >= is between in like ilike + - * / // % || ( ) ( ) , :: case when then else end cast as
    integer number text date timestamp coalesce( nullif( lower( length( round( abs( floor( ln( least( concat( trim(
    contains( starts_with( regexp_matches( year( date_trunc( date_diff( days_since( did( count_of( in_segment(
    has_consent( within => at_least 'order_placed' '7 days' 'vip' 'day' 'month' 'a%' '2026-01-31' '' 0 1 -1 2.5 1e308
    9223372036854775807 distinct from select exists any interval over filter order by limit union with values ; " ` #
    $ ? @ : [ ] { } -> ->> . .. /* */ -- count( sum( max( mode( attribute( 'x' * lambda extract( year month row
    struct map unnest collate escape glob similar to at time zone current_date now() array try_cast( isnull notnull
"""
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(_VOCABULARY.split()), max_size=14).map(" ".join))

_NUMBERS = st.sampled_from(
    ["orders", "days_since_order", "monetary_total", "clv_12m", "0", "1", "-1", "2.5", "1e308", "9223372036854775807"]
)
_NUMERIC = st.recursive(
    _NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(st.sampled_from(["-", "abs", "floor", "ceil", "round", "ln"]), inner).map("{0[0]}({0[1]})".format),
        st.tuples(inner, st.sampled_from(["//", "%"]), inner)
        .map("floor({0[0]}) {0[1]} floor({0[2]})".format)
        .map("({})".format),
        st.tuples(inner, inner).map("coalesce({0[0]}, {0[1]})".format),
        st.tuples(inner, inner).map("nullif({0[0]}, {0[1]})".format),
        inner.map("cast({} as integer)".format),
        st.sampled_from(["country", "stage"]).map("cast({} as number)".format),
        st.sampled_from(["country", "stage"]).map("cast({} as integer)".format),
        st.just("days_since(last_order_at)"),
        st.just("date_diff('month', birthday, last_order_at)"),
        st.just("length(country || stage)"),
        st.just("year(cast(country as date))"),
        st.just("day(date_trunc('week', cast(stage as timestamp)))"),
    ),
    max_leaves=8,
)
_PEOPLE = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "orders": st.integers(-(2**63), 2**63 - 1),
            "days_since_order": st.one_of(st.sampled_from([0, -1, 2**63 - 1, -(2**63)]), st.integers(-5, 5)),
            "monetary_total": st.floats(),
            "clv_12m": st.one_of(st.just(0.0), st.floats()),
            "country": st.one_of(
                st.sampled_from(["DE", "", "12", "1e999", "2026-02-30", "infinity", "-infinity", "epoch", "nan"]),
                st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
            ),
            "stage": st.sampled_from(["lost", "9999-12-31", "0001-01-01 00:00:00", "99999999999999999999"]),
            "last_order_at": st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),  # noqa: DTZ001 - naive UTC
            "birthday": st.dates(date(1, 1, 1), date(9999, 12, 31)),
            "known": st.booleans(),
        },
    ),
    min_size=1,
    max_size=3,
)
COLUMNS: dict[str, TraitType] = {**{trait.name: trait.type for trait in TRAITS}, "attributes": "text"}


def refusal(work: Callable[[], object]) -> str:
    """Give the message of a refusal, nothing where there is none; any other exception goes through."""
    try:
        work()
    except ConfigError as error:
        return str(error)
    return ""


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS)
@example("floor(")
@example("x" * 19_999)
@example("a->b")
@example("\x1b[4m")
@example("count(distinct")
@example("- - - 9223372036854775808 = 1")
def test_any_text_compiles_or_is_refused(text: str) -> None:
    """Never another exception, whichever way a text comes in."""
    ways = (
        lambda: compile_rule(text, CATALOGUE),
        lambda: compile_expression(text, CATALOGUE, expects="number"),
        lambda: compile_aggregate(text, COLUMNS),
        lambda: compile_row_filter(text, COLUMNS),
        lambda: check_query(f"select profile_id, {text} as value from orders", "orders", COLUMNS),
        lambda: check_query(text, "orders", COLUMNS),
    )
    for way in ways:
        refusal(way)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_NUMERIC, _NUMERIC, _PEOPLE)
@example("orders", "(-1 // orders)", [{"orders": -(2**63)}])
@example("floor(orders) // floor(days_since_order)", "0", [{"orders": -(2**63), "days_since_order": -1}])
@example("year(cast(country as date))", "length(country)", [{"country": "infinity"}])
def test_what_compiles_runs_on_any_row(left: str, right: str, people: list[Mapping[str, object]]) -> None:
    """No zero, no overflow, no unreadable text stops a run; the answer is true, false or unknown."""
    try:
        rule = compile_rule(f"{left} > {right} or not {right} between {left} and 5", CATALOGUE)
    except ConfigError as error:
        assert "is too large" in str(error)  # noqa: PT017 - constants are worked out when a rule is compiled
        return
    for answer in evaluate(rule, people):
        assert answer in {True, False, None}
    assert spark(rule.sql)
    assert rule.text == explain(rule).text


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_a_text_is_kept_to_the_letter(text: str) -> None:
    """No quoting trick: whatever stands in quotes is that text and nothing else."""
    quoted = "'" + text.replace("'", "''") + "'"
    message = refusal(lambda: compile_expression(quoted, CATALOGUE))
    if message:
        assert "invisible character" in message
    else:
        assert [text] == evaluate(compile_expression(quoted, CATALOGUE))


@settings(max_examples=80, deadline=None)
@given(st.text("ab01.*+?[](){}|^$\\dwsbpQ&:<>!=-", max_size=10))
def test_a_pattern_is_refused_or_runs(pattern: str) -> None:
    """A regular expression that DuckDB cannot compile is found before any run."""
    text = f"regexp_matches(country, '{pattern}')"
    message = refusal(lambda: compile_rule(text, CATALOGUE))
    if message:
        assert "pattern" in message or "regular expression" in message
    else:
        assert evaluate(compile_rule(text, CATALOGUE), [{"country": "ab01"}])[0] in {True, False}


@pytest.mark.parametrize("trait", [trait.name for trait in TRAITS])
def test_every_trait_can_be_missing(trait: str) -> None:
    """NULL goes through."""
    assert evaluate(compile_expression(trait, CATALOGUE), [{}]) == [None]
