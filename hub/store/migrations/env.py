"""What Alembic runs: the connection comes from `hub.store.schema`, which owns the transaction."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import AutoString

from hub.store.models import JsonText, Table


def render(kind: str, column_type: object, _context: AutogenContext) -> str | Literal[False]:
    """Write our column types as plain ones, so that an old migration does not depend on present code."""
    if kind == "type" and isinstance(column_type, AutoString):
        return "sa.String()"
    if kind == "type" and isinstance(column_type, JsonText):
        return "sa.JSON()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_item=render,
    render_as_batch=True,  # SQLite cannot alter most of a table in place
    transactional_ddl=True,
)
context.run_migrations()
