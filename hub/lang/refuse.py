"""Why something that parses is not part of the language, and what to write instead."""

from collections.abc import Mapping

from sqlglot import exp

from hub.lang.names import unknown
from hub.lang.problem import Problem

_CLOCKS = frozenset(
    {
        "clock_timestamp",
        "current_date",
        "current_localtimestamp",
        "current_time",
        "current_timestamp",
        "get_current_time",
        "get_current_timestamp",
        "getdate",
        "localtimestamp",
        "now",
        "today",
        "transaction_timestamp",
    }
)
_CLOCK_NODES = (exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentDatetime)
_LOCAL_CLOCK_NODES = (exp.Localtime, exp.Localtimestamp)
_DATES = "Compare days_since(x) with a number, or use date_diff('day', x, y)."
_NODES: tuple[tuple[type[exp.Expr] | tuple[type[exp.Expr], ...], str, str], ...] = (
    ((exp.Query, exp.Exists, exp.Any, exp.All), "sub-queries are not allowed", "in_segment('name') nests segments."),
    (exp.Window, "window functions (over) are not allowed", "Ranks among people are traits of a plugin."),
    (exp.Star, "a star is not allowed here", ""),
    ((exp.Lambda, exp.Kwarg), "named arguments and lambdas are not allowed here", ""),
    ((exp.Placeholder, exp.Parameter, exp.PositionalColumn), "parameters are not allowed", "Write the value."),
    ((exp.Dot, exp.Bracket, exp.Struct, exp.Array, exp.Tuple), "lists and parts of values are not allowed", ""),
    (exp.Interval, "intervals are not allowed", _DATES),
    (exp.Filter, "filter (where ...) is not allowed", "Use sum(case when ... then ... end)."),
    ((exp.Alias, exp.Aliases), "a name (as ...) is not allowed here", ""),
    (exp.If, "if() is not allowed", "Use case when ... then ... else ... end."),
)


def refusal(node: exp.Expr, handlers: Mapping[type[exp.Expr], object]) -> Problem:
    """Explain why a node is refused."""
    called = node.name.lower() if isinstance(node, exp.Anonymous) else ""
    if isinstance(node, _CLOCK_NODES + _LOCAL_CLOCK_NODES) or called in _CLOCKS:
        return Problem("the clock of the machine is not allowed", hint='Use "as_of", the instant of the run.')
    for kinds, message, hint in _NODES:
        if isinstance(node, kinds):
            return Problem(message, hint=hint, part="" if kinds is _NODES[0][0] else None)
    if isinstance(node, exp.AggFunc) and exp.Sum not in handlers:
        return Problem(
            f"{node.sql_name().lower()}() runs over many rows, a rule sees one person",
            hint="Make a trait of it in config/traits.toml.",
        )
    if isinstance(node, exp.Func):
        return unknown("function", called or node.sql_name().lower(), known_functions(handlers))
    return Problem(f"{node.key} is not part of the rule language")


def known_functions(handlers: Mapping[type[exp.Expr], object]) -> list[str]:
    """List the functions that may be used, as users write them."""
    labels = {str(getattr(handler, "label", "")) for handler in handlers.values()}
    return sorted(label for shown in labels for label in shown.replace("()", "").split(", ") if label.isidentifier())
