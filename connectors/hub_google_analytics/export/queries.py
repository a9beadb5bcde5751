"""The SQL that is sent to BigQuery: one table of a day, the columns that are needed and there, as JSON."""

from collections.abc import Collection

from sqlglot import exp

from hub.sdk.errors import BadData
from hub_google_analytics.export.events import COLUMNS, REQUIRED


def events_query(project: str, dataset: str, table: str, present: Collection[str]) -> str:
    """Return the query for all events of a table; `table_id` of each row proves that an answer is this query's.

    Raises:
        BadData: the table has no time or no name of events.
    """
    if missing := sorted(REQUIRED - {*present}):
        raise BadData(f"{table} has no column {missing[0]}.", hint="Is it a table of GA4's export?")
    columns = [exp.column(name, quoted=True) for name in COLUMNS if name in present]
    event = exp.Anonymous(this="TO_JSON_STRING", expressions=[exp.Struct(expressions=columns)])
    chosen = exp.select(exp.alias_(exp.Literal.string(table), "table_id"), exp.alias_(event, "event"))
    where = exp.table_(table, db=dataset, catalog=project, quoted=True)
    return chosen.from_(where).sql(dialect="bigquery")
