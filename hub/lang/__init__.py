"""The rule language: boolean SQL expressions over traits, checked before anything runs. See docs/rules.md.

`compile_rule` and its sisters turn a user's text into DuckDB SQL that reads columns only, means the same on Spark and
fails on no row. What is not on the allow-list (`OPERATORS`, `FUNCTIONS`, ...) is refused.
"""

from hub.lang.compiler import compile_aggregate, compile_expression, compile_row_filter, compile_rule
from hub.lang.conditions import explain, order
from hub.lang.helpers import segment_column
from hub.lang.model import SQL_TYPES, Activity, Catalogue, Condition, Consent, Expression, Query, Rule, TraitInfo
from hub.lang.query import check_query

__all__ = [
    "SQL_TYPES",
    "Activity",
    "Catalogue",
    "Condition",
    "Consent",
    "Expression",
    "Query",
    "Rule",
    "TraitInfo",
    "check_query",
    "compile_aggregate",
    "compile_expression",
    "compile_row_filter",
    "compile_rule",
    "explain",
    "order",
    "segment_column",
]
