"""The scalar functions, each in a form that gives the same on DuckDB and Spark and fails on no value."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from hub.lang import probe
from hub.lang.operators import absolute, condition, need, same_type
from hub.lang.problem import Problem
from hub.lang.value import OPERATOR, Kind, Value, as_date, as_number, combine, quote
from hub.lang.walk import Handler, Walk, handler

_MAX_DIGITS = 6
# Constructs that RE2 (DuckDB) and Java (Spark) read differently: [a[b]], [[:x:]], a&&b, (?flags), \p and friends.
_UNEQUAL_PATTERN = re.compile(r"\[[^\]]*\[|&&|\(\?|\\[^dwsDWSbntr.\\^$|?*+()\[\]{}/-]|[^\x20-\x7e\u00a0-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class _Simple:
    """A function of one template. `takes`: type of each argument (`day`: a date or timestamp, as a date)."""

    label: str
    takes: tuple[str, ...]
    gives: Kind
    sql: str
    sure: bool = True

    def compile(self, walk: Walk, node: exp.Expr) -> Value:
        """Fill the template."""
        parts = [node.args[key] for key, _ in zip(("this", "expression"), self.takes, strict=False)]
        values = [argument(walk.visit(part), type_, self.label) for part, type_ in zip(parts, self.takes, strict=True)]
        return combine(self.sql.format(*(value.sql for value in values)), self.gives, values, sure=self.sure)


_SIMPLE: dict[type[exp.Expr], _Simple] = {
    exp.Lower: _Simple("lower()", ("text",), "text", "LOWER({})"),
    exp.Upper: _Simple("upper()", ("text",), "text", "UPPER({})"),
    exp.Trim: _Simple("trim()", ("text",), "text", "TRIM({}, ' ')"),
    exp.Length: _Simple("length()", ("text",), "integer", "LENGTH({})"),
    exp.Contains: _Simple("contains()", ("text", "text"), "boolean", "CONTAINS({}, {})"),
    exp.StartsWith: _Simple("starts_with()", ("text", "text"), "boolean", "STARTS_WITH({}, {})"),
    exp.Ln: _Simple("ln()", ("number",), "number", "LN(NULLIF(GREATEST({}, 0e0), 0e0))", sure=False),
    exp.Floor: _Simple("floor()", ("number",), "integer", "TRY_CAST(FLOOR({}) AS BIGINT)", sure=False),
    exp.Ceil: _Simple("ceil()", ("number",), "integer", "TRY_CAST(CEIL({}) AS BIGINT)", sure=False),
    exp.Year: _Simple("year()", ("day",), "integer", "YEAR({})"),
    exp.Month: _Simple("month()", ("day",), "integer", "MONTH({})"),
    exp.Day: _Simple("day()", ("day",), "integer", "DAY({})"),
}


def argument(value: Value, type_: str, label: str) -> Value:
    """Turn a value into what a function takes.

    Raises:
        Problem: It cannot be.
    """
    if type_ == "number":
        return as_number(need(value, ("number", "integer"), label))
    if type_ == "day":
        text = isinstance(value.literal, str)
        return as_date(value if text else need(value, ("timestamp", "date"), label))
    return need(value, (type_,), label)


def _coalesce(walk: Walk, node: exp.Expr) -> Value:
    values, type_ = same_type(walk.visit_all([node.this, *node.expressions]), "coalesce()")
    return _first_known("COALESCE", values, type_)


def _extreme(walk: Walk, node: exp.Expr) -> Value:
    word = "LEAST" if isinstance(node, exp.Least) else "GREATEST"
    values, type_ = same_type(walk.visit_all([node.this, *node.expressions]), f"{word.lower()}()")
    return _first_known(word, values, type_)


def _first_known(word: str, values: list[Value], type_: Kind) -> Value:
    """A function that is NULL only where all its values are."""
    sql = f"{word}({', '.join(value.sql for value in values)})"
    joined = combine(sql, type_, values)
    sure = any(value.sure for value in values)
    return Value(sql, type_, frozenset() if sure else joined.nulls, sure)


def _nullif(walk: Walk, node: exp.Expr) -> Value:
    values, type_ = same_type(walk.visit_all([node.this, node.expression]), "nullif()")
    first = values[0]
    return Value(f"NULLIF({values[0].sql}, {values[1].sql})", type_, first.nulls | values[1].nulls)


def _case(walk: Walk, node: exp.Expr) -> Value:
    branches = node.args["ifs"]
    subject = walk.visit(node.this) if node.this else None
    whens = walk.visit_all([branch.this for branch in branches])
    if subject is None:
        whens = [condition(when, "case when") for when in whens]
        tested = whens
    else:
        tested, _ = same_type([subject, *whens], "case")
        subject, *whens = tested
    default = node.args.get("default")
    results = [branch.args["true"] for branch in branches] + ([default] if default else [])
    thens, type_ = same_type(walk.visit_all(results), "case")
    parts = " ".join(f"WHEN {when.sql} THEN {then.sql}" for when, then in zip(whens, thens, strict=False))
    rest = f" ELSE {thens[-1].sql}" if default else ""
    sql = f"CASE {subject.sql + ' ' if subject else ''}{parts}{rest} END"
    return combine(sql, type_, thens if default else [*thens, *tested], sure=bool(default))


def _like(walk: Walk, node: exp.Expr) -> Value:
    word = "LIKE" if isinstance(node, exp.Like) else "ILIKE"
    value = need(walk.visit(node.this), ("text",), word.lower())
    pattern = constant_text(walk, node.expression, word.lower())
    if "\\" in pattern:
        raise Problem(f"a backslash in a {word.lower()} pattern differs between engines", hint="Use contains(x, 'y').")
    negated = "NOT " if node.args.get("negate") else ""
    return combine(f"{value.operand} {negated}{word} {quote(pattern)}", "boolean", [value], binds=OPERATOR)


def _matches(walk: Walk, node: exp.Expr) -> Value:
    value = need(walk.visit(node.this), ("text",), "regexp_matches()")
    pattern = constant_text(walk, node.expression, "regexp_matches()")
    if _UNEQUAL_PATTERN.search(pattern):
        raise Problem(
            f"the pattern {quote(pattern)} means different things on different engines",
            hint="No classes in classes, no && and no (?...); of escapes only those of signs and \\d \\w \\s \\b.",
        )
    probe.check_pattern(pattern)
    return combine(f"REGEXP_MATCHES({value.sql}, {quote(pattern)})", "boolean", [value])


def constant_text(walk: Walk, node: exp.Expr, what: str) -> str:
    """Read a text that must stand in the rule itself.

    Raises:
        Problem: It is computed, or no text.
    """
    value = walk.visit(node)
    if not isinstance(value.literal, str):
        raise Problem(f"{what} needs a text in 'single quotes' there, got {value.kind}")
    return value.literal


def _concat(walk: Walk, node: exp.Expr) -> Value:
    values = [need(value, ("text",), "concat()") for value in walk.visit_all(node.expressions)]
    sql = " || ".join(value.operand if value.literal else f"COALESCE({value.sql}, '')" for value in values)
    return Value(sql, "text", sure=True, binds=OPERATOR)


def _join(walk: Walk, node: exp.Expr) -> Value:
    values = [need(value, ("text",), '"||"') for value in walk.visit_all([node.this, node.expression])]
    return combine(" || ".join(value.operand for value in values), "text", values, binds=OPERATOR)


def _round(walk: Walk, node: exp.Expr) -> Value:
    value = need(walk.visit(node.this), ("number", "integer"), "round()")
    digits = walk.visit(node.args["decimals"]).literal if node.args.get("decimals") else 0
    if not isinstance(digits, int) or not 0 <= digits <= _MAX_DIGITS:
        raise Problem(f"round() needs a number of digits from 0 to {_MAX_DIGITS} after the comma")
    if value.type == "integer":
        return value
    decimal = f"ROUND(TRY_CAST({value.sql} AS DECIMAL(28, 6)), {digits})"
    if digits:
        return combine(f"CAST({decimal} AS DOUBLE)", "number", [value], sure=False)
    return combine(f"TRY_CAST({decimal} AS BIGINT)", "integer", [value], sure=False)


def _abs(walk: Walk, node: exp.Expr) -> Value:
    return absolute(walk.visit(node.this))


def _unit(node: exp.Expr, argument_: str, allowed: tuple[str, ...], what: str) -> str:
    unit = node.args.get(argument_)
    word = unit.name.lower() if isinstance(unit, exp.Expr) else ""
    if word not in allowed:
        raise Problem(f"{what} knows {', '.join(allowed)}, got {word or 'nothing'}")
    return word


def _extract(walk: Walk, node: exp.Expr) -> Value:
    unit = _unit(node, "this", ("year", "month", "day"), "extract()")
    value = argument(walk.visit(node.expression), "day", "extract()")
    return combine(f"{unit.upper()}({value.sql})", "integer", [value])


def _truncate(walk: Walk, node: exp.Expr) -> Value:
    unit = _unit(node, "unit", ("year", "quarter", "month", "week", "day"), "date_trunc()")
    value = argument(walk.visit(node.this), "day", "date_trunc()")
    return combine(f"CAST(DATE_TRUNC('{unit}', {value.sql}) AS DATE)", "date", [value])


def _difference(walk: Walk, node: exp.Expr) -> Value:
    unit = _unit(node, "unit", ("day", "month", "year"), "date_diff()")
    values = [argument(value, "day", "date_diff()") for value in walk.visit_all([node.expression, node.this])]
    return date_difference(unit, values[0], values[1])


def date_difference(unit: str, start: Value, end: Value) -> Value:
    """Count the days, or the turns of month or year, from one date to another."""
    templates: dict[str, str] = {
        "day": "DATE_DIFF('day', {0}, {1})",
        "month": "((YEAR({1}) - YEAR({0})) * 12 + MONTH({1}) - MONTH({0}))",
        "year": "(YEAR({1}) - YEAR({0}))",
    }
    return combine(templates[unit].format(start.sql, end.sql), "integer", [start, end])


_COMPILE: dict[type[exp.Expr], tuple[Callable[[Walk, exp.Expr], Value], str, str]] = {
    exp.Coalesce: (_coalesce, "this expressions", "coalesce()"),
    exp.Nullif: (_nullif, "this expression", "nullif()"),
    exp.Least: (_extreme, "this expressions ignore_nulls", "least()"),
    exp.Greatest: (_extreme, "this expressions ignore_nulls", "greatest()"),
    exp.Case: (_case, "this ifs default", "case"),
    exp.Like: (_like, "this expression negate", "like"),
    exp.ILike: (_like, "this expression negate", "ilike"),
    exp.RegexpLike: (_matches, "this expression", "regexp_matches()"),
    exp.Concat: (_concat, "expressions safe coalesce", "concat()"),
    exp.DPipe: (_join, "this expression safe", "||"),
    exp.Round: (_round, "this decimals", "round()"),
    exp.Abs: (_abs, "this", "abs()"),
    exp.Extract: (_extract, "this expression", "extract()"),
    exp.TimestampTrunc: (_truncate, "this unit", "date_trunc()"),
    exp.DateTrunc: (_truncate, "this unit", "date_trunc()"),
    exp.DateDiff: (_difference, "this expression unit date_part_boundary", "date_diff()"),
}

FUNCTIONS: dict[type[exp.Expr], Handler] = {
    **{kind: handler(function.compile, label=function.label) for kind, function in _SIMPLE.items()},
    **{kind: handler(compile_, arguments, label) for kind, (compile_, arguments, label) in _COMPILE.items()},
}
