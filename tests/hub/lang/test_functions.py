"""Every allowed function: what it gives on DuckDB, and that Spark's dialect has an equal for it."""

from datetime import date, datetime

import pytest

from hub.lang import compile_expression
from hub.lang.compiler import SCALAR
from tests.support.lang import AS_OF, CATALOGUE, PERSON, evaluate, spark

MIDNIGHT = AS_OF.replace(hour=0)

CASES: list[tuple[str, object]] = [
    ("coalesce(clv_12m, monetary_total, 0)", 120.5),
    ("nullif(country, 'DE')", None),
    ("nullif(orders, 4)", 3),
    ("case when orders > 2 then 'many' when orders > 0 then 'few' else 'none' end", "many"),
    ("case country when 'DE' then 1 when 'AT' then 2 end", 1),
    ("case country when 'FR' then 1 end", None),
    ("case when known then null else 1 end", None),
    ("orders between 3 and 4", True),
    ("orders not between 3 and 4", False),
    ("last_order_at between '2026-01-01' and '2026-01-20 09:30:00'", True),
    ("country in ('AT', 'DE')", True),
    ("country not in ('AT', 'CH')", True),
    ("country like 'D%'", True),
    ("country like 'd_'", False),
    ("country ilike 'd_'", True),
    ("country not ilike 'd_'", False),
    ("lower(country)", "de"),
    ("upper('é')", "É"),
    ("trim('  a b ')", "a b"),
    ("trim('\u00a0a ')", "\u00a0a"),
    ("length('日本')", 2),
    ("abs(-3)", 3),
    ("abs(orders - 10)", 7),
    ("abs(-1.5)", 1.5),
    ("round(2.5)", 3),
    ("round(-2.5)", -3),
    ("round(2.675, 2)", 2.68),
    ("round(orders, 1)", 3),
    ("floor(-1.5)", -2),
    ("floor(orders / 2)", 1),
    ("ceil(1.2)", 2),
    ("floor(1e300)", None),
    ("least(orders, 2)", 2),
    ("greatest(orders, null, 7)", 7),
    ("greatest(clv_12m, median_gap_days)", None),
    ("ln(1)", 0.0),
    ("ln(0)", None),
    ("ln(-1)", None),
    ("ln(clv_12m)", None),
    ("starts_with(country, 'D')", True),
    ("contains('abc', 'b')", True),
    ("regexp_matches(country, '^[A-Z]{2}$')", True),
    ("regexp_matches('a1b', '\\d')", True),
    ("year(last_order_at)", 2026),
    ("month(birthday)", 5),
    ("day('2026-02-28')", 28),
    ("extract(month from birthday)", 5),
    ("date_trunc('month', last_order_at)", date(2026, 1, 1)),
    ("date_trunc('week', last_order_at)", date(2026, 1, 19)),
    ("date_trunc('quarter', birthday)", date(1990, 4, 1)),
    ("date_trunc('year', birthday)", date(1990, 1, 1)),
    ("date_trunc('day', as_of)", date(2026, 3, 1)),
    ("date_diff('day', last_order_at, as_of)", 40),
    ("date_diff('month', last_order_at, as_of)", 2),
    ("date_diff('year', birthday, '2026-01-01')", 36),
    ("days_since(last_order_at)", 40),
    ("days_since(birthday)", 13072),
    ("concat(country, '-', cast(null as text), stage)", "DE-retention"),
    ("country || '-' || stage", "DE-retention"),
    ("country || cast(null as text)", None),
    ("as_of", AS_OF),
    ("orders is null", False),
    ("clv_12m is not null", False),
    ("known is not true", False),
    ("clv_12m is distinct from monetary_total", True),
    ("clv_12m is not distinct from median_gap_days", True),
    ("known = true", True),
    ("orders / 2", 1.5),
    ("orders / 0", None),
    ("orders / (orders - 3)", None),
    ("orders // 2", 1),
    ("-7 // 2", -3),
    ("orders // (orders - 3)", None),
    ("orders % 2", 1),
    ("-7 % 3", -1),
    ("orders % (orders - 3)", None),
    ("orders + 0.5", 3.5),
    ("-orders", -3),
    ("-monetary_total", -120.5),
    ("9223372036854775807 - orders", 9223372036854775804),
    ("orders + 9223372036854775807", None),
    (".5", 0.5),
    ("1_000", 1000),
    ("1e3", 1000.0),
    ("last_order_at > birthday", True),
    ("last_order_at >= '2026-01-20'", True),
    ("birthday < '2000-01-01'", True),
    ("cast('7' as integer)", 7),
    ("cast(' -7 ' as integer)", -7),
    ("cast('7.5' as integer)", None),
    ("cast('x' as integer)", None),
    ("cast('99999999999999999999' as integer)", None),
    ("'12.50'::number", 12.5),
    ("cast('1e3' as number)", 1000.0),
    ("cast('inf' as number)", None),
    ("cast('12,50' as number)", None),
    ("cast(2.5 as integer)", 3),
    ("cast(1e300 as integer)", None),
    ("cast(orders as number)", 3.0),
    ("cast(orders as text)", "3"),
    ("cast(known as text)", "true"),
    ("cast(birthday as text)", "1990-05-17"),
    ("cast(known as integer)", 1),
    ("cast(country as boolean)", None),
    ("cast('True' as boolean)", True),
    ("cast(country || '' as date)", None),
    ("cast(trim('2026-02-28') as date)", date(2026, 2, 28)),
    ("cast(trim('2026-02-30') as date)", None),
    ("cast(trim('2026-2-3') as date)", None),
    ("cast(trim('2026-02-28 10:11:12.5') as timestamp)", datetime.fromisoformat("2026-02-28T10:11:12.5")),
    ("cast(trim('2026-02-28 25:00:00') as timestamp)", None),
    ("cast(last_order_at as date)", date(2026, 1, 20)),
    ("cast(date_trunc('day', as_of) as timestamp)", MIDNIGHT),
    ("date '2026-02-28'", date(2026, 2, 28)),
    ("timestamp '2026-03-01 12:00:00'", AS_OF),
    ("try_cast(country as number)", None),
]


@pytest.mark.parametrize(("text", "answer"), CASES)
def test_a_function_gives_what_the_docs_say(text: str, answer: object) -> None:
    """One answer for each, on DuckDB."""
    [found] = evaluate(compile_expression(text, CATALOGUE))
    assert (answer, type(answer)) == (found, type(found))


@pytest.mark.parametrize("text", [text for text, _ in CASES])
def test_a_function_has_an_equal_on_spark(text: str) -> None:
    """Sqlglot knows a Spark form of everything that we write."""
    assert spark(compile_expression(text, CATALOGUE).sql).startswith("SELECT ")


@pytest.mark.parametrize(("text", "answer"), CASES)
def test_a_compiled_text_is_not_empty_of_types(text: str, answer: object) -> None:
    """A person of whom nothing is known gives an answer too, of the same type or NULL."""
    [found] = evaluate(compile_expression(text, CATALOGUE), [{}])
    assert found is None or answer is None or type(answer) is type(found)


def test_every_function_of_the_language_is_shown_here() -> None:
    """A function cannot be added without a case."""
    labels = {handler.label.removesuffix("()") for handler in SCALAR.values()} - {""}
    assert set() == {label for label in labels if not any(label in text for text, _ in CASES)}


def test_forms_that_engines_read_differently_are_avoided() -> None:
    """The canonical forms of the two-engine table, by their text."""
    texts = {
        "trim(country)": "TRIM(\"country\", ' ')",
        "concat(country, stage)": "COALESCE(\"country\", '') || COALESCE(\"stage\", '')",
        "orders / 2": 'CAST("orders" AS DOUBLE) / 2e0',
        "date_diff('day', last_order_at, as_of)": (
            'CAST(DATE_DIFF(\'day\', CAST("last_order_at" AS DATE), CAST("as_of" AS DATE)) AS BIGINT)'
        ),
        "round(monetary_total, 1)": 'CAST(ROUND(TRY_CAST("monetary_total" AS DECIMAL(28, 6)), 1) AS DOUBLE)',
    }
    assert texts == {text: compile_expression(text, CATALOGUE).sql for text in texts}


def test_null_spreads_as_in_sql() -> None:
    """What is unknown stays unknown unless the rule says otherwise."""
    texts = ["clv_12m > 3", "not clv_12m > 3", "clv_12m > 3 or known", "clv_12m > 3 and not known"]
    assert [evaluate(compile_expression(text, CATALOGUE))[0] for text in texts] == [None, None, True, False]


def test_rows_do_not_see_each_other() -> None:
    """An expression is about one person."""
    rows = [{**PERSON, "orders": orders} for orders in (1, 2, None)]
    assert evaluate(compile_expression("orders * 2", CATALOGUE), rows) == [2, 4, None]
