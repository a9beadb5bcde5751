"""The embedded engine: closed to the outside, whole transactions, readers beside the writer, components."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.engine import DuckEngine
from hub.engine.duckdb import quote, text
from hub.engine.schema import VERSION, create, drop, get_state, set_state

NODES = 12


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckEngine]:
    """An engine on a file, with one folder that it may use."""
    (tmp_path / "data").mkdir()
    opened = DuckEngine(tmp_path / "data" / "derived.duckdb", folders=[tmp_path / "data"])
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('{outside}')",
        "select * from read_csv('{outside}')",
        "select * from read_blob('/etc/hostname')",
        "select * from glob('/etc/*')",
        "copy (select 1) to '{outside}.out'",
        "attach '{outside}.db'",
        "select * from '{outside}'",
        "select * from read_csv('https://shop.example/people.csv')",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set allowed_directories = ['/']",
        "set lock_configuration = false",
        "reset memory_limit",
        "export database '{outside}.dir'",
        "select * from read_text('{inside}/../secret.txt')",
    ],
)
def test_sql_reaches_nothing_outside(engine: DuckEngine, tmp_path: Path, sql: str) -> None:
    """No statement reads or writes a file beside the project's, loads an extension, or opens the door again."""
    outside = tmp_path / "secret.txt"
    outside.write_text("secret", encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(duckdb.Error) as caught:
        engine.run(sql.format(outside=outside, inside=tmp_path / "data"))
    assert "secret" not in str(caught.value).replace("secret.txt", "")
    assert before == sorted(tmp_path.iterdir())


def test_sql_may_use_the_projects_folder(engine: DuckEngine, tmp_path: Path) -> None:
    """Parquet files of the logs can be written and read, and the number of rows is told."""
    path = tmp_path / "data" / "it's.parquet"
    assert 3 == engine.write_parquet("select * from range(3) as t(n)", path)
    assert [(3,)] == engine.run(f"select count(*) from read_parquet({text(path)})")
    assert [0, 1, 2] == sorted(pq.read_table(path)["n"].to_pylist())


def test_a_database_in_memory_reaches_no_file_at_all(tmp_path: Path) -> None:
    """Without folders nothing on disk is open, not even the working directory."""
    (tmp_path / "x.csv").write_text("a\n1\n", encoding="utf-8")
    engine = DuckEngine()
    with pytest.raises(duckdb.Error):
        engine.run(f"select * from read_csv({text(tmp_path / 'x.csv')})")
    engine.close()


def test_the_file_is_its_owners_alone(tmp_path: Path, engine: DuckEngine) -> None:
    """The database holds personal data; nobody else may read it."""
    engine.run("create table t as select 1")
    assert 0o600 == (tmp_path / "data" / "derived.duckdb").stat().st_mode & 0o777


def test_a_transaction_is_all_or_nothing(engine: DuckEngine) -> None:
    """An error inside takes back every statement before it, and the engine can be used on."""
    engine.run("create table t(n integer)")

    def insert(value: str) -> None:
        with engine.transaction():
            engine.run("insert into t values (1)")
            engine.run("create table u(n integer)")
            engine.run(f"insert into t values ({value})")
            raise KeyboardInterrupt

    for value, error in (("2", KeyboardInterrupt), ("'two'", duckdb.Error)):
        with pytest.raises(error):
            insert(value)
        assert ([], {}) == (engine.run("from t"), engine.columns("u"))
    with engine.transaction():
        engine.run("insert into t values (2)")
    assert [(2,)] == engine.run("from t")


def test_readers_see_what_was_committed(engine: DuckEngine) -> None:
    """A reader beside the writer, in another thread too, sees whole transactions only, and its temporary tables not."""
    engine.run("create table t as select 1 as n")
    seen: list[int] = []

    def read() -> None:
        seen.append(len(engine.cursor().run("from t")))

    with engine.transaction():
        engine.run("insert into t values (2)")
        thread = Thread(target=read)
        thread.start()
        thread.join()
    read()
    assert [1, 2] == seen
    engine.load("mine", pa.table({"n": [1]}))
    assert {} == engine.cursor().columns("mine")


def test_arrow_goes_in_and_comes_out(engine: DuckEngine) -> None:
    """Tables keep their columns and nulls; loading again replaces; names are quoted."""
    engine.load("my table", pa.table({"a": [1]}))
    engine.load("my table", pa.table({"a b": pa.array(["x", None]), "n": [1, 2]}))
    found = engine.arrow(f"select * from {quote('my table')} order by n")
    assert {"a b": ["x", None], "n": [1, 2]} == found.to_pydict()
    assert {"a b": "VARCHAR", "n": "BIGINT"} == engine.columns('"my table"')
    assert {} == engine.columns("nowhere")
    assert [("it's", None)] == engine.run("select ?, ?", ["it's", None])


def test_names_and_texts_are_quoted() -> None:
    """Whatever is in them, they stay one name and one text."""
    engine = DuckEngine()
    odd = """a'b"c\\;--"""
    assert [(odd,)] == engine.run(f"select {text(odd)} as {quote(odd)}")
    assert {odd: "INTEGER"} == engine.columns(f"(select 1 as {quote(odd)})")
    engine.close()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)), max_size=20))
def test_components_join_what_an_edge_joins(edges: list[tuple[int, int]]) -> None:
    """Two nodes have one component exactly when a path of edges leads from one to the other."""
    expected = {node: frozenset([node]) for node in range(NODES)}
    for a, b in edges:
        joined = expected[a] | expected[b]
        expected |= dict.fromkeys(joined, joined)
    engine = DuckEngine()
    engine.run("create table edges(a bigint, b bigint)")
    for edge in edges:
        engine.run("insert into edges values (?, ?)", edge)
    found = engine.components("select a, b from edges", NODES).to_pylist()
    engine.close()
    members: dict[int, set[int]] = {}
    for row in found:
        members.setdefault(row["component"], set()).add(row["node"])
    assert set(expected.values()) == {frozenset(each) for each in members.values()}


def test_no_nodes_have_no_components() -> None:
    """An empty project is no special case."""
    engine = DuckEngine()
    assert 0 == len(engine.components("select 1::bigint as a, 1::bigint as b where false", 0))
    engine.close()


def test_a_checkpoint_keeps_everything(engine: DuckEngine) -> None:
    """Folding the log into the file changes nothing that is read."""
    engine.run("create table t as select 1 as n")
    engine.checkpoint()
    assert [(1,)] == engine.run("from t")


def test_the_schema_is_made_once_and_anew_for_another_version() -> None:
    """Opening keeps what is there; a database of another version is emptied, views included, and says so."""
    engine = DuckEngine()
    assert create(engine)
    engine.run("insert into applied values (1, 'a')")
    engine.run("create view person as select * from applied")
    assert not create(engine)
    assert [(1, "a")] == engine.run("from person")
    set_state(engine, "schema", "0")
    assert create(engine)
    assert ([], {}) == (engine.run("from applied"), engine.columns("person"))
    assert VERSION == get_state(engine, "schema")
    drop(engine)
    assert None is get_state(engine, "schema")
    engine.close()
