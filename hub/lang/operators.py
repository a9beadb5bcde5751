"""Names, constants and operators. Every operator gives the same on DuckDB and Spark and fails on no value."""

import operator
from collections.abc import Sequence

from sqlglot import exp

from hub.lang.names import unknown_trait
from hub.lang.problem import Problem
from hub.lang.value import (
    ATOM,
    CONNECTOR,
    NOT,
    OPERATOR,
    Kind,
    Value,
    as_number,
    combine,
    common,
    name,
    number_value,
    text_value,
)
from hub.lang.walk import Handler, Walk, handler

_GREATEST_INTEGER = 2**63 - 1
_SYMBOLS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.IntDiv: "//",
    exp.Mod: "%",
}
_FOLD = {"+": operator.add, "-": operator.sub, "*": operator.mul}
_EQUALITIES = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ)


def same_type(values: Sequence[Value], what: str) -> tuple[list[Value], Kind]:
    """Give the values one type.

    Raises:
        Problem: They have none in common.
    """
    found = common(values)
    if found is None:
        kinds = list(dict.fromkeys(value.kind for value in values))
        raise Problem(f"{what} needs one type, got {' and '.join(kinds)}", hint=_mend(values))
    return found


def _mend(values: Sequence[Value]) -> str:
    types = {value.type for value in values}
    if "text" in types and types & {"integer", "number"}:
        return "Text goes in 'single quotes', numbers in none; cast(x as number) turns a text into a number."
    return "cast(x as integer|number|text|date|timestamp|boolean) turns one into another."


def need(value: Value, types: Sequence[str], what: str) -> Value:
    """Pass a value on.

    Raises:
        Problem: Its type is none of `types`.
    """
    if value.type in types:
        return value
    raise Problem(f"{what} needs {' or '.join(types)}, got {value.kind}", hint=_mend([value]))


def condition(value: Value, what: str) -> Value:
    """Pass a value on that is true or false.

    Raises:
        Problem: It is something else.
    """
    if value.type == "boolean":
        return value
    raise Problem(f"{what} needs true or false, got {value.kind}", hint="Compare it with something.")


def _column(walk: Walk, node: exp.Expr) -> Value:
    if not isinstance(node.this, exp.Identifier) or node.args.get("table"):
        raise Problem("one plain name is expected", hint="Write it without a table before it.")
    written = node.name
    trait = walk.scope.columns.get(written) or walk.scope.columns.get(written.lower())
    if trait is None:
        return _clock(walk, written)
    if walk.scope.sees == "rows" and not walk.in_aggregate:
        raise Problem(f"{trait.name} has many values here", hint=f"Say which, such as sum({trait.name}) or max(...).")
    walk.traits.add(trait.name)
    column = Value(name(trait.name), trait.type, frozenset({trait.name}))
    if walk.scope.sees != "person" and trait.type == "number":  # a stream's money is DECIMAL
        return combine(f"CAST({column.sql} AS DOUBLE)", "number", [column])
    return column


def _clock(walk: Walk, written: str) -> Value:
    if written.lower() != "as_of":
        problem = unknown_trait(written, walk.scope.columns, walk.scope.noun)
        problem.part = ""
        raise problem
    if walk.scope.sees != "person":
        raise Problem("as_of is not known here", hint="Store instants (max(placed_at)); rules make ages of them.")
    walk.uses_clock = True
    return Value(name("as_of"), "timestamp", sure=True)


def _literal(_walk: Walk, node: exp.Expr) -> Value:
    text = node.name
    if node.args.get("is_string"):
        return text_value(text)
    if text.isdecimal():
        return _integer(int(text))
    try:
        number = float(text)
    except ValueError:
        raise Problem(f"{text} is not a number") from None
    if number in (float("inf"), float("-inf")):
        raise Problem(f"{text} is too large for a number")
    return number_value(number)


def _integer(number: int) -> Value:
    if abs(number) > _GREATEST_INTEGER:
        raise Problem(f"{number} is too large for an integer", hint=f"The largest is {_GREATEST_INTEGER}.")
    return Value(str(number), "integer", sure=True, binds=OPERATOR if number < 0 else ATOM, literal=number)


def _boolean(_walk: Walk, node: exp.Expr) -> Value:
    return Value("TRUE" if node.this else "FALSE", "boolean", sure=True)


def _null(_walk: Walk, _node: exp.Expr) -> Value:
    return Value("NULL", "null")


def _paren(walk: Walk, node: exp.Expr) -> Value:
    return walk.visit(node.this)


def _connector(walk: Walk, node: exp.Expr) -> Value:
    word = "AND" if isinstance(node, exp.And) else "OR"
    terms: list[exp.Expr] = []
    while type(node.this) is type(node):  # a chain leans to the left and may be a thousand long
        terms.append(node.expression)
        node = node.this
    terms += [node.expression, node.this]
    values = [condition(walk.visit(term), word.lower()) for term in reversed(terms)]
    sql = f" {word} ".join(f"({value.sql})" if value.binds == CONNECTOR else value.sql for value in values)
    return combine(sql, "boolean", values, binds=CONNECTOR)


def _not(walk: Walk, node: exp.Expr) -> Value:
    value = condition(walk.visit(node.this), "not")
    sql = f"NOT ({value.sql})" if value.binds <= NOT else f"NOT {value.sql}"
    return combine(sql, "boolean", [value], binds=NOT)


def _compare(walk: Walk, node: exp.Expr) -> Value:
    symbol = _SYMBOLS[type(node)]
    values, type_ = same_type(walk.visit_all([node.this, node.expression]), f'"{symbol.lower()}"')
    if any(value.type == "null" for value in values):
        raise Problem(f'"{symbol}" with null is never true', hint="Write: is null, or: is not null.")
    if type_ == "boolean" and not isinstance(node, _EQUALITIES):
        raise Problem(f'"{symbol}" cannot order true and false')
    result = combine(f"{values[0].operand} {symbol} {values[1].operand}", "boolean", values, binds=OPERATOR)
    if isinstance(node, exp.NullSafeEQ | exp.NullSafeNEQ):
        return Value(result.sql, "boolean", sure=True, binds=OPERATOR)
    return result


def _is(walk: Walk, node: exp.Expr) -> Value:
    value = walk.visit(node.this)
    if isinstance(node.expression, exp.Boolean):
        condition(value, "is true")
    elif not isinstance(node.expression, exp.Null):
        raise Problem('"is" needs null, true or false after it', hint='Use "=" to compare.')
    word = walk.visit(node.expression).sql
    return Value(f"{value.operand} IS {word}", "boolean", sure=True, binds=OPERATOR)


def _between(walk: Walk, node: exp.Expr) -> Value:
    parts = walk.visit_all([node.this, node.args["low"], node.args["high"]])
    values, _ = same_type(parts, '"between"')
    _no_null(values, "between")
    sql = "{} BETWEEN {} AND {}".format(*(value.operand for value in values))
    return combine(sql, "boolean", values, binds=OPERATOR)


def _in(walk: Walk, node: exp.Expr) -> Value:
    if not node.expressions:
        raise Problem('"in" needs values in parentheses', hint="Such as: country in ('DE', 'AT').")
    values, _ = same_type(walk.visit_all([node.this, *node.expressions]), '"in"')
    _no_null(values, "in")
    listed = ", ".join(value.sql for value in values[1:])
    return combine(f"{values[0].operand} IN ({listed})", "boolean", values, binds=OPERATOR)


def _no_null(values: Sequence[Value], what: str) -> None:
    if any(value.type == "null" for value in values):
        raise Problem(f'null in "{what}" is never true', hint="Write: or x is null.")


def _arithmetic(walk: Walk, node: exp.Expr) -> Value:
    symbol = _SYMBOLS[type(node)]
    left, right = (_countable(value, symbol) for value in walk.visit_all([node.this, node.expression]))
    if isinstance(left.literal, int) and isinstance(right.literal, int):
        return _integer(_FOLD[symbol](left.literal, right.literal))
    if "number" in (left.type, right.type):
        return combine(f"{left.operand} {symbol} {right.operand}", "number", [left, right], binds=OPERATOR)
    return _exact(f"{_wide(left)} {symbol} {_wide(right)}", [left, right])


def _countable(value: Value, symbol: str) -> Value:
    if value.type in {"date", "timestamp"}:
        raise Problem(
            f'"{symbol}" needs numbers, got {value.type}', hint="Use days_since(x) or date_diff('day', x, y)."
        )
    if value.type == "text":
        raise Problem(f'"{symbol}" needs numbers, got {value.kind}', hint='"||" joins texts.')
    return need(value, ("integer", "number"), f'"{symbol}"')


def _wide(value: Value) -> str:
    return f"CAST({value.sql} AS DECIMAL(19, 0))"


def _exact(sql: str, values: Sequence[Value]) -> Value:
    """Compute with integers in 38 digits: too large for an integer becomes NULL where BIGINT would fail."""
    return combine(f"TRY_CAST({sql} AS BIGINT)", "integer", values, sure=False)


def _divide(walk: Walk, node: exp.Expr) -> Value:
    left, right = (as_number(_countable(value, "/")) for value in walk.visit_all([node.this, node.expression]))
    if right.literal:
        return combine(f"{left.operand} / {right.operand}", "number", [left, right], binds=OPERATOR)
    sql = f"{left.operand} / NULLIF({right.sql}, 0e0)"
    return combine(sql, "number", [left, right], binds=OPERATOR, sure=False)


def _divide_whole(walk: Walk, node: exp.Expr) -> Value:
    symbol = _SYMBOLS[type(node)]
    left, right = walk.visit_all([node.this, node.expression])
    for value in (left, right):
        need(_countable(value, symbol), ("integer",), f'"{symbol}"')
    if isinstance(right.literal, int) and right.literal > 0:
        return combine(f"{left.operand} {symbol} {right.sql}", "integer", [left, right], binds=OPERATOR)
    # The least integer has no counterpart: divided by -1 it would fail.
    dividend = f"NULLIF({left.sql}, -{_GREATEST_INTEGER} - 1)"
    sql = f"{dividend} {symbol} NULLIF({right.sql}, 0)"
    return combine(sql, "integer", [left, right], binds=OPERATOR, sure=False)


def _negate(walk: Walk, node: exp.Expr) -> Value:
    value = _countable(walk.visit(node.this), "-")
    if isinstance(value.literal, int):
        return _integer(-value.literal)
    if isinstance(value.literal, float):
        return number_value(-value.literal)
    if value.type == "number":
        return combine(f"-{value.operand}", "number", [value], binds=OPERATOR)
    return _exact(f"-{_wide(value)}", [value])


def absolute(value: Value) -> Value:
    """Drop the sign."""
    if need(value, ("integer", "number"), "abs()").type == "integer":
        return _exact(f"ABS({_wide(value)})", [value])
    return combine(f"ABS({value.sql})", "number", [value])


OPERATORS: dict[type[exp.Expr], Handler] = {
    exp.Column: handler(_column, "this table db catalog"),
    exp.Literal: handler(_literal, "this is_string"),
    exp.Boolean: handler(_boolean, "this"),
    exp.Null: handler(_null, ""),
    exp.Paren: handler(_paren, "this"),
    exp.And: handler(_connector),
    exp.Or: handler(_connector),
    exp.Not: handler(_not, "this"),
    exp.Is: handler(_is),
    exp.Between: handler(_between, "this low high", "between"),
    exp.In: handler(_in, "this expressions", "in"),
    **dict.fromkeys(
        (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ), handler(_compare)
    ),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul), handler(_arithmetic)),
    **dict.fromkeys((exp.IntDiv, exp.Mod), handler(_divide_whole)),
    exp.Div: handler(_divide, "this expression typed safe"),
    exp.Neg: handler(_negate, "this"),
}
