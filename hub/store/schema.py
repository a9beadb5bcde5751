"""Bring a store to the present schema with Alembic."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, text

from hub.store.database import make_engine
from hub.store.errors import StoreError, StoreTooNew

SCRIPTS = "hub.store:migrations"
_POSTGRES_LOCK = 4_782_203_117  # any fixed number: two hubs that open one database migrate one after the other


def migrate(url: URL) -> None:
    """Create or upgrade the tables in one transaction; a kill at any point leaves the old schema or the new one.

    Raises:
        StoreTooNew: the store was written by a newer hub.
    """
    engine = make_engine(url, for_migration=True)
    with engine.execution_options(writes=True).begin() as connection:
        _wait_for_others(connection)
        _upgrade(connection)


def configuration(connection: Connection, scripts: str = SCRIPTS) -> Config:
    """Return Alembic's configuration on `connection`, for the packaged migrations or those in another folder."""
    config = Config()
    config.set_main_option("script_location", scripts)
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    config = configuration(connection)
    known = ScriptDirectory.from_config(config)
    present = MigrationContext.configure(connection).get_current_heads()
    _refuse_newer(present, known)
    if set(present) != set(known.get_heads()):
        command.upgrade(config, "head")
        _check_references(connection)


def _refuse_newer(present: tuple[str, ...], known: ScriptDirectory) -> None:
    ours = {revision.revision for revision in known.walk_revisions()}
    if strange := sorted(set(present) - ours):
        raise StoreTooNew(
            f"The control store has schema {strange[0]}; this hub knows up to {known.get_current_head()}.",
            hint="It was written by a newer hub: install that version or a later one.",
        )


def _wait_for_others(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _POSTGRES_LOCK})


def _check_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise StoreError(
            f"The upgrade would leave {len(broken)} rows without the row they refer to; nothing was changed."
        )
