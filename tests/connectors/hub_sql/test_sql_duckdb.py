"""DuckDB's own files, and files that it reads."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from hub.sdk.errors import HubError, StopConnection
from tests.connectors.hub_sql.reading import keys, last, pages, refused, rows, source_of

ENTRY = {"stream": "orders", "table": "marts.hub_orders", "cursor": "updated_at", "identifiers": {"email": "mail"}}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with a DuckDB file and a Parquet file."""
    with duckdb.connect(str(tmp_path / "it's.duckdb")) as database:
        database.execute("create schema marts")
        database.execute(
            "create table marts.hub_orders as select range as order_id, 1.5::decimal(10, 2) as total,"
            " 'EUR' as currency, timestamptz '2026-02-01 12:00:00+02' + interval (range) minute as updated_at,"
            " 'a@shop.example' as mail,"
            " {'a': [range]} as extra, uuid() as id from range(250)"
        )
        database.execute(f"copy marts.hub_orders to '{str(tmp_path).replace(chr(39), chr(39) * 2)}/orders.parquet'")
    return tmp_path


def test_a_file_of_duckdb(shop: Path) -> None:
    """Typed values, increments by the cursor, batches."""
    url = "duckdb:///it's.duckdb"
    found = pages(source_of(url, ENTRY, project=shop, settings={"batch_rows": 100}))
    assert [str(number) for number in range(250)] == keys(found)
    row = rows(found)[0]
    assert ("EUR", "2026-02-01T10:00:00") == (row["currency"], row["updated_at"].isoformat())  # type: ignore[attr-defined]
    assert '"extra": {"a": [0]}' in str(row["attributes"])
    assert "239" == keys(pages(source_of(url, ENTRY, project=shop), last(found)))[0]


def test_files_that_duckdb_reads(shop: Path) -> None:
    """Without a database; the path is meant from the project."""
    entry = ENTRY | {"table": None, "query": "select * from 'orders.parquet' where order_id % 2 = 1"}
    assert 125 == len(keys(pages(source_of("duckdb://", entry, project=shop))))


@pytest.mark.parametrize(
    ("url", "keys", "words"),
    [
        ("duckdb:///nowhere.duckdb", {}, "does not exist"),
        ("duckdb:///orders.parquet", {}, "in-memory"),
        ("duckdb:///it's.duckdb", {"table": "nowhere"}, "nowhere"),
        ("duckdb:///it's.duckdb", {"cursor": "nonsense"}, "nonsense"),
        ("duckdb://", {"table": None, "query": "select 'secret'::int as order_id"}, "ConversionException"),
        ("duckdb://", {"table": None, "query": "copy (select 1) to 'x.csv'"}, "syntax"),
    ],
)
def test_what_is_wrong_is_told(shop: Path, url: str, keys: dict[str, object], words: str) -> None:
    """Names, and no values; nothing is written."""
    source = source_of(url, ENTRY | {"cursor": None, "identifiers": {}} | keys, project=shop)
    with pytest.raises(StopConnection, match=words) as caught:
        pages(source)
    assert "secret" not in str(caught.value)
    assert words == "ConversionException" or "error" in [fact.level for fact in source.check()]
    assert {"it's.duckdb", "orders.parquet"} == {path.name for path in shop.iterdir()}


def test_check_says_what_there_is(shop: Path) -> None:
    """Version, columns, newest cursor."""
    texts = [fact.text for fact in source_of("duckdb:///it's.duckdb", ENTRY, project=shop).check()]
    assert texts[0] == f"duckdb {duckdb.__version__}"
    assert "newest updated_at: 2026-02-01T14:09:00+00:00" in texts


def test_infinity_is_no_time(shop: Path) -> None:
    """It costs its row, and hides nothing as a cursor."""
    query = "select unnest([1, 2]) as order_id, unnest(['2026-02-01'::timestamp, 'infinity']) as updated_at"
    found = pages(source_of("duckdb://", {"stream": "orders", "query": query, "cursor": "updated_at"}, project=shop))
    assert (["1"], ["updated_at"]) == (keys(found), [name for name, _ in refused(found)])
    assert "2026-03-01T12:00:00" == last(found)["time"]  # type: ignore[index,call-overload]


def test_a_file_that_is_in_use_is_read_later(shop: Path) -> None:
    """Another process writes to it: DuckDB lets in nobody else."""
    code = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('in', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(shop / "it's.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert b"in" in other.stdout.readline()
        with pytest.raises(HubError, match="in use") as caught:
            pages(source_of("duckdb:///it's.duckdb", ENTRY, project=shop))
        other.communicate()
    assert "later" in str(caught.value)
