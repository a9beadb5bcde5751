"""The source against a real PostgreSQL: types, late commits, connections that are cut, and what may not be said."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
import pytest

from hub.sdk.connector import Context
from hub.sdk.errors import ConfigError, HubError, RetryLater, StopConnection
from hub.sdk.records import Json, Page
from hub_sql.settings import SqlSettings, SqlSourceSettings
from hub_sql.source import SqlSource
from tests.support.store import NO_POSTGRES, postgres_cluster, postgres_is_installed

Entry: TypeAlias = dict[str, Any]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
ORDERS = """
    create table orders (id bigint primary key, total numeric, currency text, placed timestamptz, changed timestamptz,
                         mail text, extra jsonb, tags text[], gone boolean default false)
"""
QUERY = """
    select id as order_id, total, currency, placed as placed_at, changed, mail, extra, tags, gone
    from orders where '12:30'::time < '13:30'::time and id % 7 <> 9;
"""
ENTRY: Mapping[str, object] = {
    "stream": "orders", "query": QUERY, "identifiers": {"email": "mail"}, "cursor": "changed", "deleted": "gone",
}  # fmt: skip


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a PostgreSQL of our own."""
    if not postgres_is_installed():
        pytest.skip(NO_POSTGRES)
    with postgres_cluster() as folder:
        yield str(folder)


@pytest.fixture
def shop(cluster: str) -> Iterator[psycopg.Connection]:
    """A connection that writes, to a database with an empty table."""
    with psycopg.connect(f"host={cluster} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute("drop table if exists orders")
        connection.execute(ORDERS)
        yield connection


def source(cluster: str, now: datetime = NOW, **keys: object) -> SqlSource:
    """The source at an instant."""
    own = {name: keys.pop(name) for name in ("batch_rows", "statement_timeout", "url") if name in keys}
    url = f"postgresql://postgres@/postgres?host={cluster}"
    settings = SqlSettings.model_validate({"url": url, **own})
    return SqlSource(settings, SqlSourceSettings.model_validate({**ENTRY, **keys}), Context("shop", Path(), now))


def order(shop: psycopg.Connection, number: int, changed: datetime = YESTERDAY, total: str = "12.50") -> None:
    """Write an order."""
    shop.execute(
        "insert into orders values (%s, %s, 'EUR', %s, %s, %s, '{\"a\": 1}', '{x,y}')",
        (number, total, changed, changed, f"person-{number}@shop.example"),
    )


def keys(pages: list[Page]) -> list[str]:
    """What landed."""
    return [key for page in pages for table in page.rows.values() for key in table["order_id"].to_pylist()]


def last(pages: list[Page]) -> Json:
    """The cursor that is saved."""
    return next(page.cursor for page in reversed(pages) if page.cursor is not None)


def test_types_become_those_of_the_stream(shop: psycopg.Connection, cluster: str) -> None:
    """Numbers, times with zone, JSON and arrays; what is no column of the stream is an attribute."""
    order(shop, 1)
    [page, _] = list(source(cluster).read(["orders"], None))
    [row] = page.rows["orders"].to_pylist()
    placed = YESTERDAY.replace(tzinfo=None)
    assert ("1", Decimal("12.5000"), placed) == (row["order_id"], row["total"], row["placed_at"])
    assert [{"namespace": "email", "value": "person-1@shop.example"}] == row["identifiers"]
    assert {"extra": {"a": 1}, "tags": ["x", "y"]} == json.loads(row["attributes"])


@pytest.mark.parametrize("total", ["NaN", "Infinity", "123456789012345678"])
def test_a_number_that_is_no_amount_costs_its_row(shop: psycopg.Connection, cluster: str, total: str) -> None:
    """It is quarantined with its column, and the others land."""
    order(shop, 1, total=total)
    order(shop, 2)
    [page, _] = list(source(cluster).read(["orders"], None))
    assert page.quarantine is not None
    assert (["2"], ["total"]) == (keys([page]), page.quarantine["field"].to_pylist())


def test_a_late_commit_is_caught_by_the_look_back(shop: psycopg.Connection, cluster: str) -> None:
    """A transaction that began before the read and committed after it: its row is earlier than the cursor."""
    with psycopg.connect(f"host={cluster} user=postgres dbname=postgres") as late:
        order(late, 1, NOW - timedelta(minutes=5))
        order(shop, 2, NOW - timedelta(minutes=1))
        first = list(source(cluster).read(["orders"], None))
        assert ["2"] == keys(first)
        late.commit()
    later = NOW + timedelta(minutes=15)
    assert ["1", "2"] == keys(list(source(cluster, later).read(["orders"], last(first))))
    assert ["2"] == keys(list(source(cluster, later, lookback="0 minutes").read(["orders"], last(first))))


def test_ties_at_the_border_of_a_batch_are_all_read(shop: psycopg.Connection, cluster: str) -> None:
    """Ten rows of one instant in batches of three, cut off after each of them."""
    for number in range(10):
        order(shop, number)
    for taken in range(1, 4):
        reading = source(cluster, batch_rows=3).read(["orders"], None)
        first = [next(reading) for _ in range(taken)]
        reading.close()  # type: ignore[attr-defined]
        rest = list(source(cluster, batch_rows=3, lookback="0 minutes").read(["orders"], last(first)))
        assert {*map(str, range(10))} == {*keys(first), *keys(rest)}


def test_numbers_are_cursors_too(shop: psycopg.Connection, cluster: str) -> None:
    """With an overlap in place of a look-back."""
    for number in range(1, 6):
        order(shop, number)
    entry: Entry = {"cursor": "order_id", "deleted": None}
    first = list(source(cluster, **entry).read(["orders"], None))
    assert {"number": 5} == last(first)
    assert ["3", "4", "5"] == keys(list(source(cluster, overlap=2, **entry).read(["orders"], last(first))))


def test_marked_rows_are_deletions(shop: psycopg.Connection, cluster: str) -> None:
    """They are named by their keys and do not land."""
    order(shop, 1)
    order(shop, 2)
    shop.execute("update orders set gone = true where id = 1")
    [page, _] = list(source(cluster).read(["orders"], None))
    assert ({"orders": ["1"]}, ["2"]) == (page.deleted, keys([page]))


def test_a_connection_that_is_cut_ends_the_read_until_later(shop: psycopg.Connection, cluster: str) -> None:
    """The server ends our session in the middle of a read: what came stays, and the next read goes on."""
    for number in range(3_000):
        order(shop, number, NOW - timedelta(days=1) + timedelta(seconds=number))
    reading = source(cluster, batch_rows=10).read(["orders"], None)
    first = [next(reading)]
    others = "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend'"
    shop.execute(f"{others} and pid <> pg_backend_pid()")
    with pytest.raises(RetryLater):
        first += reading
    rest = list(source(cluster).read(["orders"], last(first)))
    assert {*map(str, range(3_000))} == {*keys(first), *keys(rest)}


def test_a_query_that_takes_too_long_ends_the_read_until_later(shop: psycopg.Connection, cluster: str) -> None:
    """By the server's own clock."""
    order(shop, 1)
    slow = "select id as order_id, pg_sleep(5) as slept from orders"
    entry: Entry = {"query": slow, "cursor": None, "deleted": None, "identifiers": {}}
    with pytest.raises(RetryLater):
        list(source(cluster, statement_timeout="1 second", **entry).read(["orders"], None))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select id as order_id, nonsense from orders", "nonsense"),
        ("select id as order_id from nowhere", "nowhere"),
        ("selekt 1", "syntax"),
        ("select id from orders", "no column 'order_id'"),
        ("select 'secret-value'::int as order_id", "22P02"),
        ("delete from orders returning id as order_id", "syntax"),
        ("with gone as (delete from orders returning id) select id as order_id from gone", "top level"),
        ("select nextval('numbers') as order_id", "25006"),
    ],
)
def test_a_wrong_query_says_what_is_wrong(shop: psycopg.Connection, cluster: str, query: str, words: str) -> None:
    """Names and syntax, never a value; and whoever writes is refused."""
    order(shop, 1)
    shop.execute("create sequence if not exists numbers")
    entry: Entry = {"query": query, "cursor": None, "deleted": None, "identifiers": {}}
    with pytest.raises(StopConnection, match=words) as caught:
        list(source(cluster, **entry).read(["orders"], None))
    assert "secret-value" not in str(caught.value)
    assert [(1,)] == shop.execute("select count(*) from orders").fetchall()


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("postgresql://postgres:geheim@127.0.0.1:1/postgres", RetryLater),
        ("postgresql://postgres:geheim@/nowhere?host={cluster}", StopConnection),
        ("nonsense://postgres:geheim@/x", ConfigError),
        ("geheim", ConfigError),
        ("oracle://postgres:geheim@/x", ConfigError),
    ],
)
def test_a_wrong_address_says_nothing_secret(cluster: str, url: str, error: type[HubError]) -> None:
    """Unreachable is later; what a person has to mend stops; the password is in no message."""
    wrong = source(cluster, url=url.format(cluster=cluster))
    with pytest.raises(error) as caught:
        list(wrong.read(["orders"], None))
    assert "geheim" not in str(caught.value)
    assert [["error"], False] == [[f.level for f in wrong.check()], any("geheim" in f.text for f in wrong.check())]


def test_check_says_what_becomes_of_the_query(shop: psycopg.Connection, cluster: str) -> None:
    """The database, the columns, the attributes, and the newest cursor; rows without one are counted."""
    order(shop, 1)
    texts = [fact.text for fact in source(cluster).check()]
    assert "postgresql 15" in texts[0] or texts[0].startswith("postgresql ")
    assert "columns of orders: order_id, total, currency, placed_at" == texts[1]
    assert "attributes: extra, tags" == texts[2]
    assert texts[3].startswith("newest changed: 2026-02-28")
    shop.execute("insert into orders (id) values (7)")
    assert "1 rows have no changed" in [*source(cluster).check()][-1].text


def test_an_increment_that_is_cut_off_loses_nothing(shop: psycopg.Connection, cluster: str) -> None:
    """Rows come in the order of the cursor, however they lie in the table: the first batch holds the earliest."""
    for number in range(9):
        order(shop, number, NOW - timedelta(minutes=number))
    since: Json = {"time": (NOW - timedelta(days=1)).isoformat()}
    reading = source(cluster, batch_rows=3).read(["orders"], since)
    first = [next(reading)]
    reading.close()  # type: ignore[attr-defined]
    assert ["8", "7", "6"] == keys(first)
    assert {*"0123456"} <= {*keys(list(source(cluster).read(["orders"], last(first))))}


def test_a_cursor_in_the_future_counts_as_now(shop: psycopg.Connection, cluster: str) -> None:
    """Else nothing would be read until then."""
    order(shop, 1, NOW + timedelta(days=365))
    assert {"time": NOW.isoformat()} == last(list(source(cluster).read(["orders"], None)))


@pytest.mark.parametrize("complete", [True, False])
def test_only_who_says_so_reads_everything(shop: psycopg.Connection, cluster: str, *, complete: bool) -> None:
    """A query may leave old records out; only `complete = true` makes deletions of what is missing."""
    order(shop, 1)
    pages = list(source(cluster, complete=complete).read(["orders"], None))
    assert [False, complete] == [page.complete for page in pages]
    again = list(source(cluster, complete=complete).read(["orders"], last(pages)))
    assert not any(page.complete for page in again)


def test_rows_are_fetched_while_they_are_read(shop: psycopg.Connection, cluster: str) -> None:
    """By a cursor of the server: our session fetches a batch, and no more of the table is in memory."""
    for number in range(20):
        order(shop, number)
    reading = source(cluster, batch_rows=5).read(["orders"], None)
    next(reading)
    queries = "select query from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
    assert any(query.startswith("FETCH FORWARD") for (query,) in shop.execute(queries).fetchall())
    reading.close()  # type: ignore[attr-defined]
