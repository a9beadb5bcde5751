"""Messages name the place, what was expected, what came, and what to do."""

import pytest

from hub.lang import Catalogue, TraitInfo, compile_expression, compile_rule
from hub.sdk.errors import ConfigError
from tests.support.lang import CATALOGUE


def message(text: str, where: str = "") -> str:
    """Compile a rule that must not compile; give the message."""
    with pytest.raises(ConfigError) as caught:
        compile_rule(text, CATALOGUE, where=where)
    return str(caught.value)


def test_a_message_starts_with_the_place() -> None:
    """The file and the key come first, and are kept for whoever prints them otherwise."""
    with pytest.raises(ConfigError) as caught:
        compile_rule("country = 5", CATALOGUE, where="config/segments.toml: segment.x")
    expected = (
        'config/segments.toml: segment.x: in "country = 5": "=" needs one type, got text and integer. Text goes in '
        "'single quotes', numbers in none; cast(x as number) turns a text into a number."
    )
    assert expected == str(caught.value)
    assert caught.value.where == "config/segments.toml: segment.x"


def test_an_unknown_trait_comes_with_its_neighbours() -> None:
    """Nearness counts names and the words of descriptions."""
    assert message("lifetime_value > 100") == 'No trait "lifetime_value". Near: clv_12m (expected value, 12 months).'
    assert "Near: days_since_order (days since the last order)" in message("days_since_orders > 3")
    assert "Near: median_gap_days (usual days between orders)" in message("gap_days > 3")


def test_an_unknown_word_may_be_a_text_without_quotes() -> None:
    """The usual slip is forgotten quotes."""
    assert message("country = germany") == "No trait \"germany\". A text goes in single quotes: 'germany'."


def test_double_quotes_come_with_the_mended_text() -> None:
    """The other usual slip is quotes of the other kind."""
    assert "Text goes in single quotes: 'DE'; a trait in none." in message('country = "DE"')


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("did('cart_start')", 'No event "cart_start". Near: cart_started.'),
        ("in_segment('vipp')", 'No segment "vipp". Near: vip.'),
        ("in_segment('zzz')", 'No segment "zzz". There are: open_complaint, vip.'),
        ("lenght(country) = 2", 'No function "lenght". Near: length.'),
        ("day_since(last_order_at) > 2", 'No function "day_since". Near: days_since.'),
    ],
)
def test_unknown_names_come_with_near_ones(text: str, hint: str) -> None:
    """Events, segments and functions are known too."""
    assert message(text).endswith(hint)


def test_any_event_is_accepted_where_none_are_known() -> None:
    """Before the first run nobody knows what events there will be."""
    catalogue = Catalogue({}, events=None)
    assert compile_rule("did('launched')", catalogue).activities[0].event == "launched"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("did('cart_started', '7 days')", "Write: did('event', within => '7 days', at_least => 2)."),
        ("did()", "Write: did('event'"),
        ("did('cart_started', within => '7 days', within => '8 days')", "Write: did('event'"),
        ("did('cart_started', since => '7 days')", "Write: did('event'"),
        ("did('cart_started', at_least => 0)", "at_least needs a whole number from 1"),
        ("did('cart_started', at_least => 1.5)", "at_least needs a whole number from 1"),
        ("did('cart_started', at_least => orders)", "at_least needs a whole number from 1"),
        ("did('cart_started', within => 'a week')", "within needs a duration such as '7 days' or '12 hours'"),
        ("did('cart_started', within => '0 days')", "within needs a duration"),
        ("did('cart_started', within => '99999999999999999999 weeks')", "within needs a duration"),
        ("did('cart_started', within => 7)", "within needs a text in 'single quotes' there, got integer"),
        ("did(country)", "needs a text in 'single quotes' there, got text"),
        ("count_of('cart_started', at_least => 2) > 1", "Write: count_of('event', within => '7 days')."),
        ("has_consent('email')", "Write: has_consent('channel', 'purpose')."),
        ("days_since(orders) > 1", "days_since() needs timestamp or date, got integer"),
    ],
)
def test_helpers_say_how_they_are_called(text: str, part: str) -> None:
    """A wrong call shows the right one."""
    assert part in message(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("orders", "a rule needs true or false, got integer"),
        ("orders and known", "and needs true or false, got integer"),
        ("not country", "not needs true or false, got text"),
        ("known > false", '">" cannot order true and false'),
        ("orders = null", "Write: is null, or: is not null."),
        ("orders in (1, null)", "Write: or x is null."),
        ("orders is 5", '"is" needs null, true or false after it'),
        ("orders is true", "is true needs true or false, got integer"),
        ("country + 'a' = 'b'", '"||" joins texts'),
        ("country || orders = 'b'", '"||" needs text, got integer'),
        ("orders between 'a' and 'b'", '"between" needs one type, got integer and text literal'),
        ("country in ('a', 5)", '"in" needs one type'),
        ("coalesce(country, 0) = 0", "coalesce() needs one type, got text and integer"),
        ("case when orders then 1 end = 1", "case when needs true or false, got integer"),
        ("case when known then 1 else 'a' end = 1", "case needs one type, got integer and text literal"),
        ("last_order_at > '31/12/2025'", "expected a timestamp such as '2026-01-31 12:00:00'"),
        ("last_order_at > '2025-12-31T00:00:00+02:00'", "without a time zone"),
        ("birthday = '2025-02-30'", "expected a date such as '2026-01-31'"),
        ("birthday = country", '"=" needs one type, got date and text'),
        ("cast(monetary_total as text) = '1'", "number cannot become text. Engines write numbers differently"),
        ("cast(orders as boolean)", "integer cannot become boolean. Compare it: x <> 0."),
        ("orders > 99999999999999999999", "too large for an integer"),
        ("monetary_total > 1e999", "too large for a number"),
        ("monetary_total % 2 = 1", '"%" needs integer, got number'),
        ("lower(orders) = 'a'", "lower() needs text, got integer"),
        ("regexp_matches(country, '(')", "'(' is not a regular expression: missing )"),
        ("regexp_matches(country, stage)", "needs a text in 'single quotes' there"),
        ("regexp_matches(country, '[[:alpha:]]')", "different things on different engines"),
        ("regexp_matches(country, '(?i)a')", "different things on different engines"),
        ("regexp_matches(country, '[a&&b]')", "different things on different engines"),
        ("regexp_matches(country, '\\pL')", "different things on different engines"),
        ("country like 'a\\%'", "a backslash in a like pattern"),
        (
            "date_trunc('hour', last_order_at) = birthday",
            "date_trunc() knows year, quarter, month, week, day, got hour",
        ),
        ("date_diff('week', birthday, as_of) > 1", "date_diff() knows day, month, year, got week"),
        ("extract(epoch from as_of) > 1", "extract() knows year, month, day, got epoch"),
        ("round(monetary_total, 9) = 1", "round() needs a number of digits from 0 to 6"),
        ("starts_with(country) = true", "a value is missing near ')' (line 1, column 20)"),
        ("sum(orders) > 1", "sum() runs over many rows, a rule sees one person"),
        ("orders = (known", "not every parenthesis has its other one"),
        ("country = 'a", "Is a quote left open?"),
        ("country in ('DE' 'AT')", "a comma or an operator is missing in 'DE' 'AT'"),
        ("orders > ", "a value is missing"),
    ],
)
def test_a_slip_is_explained(text: str, part: str) -> None:
    """What was expected, what came, what to write."""
    assert part in message(text)


def test_a_syntax_error_says_line_and_column() -> None:
    """A long rule needs the place."""
    assert "near 'orders' (line 2, column" in message("known\norders > 2")


def test_a_wrong_type_names_both() -> None:
    """A derived trait keeps what it declares."""
    with pytest.raises(ConfigError, match=r"traits\.toml: band: number is expected, this gives text literal"):
        compile_expression("'high'", CATALOGUE, expects="number", where="traits.toml: band")


def test_a_trait_may_be_called_like_a_keyword() -> None:
    """Plugins choose names before anybody thinks of SQL."""
    traits = {
        name: TraitInfo(name, "integer") for name in ("level", "rank", "value", "first", "name", "date", "region")
    }
    rule = compile_rule(" and ".join(f"{name} > 1" for name in traits), Catalogue(traits))
    assert frozenset(traits) == rule.traits
