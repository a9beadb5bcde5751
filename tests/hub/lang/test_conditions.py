"""Rules taken apart for people, and sorted."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.lang import Catalogue, Condition, Rule, compile_rule, explain, order
from hub.sdk.errors import ConfigError
from tests.support.lang import CATALOGUE, PERSON, evaluate


def outline(condition: Condition) -> object:
    """Give the tree as nested lists."""
    if condition.kind == "leaf":
        return condition.text
    return [condition.kind, *(outline(child) for child in condition.children)]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("known", "known"),
        ("( known )", "known"),
        ("known and orders > 1", ["and", "known", "orders > 1"]),
        ("known or orders > 1 and orders < 9", ["or", "known", ["and", "orders > 1", "orders < 9"]]),
        ("(known or orders > 1) and orders < 9", ["and", ["or", "known", "orders > 1"], "orders < 9"]),
        ("(known) and (orders > 1)", ["and", "known", "orders > 1"]),
        ("not known and orders > 1", ["and", ["not", "known"], "orders > 1"]),
        ("not (known and orders > 1)", ["not", ["and", "known", "orders > 1"]]),
        ("not orders = 3", ["not", "orders = 3"]),
        ("orders between 1 and 3 and known", ["and", "orders between 1 and 3", "known"]),
        ("orders not between 1 and (2 + 1) or known", ["or", "orders not between 1 and (2 + 1)", "known"]),
        (
            "case when known and orders > 1 then 1 else 2 end = 1 and known",
            ["and", "case when known and orders > 1 then 1 else 2 end = 1", "known"],
        ),
        ("known = (orders > 1 and known)", "known = (orders > 1 and known)"),
        ("country = 'a and b' and known", ["and", "country = 'a and b'", "known"]),
        ("country in ('or', 'not')\n  -- why\n  or   known", ["or", "country in ('or', 'not')", "known"]),
        ("coalesce(orders,   0) -- none yet\n > 1", "coalesce(orders, 0) > 1"),
        ("did('cart_started', within => '7 days')", "did('cart_started', within => '7 days')"),
    ],
)
def test_a_rule_is_taken_apart_at_its_connectors(text: str, tree: object) -> None:
    """The leaves are what the user wrote, on one line, without comments."""
    assert tree == outline(explain(compile_rule(text, CATALOGUE)))


def test_every_node_can_be_evaluated_alone() -> None:
    """`hub why` shows true, false or unknown beside each condition, over the columns of the whole rule."""
    rule = compile_rule("known and (clv_12m > 10 or not did('cart_started'))", CATALOGUE)
    tree = explain(rule)
    found = {}
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        nodes += node.children
        [found[node.text]] = evaluate(replace(rule, sql=node.sql))
    expected = {
        "known and (clv_12m > 10 or not did('cart_started'))": True,
        "known": True,
        "clv_12m > 10 or not did('cart_started')": True,
        "clv_12m > 10": None,
        "not did('cart_started')": True,
        "did('cart_started')": False,
    }
    assert expected == found


def test_each_node_names_its_traits() -> None:
    """The person's values are shown beside the condition that reads them."""
    tree = explain(compile_rule("known and orders > days_since_order", CATALOGUE))
    assert [frozenset({"known"}), frozenset({"orders", "days_since_order"})] == [c.traits for c in tree.children]


_LEAVES = st.sampled_from(
    ["known", "orders > 2", "orders between 1 and 3", "clv_12m > 1", "country is null", "case when known then true end"]
)
_RULES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map("not {}".format),
        inner.map("({})".format),
    ),
    max_leaves=12,
)


def combined(condition: Condition, rule: Rule) -> bool | None:
    """Work a tree out from its leaves, in the three-valued logic of SQL."""
    if condition.kind == "leaf":
        [found] = evaluate(replace(rule, sql=condition.sql), [PERSON])
        assert found is None or isinstance(found, bool)
        return found
    parts = [combined(child, rule) for child in condition.children]
    if condition.kind == "not":
        return None if parts[0] is None else not parts[0]
    decides = condition.kind == "or"
    if decides in parts:
        return decides
    return None if None in parts else not decides


@settings(max_examples=40, deadline=None)
@given(_RULES)
def test_the_tree_means_what_the_rule_means(text: str) -> None:
    """Taking a rule apart at words never disagrees with the parser about what binds tighter."""
    rule = compile_rule(text, CATALOGUE)
    assert evaluate(rule) == [combined(explain(rule), rule)]


def _rules(**texts: str) -> dict[str, Rule]:
    catalogue = Catalogue(CATALOGUE.traits, segments=set(texts) | {"elsewhere"})
    return {name: compile_rule(text, catalogue, where=f"segments.toml: {name}") for name, text in texts.items()}


def test_segments_come_after_those_they_name() -> None:
    """Nested segments are made from the inside out; the rest keeps its place."""
    rules = _rules(a="in_segment('b') and in_segment('c')", b="in_segment('c')", c="known", d="in_segment('elsewhere')")
    assert [name for name in order(rules) if name != "d"] == ["c", "b", "a"]
    assert {"a", "b", "c", "d"} == set(order(rules))


def test_a_circle_of_segments_is_refused() -> None:
    """The message walks the circle."""
    rules = _rules(a="in_segment('b')", b="not in_segment('c')", c="in_segment('a') or known", d="known")
    with pytest.raises(ConfigError) as caught:
        order(rules)
    circles = ("a -> b -> c -> a.", "b -> c -> a -> b.", "c -> a -> b -> c.")
    assert any(circle in str(caught.value) for circle in circles)
    with pytest.raises(ConfigError, match="a -> a"):
        order(_rules(a="in_segment('a')"))
