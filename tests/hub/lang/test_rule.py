"""The rule language: what compiles, and to what."""

from hub.lang import Catalogue, TraitInfo, compile_rule


def test_a_rule_becomes_sql_over_columns() -> None:
    """Traits stay columns, a helper becomes the column of a count."""
    catalogue = Catalogue({"orders": TraitInfo("orders", "integer")}, events={"cart_started"})
    rule = compile_rule("orders > 1 and not did('cart_started')", catalogue)
    column = rule.activities[0].column
    assert f'"orders" > 1 AND NOT COALESCE("{column}", 0) >= 1' == rule.sql
