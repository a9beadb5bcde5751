"""The source against a real MariaDB: its types, reads that are cut off, and what may not be said."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import pymysql
import pytest

from hub.sdk.connector import Context
from hub.sdk.errors import StopConnection
from hub.sdk.records import Json, Page
from hub_sql.settings import SqlSettings, SqlSourceSettings
from hub_sql.source import SqlSource
from tests.support.mariadb import NO_MARIADB, mariadb_is_installed, mariadb_server

Connection: TypeAlias = "pymysql.connections.Connection[Any]"

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
TABLE = """
    create table orders (id bigint unsigned primary key, total decimal(30,4), placed datetime,
                         changed timestamp(3) null, mail varchar(200), vip tinyint(1), extra json,
                         note text character set utf8mb4, file blob)
"""
QUERY = (
    "select id as order_id, total, 'EUR' as currency, placed as placed_at, changed, mail, vip, extra, note from orders"
    " where note not like '%:x%'"
)
ENTRY: Mapping[str, object] = {
    "stream": "orders", "query": QUERY, "identifiers": {"email": "mail"}, "cursor": "changed",
}  # fmt: skip


@pytest.fixture(scope="module")
def socket() -> Iterator[Path]:
    """A MariaDB of our own."""
    if not mariadb_is_installed():
        pytest.skip(NO_MARIADB)
    with mariadb_server() as socket:
        yield socket


@pytest.fixture
def shop(socket: Path) -> Iterator[Connection]:
    """A connection that writes, to a database with an empty table."""
    with pymysql.connect(unix_socket=str(socket), user="root", autocommit=True) as connection:
        for command in (
            "drop database if exists shop",
            "create database shop character set utf8mb4",
            "use shop",
            TABLE,
        ):
            run(connection, command)
        run(connection, "set time_zone = '+00:00'")
        yield connection


def run(connection: Connection, command: str, *values: object) -> list[Any]:
    """Run a command."""
    with connection.cursor() as cursor:
        cursor.execute(command, values or None)
        return list(cursor.fetchall())


def source(socket: Path, who: str = "root", batch_rows: int = 10_000, **keys: Any) -> SqlSource:  # noqa: ANN401
    """The source."""
    url = f"mariadb://{who}@localhost/shop?unix_socket={socket}"
    settings = SqlSettings.model_validate({"url": url, "batch_rows": batch_rows})
    return SqlSource(settings, SqlSourceSettings.model_validate({**ENTRY, **keys}), Context("shop", Path(), NOW))


def order(shop: Connection, number: int, changed: datetime = YESTERDAY, **values: object) -> None:
    """Write an order."""
    columns = {"id": number, "total": "12.50", "placed": changed, "changed": changed, "note": "", **values}
    names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
    run(shop, f"insert into orders ({names}) values ({places})", *columns.values())


def keys(pages: list[Page]) -> list[str]:
    """What landed."""
    return [key for page in pages for table in page.rows.values() for key in table["order_id"].to_pylist()]


def last(pages: list[Page]) -> Json:
    """The cursor that is saved."""
    return next(page.cursor for page in reversed(pages) if page.cursor is not None)


def test_types_become_those_of_the_stream(shop: Connection, socket: Path) -> None:
    """Unsigned numbers beyond 63 bits are keys, flags and JSON are attributes, four-byte letters stay whole."""
    order(shop, 2**64 - 1, mail="zoe@shop.example", vip=1, extra='{"a": 1}', note="\U0001f469")
    [page, _] = list(source(socket).read(["orders"], None))
    [row] = page.rows["orders"].to_pylist()
    placed = YESTERDAY.replace(tzinfo=None)
    assert (str(2**64 - 1), Decimal("12.5000"), placed) == (row["order_id"], row["total"], row["placed_at"])
    assert {"vip": 1, "extra": '{"a": 1}', "note": "\U0001f469"} == json.loads(row["attributes"])
    assert [{"namespace": "email", "value": "zoe@shop.example"}] == row["identifiers"]


def test_a_day_that_is_none_costs_at_most_its_row(shop: Connection, socket: Path) -> None:
    """0000-00-00 lands without a time, or is quarantined; the others land."""
    order(shop, 1)
    run(shop, "insert into orders (id, placed, changed, note) values (2, '0000-00-00', '2026-02-28 12:00:00', '')")
    [page, _] = list(source(socket).read(["orders"], None))
    assert "1" in keys([page])
    assert page.quarantine is not None
    assert ["placed_at"] == page.quarantine["field"].to_pylist()


def test_a_read_that_is_cut_off_goes_on(shop: Connection, socket: Path) -> None:
    """Ten rows of one instant in batches of three, cut off after each of them."""
    for number in range(10):
        order(shop, number)
    for taken in range(1, 4):
        reading = source(socket, batch_rows=3).read(["orders"], None)
        first = [next(reading) for _ in range(taken)]
        reading.close()  # type: ignore[attr-defined]
        rest = list(source(socket, lookback="0 minutes").read(["orders"], last(first)))
        assert {*map(str, range(10))} == {*keys(first), *keys(rest)}


def test_a_late_commit_is_caught_by_the_look_back(shop: Connection, socket: Path) -> None:
    """A transaction that was open during the read: its row is earlier than the cursor."""
    with pymysql.connect(unix_socket=str(socket), user="root", database="shop") as late:
        run(late, "set time_zone = '+00:00'")
        order(late, 1, NOW - timedelta(minutes=5))
        order(shop, 2, NOW - timedelta(minutes=1))
        first = list(source(socket).read(["orders"], None))
        assert ["2"] == keys(first)
        late.commit()
    assert ["1", "2"] == keys(list(source(socket).read(["orders"], last(first))))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select id as order_id, nonsense from orders", "nonsense"),
        ("select id as order_id from nowhere", "nowhere"),
        ("selekt 1", "syntax"),
    ],
)
def test_a_wrong_query_says_what_is_wrong(shop: Connection, socket: Path, query: str, words: str) -> None:
    """Names and syntax."""
    order(shop, 1)
    wrong = source(socket, query=query, cursor=None, identifiers={})
    with pytest.raises(StopConnection, match=words):
        list(wrong.read(["orders"], None))
    assert ["error"] == [fact.level for fact in wrong.check() if fact.level == "error"]


def test_a_wrong_password_stops_and_is_not_told(shop: Connection, socket: Path) -> None:
    """A person has to mend it."""
    run(shop, "create or replace user reader@localhost identified by 'richtig'")
    with pytest.raises(StopConnection, match="refuses this user or password") as caught:
        list(source(socket, who="reader:geheim").read(["orders"], None))
    assert "geheim" not in str(caught.value)


def test_whoever_writes_is_refused(shop: Connection, socket: Path) -> None:
    """The session only reads, whatever its user may do."""
    order(shop, 1)
    run(shop, "create or replace sequence numbers")
    wrong = source(socket, query="select nextval(numbers) as order_id", cursor=None, identifiers={})
    with pytest.raises(StopConnection):
        list(wrong.read(["orders"], None))


def test_check_says_what_becomes_of_the_query(shop: Connection, socket: Path) -> None:
    """The database, the columns, the attributes and the newest cursor."""
    order(shop, 1)
    texts = [fact.text for fact in source(socket).check()]
    assert texts[0].startswith("mariadb ")
    assert "columns of orders: order_id, total, currency, placed_at" == texts[1]
    assert texts[3].startswith("newest changed: 2026-02-28")
