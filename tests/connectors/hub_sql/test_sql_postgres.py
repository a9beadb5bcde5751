"""The source against a real PostgreSQL: types, late commits, connections that are cut, and what may not be said."""

import json
import resource
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
    assert {"column": "order_id", "full": NOW.isoformat(), "number": 5} == last(first)
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
        ("select id as order_id, total, total from orders", "2 columns called 'total'"),
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
        ("postgresql://nobody:geheim@/postgres?host={cluster}", StopConnection),
        ("postgresql://postgres:a@b:geheim@/postgres", ConfigError),
        ("postgresql://postgres:x@host:geheim/postgres", ConfigError),
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
    """The database and who we are, the columns, the attributes, and the newest cursor; rows without one are told."""
    order(shop, 1)
    texts = [fact.text for fact in source(cluster).check()]
    assert texts[0].startswith("postgresql ")
    assert texts[0].endswith("signed in as postgres at postgres")
    assert "superuser" in texts[1]
    assert ["columns of orders: order_id, total, currency, placed_at", "attributes: extra, tags"] == texts[2:4]
    assert texts[4].startswith("newest changed: 2026-02-28")
    shop.execute("insert into orders (id) values (7)")
    assert "rows whose changed is null" in [*source(cluster).check()][-1].text
    order(shop, 8, NOW + timedelta(days=1))
    assert any("yet to come" in fact.text for fact in source(cluster).check())


def test_an_increment_that_is_cut_off_loses_nothing(shop: psycopg.Connection, cluster: str) -> None:
    """Rows come in the order of the cursor, however they lie in the table: the first batch holds the earliest."""
    for number in range(9):
        order(shop, number, NOW - timedelta(minutes=number))
    since: Json = {"column": "changed", "full": NOW.isoformat(), "time": (NOW - timedelta(days=1)).isoformat()}
    reading = source(cluster, batch_rows=3).read(["orders"], since)
    first = [next(reading)]
    reading.close()  # type: ignore[attr-defined]
    assert ["8", "7", "6"] == keys(first)
    assert {*"0123456"} <= {*keys(list(source(cluster).read(["orders"], last(first))))}


def test_a_cursor_in_the_future_counts_as_now(shop: psycopg.Connection, cluster: str) -> None:
    """Else nothing would be read until then."""
    order(shop, 1, NOW + timedelta(days=365))
    found = last(list(source(cluster).read(["orders"], None)))
    assert {"column": "changed", "full": NOW.isoformat(), "time": NOW.isoformat()} == found


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


TIMES = """
    create or replace view odd as
    select 1 as id, timestamptz '2026-02-01 12:00+02' as at, null::timestamp as local, null::text as word union all
    select 2, 'infinity', null, 'later than ever' union all select 3, '-infinity', null, null union all
    select 4, '0044-03-15 12:00 BC', null, null union all select 5, '2026-02-02', 'infinity', null
"""


def test_times_beyond_python_cost_their_rows_alone(shop: psycopg.Connection, cluster: str) -> None:
    """Infinity and years before Christ, of which psycopg makes an error that would end every read; no cursor either."""
    shop.execute(TIMES)
    query = """
        select id as order_id, at as placed_at, at, local as updated_at,
               '24:00'::time as t, array['infinity'::date] as l
        from odd
    """
    source_ = source(cluster, batch_rows=1, query=query, cursor="at", deleted=None, identifiers={})
    found = list(source_.read(["orders"], None))
    assert ["1"] == keys(found)
    refused = [row for page in found if page.quarantine for row in page.quarantine.to_pylist()]
    assert ["-infinity", "0044-03-15 12:00:00+00 BC"] == [json.loads(row["raw"])["at"] for row in refused[:2]]
    assert ["placed_at", "placed_at", "updated_at", "placed_at"] == [row["field"] for row in refused]
    assert "2026-02-02" in str(last(found))
    [attributes] = [table["attributes"][0].as_py() for page in found for table in page.rows.values()]
    assert {"t": "24:00:00", "l": ["infinity"]} == json.loads(attributes)
    gone = "select id as order_id, at as gone from odd"
    ever = source(cluster, query=gone, cursor=None, deleted="gone", identifiers={}).read(["orders"], None)
    assert [["1", "5"]] == [page.deleted["orders"] for page in ever if page.deleted]


def test_odd_types_become_text_and_attributes(shop: psycopg.Connection, cluster: str) -> None:
    """UUIDs, ranges, addresses, spans, enums, padded keys; not a number stays readable JSON."""
    shop.execute("drop type if exists size cascade")
    shop.execute("create type size as enum ('big')")
    query = """
        select 'k1'::char(9) as order_id, 'big'::size as channel, gen_random_uuid() as a, '[1,5)'::int4range as b,
               '10.0.0.1'::inet as c, interval '1 day' as d, 'NaN'::float8 as e, array['Infinity'::float8, 1] as f,
               'x'::bytea as g, '$1'::money as h, 'gift'::text as store
    """
    [page, _] = source(cluster, query=query, cursor=None, deleted=None, identifiers={}).read(["orders"], None)
    [row] = page.rows["orders"].to_pylist()
    assert ("k1", "big", "gift") == (row["order_id"], row["channel"], row["store"])
    found = json.loads(row["attributes"], parse_constant=pytest.fail)
    assert ("[1, 5)", "10.0.0.1", "1 day, 0:00:00") == (found["b"], found["c"], found["d"])
    assert ("nan", ["inf", 1.0], "(bytes)", "$1.00") == (found["e"], found["f"], found["g"], found["h"])
    assert len(found["a"]) == 36


def test_a_column_may_change_its_type_between_reads(shop: psycopg.Connection, cluster: str) -> None:
    """Numbers that became text are read where they still are numbers; a cursor of another type has to be mended."""
    order(shop, 1)
    query = "select id as order_id, total, placed as placed_at, changed from orders"
    entry: Entry = {"query": query, "identifiers": {}, "deleted": None}
    first = list(source(cluster, **entry).read(["orders"], None))
    shop.execute("alter table orders alter total type text, alter id type text")
    shop.execute("insert into orders (id, total, placed, changed) values ('A-2', 'a lot', now(), %s)", (NOW,))
    found = list(source(cluster, lookback="2 days", **entry).read(["orders"], last(first)))
    assert ["1"] == keys(found)
    assert [["total"]] == [page.quarantine["field"].to_pylist() for page in found if page.quarantine]
    shop.execute("alter table orders alter changed type bigint using 5")
    with pytest.raises(StopConnection, match="bigint"):
        list(source(cluster, **entry).read(["orders"], last(first)))


def test_another_column_as_cursor_starts_over(shop: psycopg.Connection, cluster: str) -> None:
    """The old cursor says nothing about it."""
    order(shop, 1)
    order(shop, 2)
    first = list(source(cluster, deleted=None).read(["orders"], None))
    other = source(cluster, cursor="order_id", deleted=None, overlap=0)
    assert ["1", "2"] == keys(list(other.read(["orders"], last(first))))


def test_a_full_read_comes_again_and_sees_deletions(shop: psycopg.Connection, cluster: str) -> None:
    """With full_every and complete; cut off, it starts over, and the cursor stays where it was."""
    for number in range(1, 8):
        order(shop, number)
    entry: Entry = {"complete": True, "full_every": "1 day", "batch_rows": 3, "deleted": None}
    first = list(source(cluster, **entry).read(["orders"], None))
    assert first[-1].complete
    shop.execute("delete from orders where id = 3")
    soon = list(source(cluster, NOW + timedelta(hours=1), **entry).read(["orders"], last(first)))
    assert not any(page.complete for page in soon)
    day = NOW + timedelta(days=1)
    reading = source(cluster, day, **entry).read(["orders"], last(first))
    assert next(reading).cursor is None
    reading.close()  # type: ignore[attr-defined]
    again = list(source(cluster, day, **entry).read(["orders"], last(first)))
    assert (["1", "2", "4", "5", "6", "7"], True) == (keys(again), again[-1].complete)
    assert {"full": day.isoformat(), "column": "changed", "time": YESTERDAY.isoformat()} == again[-1].cursor
    assert not any(page.complete for page in source(cluster, day, **entry).read(["orders"], again[-1].cursor))


def test_rows_without_a_cursor_come_first_and_are_told(shop: psycopg.Connection, cluster: str) -> None:
    """So that a first read which is cut off later has them all the same."""
    order(shop, 1)
    shop.execute("insert into orders (id, placed) values (2, now())")
    found = list(source(cluster).read(["orders"], None))
    assert ["2", "1"] == keys(found)
    assert ["1 rows of orders have no changed: only full reads see them."] == [*found[-1].warnings]
    assert ["1"] == keys(list(source(cluster).read(["orders"], last(found))))


def test_large_numbers_are_cursors(cluster: str) -> None:
    """Beyond 32 bits, and numeric ones with fractions, NaN among them."""
    query = "select * from (values (1, 5000000000.5), (2, 5000000001), (3, 'NaN'::numeric)) as v(order_id, n)"
    entry: Entry = {"query": query, "cursor": "n", "deleted": None, "identifiers": {}, "overlap": 0}
    first = list(source(cluster, **entry).read(["orders"], None))
    assert "5000000001" in str(last(first))
    assert ["2", "3"] == keys(list(source(cluster, **entry).read(["orders"], last(first))))


def test_a_table_that_is_locked_is_read_later(shop: psycopg.Connection, cluster: str) -> None:
    """An ALTER TABLE in a transaction that is left open."""
    order(shop, 1)
    with psycopg.connect(f"host={cluster} user=postgres dbname=postgres") as other:
        other.execute("lock table orders in access exclusive mode")
        with pytest.raises(RetryLater, match="57014"):
            list(source(cluster, statement_timeout="1 second").read(["orders"], None))
    assert ["1"] == keys(list(source(cluster).read(["orders"], None)))


def test_who_may_not_read_a_table_is_told_which(shop: psycopg.Connection, cluster: str) -> None:
    """The name of the table, and no hint of a value."""
    order(shop, 1)
    shop.execute("do $$ begin create role reader login; exception when duplicate_object then null; end $$")
    with pytest.raises(StopConnection, match="permission denied for table orders"):
        list(source(cluster, url=f"postgresql://reader@/postgres?host={cluster}").read(["orders"], None))


def _resident() -> int:
    """Bytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.slow
def test_a_million_rows_are_read_in_the_memory_of_a_few_pages(cluster: str) -> None:
    """What the process holds after the fifth page, it holds after the hundredth."""
    query = """
        select i as order_id, now() + i * interval '1 ms' as changed, md5(i::text) as store
        from generate_series(1, 1000000) i
    """
    held, count = list[int](), 0
    entry: Entry = {"query": query, "cursor": "changed", "deleted": None, "identifiers": {}}
    for page in source(cluster, **entry).read(["orders"], None):
        count += sum(map(len, page.rows.values()))
        held.append(_resident())
    assert 1_000_000 == count
    assert max(held[5:]) - held[5] < 40_000_000


def test_an_instant_stays_one_in_every_session(shop: psycopg.Connection, cluster: str) -> None:
    """In a session of Berlin, in the hour that comes twice: the bound may not lose its offset on the way."""
    hour = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 in summer, and an hour later 02:30 again
    order(shop, 1, hour + timedelta(minutes=10))
    since: Json = {"column": "changed", "full": hour.isoformat(), "time": hour.isoformat()}
    url = f"postgresql://postgres@/postgres?host={cluster}&options=-c%20timezone%3DEurope/Berlin"
    late = source(cluster, hour + timedelta(hours=5), url=url, lookback="0 minutes")
    assert ["1"] == keys(list(late.read(["orders"], since)))


def test_a_cursor_is_compared_as_its_own_type(shop: psycopg.Connection, cluster: str) -> None:
    """An enum in its own order, not in that of the alphabet."""
    shop.execute("drop type if exists level cascade")
    shop.execute("create type level as enum ('low', 'high')")
    query = "select * from (values (1, 'low'::level), (2, 'high')) as v(order_id, level)"
    entry: Entry = {"query": query, "cursor": "level", "deleted": None, "identifiers": {}}
    first = list(source(cluster, **entry).read(["orders"], None))
    assert ["1", "2"] == keys(first)
    assert ["2"] == keys(list(source(cluster, **entry).read(["orders"], last(first))))
