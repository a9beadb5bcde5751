import shutil
import stat
from pathlib import Path
from threading import Barrier, Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url, text

from hub.sdk.records import Json
from hub.store import migrations
from hub.store.control import Store
from hub.store.errors import StoreError, StoreTooNew
from hub.store.migrations.__main__ import main as write_migration
from hub.store.models import Table
from tests.support.store import leased_store

DOCUMENTS: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_migrations_equal_the_models(store: Store) -> None:
    """A store made by the migrations has exactly the tables, columns, types and constraints of the models."""
    with store._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_reopening_keeps_what_was_written(where: str) -> None:
    """Opening an existing store changes nothing in it."""
    first = leased_store(where)
    first.set_meta("currency", "EUR")
    first.close()
    second = Store.open(where)
    assert second.meta("currency") == "EUR"
    second.close()


def test_stores_opened_at_once_are_created_once(where: str) -> None:
    """Two hubs that open an empty store at the same time end with one schema and no error."""
    gate, opened, errors = Barrier(4), [], []

    def open_it() -> None:
        gate.wait()
        try:
            opened.append(Store.open(where))
        except StoreError as error:
            errors.append(error)

    threads = [Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(opened), errors) == (4, [])
    for store in opened:
        store.close()


def test_newer_schema_is_refused(where: str) -> None:
    """A store written by a newer hub is not opened, and the message names both schemas."""
    store = leased_store(where)
    with store._engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StoreTooNew, match=r"schema 9999; this hub knows up to 0001.*newer hub"):
        Store.open(where)


def test_sqlite_files_are_private(tmp_path: Path) -> None:
    """Nobody but the owner may read the store, its write-ahead log or its folder, whatever the umask."""
    store = leased_store(tmp_path / "data" / "control.sqlite")
    modes = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in (tmp_path / "data").iterdir()}
    store.close()
    assert modes == {f"control.sqlite{suffix}": "0o600" for suffix in ("", "-wal", "-shm")}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_sqlite_is_set_for_safety(tmp_path: Path) -> None:
    """Every connection writes ahead, syncs each commit, overwrites deleted rows and checks references."""
    store = Store.open(tmp_path / "control.sqlite")
    names = ("journal_mode", "synchronous", "secure_delete", "foreign_keys", "busy_timeout")
    with store._engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}
    store.close()
    expected = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1, "busy_timeout": 30000}
    assert found == expected


def test_other_file_is_refused(tmp_path: Path) -> None:
    """A file that is no database is left as it is and named in the error."""
    path = tmp_path / "control.sqlite"
    path.write_text("not a database, but long enough to be mistaken for one " * 40)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"control\.sqlite: the control store cannot be opened"):
        Store.open(path)
    assert path.read_bytes() == before


def test_error_hides_the_password() -> None:
    """A server that does not answer is named without the password of its URL."""
    with pytest.raises(StoreError) as caught:
        Store.open("postgresql://hub:canary-secret@127.0.0.1:1/hub")
    assert "canary-secret" not in str(caught.value)
    assert "hub:***@127.0.0.1:1/hub" in str(caught.value)


def test_failed_upgrade_leaves_nothing(where: str) -> None:
    """An upgrade is one transaction: a table in its way stops it, and no other table was made."""
    store = Store.open(where)
    with store._engine.begin() as connection:
        for table in reversed(Table.metadata.sorted_tables):
            connection.execute(text(f"DROP TABLE {table.name}"))
        connection.execute(text("DROP TABLE alembic_version"))
        connection.execute(text("CREATE TABLE audit (id INTEGER)"))
    store.close()
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open(where)
    with store._engine.connect() as connection:
        assert store._engine.dialect.get_table_names(connection) == ["audit"]
    store.close()


@given(document=DOCUMENTS)
@settings(  # each example writes over the last one
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
def test_json_comes_back_as_it_went_in(store: Store, document: Json) -> None:
    """Any JSON document is returned equal, with quotes, NULs, lone surrogates and large numbers."""
    store.set_meta("document", document)
    assert store.meta("document") == document


def test_full_disk_is_an_error_and_not_the_end(tmp_path: Path) -> None:
    """When no page can be added the write is refused as a whole, and the store goes on serving."""
    store = leased_store(tmp_path / "control.sqlite")
    store.set_meta("currency", "EUR")
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1").close()
    with pytest.raises(StoreError, match="could not be written: database or disk is full"):
        store.set_meta("currency", "x" * 1_000_000)
    assert store.meta("currency") == "EUR"
    store.close()


def test_new_migration_is_numbered_and_empty_without_a_change(tmp_path: Path) -> None:
    """`python -m hub.store.migrations` writes the difference to the models under the next number."""
    shutil.copytree(migrations.__path__[0], tmp_path / "migrations")
    write_migration("nothing yet", str(tmp_path / "migrations"))
    newest = max((tmp_path / "migrations" / "versions").glob("r*.py"))
    lines = newest.read_text().splitlines()
    assert newest.name == "r0002_nothing_yet.py"
    assert lines[0] == '"""nothing yet."""'
    assert {"revision = '0002'", "down_revision = '0001'", "    pass"} <= set(lines)


def test_own_keys_are_refused(store: Store) -> None:
    """Callers cannot overwrite the counters that the store keeps among the named values."""
    with pytest.raises(StoreError, match="belongs to the store"):
        store.set_meta("store.last_seq", 0)


def test_missing_value_is_none(store: Store) -> None:
    """A name that was never set has the value None."""
    assert store.meta("nothing") is None


def test_plain_postgres_url_is_enough(cluster: Path) -> None:
    """A URL names the server, not the driver."""
    assert make_url(f"postgresql://postgres@/postgres?host={cluster}").drivername == "postgresql"
    Store.open(f"postgresql://postgres@/postgres?host={cluster}").close()
