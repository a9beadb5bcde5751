"""Functions over the rows of a person, for traits. Sums run over decimals: the order of rows never shows in them."""

from sqlglot import exp

from hub.lang.functions import argument
from hub.lang.operators import condition
from hub.lang.problem import Problem
from hub.lang.value import Value, combine
from hub.lang.walk import Handler, Walk, handler

_ADDEND = "TRY_CAST({} AS DECIMAL(28, 6))"


def _inside(walk: Walk, node: exp.Expr, label: str) -> Value:
    """Compile what an aggregate runs over."""
    if walk.in_aggregate:
        raise Problem(f"{label} cannot stand inside another of its kind")
    if not isinstance(node.this, exp.Expr):
        raise Problem(f"{label} needs a value")
    walk.in_aggregate = True
    value = walk.visit(node.this)
    walk.in_aggregate = False
    return value


def _count(walk: Walk, node: exp.Expr) -> Value:
    if node.this is None or isinstance(node.this, exp.Star):
        if walk.in_aggregate:
            raise Problem("count() cannot stand inside another of its kind")
        return Value("COUNT(*)", "integer", sure=True)
    if not isinstance(node.this, exp.Distinct):
        return Value(f"COUNT({_inside(walk, node, 'count()').sql})", "integer", sure=True)
    distinct = node.this.expressions
    if len(distinct) != 1 or node.this.args.get("on"):
        raise Problem("count(distinct x) takes one value")
    walk_node = exp.Count(this=distinct[0])
    return Value(f"COUNT(DISTINCT {_inside(walk, walk_node, 'count()').sql})", "integer", sure=True)


def _sum(walk: Walk, node: exp.Expr) -> Value:
    value = _inside(walk, node, "sum()")
    if value.type == "integer":
        return combine(f"TRY_CAST(SUM(CAST({value.sql} AS DECIMAL(19, 0))) AS BIGINT)", "integer", [value], sure=False)
    number = argument(value, "number", "sum()")
    return combine(f"CAST(SUM({_ADDEND.format(number.sql)}) AS DOUBLE)", "number", [number], sure=False)


def _average(walk: Walk, node: exp.Expr) -> Value:
    number = argument(_inside(walk, node, "avg()"), "number", "avg()")
    addend = _ADDEND.format(number.sql)
    sql = f"CAST(SUM({addend}) AS DOUBLE) / NULLIF(CAST(COUNT({addend}) AS DOUBLE), 0e0)"
    return combine(f"({sql})", "number", [number], sure=False)


def _median(walk: Walk, node: exp.Expr) -> Value:
    number = argument(_inside(walk, node, "median()"), "number", "median()")
    return combine(f"MEDIAN({number.sql})", "number", [number], sure=False)


def _mode(walk: Walk, node: exp.Expr) -> Value:
    value = _inside(walk, node, "mode()")
    return combine(f"MODE() WITHIN GROUP (ORDER BY {value.sql})", value.type, [value], sure=False)


def _extreme(walk: Walk, node: exp.Expr) -> Value:
    word = "MIN" if isinstance(node, exp.Min) else "MAX"
    value = _inside(walk, node, f"{word.lower()}()")
    return combine(f"{word}({value.sql})", value.type, [value], sure=False)


def _logical(walk: Walk, node: exp.Expr) -> Value:
    word = "BOOL_OR" if isinstance(node, exp.LogicalOr) else "BOOL_AND"
    value = condition(_inside(walk, node, f"{word.lower()}()"), f"{word.lower()}()")
    return combine(f"{word}({value.sql})", "boolean", [value], sure=False)


AGGREGATES: dict[type[exp.Expr], Handler] = {
    exp.Count: handler(_count, "this big_int", "count()"),
    exp.Sum: handler(_sum, "this", "sum()"),
    exp.Avg: handler(_average, "this", "avg()"),
    exp.Median: handler(_median, "this", "median()"),
    exp.Mode: handler(_mode, "this", "mode()"),
    exp.Min: handler(_extreme, "this", "min()"),
    exp.Max: handler(_extreme, "this", "max()"),
    exp.LogicalOr: handler(_logical, "this", "bool_or()"),
    exp.LogicalAnd: handler(_logical, "this", "bool_and()"),
}
