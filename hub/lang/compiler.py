"""The way from text to a compiled expression: read, parse, walk, check with DuckDB."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TypeVar

from sqlglot import exp

from hub.lang import probe
from hub.lang.aggregates import AGGREGATES
from hub.lang.casts import CASTS, cast
from hub.lang.functions import FUNCTIONS
from hub.lang.helpers import CALLS, segment_column
from hub.lang.model import SQL_TYPES, Catalogue, Expression, Rule, TraitInfo
from hub.lang.operators import OPERATORS, condition
from hub.lang.problem import Problem
from hub.lang.source import parse, read
from hub.lang.value import Value
from hub.lang.walk import Handler, Scope, Walk
from hub.sdk.errors import ConfigError
from hub.sdk.traits import TraitType

SCALAR: dict[type[exp.Expr], Handler] = {**OPERATORS, **FUNCTIONS, **CASTS, **CALLS}
ROWS: dict[type[exp.Expr], Handler] = {**SCALAR, **AGGREGATES}
_T = TypeVar("_T")


def compile_rule(text: str, catalogue: Catalogue, *, where: str = "") -> Rule:
    """Compile a boolean rule over one person.

    Args:
        text: What the user wrote.
        catalogue: What it may refer to.
        where: Where it stands, for messages, such as "config/segments.toml: segment.lapsing".

    Raises:
        ConfigError: It is not allowed, refers to something unknown, or is not true or false.
    """
    compiled = located(where, lambda: _compile(text, _person(catalogue), "boolean", rule=True))
    return as_rule(compiled, catalogue, where)


def compile_expression(
    text: str, catalogue: Catalogue, *, expects: TraitType | None = None, where: str = ""
) -> Expression:
    """Compile an expression over one person: a derived trait, a field of an audience.

    Args:
        text: What the user wrote.
        catalogue: What it may refer to.
        expects: The type it must have; an integer becomes a number where one is expected, null becomes any.
        where: Where it stands, for messages.

    Raises:
        ConfigError: It is not allowed, refers to something unknown, or has another type.
    """
    return located(where, lambda: _compile(text, _person(catalogue), expects))


def compile_aggregate(
    text: str, columns: Mapping[str, TraitType], *, expects: TraitType | None = None, where: str = ""
) -> Expression:
    """Compile an aggregate over a person's rows of one stream, such as `sum(total - refunded)`.

    `traits` of the result are the columns it reads. A `number` column may be DECIMAL or DOUBLE in the relation.

    Raises:
        ConfigError: It is not allowed, refers to an unknown column, or has another type than expected.
    """
    return located(where, lambda: _compile(text, Scope(_columns(columns), "rows"), expects))


def compile_row_filter(text: str, columns: Mapping[str, TraitType], *, where: str = "") -> Expression:
    """Compile a condition on one row of a stream, such as `status = 'paid'`.

    Raises:
        ConfigError: It is not allowed, refers to an unknown column, or is not true or false.
    """
    return located(where, lambda: _compile(text, Scope(_columns(columns), "row"), "boolean", rule=True))


def as_rule(compiled: Expression, catalogue: Catalogue, where: str) -> Rule:
    """Give a compiled boolean expression what `explain` needs."""
    values = {field.name: getattr(compiled, field.name) for field in fields(Expression)}
    return Rule(**values, catalogue=catalogue, where=where)


def compile_part(text: str, catalogue: Catalogue) -> Expression:
    """Compile a part of a rule that was compiled as a whole before, so that DuckDB need not be asked again.

    Raises:
        Problem: It is not allowed.
    """
    return _compile(text, _person(catalogue), "boolean", rule=True, probed=False)


def located(where: str, work: Callable[[], _T]) -> _T:
    """Do something that may find a problem in the user's text, and say where the text stands.

    Raises:
        ConfigError: It found one.
    """
    try:
        return work()
    except Problem as problem:
        part = f'in "{problem.part}": ' if problem.part else ""
        end = "" if problem.message.endswith((".", "?", "!")) else "."
        raise ConfigError(f"{part}{problem.message}{end}", where=where, hint=problem.hint) from None


def _person(catalogue: Catalogue) -> Scope:
    return Scope(catalogue.traits, "person", catalogue.segments, catalogue.events)


def _columns(columns: Mapping[str, TraitType]) -> dict[str, TraitInfo]:
    return {name: TraitInfo(name, type_) for name, type_ in columns.items()}


def _compile(
    text: str, scope: Scope, expects: TraitType | None, *, rule: bool = False, probed: bool = True
) -> Expression:
    source = read(text)
    walk = Walk(source, scope, ROWS if scope.sees == "rows" else SCALAR)
    value = walk.visit(parse(source))
    value = condition(value, "a rule") if rule else _expected(value, expects)
    type_ = value.type
    if type_ == "null":
        raise Problem("null alone has no type", hint="Write cast(null as number), or another type.")
    compiled = _expression(text, walk, value, type_)
    if probed:
        probe.check(compiled.sql, type_, _relation(walk))
    return compiled


def _expected(value: Value, expects: TraitType | None) -> Value:
    if expects is None or value.type == expects:
        return value
    if value.type == "null" or (value.type, expects) == ("integer", "number"):
        return cast(value, expects)
    raise Problem(f"{expects} is expected, this gives {value.kind}", hint=f"cast(... as {expects}) may turn it.")


def _expression(text: str, walk: Walk, value: Value, type_: TraitType) -> Expression:
    plain = type_ != "integer" or value.sql.startswith('"')  # an integer constant is narrower than BIGINT
    return Expression(
        text=text,
        sql=value.sql if plain else f"CAST({value.sql} AS {SQL_TYPES[type_]})",
        type=type_,
        traits=frozenset(walk.traits),
        segments=frozenset(walk.segments),
        activities=tuple(walk.activities[column] for column in sorted(walk.activities)),
        consents=tuple(walk.consents[column] for column in sorted(walk.consents)),
        uses_clock=walk.uses_clock,
        nullable=value.nulls,
    )


def _relation(walk: Walk) -> dict[str, TraitType]:
    columns: dict[str, TraitType] = {name: walk.scope.columns[name].type for name in sorted(walk.traits)}
    columns |= dict.fromkeys(walk.activities, "integer")
    columns |= dict.fromkeys([*walk.consents, *map(segment_column, sorted(walk.segments))], "boolean")
    return columns | ({"as_of": "timestamp"} if walk.scope.sees == "person" else {})
