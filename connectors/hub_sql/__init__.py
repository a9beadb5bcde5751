"""SQL: a query per stream, from any database that SQLAlchemy reaches, and tables kept. See README.md beside this file.

settings      what a user writes
source        what the hub calls: check, read
statements    a user's query, and what is asked around it
database      connections that only read, rows in batches (result)
drivers       what psycopg, PyMySQL and sqlite3 need
duck          DuckDB files, without SQLAlchemy
failures      what a database's error means
cursors       where an increment begins
layout        which column of a result does what
pages         rows become a page
values        columns of a result become columns of a stream
destination   what the hub calls for audiences: check, targets, open, push, read_back
table         one table that is kept
cells         values of fields become values of columns
sandbox       a simulated database: a SQLite file
"""

from collections.abc import Sequence

from hub.sdk.connector import Destination, Source
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox
from hub_sql.destination import SqlDestination
from hub_sql.sandbox import SqlSandbox
from hub_sql.source import SqlSource


@hookimpl
def hub_sources() -> Sequence[type[Source]]:  # type: ignore[type-arg]
    """Offer the source."""
    return [SqlSource]


@hookimpl
def hub_destinations() -> Sequence[type[Destination]]:  # type: ignore[type-arg]
    """Offer the destination."""
    return [SqlDestination]


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated database."""
    return [SqlSandbox]
