"""Ask DuckDB whether a compiled text binds, gives the type we say, and survives the nastiest values."""

from collections.abc import Mapping
from functools import cache

import duckdb

from hub.lang.model import SQL_TYPES
from hub.lang.problem import Problem
from hub.lang.value import name
from hub.sdk.traits import TraitType

_NASTY: dict[TraitType, tuple[str, ...]] = {
    "boolean": ("NULL", "TRUE", "FALSE"),
    "integer": ("NULL", "0", "-9223372036854775808", "9223372036854775807", "-1", "1"),
    "number": ("NULL", "0e0", "-1.5e0", "1e308", "'nan'", "'-inf'"),
    "text": ("NULL", "''", "'x'", "'9e999'", "'2024-02-31'", "'É \U0001f600'"),
    "timestamp": ("NULL", "'1970-01-01 00:00:00'", "'9999-12-31 23:59:59'", "'0001-01-01 00:00:00'"),
    "date": ("NULL", "'1970-01-01'", "'9999-12-31'", "'0001-01-01'"),
}
_JSON = ("NULL", "'{}'", """'{"x": 1}'""", "'[]'", "'null'")  # landing lets nothing but JSON into attributes
_ROWS = 6


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    """One in-memory database that can reach nothing and keeps nothing; every caller takes a cursor of it."""
    return duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": "false",
            "autoload_known_extensions": "false",
            "autoinstall_known_extensions": "false",
            "threads": "1",
            "memory_limit": "512MB",
            "lock_configuration": "true",
        },
    )


def relation(columns: Mapping[str, TraitType], *, filled: bool) -> str:
    """Write a SELECT that has the columns, with no rows or with rows of nasty values, the first all NULL."""
    rows = range(_ROWS if filled else 1)
    selects = [", ".join(_cell(column, type_, row) for column, type_ in columns.items()) for row in rows]
    text = " UNION ALL ".join(f"SELECT {select or '1'}" for select in selects)
    return text if filled else f"SELECT * FROM ({text}) WHERE FALSE"


def _cell(column: str, type_: TraitType, row: int) -> str:
    values = _JSON if column == "attributes" else _NASTY[type_]
    return f"CAST({values[row % len(values)]} AS {SQL_TYPES[type_]}) AS {name(column)}"


def result_types(
    query: str, relation_name: str, columns: Mapping[str, TraitType], *, filled: bool = True
) -> dict[str, str]:
    """Run `query` over a relation, with nasty rows where `filled`; give the type of each column of its result.

    Raises:
        Problem: DuckDB cannot bind or run it.
    """
    text = f"WITH {name(relation_name)} AS ({relation(columns, filled=filled)}) SELECT * FROM ({query}) AS probed"
    try:
        with _connection().cursor() as cursor:
            cursor.execute(text)
            described = {column[0]: str(column[1]) for column in cursor.description or ()}
            cursor.fetchall()
            return described
    except duckdb.Error as error:
        first = str(error).partition("\n")[0].partition(" LINE 1:")[0]
        raise Problem(f"DuckDB refuses it: {first}") from None


def check_pattern(pattern: str) -> None:
    """Make sure that a regular expression compiles.

    Raises:
        Problem: It does not.
    """
    try:
        with _connection().cursor() as cursor:
            cursor.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
    except duckdb.Error as error:
        reason = str(error).partition(": ")[2]
        raise Problem(f"{pattern!r} is not a regular expression: {reason}") from None


def check(sql: str, type_: TraitType, columns: Mapping[str, TraitType]) -> None:
    """Make sure that a compiled expression runs and gives `type_`.

    Raises:
        Problem: It does not.
    """
    found = result_types(f"SELECT {sql} AS result FROM probe", "probe", columns)["result"]
    if found != SQL_TYPES[type_]:
        raise Problem(f"it gives {found}, expected {SQL_TYPES[type_]}")
