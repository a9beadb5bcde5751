"""Columns of a query or a table become those of a stream; over SQLite, where nothing has a type of its own."""

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.sdk.errors import HubError, StopConnection
from hub_sql.settings import SqlSourceSettings
from tests.connectors.hub_sql.reading import keys, pages, refused, rows, source_of

URL = "sqlite:///shop.db"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with a database of people."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database, database:
        database.execute(
            'create table "Kunden" (Nr integer, Vorname text, "E-Mail" text, Mail2 text, Land text, Geboren text,'
            " Newsletter integer, Bonus real, password_hash text, changed text)"
        )
        database.execute(
            "insert into Kunden values (1, 'Ann', 'ann@shop.example', null, 'UK', '1990-05-17', 1, 2.5, 'x',"
            " '2026-02-01'),"
            " (2, '', '', 'bob@shop.example', 'Norway', null, 0, null, 'y', '2026-02-02')"
        )
    return tmp_path


TABLE = {
    "stream": "people",
    "table": "Kunden",
    "columns": {"record_id": "Nr", "first_name": "Vorname", "country": "Land", "birthday": "Geboren"},
    "identifiers": {"email": ["E-Mail", "Mail2"], "customer": "Nr"},
    "attributes": {"bonus": "Bonus"},
}


def test_a_table_is_mapped_column_by_column(shop: Path) -> None:
    """As in the connector csv: several columns of one namespace, `UK` is `GB`, and nothing else is asked for."""
    found = pages(source_of(URL, TABLE, project=shop))
    [row] = rows(found)
    assert ("1", "Ann", "GB") == (row["record_id"], row["first_name"], row["country"])
    customer = {"namespace": "customer", "value": "1"}
    assert [{"namespace": "email", "value": "ann@shop.example"}, customer] == row["identifiers"]
    assert {"bonus": 2.5} == json.loads(str(row["attributes"]))
    assert [("country", "country: expected an ISO country code of two letters, got str")] == refused(found)
    assert not any("password_hash" in str(page.quarantine) for page in found)


def test_empty_text_is_nothing(shop: Path) -> None:
    """Neither a name nor an address; the second address stands alone."""
    entry = TABLE | {"columns": {"record_id": "Nr", "first_name": "Vorname"}}
    row = rows(pages(source_of(URL, entry, project=shop)))[1]
    assert row["first_name"] is None
    customer = {"namespace": "customer", "value": "2"}
    assert [{"namespace": "email", "value": "bob@shop.example"}, customer] == row["identifiers"]


def test_without_a_mapping_columns_go_by_their_names(shop: Path) -> None:
    """What is no column of the stream is an attribute; `values` are the same in every record."""
    query = "select Nr as order_id, Bonus as total, Vorname || ' :x' as who from Kunden -- all of them"
    entry = {"stream": "orders", "query": query, "values": {"currency": "EUR", "channel": "till"}}
    first, second = rows(pages(source_of(URL, entry, project=shop)))
    assert ("1", Decimal("2.5"), "EUR", "till") == tuple(first[n] for n in ("order_id", "total", "currency", "channel"))
    assert ('{"who": "Ann :x"}', None) == (first["attributes"], second["total"])


def test_consents_come_from_a_query(shop: Path) -> None:
    """A stream without a key: each row is a word of its own."""
    query = """
        select "E-Mail" as mail, 'email' as channel, 'marketing' as purpose, changed as occurred_at,
               case when Newsletter then 'granted' else 'denied' end as state
        from Kunden where "E-Mail" <> ''
    """
    entry = {"stream": "consents", "query": query, "identifiers": {"email": "mail"}}
    [row] = rows(pages(source_of(URL, entry, project=shop)))
    assert ("email", "marketing", "granted") == (row["channel"], row["purpose"], row["state"])
    assert datetime.fromisoformat("2026-02-01") == row["occurred_at"]
    assert row["attributes"] is None


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"columns": {"record_id": "Nmr"}}, "Nmr"),
        ({"cursor": "geaendert am"}, "geaendert am"),
        ({"deleted": "weg da"}, "weg da"),
        ({"attributes": {"x": "not there"}}, "not there"),
        ({"identifiers": {"email": "e mail"}}, "e mail"),
        ({"table": "nowhere"}, "nowhere"),
    ],
)
def test_a_column_that_is_not_there_stops_the_read(shop: Path, keys: dict[str, object], words: str) -> None:
    """SQLite would take a quoted name that does not exist for text; `check` says what there is."""
    source = source_of(URL, TABLE | keys, project=shop)
    with pytest.raises(StopConnection, match=words):
        pages(source)
    assert any(fact.level == "error" and words in fact.text for fact in source.check())


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select Nr as id from Kunden", "no column 'record_id'"),
        ("select Nr as record_ids from Kunden", "is 'record_ids' meant"),
    ],
)
def test_a_query_whose_columns_do_not_do(shop: Path, query: str, words: str) -> None:
    """The key is missing; what is near is named."""
    source = source_of(URL, {"stream": "people", "query": query}, project=shop)
    with pytest.raises(StopConnection, match=words):
        pages(source)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"stream": "all"}, "a query fills one stream"),
        ({"query": "select 1"}, "query or table"),
        ({"table": None}, "query or table"),
        ({"columns": {"record_id": "Nr", "colour": "x"}}, 'no column "colour"'),
        ({"columns": {"first_name": "x"}}, 'the key of "people"'),
        ({"values": {"record_id": "x"}}, "keep one"),
        ({"columns": {"record_id": "Nr"}, "values": {"country": "Norway"}}, "ISO country"),
        ({"values": {"attributes": "x"}}, "no column"),
        ({"full_every": "1 day"}, "without a cursor"),
        ({"timezone": "Mars"}, "IANA"),
        ({"stream": "products", "columns": {"product_id": "Nr"}, "identifiers": {"email": "x"}}, "no person"),
        ({"stream": "order_lines", "identifiers": {}, "deleted": "x", "columns": {}, "attributes": {}}, "one column"),
    ],
)
def test_settings_that_contradict_are_refused(keys: dict[str, object], words: str) -> None:
    """With a sentence that says what was expected."""
    with pytest.raises(ValidationError, match=words):
        SqlSourceSettings.model_validate(TABLE | keys)


def test_the_time_that_a_stream_needs_may_not_be_empty(shop: Path) -> None:
    """Where it is mapped, as in the connector csv."""
    entry = {"stream": "orders", "table": "Kunden", "columns": {"order_id": "Nr", "placed_at": "Geboren"}}
    found = pages(source_of(URL, entry, project=shop))
    assert ["1"] == keys(found)
    assert [("placed_at", "placed_at: empty, and every record needs it")] == refused(found)


def test_another_stream_is_not_read(shop: Path) -> None:
    """An entry reads its own."""
    assert [] == [*source_of(URL, TABLE, project=shop).read(["orders"], None)]


def test_check_shows_the_mapping(shop: Path) -> None:
    """The columns that are filled, and what is not seen."""
    texts = [fact.text for fact in source_of(URL, TABLE, project=shop).check()]
    assert texts[0].startswith("sqlite 3")
    assert "columns of people: record_id, first_name, country, birthday" == texts[1]
    assert "attributes: bonus" == texts[2]
    assert "deletions are not seen" in texts[3]


def test_a_file_that_is_not_there_is_not_made(shop: Path) -> None:
    """Nor is one written to, nor is something else taken for one."""
    (shop / "text.db").write_text("hello " * 1000)
    for name in ("nowhere.db", "text.db"):
        with pytest.raises(HubError):
            pages(source_of(f"sqlite:///{name}", TABLE, project=shop))
    assert not (shop / "nowhere.db").exists()


def test_bytes_that_are_no_text_cost_no_record(shop: Path) -> None:
    """SQLite keeps whatever it is given; a byte that is no letter becomes U+FFFD."""
    with closing(sqlite3.connect(shop / "shop.db")) as database, database:
        database.execute("update Kunden set Vorname = cast(x'4dfc6c' as text), Land = 'de' where Nr = 2")
    found = pages(source_of(URL, TABLE, project=shop))
    assert "M\ufffdl" == rows(found)[1]["first_name"]


def test_a_database_that_is_locked_is_read_later(shop: Path) -> None:
    """Another process holds it for itself."""
    with closing(sqlite3.connect(shop / "shop.db", isolation_level=None)) as writer:
        writer.execute("begin exclusive")
        with pytest.raises(HubError, match="SQLITE_BUSY") as caught:
            pages(source_of(f"{URL}?timeout=0", TABLE, project=shop))
        assert "later" in str(caught.value)
        writer.execute("rollback")
    assert 1 == len(rows(pages(source_of(URL, TABLE, project=shop))))
