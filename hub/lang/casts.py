"""Casts: what can be turned into what, and how, so that what does not fit becomes NULL on every engine alike."""

from sqlglot import exp

from hub.lang.model import SQL_TYPES
from hub.lang.problem import Problem
from hub.lang.value import Value, as_date, as_number, as_timestamp, combine
from hub.lang.walk import Handler, Walk, handler
from hub.sdk.traits import TraitType

_TARGETS: dict[exp.DType, TraitType] = {
    exp.DType.BOOLEAN: "boolean",
    exp.DType.INT: "integer",
    exp.DType.BIGINT: "integer",
    exp.DType.DOUBLE: "number",
    exp.DType.FLOAT: "number",
    exp.DType.DECIMAL: "number",  # "number" parses as one
    exp.DType.TEXT: "text",
    exp.DType.VARCHAR: "text",
    exp.DType.TIMESTAMP: "timestamp",
    exp.DType.TIMESTAMPNTZ: "timestamp",
    exp.DType.DATE: "date",
}
# From text only what both engines read alike: the pattern takes the rest out before the cast.
_WHOLE = "^ *([+-]?[0-9]+) *$"
_NUMERIC = "^ *([+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]+)?) *$"
_DAY = "^ *([0-9]{4}-[0-9]{2}-[0-9]{2}) *$"
_INSTANT = "^ *([0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,6})?)?) *$"
_FROM: dict[tuple[str, TraitType], str] = {
    ("text", "integer"): "TRY_CAST(REGEXP_EXTRACT({}, '" + _WHOLE + "', 1) AS BIGINT)",
    ("text", "number"): "TRY_CAST(REGEXP_EXTRACT({}, '" + _NUMERIC + "', 1) AS DOUBLE)",
    ("text", "date"): "TRY_CAST(REGEXP_EXTRACT({}, '" + _DAY + "', 1) AS DATE)",
    ("text", "timestamp"): "TRY_CAST(REGEXP_EXTRACT({}, '" + _INSTANT + "', 1) AS TIMESTAMP)",
    ("text", "boolean"): "CASE LOWER(TRIM({}, ' ')) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END",
    ("integer", "text"): "CAST({} AS VARCHAR)",
    ("boolean", "text"): "CAST({} AS VARCHAR)",
    ("date", "text"): "CAST({} AS VARCHAR)",
    ("boolean", "integer"): "CAST({} AS BIGINT)",
    ("number", "integer"): "TRY_CAST(ROUND(TRY_CAST({} AS DECIMAL(28, 6)), 0) AS BIGINT)",
}
_HINTS: dict[tuple[str, TraitType], str] = {
    ("number", "text"): "Engines write numbers differently; cast(round(x) as integer) first.",
    ("timestamp", "text"): "Engines write times differently; cast(x as date) first.",
    ("integer", "boolean"): "Compare it: x <> 0.",
    ("number", "boolean"): "Compare it: x <> 0.",
}


def _cast(walk: Walk, node: exp.Expr) -> Value:
    return cast(walk.visit(node.this), _target(node.args["to"]))


def _target(type_: exp.DataType) -> TraitType:
    target = _TARGETS.get(type_.this)
    if target is None or (type_.expressions and type_.this != exp.DType.DECIMAL) or type_.args.get("nested"):
        raise Problem(f"cast to {type_.sql('duckdb').lower()} is not allowed", hint=f"Types: {', '.join(_names())}.")
    return target


def _names() -> list[str]:
    return sorted(set(_TARGETS.values()))


def cast(value: Value, target: TraitType) -> Value:
    """Turn a value into another type; what does not fit becomes NULL.

    Raises:
        Problem: There is no way that all engines agree on.
    """
    if value.type == "null":
        return Value(f"CAST(NULL AS {SQL_TYPES[target]})", target)
    if value.type == target:
        return value
    if target == "timestamp" and (value.type == "date" or isinstance(value.literal, str)):
        return as_timestamp(value)
    if target == "date" and (value.type == "timestamp" or isinstance(value.literal, str)):
        return as_date(value)
    if target == "number" and value.type == "integer":
        return as_number(value)
    template = _FROM.get((value.type, target))
    if template is None:
        raise Problem(f"{value.type} cannot become {target}", hint=_HINTS.get((value.type, target), ""))
    return combine(
        template.replace("{}", value.sql), target, [value], sure=value.type in {"integer", "boolean", "date"}
    )


CASTS: dict[type[exp.Expr], Handler] = {
    exp.Cast: handler(_cast, "this to", "cast()"),
    exp.TryCast: handler(_cast, "this to safe", "try_cast()"),
}
