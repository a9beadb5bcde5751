"""The SQL that users may write in `compute` and `where`: parsed, allow-listed, and bound to a file's headers.

Only expressions over one row, or over the lines of one record with `group_by`. No sub-queries, no table functions, no
settings, no clock: what is not listed here does not run.
"""

from collections.abc import Callable, Iterable
from difflib import get_close_matches

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from hub_csv.cells import Use

_AGGREGATE_NODES = (
    "Sum Avg Min Max Count CountIf ArgMin ArgMax Mode Median LogicalOr LogicalAnd GroupConcat Filter Distinct Order "
    "Ordered Where"
)
_SCALAR_NODES = (
    "Column Identifier Literal Null Boolean Paren Case If Coalesce Nullif Greatest Least Cast TryCast DataType Alias "
    "Add Sub Mul Div IntDiv Mod Neg Abs Round Floor Ceil Sign Sqrt Ln Pow Trunc "
    "And Or Not EQ NEQ GT GTE LT LTE Is In Between Like ILike NullSafeEQ NullSafeNEQ Var Tuple "
    "Lower Upper Trim Replace Length Left Right Substring Reverse Translate Pad Concat ConcatWs DPipe SplitPart "
    "StrPosition StartsWith EndsWith Contains RegexpExtract RegexpLike RegexpReplace RegexpFullMatch MD5 SHA2 "
    "StrToTime TimeToStr TimestampTrunc DateTrunc Interval IntervalSpan Extract Year Month Day Week Hour Minute "
    "DateFromParts DateDiff DataTypeParam JSONExtract JSONExtractScalar JSONPath JSONPathKey JSONPathRoot"
    " JSONPathSubscript"
)
AGGREGATES = frozenset(_AGGREGATE_NODES.split())
_SCALARS = frozenset(_SCALAR_NODES.split())
_BY_NAME = frozenset({"try_strptime", "strip_accents", "isfinite"})
_CASTERS = {"as_number": Use.EXACT, "as_timestamp": Use.WHEN, "as_date": Use.DAY}
RECORD_NUMBER = "record_number"

_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg)
_NUMERIC_CALLS = (exp.Sum, exp.Avg, exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Sign, exp.Sqrt, exp.Ln, exp.Pow)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)

Resolve = Callable[[str, Use], str]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean "x"?`, or nothing when no name is near."""
    by_folded = {candidate.casefold().strip(): candidate for candidate in known}
    found = get_close_matches(name.casefold().strip(), by_folded, n=1)
    return f' Did you mean "{by_folded[found[0]]}"?' if found else ""


def check_expression(sql: str, where: str, *, aggregates: bool) -> exp.Expr:
    """Parse one expression and refuse what is not allowed.

    Raises:
        ValueError: it does not parse, or holds something that is not on the list.
    """
    try:
        trees = sqlglot.parse(sql, dialect="duckdb")
    except SqlglotError:
        raise ValueError(f'{where}: this is not a SQL expression. Headers go in double quotes: sum("Amount")') from None
    if len(trees) != 1 or trees[0] is None:
        raise ValueError(f"{where}: expected one SQL expression")
    for node in trees[0].walk():
        _check_node(node, where, aggregates=aggregates)
    return trees[0]


def _check_node(node: exp.Expr, where: str, *, aggregates: bool) -> None:
    name = type(node).__name__
    if isinstance(node, exp.Anonymous):
        _check_call(node, where)
    elif isinstance(node, exp.Star) and isinstance(node.parent, exp.Count) and aggregates:
        return
    elif name in AGGREGATES:
        if not aggregates:
            raise ValueError(f"{where}: {name.lower()}() needs group_by, and no aggregate may stand in where")
    elif name not in _SCALARS:
        raise ValueError(
            f"{where}: {name.lower()} is not allowed here. Allowed are plain functions of one file's cells"
        )
    elif isinstance(node, exp.Column) and node.table:
        raise ValueError(f'{where}: write headers alone, in double quotes: "{node.name}"')


def _check_call(node: exp.Anonymous, where: str) -> None:
    name = node.name.lower()
    if name == RECORD_NUMBER and not node.expressions:
        return
    if name in _CASTERS and not (len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Column)):
        raise ValueError(f'{where}: {name}() takes one header in double quotes: {name}("Amount")')
    if name not in _CASTERS and name not in _BY_NAME:
        raise ValueError(f"{where}: the function {name}() is not known or not allowed.{nearest(name, _CASTERS)}")


def aggregates_in(tree: exp.Expr) -> bool:
    """Tell whether an expression sums up several lines."""
    return any(isinstance(node, exp.AggFunc) for node in tree.walk())


def bind(tree: exp.Expr, resolve: Resolve) -> str:
    """Write the expression as SQL over the reader's own columns; `resolve` names them by header and use."""

    def place(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Anonymous) and node.name.lower() in _CASTERS:
            return exp.column(resolve(node.expressions[0].name, _CASTERS[node.name.lower()]))
        if isinstance(node, exp.Anonymous) and node.name.lower() == RECORD_NUMBER:
            return exp.column("_row")
        if isinstance(node, exp.Column):
            return exp.column(resolve(node.name, Use.EXACT if _is_number(node) else Use.RAW))
        return node

    return tree.copy().transform(place).sql(dialect="duckdb")


def _is_number(column: exp.Column) -> bool:
    """Tell from where a header stands that its cells must be numbers: in sums, arithmetic, next to a number."""
    node: exp.Expr = column
    while isinstance(node.parent, exp.Paren):
        node = node.parent
    parent = node.parent
    if isinstance(parent, _COMPARISONS):
        others = [child for child in parent.iter_expressions() if child is not node]
        return bool(others) and all(_is_numeric_literal(other) for other in others)
    return isinstance(parent, (*_ARITHMETIC, *_NUMERIC_CALLS))


def _is_numeric_literal(node: exp.Expr) -> bool:
    plain = node.this if isinstance(node, exp.Neg) else node
    return isinstance(plain, exp.Literal) and not plain.is_string
