"""What is not part of the language is refused with a sentence that says why."""

import pytest

from hub.lang import compile_expression, compile_rule
from hub.sdk.errors import ConfigError
from tests.support.lang import CATALOGUE


def refused(text: str) -> str:
    """Compile a rule that must not compile; give the message."""
    with pytest.raises(ConfigError) as caught:
        compile_rule(text, CATALOGUE)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("orders = 1; drop table x", "no semicolon"),
        ("orders = 1;", "no semicolon"),
        ("(select 1) = 1", "sub-queries are not allowed"),
        ("orders in (select 1)", "'query'"),
        ("exists (select 1)", "sub-queries are not allowed"),
        ("orders = any (select 1)", "sub-queries are not allowed"),
        ("select true", "cannot be read as one expression near 'select'"),
        ("read_text('/etc/passwd') = 'a'", 'No function "read_text"'),
        ("read_csv('x') is null", 'No function "read_csv"'),
        ("glob('*') is null", 'No function "glob"'),
        ("country glob '*'", "glob is not part of the rule language"),
        ("getenv('HOME') = 'a'", 'No function "getenv"'),
        ("current_setting('x') = 'a'", 'No function "current_setting"'),
        ("attach 'x'", "cannot be read as one expression"),
        ("pragma database_list", "cannot be read as one expression"),
        ("set x = 1", "cannot be read as one expression"),
        ("copy person to 'x'", "cannot be read as one expression"),
        ("drop table x", "cannot be read as one expression"),
        ("install httpfs", "cannot be read as one expression"),
        ("known /* and */", "block comments"),
        ("/*+ hint */ known", "block comments"),
        ('"known"', "in double quotes"),
        ("`known`", "back quotes"),
        ("list_filter(country, x -> x)", "no lambdas"),
        ("list_filter(country, lambda x: x)", "no parameters and no slices"),
        ("count(*) over () > 1", "window functions"),
        ("row_number() over (order by orders) = 1", "window functions"),
        ("*", "a star is not allowed"),
        ("count(*) > 1", "runs over many rows"),
        ("columns('x') = 1", 'No function "columns"'),
        ("#1 = 1", "by position"),
        ("$1 = 1", "no parameters"),
        ("? = 1", "no parameters"),
        (":x = 1", "no parameters"),
        ("@x = 1", "no parameters"),
        ("person.known", "one plain name"),
        ("country.x.y = 1", "plain name"),
        ("country[1] = 'a'", "no lists"),
        ("{'a': 1} is null", "no structs"),
        ("{{ known }}", "no structs and no templates"),
        ("{% x %}", "no structs and no templates"),
        ("country ->> 'x' = 'a'", "no JSON operators"),
        ("[1] is null", "no lists"),
        ("(orders, 1) = (1, 1)", "lists and parts of values"),
        ("$$a$$ = country", "no dollar quotes"),
        ("e'a' = country", "unexpected"),
        ("my_macro(orders) = 1", 'No function "my_macro"'),
        ("orders as x", "cannot be read as one expression"),
        ("last_order_at > as_of - interval '7 days'", "intervals are not allowed"),
        ("last_order_at - birthday > 3", "needs numbers, got timestamp"),
        ("orders ~ 'a'", "unexpected '~'"),
        ("orders & 1 = 1", "unexpected '&'"),
        ("orders ^ 2 = 1", "unexpected '^'"),
        ("try(orders) = 1", 'No function "try"'),
        ("random() < 1", 'No function "rand"'),
        ("if(known, 1, 2) = 1", "Use case when"),
        ("country collate nocase = 'a'", 'No function "collate"'),
        ("country similar to 'a'", "not part of the rule language"),
        ("country like 'a' escape 'b'", "not part of the rule language"),
        ("orders between symmetric 3 and 1", "'symmetric'"),
        ("regexp_matches(country, 'a', 'i')", "'flag'"),
        ("ltrim(country) = 'a'", "'position'"),
        ("round(orders, 1, 2) = 1", "'truncate'"),
        ("cast(orders as tinyint) = 1", "cast to"),
        ("cast(orders as integer[]) is null", "unexpected '['"),
        ("cast(last_order_at as timestamp with time zone) is null", "cast to"),
        ("cast(orders as json) is null", "cast to"),
        ("attribute('x') = 'a'", "cannot stand here"),
    ],
)
def test_a_construct_outside_the_language_is_refused(text: str, reason: str) -> None:
    """Whatever sqlglot or DuckDB would read besides the language is named and refused."""
    assert reason in refused(text)


@pytest.mark.parametrize(
    "text", ["now()", "current_date", "current_timestamp", "today()", "localtimestamp", "get_current_timestamp()"]
)
def test_the_clock_of_the_machine_is_refused(text: str) -> None:
    """One instant rules a run, and the message names it."""
    assert 'Use "as_of", the instant of the run.' in refused(f"last_order_at < {text}")


@pytest.mark.parametrize(
    ("text", "character"),
    [
        ("orders\u00a0= 1", "U+00A0"),
        ("orders\u200b = 1", "orders\\u200b"),
        ("\uff4frders = 1", "\uff4frders"),
        ("\u043erders = 1", "\u043erders"),
        ("country = 'a\u202eb'", "U+202E"),
        ("country = 'a\x00b'", "U+0000"),
        ("country = '\ud800'", "U+D800"),
        ("country = \u2019DE\u2019", "\u2019DE\u2019"),
        ("orders = \u0661", "\u0661"),
        ("orders \uff1d 1", "\uff1d"),
    ],
)
def test_characters_that_look_like_others_are_refused(text: str, character: str) -> None:
    """Names are plain ASCII and nothing invisible stands anywhere: what one reads is what runs."""
    assert character in refused(text)


def test_texts_may_hold_any_writing() -> None:
    """Values are not names: umlauts, emoji and quotes go into texts, and offsets stay right after them."""
    text = "country = 'Österreich 👩‍👩‍👧 it''s' and stage = '東京'"
    rule = compile_rule(text, CATALOGUE)
    assert rule.sql == """"country" = 'Österreich 👩‍👩‍👧 it''s' AND "stage" = '東京'"""


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000 + "known" + ")" * 100_000,
        "(" * 5_000 + "known" + ")" * 5_000,
        "(" * 900 + "known" + ")" * 900,
        "not " * 4_000 + "known",
        "- " * 4_000 + "orders = 1",
        "case when known then " * 500 + "1" + " end" * 500,
        "abs(" * 1_000 + "1" + ")" * 1_000,
        "1" + " + 1" * 2_000 + " = 1",
        "country" + " || country" * 200 + " = 'a'",
        "orders" + " = orders" * 500,
        "(" * 2_000,
        "known and " * 6_000 + "known",
        "country = '" + "a" * 30_000 + "'",
        "interval " * 2_000 + "1",
        "date " * 2_000 + "'x'",
        "cast(" * 50 + "1" + " as integer)" * 50 + " between " * 100,
        "orders in " * 2_000 + "(1)",
        "case " * 2_000,
        "x." * 2_000 + "y",
    ],
)
def test_size_and_nesting_are_bounded(text: str) -> None:
    """However a text is blown up, the answer is a sentence, never a RecursionError."""
    assert refused(text)


def test_a_compiled_text_does_not_explode() -> None:
    """A function that repeats its argument cannot be nested until memory runs out."""
    nested = "as_of"
    for _ in range(9):
        nested = f"case when date_diff('month', {nested}, {nested}) > 0 then birthday else as_of end"
        if len(nested) > 15_000:
            break
    assert refused(f"date_diff('month', {nested}, birthday) > 1")


@pytest.mark.parametrize("text", ["", "   ", "\n", "-- only a comment"])
def test_an_empty_rule_is_refused(text: str) -> None:
    """No rule is not the rule that all match."""
    assert "this is empty" in refused(text)


def test_an_expression_of_no_type_is_refused() -> None:
    """NULL alone could be anything."""
    with pytest.raises(ConfigError, match="null alone has no type"):
        compile_expression("null", CATALOGUE)
