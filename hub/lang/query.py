"""Check the SELECT of a plugin's query trait: one relation, no other tables, known functions, two columns."""

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, SqlglotError

from hub.lang import probe
from hub.lang.compiler import ROWS, located
from hub.lang.model import SQL_TYPES, Query
from hub.lang.problem import Problem
from hub.lang.refuse import refusal
from hub.lang.source import check_tree, read, syntax
from hub.lang.value import name
from hub.sdk.traits import TraitType

# What a query may hold beside the expressions of the rule language, and the arguments of each.
_PLAIN = {
    exp.Select: "with_ expressions from_ joins where group having qualify order distinct",
    exp.From: "this",
    exp.Where: "this",
    exp.Having: "this",
    exp.Qualify: "this",
    exp.Group: "expressions",
    exp.Order: "expressions",
    exp.Ordered: "this desc nulls_first",
    exp.Join: "this on using side kind",
    exp.With: "expressions",
    exp.CTE: "this alias",
    exp.Table: "this alias",
    exp.TableAlias: "this",
    exp.Subquery: "this alias",
    exp.Alias: "this alias",
    exp.Column: "this table",
    exp.Identifier: "this quoted",
    exp.Star: "",
    exp.Distinct: "expressions",
    exp.Window: "this partition_by order over",
    exp.RowNumber: "",
    exp.Rank: "",
    exp.DenseRank: "",
    exp.Lag: "this offset",
    exp.Lead: "this offset",
    exp.If: "this true",
    exp.DataType: "this expressions nested",
    exp.DataTypeParam: "this",
    exp.Var: "this",
}
_ARGUMENTS: dict[type[exp.Expr], frozenset[str]] = {
    kind: frozenset(arguments.split()) for kind, arguments in _PLAIN.items()
}
_LEFT_OUT = (exp.Anonymous, exp.Mode)  # no helpers; the mode of ties is whichever came first
_CARRIERS = (exp.Select, exp.Alias, exp.Group, exp.Window)
_ORDERED = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead)
_KINDS: dict[str, TraitType] = {
    **{sql: trait for trait, sql in SQL_TYPES.items()},
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "HUGEINT"), "integer"),
    "FLOAT": "number",
}


def check_query(sql: str, relation: str, columns: Mapping[str, TraitType], *, where: str = "") -> Query:
    """Check a SELECT over one relation that gives one row per person: `profile_id` and `value`.

    Args:
        sql: What the author of the plugin wrote.
        relation: The one relation that it may read.
        columns: The relation's columns; `profile_id` (text) is among them in any case.
        where: Where it stands, for messages.

    Raises:
        ConfigError: It reads something else, is not one SELECT, or gives other columns.
    """
    return located(where, lambda: _check(sql, relation, {**columns, "profile_id": "text"}))


def _check(sql: str, relation: str, columns: Mapping[str, TraitType]) -> Query:
    tree = _parse(sql)
    tables = {relation.lower()} | {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for node in tree.walk():
        _check_node(node)
        if isinstance(node, exp.Table):
            _check_table(node, tables, relation)
    text = tree.sql(dialect="duckdb", identify=True, comments=False)
    type_ = _result(probe.result_types(text, relation, columns, filled=False))
    value = f"CAST({name('value')} AS {SQL_TYPES[type_]}) AS {name('value')}"
    return Query(f"SELECT {name('profile_id')}, {value} FROM ({text}) AS query", type_)


def _parse(sql: str) -> exp.Select:
    source = read(sql, query=True)
    if source.tokens[0].text.lower() not in {"select", "with"}:
        raise Problem("one SELECT is expected")
    try:
        trees = DuckDB().parse(sql)
    except ParseError as error:
        raise Problem(syntax(error)) from None
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, LookupError):
        raise Problem("it cannot be read as a SELECT") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Select):
        raise Problem("one SELECT is expected")
    check_tree(trees[0])
    return trees[0]


def _check_node(node: exp.Expr) -> None:
    allowed = _ARGUMENTS.get(type(node))
    if allowed is None:
        entry = None if isinstance(node, _LEFT_OUT) else ROWS.get(type(node))
        if entry is None:
            raise refusal(node, ROWS)
        allowed = entry.arguments
    for argument, value in node.args.items():
        if argument not in allowed and value not in (None, False, []):
            raise Problem(f"{node.key} is not allowed with {argument.strip('_')!r}")
    _check_opaque(node)
    _check_equal(node)


def _check_table(table: exp.Table, tables: set[str], relation: str) -> None:
    if not isinstance(table.this, exp.Identifier) or table.name.lower() not in tables:
        raise Problem(f'a query may read "{relation}" alone, not {table.sql("duckdb")!r}')


def _check_opaque(node: exp.Expr) -> None:
    """Profile ids are carried along, no more: numbers stand for them while a query runs."""
    if not isinstance(node, exp.Column) or node.name.lower() != "profile_id":
        return
    parent = node.parent
    joined = (
        isinstance(parent, exp.EQ) and isinstance(parent.this, exp.Column) and isinstance(parent.expression, exp.Column)
    )
    renamed = isinstance(parent, exp.Alias) and parent.alias.lower() != "profile_id"
    if renamed or not (joined or isinstance(parent, _CARRIERS)):
        raise Problem("profile_id may be selected, grouped and joined by, under its own name, nothing else")


def _check_equal(node: exp.Expr) -> None:
    """Refuse what reads alike on two engines and is not."""
    if isinstance(node, exp.DateDiff) and not (_is(node.this, exp.DType.DATE) and _is(node.expression, exp.DType.DATE)):
        raise Problem("date_diff() counts differently on other engines", hint="Write ::date after both values.")
    if isinstance(node, exp.DateDiff) and node.text("unit").lower() != "day":
        raise Problem("date_diff() counts differently on other engines", hint="Use 'day'.")
    if isinstance(node, exp.Window) and isinstance(node.this, _ORDERED) and not node.args.get("order"):
        raise Problem(f"{node.this.sql_name().lower()}() needs an order", hint="Write: over (... order by ...).")
    if isinstance(node, exp.Avg | exp.Median) and not _is(node.this, exp.DType.DOUBLE):
        raise Problem(f"{node.key}() differs on other engines", hint=f"Write {node.key}(x::double).")


def _is(node: object, type_: exp.DType) -> bool:
    return isinstance(node, exp.Cast) and node.to.this == type_


def _result(types: Mapping[str, str]) -> TraitType:
    if {column.lower() for column in types} != {"profile_id", "value"}:
        raise Problem(f"the columns profile_id and value are expected, got {', '.join(types)}")
    found = {column.lower(): type_.partition("(")[0] for column, type_ in types.items()}
    if found["profile_id"] != "VARCHAR":
        raise Problem(f"profile_id must be the relation's own, got {found['profile_id']}")
    kind: TraitType | None = "number" if found["value"] == "DECIMAL" else _KINDS.get(found["value"])
    if kind is None:
        raise Problem(f"value must be {', '.join(SQL_TYPES)}, got {found['value']}")
    return kind
