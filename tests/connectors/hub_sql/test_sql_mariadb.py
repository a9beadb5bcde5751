"""A real MariaDB: its types, its odd times, its ways to break off; MySQL speaks the same protocol."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

import pymysql
import pytest

from hub.sdk.errors import HubError, RetryLater, StopConnection
from hub_sql.source import SqlSource
from tests.connectors.hub_sql.reading import NOW, keys, last, pages, refused, rows, source_of, told
from tests.support.mariadb import NO_MARIADB, mariadb_is_installed, mariadb_server

Shop: TypeAlias = "pymysql.Connection[pymysql.cursors.Cursor]"
YESTERDAY = datetime.fromisoformat("2026-02-28 12:00:00")
ORDERS = """
    create table orders (
        id bigint unsigned primary key, total decimal(20, 4), placed datetime(6), changed timestamp(6) null,
        born date, mail varchar(80), gift tinyint(1), paid bit(1) not null default 0, kind enum('shop', 'web'),
        extra json, picture blob, code binary(4), gone datetime null
    )
"""
QUERY = (
    "select id as order_id, total, placed as placed_at, changed, mail, gift, kind as channel, extra, gone from orders"
)
ENTRY: dict[str, object] = {
    "stream": "orders", "query": QUERY, "identifiers": {"email": "mail"}, "cursor": "changed", "deleted": "gone",
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """The socket of a MariaDB of our own."""
    if not mariadb_is_installed():
        pytest.skip(NO_MARIADB)
    with mariadb_server() as socket:
        with pymysql.connect(unix_socket=str(socket), user="root") as connection:
            do(connection, "create database shop character set utf8mb4")
        yield socket


def connected(server: Path) -> Shop:
    """A connection that writes, in UTC."""
    return pymysql.connect(
        unix_socket=str(server), user="root", database="shop", autocommit=True, init_command="set time_zone='+00:00'"
    )


@pytest.fixture
def shop(server: Path) -> Iterator[Shop]:
    """A connection to a database with an empty table."""
    with connected(server) as connection:
        do(connection, "drop table if exists orders")
        do(connection, ORDERS)
        yield connection


def do(shop: Shop, statement: str, *values: object) -> None:
    """Run a statement."""
    with shop.cursor() as cursor:
        cursor.execute(statement, values or None)


def order(shop: Shop, number: int, changed: object = YESTERDAY, **others: object) -> None:
    """Write an order."""
    names = ["id", "total", "changed", "mail"]
    values = [number, "12.50", changed, f"person-{number}@shop.example"]
    others = {"placed": YESTERDAY} | others
    names, values = [*names, *others], [*values, *others.values()]
    do(shop, f"insert into orders ({', '.join(names)}) values ({', '.join(['%s'] * len(names))})", *values)


def url(server: Path, user: str = "root", host: str = "", **query: object) -> str:
    """The address of the database."""
    words = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())
    return f"mysql://{user}@{host}/shop?unix_socket={quote(str(server), safe='')}&{words}"


def source(server: Path, **others: object) -> SqlSource:
    """The source, with some keys of its entry or settings replaced."""
    own: dict[str, object] = {name: others.pop(name) for name in ("batch_rows", "statement_timeout") if name in others}
    now = others.pop("now", NOW)
    assert isinstance(now, datetime)
    return source_of(url(server), ENTRY | others, now=now, settings=own)


def test_types_become_those_of_the_stream(shop: Shop, server: Path) -> None:
    """A DATETIME is a time in the entry's zone, a TIMESTAMP is an instant whatever the zone."""
    order(shop, 2**63 + 5, placed="2026-07-01 12:00:00", gift=1, kind="web", extra='{"a": 1}')
    query = """
        select id as order_id, total, placed as placed_at, changed as updated_at, paid as gift, kind, extra, picture
        from orders
    """
    entry: dict[str, object] = {"query": query, "cursor": "updated_at", "deleted": None, "identifiers": {}}
    do(shop, "set global time_zone = '+05:00'")  # that of new sessions
    try:
        [row] = rows(pages(source(server, timezone="Europe/Berlin", **entry)))
    finally:
        do(shop, "set global time_zone = 'SYSTEM'")
    assert (str(2**63 + 5), Decimal("12.5"), False) == (row["order_id"], row["total"], row["gift"])
    assert (YESTERDAY, datetime.fromisoformat("2026-07-01 10:00")) == (row["updated_at"], row["placed_at"])
    assert {"kind": "web", "extra": '{"a": 1}'} == json.loads(str(row["attributes"]))


def test_times_of_zeros_are_no_times(shop: Shop, server: Path) -> None:
    """`0000-00-00` costs a record whose time it is; as a mark of deletion it says no, and as a cursor nothing."""
    order(shop, 1, gone="0000-00-00 00:00:00")
    order(shop, 2, placed="0000-00-00 00:00:00")
    order(shop, 3, changed="0000-00-00 00:00:00")
    order(shop, 4, gone="2026-02-01 00:00:00")
    found = pages(source(server, batch_rows=1))
    assert (["3", "1"], ["placed_at"]) == (keys(found), [name for name, _ in refused(found)])
    assert ["4"] == [key for page in found for key in page.deleted.get("orders", ())]
    assert [False, True] == [page.cursor is not None for page in found[:2]]
    order(shop, 5, born="0000-00-00")
    people: dict[str, object] = {
        "stream": "people",
        "query": "select id as record_id, born as birthday from orders",
        "cursor": None,
    }
    assert ["birthday"] == [name for name, _ in refused(pages(source(server, **people, deleted=None, identifiers={})))]


@pytest.mark.parametrize(
    ("column", "cursor", "zone"),
    [("changed", "2026-02-28 12:00:00", "Europe/Berlin"), ("placed", "2026-02-28 12:00:00", "UTC"), ("id", "7", "UTC")],
)
def test_increments_begin_at_the_cursor(shop: Shop, server: Path, column: str, cursor: str, zone: str) -> None:
    """By a TIMESTAMP, a DATETIME and a number; ties with the last row come again."""
    for number in range(5, 8):
        order(shop, number, placed=YESTERDAY)
    entry: dict[str, object] = {"query": "select orders.*, id as order_id from orders", "identifiers": {}}
    entry |= {"cursor": column, "deleted": None, "lookback": "0 minutes", "overlap": 0, "timezone": zone}
    entry["query"] = f"select id as order_id, {column} as at from orders"
    entry["cursor"] = "at"
    first = pages(source(server, **entry))
    assert cursor in str(last(first)).replace("T", " ")
    order(shop, 8, YESTERDAY + timedelta(microseconds=1), placed=YESTERDAY + timedelta(microseconds=1))
    again = keys(pages(source(server, **entry), last(first)))
    assert ["7", "8"] == again if column == "id" else ["5", "6", "7", "8"] == again


def test_rows_without_a_cursor_are_told(shop: Shop, server: Path) -> None:
    """A full read brings them and says so; an increment does not see them."""
    order(shop, 1, None)
    order(shop, 2)
    found = pages(source(server))
    assert (["1", "2"], 1) == (keys(found), len(told(found)))
    assert "1 rows of orders have no changed" in told(found)[0]
    assert ["2"] == keys(pages(source(server), last(found)))
    assert any("is null" in fact.text for fact in source(server).check())


def test_a_late_commit_is_caught_by_the_look_back(shop: Shop, server: Path) -> None:
    """A transaction that began before the read and committed after it: its row is earlier than the cursor."""
    with connected(server) as late:
        late.begin()
        order(late, 1, NOW.replace(tzinfo=None) - timedelta(minutes=5))
        order(shop, 2, NOW.replace(tzinfo=None) - timedelta(minutes=1))
        first = pages(source(server))
        assert ["2"] == keys(first)
        late.commit()
    assert ["1", "2"] == keys(pages(source(server), last(first)))


def test_a_connection_that_is_killed_ends_the_read_until_later(shop: Shop, server: Path) -> None:
    """In the middle of a read: what came stays, and the next read goes on from there."""
    made = "select seq, '2026-02-01' + interval seq second, '2026-02-01', json_quote(repeat('x', 1000))"
    do(shop, f"insert into orders (id, changed, placed, extra) {made} from seq_1_to_20000")
    reading = source(server, batch_rows=10).read(["orders"], None)
    first = [next(reading)]
    with shop.cursor() as cursor:
        cursor.execute("select id from information_schema.processlist where id <> connection_id() and user = 'root'")
        for (number,) in cursor.fetchall():
            do(shop, f"kill connection {number}")
    with pytest.raises(RetryLater, match=r"\((1927|2013|2006)\)"):
        first += reading
    rest = pages(source(server), last(first))
    assert {*map(str, range(1, 20_001))} == {*keys(first), *keys(rest)}


def test_a_read_that_is_cut_off_reads_no_more(shop: Shop, server: Path) -> None:
    """Closed after a page, the connection is gone at once; PyMySQL would read all the rest first."""
    bytes_before = _sent(shop)
    entry: dict[str, object] = {"query": "select seq as order_id, repeat('x', 1000) as pad from seq_1_to_500000"}
    reading = source(server, batch_rows=10, cursor=None, deleted=None, identifiers={}, **entry).read(["orders"], None)
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert _sent(shop) - bytes_before < 100_000_000  # of half a gigabyte


def _sent(shop: Shop) -> int:
    with shop.cursor() as cursor:
        cursor.execute("show global status like 'Bytes_sent'")
        found = cursor.fetchone()
    assert found is not None
    return int(found[1])


def test_a_query_that_does_not_answer_ends_the_read_until_later(shop: Shop, server: Path) -> None:
    """By our own clock, as the server's would count the time in which rows are read."""
    order(shop, 1)
    slow = "select id as order_id, sleep(2) as slept from orders"
    with pytest.raises(RetryLater, match="2013"):
        pages(source(server, statement_timeout="1 second", query=slow, cursor=None, deleted=None, identifiers={}))


def test_a_table_that_is_locked_is_read_later(shop: Shop, server: Path) -> None:
    """An ALTER that waits for us, and we for it."""
    order(shop, 1)
    do(shop, "lock tables orders write")
    try:
        with pytest.raises(RetryLater):
            pages(source(server, statement_timeout="1 second"))
    finally:
        do(shop, "unlock tables")
    assert ["1"] == keys(pages(source(server)))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select id as order_id, nonsense from orders", "nonsense"),
        ("select id as order_id from nowhere", "nowhere"),
        ("selekt 1", "syntax"),
        ("select o.*, o.id as order_id, o.id from orders o", "Duplicate column"),
        ("delete from orders", "syntax"),
        ("select written() as order_id", "READ ONLY"),
        ("select nextval(numbers) as order_id", "READ ONLY"),
    ],
)
def test_a_wrong_query_says_what_is_wrong(shop: Shop, server: Path, query: str, words: str) -> None:
    """Names and syntax, never a value; and whoever writes is refused."""
    order(shop, 1)
    do(shop, "create or replace sequence numbers")
    do(shop, "drop function if exists written")
    do(shop, "create function written() returns int begin delete from orders; return 1; end")
    with pytest.raises(StopConnection, match=words):
        pages(source(server, query=query, cursor=None, deleted=None, identifiers={}))
    assert ["1"] == keys(pages(source(server)))


def test_who_is_not_let_in_is_told_nothing_secret(shop: Shop, server: Path) -> None:
    """A wrong password, no right to the table, a server that is not there."""
    order(shop, 1)
    do(shop, "create or replace user reader@localhost identified by 'ri:ch@tig'")
    do(shop, "grant select (id) on shop.orders to reader@localhost")
    whole = source_of(url(server, "reader:ri%3Ach%40tig"), ENTRY)
    for address, error, words in (
        (url(server, "reader:geheim"), StopConnection, "user or password"),
        (url(server, "reader:ri%3Ach%40tig"), StopConnection, "denied"),
        ("mysql://reader:geheim@127.0.0.1:1/shop", RetryLater, "2003"),
    ):
        with pytest.raises(error, match=words) as caught:
            pages(source_of(address, ENTRY))
        assert not {"geheim", "ri:ch", "ri%3A"} & {str(caught.value)}
        assert "geheim" not in str(caught.value)
    first, second = [fact.text for fact in whole.check()]
    assert first.startswith("mariadb 1")
    assert first.endswith("signed in as reader@localhost at shop")
    assert "denied" in second


def test_a_comparison_without_case_loses_nothing(shop: Shop, server: Path) -> None:
    """Text as a cursor is compared as the column's collation wants it, by the database alone."""
    for number, mail in enumerate(("a", "B", "c", "D"), 1):
        order(shop, number)
        do(shop, "update orders set mail = %s where id = %s", mail, number)
    entry: dict[str, object] = {"cursor": "mail", "identifiers": {}, "deleted": None}
    first = pages(source(server, **entry))
    assert (["1", "2", "3", "4"], "D") == (keys(first), last(first)["text"])  # type: ignore[index,call-overload]
    order(shop, 5)
    do(shop, "update orders set mail = 'e' where id = 5")
    assert ["4", "5"] == keys(pages(source(server, **entry), last(first)))


def test_letters_of_four_bytes_arrive(shop: Shop, server: Path) -> None:
    """The connection speaks utf8mb4, whatever the client's default."""
    order(shop, 1)
    do(shop, "update orders set extra = json_quote(%s)", "\U0001f469\u200d\U0001f467 Zoë")
    assert "\U0001f469\u200d\U0001f467 Zoë" in str(rows(pages(source(server)))[0]["attributes"])


def test_an_error_of_the_contract_for_every_failure(server: Path) -> None:
    """A database that does not exist."""
    with pytest.raises(HubError, match="no such database"):
        pages(source_of(url(server).replace("/shop?", "/nowhere?"), ENTRY))


def test_a_read_that_is_cut_off_goes_on(shop: Shop, server: Path) -> None:
    """Ten rows of one instant in batches of three, cut off after each of them."""
    for number in range(10):
        order(shop, number)
    for taken in range(1, 4):
        reading = source(server, batch_rows=3).read(["orders"], None)
        first = [next(reading) for _ in range(taken)]
        reading.close()  # type: ignore[attr-defined]
        rest = pages(source(server, lookback="0 minutes"), last(first))
        assert {*map(str, range(10))} == {*keys(first), *keys(rest)}
