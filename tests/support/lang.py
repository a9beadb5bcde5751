"""A catalogue of traits, people with every nasty value, and a way to ask a rule about them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache

import duckdb
import sqlglot

from hub.lang import SQL_TYPES, Catalogue, Expression, TraitInfo, segment_column
from hub.sdk.traits import TraitType

AS_OF = datetime(2026, 3, 1, 12, 0, tzinfo=UTC).replace(tzinfo=None)
TRAITS: tuple[TraitInfo, ...] = (
    TraitInfo("orders", "integer", "orders placed"),
    TraitInfo("days_since_order", "integer", "days since the last order"),
    TraitInfo("monetary_total", "number", "spent so far, life to date"),
    TraitInfo("clv_12m", "number", "expected value, 12 months"),
    TraitInfo("median_gap_days", "number", "usual days between orders"),
    TraitInfo("country", "text", "two letters"),
    TraitInfo("stage", "text", "lifecycle stage"),
    TraitInfo("last_order_at", "timestamp", "last order"),
    TraitInfo("birthday", "date", "day of birth"),
    TraitInfo("known", "boolean", "has an address or an account"),
)
CATALOGUE = Catalogue(
    {trait.name: trait for trait in TRAITS},
    segments={"vip", "open_complaint"},
    events={"order_placed", "cart_started", "ticket_opened"},
)
Row = Mapping[str, object]
PERSON: Row = {
    "orders": 3,
    "days_since_order": 40,
    "monetary_total": 120.5,
    "clv_12m": None,
    "median_gap_days": None,
    "country": "DE",
    "stage": "retention",
    "last_order_at": datetime(2026, 1, 20, 9, 30, tzinfo=UTC).replace(tzinfo=None),
    "birthday": date(1990, 5, 17),
    "known": True,
}


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": "1"})


def evaluate(expression: Expression, rows: Sequence[Row] = (PERSON,)) -> list[object]:
    """Run a compiled expression over people; what a row does not name is NULL."""
    columns: dict[str, TraitType] = {trait.name: trait.type for trait in TRAITS}
    columns |= {activity.column: "integer" for activity in expression.activities}
    columns |= {consent.column: "boolean" for consent in expression.consents}
    columns |= {segment_column(segment): "boolean" for segment in expression.segments}
    columns["as_of"] = "timestamp"
    defined = ", ".join(f'"{name}" {SQL_TYPES[type_]}' for name, type_ in columns.items())
    with _database().cursor() as connection:
        connection.execute(f"CREATE TEMP TABLE person (_row BIGINT, {defined})").fetchall()
        for index, row in enumerate(rows):
            values = [{"as_of": AS_OF, **row}.get(name) for name in columns]
            marks = ", ".join("?" * (len(values) + 1))
            connection.execute(f"INSERT INTO person VALUES ({marks})", [index, *values]).fetchall()
        answers = connection.execute(f"SELECT {expression.sql} FROM person ORDER BY _row").fetchall()
    return [answer[0] for answer in answers]


def spark(sql: str) -> str:
    """Transpile a compiled expression to Spark's dialect; raises where sqlglot knows no equal."""
    select = f"SELECT {sql} AS result FROM person"
    return sqlglot.transpile(select, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]
