"""Cells become canonical values, and lines become records."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.sdk.errors import BadData, ConfigError
from hub.sdk.streams import STREAMS
from tests.support.files import csv_source, people_source, read_all, write

when = datetime.fromisoformat


def one_cell(root: Path, column: str, cell: str, stream: str = "orders", **settings: object) -> object:
    """The value that a cell gets in a column, or "bad"."""
    write(root, {"a.csv": f'k;c\n1;"{cell}"\n'})
    key = STREAMS[stream].key[0]
    source = csv_source(root, stream=stream, files="a.csv", columns={key: "k", column: "c"}, format=settings)
    outcome = read_all(source)
    return outcome.rows[0][column] if outcome.rows else "bad"


@pytest.mark.parametrize(
    ("cell", "value", "settings"),
    [
        ("12.50", Decimal("12.5"), {}),
        (" 12 ", Decimal(12), {}),
        ("-3", Decimal(-3), {}),
        ("+3", Decimal(3), {}),
        ("", None, {}),
        ("  ", None, {}),
        ("12,50", "bad", {}),
        ("1,234", "bad", {}),
        ("abc", "bad", {}),
        ("nan", "bad", {}),
        ("inf", "bad", {}),
        ("999999999999999", "bad", {}),
        ("12,50", Decimal("12.5"), {"decimal": ","}),
        ("1.250", "bad", {"decimal": ","}),
        ("1.250,75", Decimal("1250.75"), {"decimal": ",", "thousands": "."}),
        ("1.25,75", "bad", {"decimal": ",", "thousands": "."}),
        ("1250,75", Decimal("1250.75"), {"decimal": ",", "thousands": "."}),
        ("1,234,567.5", Decimal("1234567.5"), {"thousands": ","}),
        ("12,50", "bad", {"thousands": ","}),
        ("1 234", Decimal(1234), {"thousands": " "}),
        ("1'234.5", Decimal("1234.5"), {"thousands": "'"}),
    ],
)
def test_amounts(tmp_path: Path, cell: str, value: object, settings: dict[str, Any]) -> None:
    """Amounts are exact, by the marks of the format, and never guessed."""
    assert one_cell(tmp_path, "total", cell, **settings) == value


@pytest.mark.parametrize(
    ("cell", "value", "dates"),
    [
        ("2024-02-29", when("2024-02-28 23:00:00"), "iso"),
        ("2024-02-29 10:00:00", when("2024-02-29 09:00:00"), "iso"),
        ("2024-07-01T10:00:00", when("2024-07-01 08:00:00"), "iso"),
        ("2024-07-01T10:00:00Z", when("2024-07-01 10:00:00"), "iso"),
        ("2024-07-01T10:00:00-05:00", when("2024-07-01 15:00:00"), "iso"),
        ("2023-02-29", "bad", "iso"),
        ("31/02/2024", "bad", "iso"),
        ("31/02/2024", "bad", "%d/%m/%Y"),
        ("03/04/2026", when("2026-04-02 22:00:00"), "%d/%m/%Y"),
        ("03.04.2026 15:30", when("2026-04-03 13:30:00"), ["%d.%m.%Y %H:%M", "%d.%m.%Y"]),
        ("03.04.2026", when("2026-04-02 22:00:00"), ["%d.%m.%Y %H:%M", "%d.%m.%Y"]),
        ("03.04.2026 15:30 +0000", when("2026-04-03 15:30:00"), ["%d.%m.%Y", "%d.%m.%Y %H:%M %z"]),
        ("1700000000", when("2023-11-14 22:13:20"), "epoch"),
        ("1700000000123", when("2023-11-14 22:13:20.123000"), "epoch_ms"),
        ("infinity", "bad", "iso"),
        ("20000-01-01", "bad", "iso"),
        ("yesterday", "bad", "iso"),
    ],
)
def test_times(tmp_path: Path, cell: str, value: object, dates: object) -> None:
    """Times become naive UTC: those without an offset are in the format's zone, impossible ones do not fit."""
    assert one_cell(tmp_path, "placed_at", cell, dates=dates, timezone="Europe/Berlin") == value


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("country", "NO", "NO"),
        ("country", " no ", "NO"),
        ("country", "UK", "GB"),
        ("country", "Norway", "bad"),
        ("country", "ZZ", "bad"),
        ("age", "30", 30),
        ("age", "30.0", 30),
        ("age", "30.5", "bad"),
        ("birthday", "1990-05-17", date(1990, 5, 17)),
        ("birthday", "1990-02-30", "bad"),
        ("first_name", " Ann ", " Ann "),
        ("first_name", "1E5", "1E5"),
        ("postcode", "01234", "01234"),
        ("tags", "NA", "NA"),
    ],
)
def test_people_cells(tmp_path: Path, column: str, cell: str, value: object) -> None:
    """Text stays as it is; countries, whole numbers and days are checked."""
    assert one_cell(tmp_path, column, cell, "people", timezone="Europe/Berlin") == value


@pytest.mark.parametrize(
    ("cell", "value"), [("yes", True), ("0", False), ("TRUE", True), ("n", False), ("", None), ("maybe", "bad")]
)
def test_flags(tmp_path: Path, cell: str, value: object) -> None:
    """Yes and no in the words that exports use."""
    assert one_cell(tmp_path, "gift", cell) == value


@pytest.mark.parametrize(("cell", "value"), [("eur", "EUR"), ("EUR", "EUR"), ("€", "bad"), ("EURO", "bad")])
def test_currencies(tmp_path: Path, cell: str, value: object) -> None:
    """Currencies are three letters."""
    assert one_cell(tmp_path, "currency", cell) == value


@pytest.mark.parametrize(("cell", "value"), [("1.5", 1.5), ("1e400", "bad"), ("NaN", "bad")])
def test_numbers_are_finite(tmp_path: Path, cell: str, value: object) -> None:
    """Not a number is no number."""
    assert one_cell(tmp_path, "items", cell) == value


def test_identifiers_and_attributes(tmp_path: Path) -> None:
    """Several headers may feed one namespace; empty cells give nothing; plus signs and leading zeros stay."""
    write(tmp_path, {"a.csv": 'k,m,m2,p,r\n1,A@shop.example,,+4915550100,"dark ""x"""\n2,,b@shop.example,0049,\n'})
    source = people_source(
        tmp_path,
        columns={"record_id": "k"},
        identifiers={"email": ["m", "m2"], "phone": "p"},
        attributes={"roast": "r", "also": "p"},
    )
    first, second = read_all(source).rows
    assert first["identifiers"] == [
        {"namespace": "email", "value": "A@shop.example"},
        {"namespace": "phone", "value": "+4915550100"},
    ]
    assert second["identifiers"] == [
        {"namespace": "email", "value": "b@shop.example"},
        {"namespace": "phone", "value": "0049"},
    ]
    assert first["attributes"] == r'{"roast":"dark \"x\"","also":"+4915550100"}'
    assert second["attributes"] == '{"also":"0049"}'


def test_compute_reads_numbers_where_numbers_stand(tmp_path: Path) -> None:
    """Headers in arithmetic are numbers by the format's marks; a cell that is none quarantines its line."""
    write(tmp_path, {"a.csv": "k;Qty;Price\n1;2;1,25\n2;x;1,25\n3;;1,25\n"})
    source = csv_source(
        tmp_path,
        stream="orders",
        files="a.csv",
        columns={"order_id": "k"},
        compute={"total": '"Qty" * "Price"', "currency": "'EUR'", "channel": "case when \"Qty\" > 1 then 'b2b' end"},
        format={"decimal": ","},
    )
    outcome = read_all(source)
    assert outcome.values("order_id", "total", "currency", "channel") == [
        ("1", Decimal("2.5"), "EUR", "b2b"),
        ("3", None, "EUR", None),
    ]
    assert [(row["line"], row["field"]) for row in outcome.quarantine] == [(3, "Qty")]


def test_where_passes_lines_over(tmp_path: Path) -> None:
    """Lines for which where is not true are neither read nor quarantined, unless a damaged cell leaves it open."""
    write(tmp_path, {"a.csv": "k,n\n1,5\n2,-5\n,-7\n4,x\n5,\n"})
    source = people_source(tmp_path, columns={"record_id": "k"}, where='"n" > 0')
    outcome = read_all(source)
    assert [row["record_id"] for row in outcome.rows] == ["1"]
    assert outcome.bad_lines == [5]
    assert outcome.read == 2


LINES = """Receipt;Date;Sum;Mail;Card
A1;03.04.2026 10:00;1,50;;c1
A2;03.04.2026 11:00;2,00;b@shop.example;
A1;03.04.2026 10:01;2,25;a@shop.example;c2
"""
TILLS: dict[str, Any] = {
    "stream": "orders",
    "files": "*.csv",
    "format": {"decimal": ",", "dates": "%d.%m.%Y %H:%M", "timezone": "Europe/Berlin"},
    "columns": {"order_id": "Receipt", "placed_at": "Date"},
    "compute": {"total": 'sum("Sum")', "currency": "'EUR'", "items": "count(*)"},
    "group_by": ["Receipt"],
    "identifiers": {"email": "Mail", "loyalty_card": "Card"},
}


def test_lines_become_orders(tmp_path: Path) -> None:
    """group_by makes one record of the lines that agree; the first filled cell counts, sums are sums."""
    write(tmp_path, {"a.csv": LINES})
    outcome = read_all(csv_source(tmp_path, **TILLS))
    assert outcome.values("order_id", "placed_at", "total", "currency", "items", "_source_rows") == [
        ("A1", when("2026-04-03 08:00:00"), Decimal("3.75"), "EUR", 2.0, 2),
        ("A2", when("2026-04-03 09:00:00"), Decimal(2), "EUR", 1.0, 1),
    ]
    assert outcome.rows[0]["identifiers"] == [
        {"namespace": "email", "value": "a@shop.example"},
        {"namespace": "loyalty_card", "value": "c1"},
    ]


def test_a_bad_line_takes_its_order_with_it(tmp_path: Path) -> None:
    """A wrong total is worse than a missing order: all lines of an order with a bad one are quarantined."""
    bad = LINES + "A2;03.04.2026 11:00;1.00;;\nA3;x;1,00;;\n;03.04.2026 11:00;9,00;;\n;03.04.2026 11:00;9,00;;\n"
    write(tmp_path, {"a.csv": bad})
    outcome = read_all(csv_source(tmp_path, **TILLS))
    assert outcome.values("order_id") == [("A1",)]
    assert [(row["line"], row["field"]) for row in outcome.quarantine] == [
        (3, None),
        (5, "Sum"),
        (6, "Date"),
        (7, "Receipt"),
        (8, "Receipt"),
    ]
    assert outcome.read == 7


def test_an_order_whose_result_does_not_fit_is_quarantined(tmp_path: Path) -> None:
    """What is wrong with the sum is wrong with every line of it."""
    write(tmp_path, {"a.csv": LINES + "A2;03.04.2026 11:00;99999999999999;;\n"})
    outcome = read_all(csv_source(tmp_path, **TILLS))
    assert outcome.values("order_id") == [("A1",)]
    assert outcome.bad_lines == [3, 5]
    assert {row["field"] for row in outcome.quarantine} == {"total"}


def test_record_numbers_can_be_keys(tmp_path: Path) -> None:
    """record_number() counts the records of a file from 0, for files whose lines have no id."""
    write(tmp_path, {"a.csv": "o,s\nA,1\n\nA,2\n"})
    source = csv_source(
        tmp_path, stream="order_lines", files="a.csv", columns={"order_id": "o", "sku": "s"},
        compute={"line_id": "record_number()"},
    )  # fmt: skip
    assert read_all(source).values("order_id", "line_id", "sku") == [("A", "0", "1"), ("A", "1", "2")]


def test_a_column_sum_that_cannot_be_is_a_clear_error(tmp_path: Path) -> None:
    """SQL that does not suit the file's columns names the key and the helper."""
    write(tmp_path, {"a.csv": LINES})
    tills = TILLS | {"compute": {"total": 'sum(coalesce("Sum", 0))'}}
    with pytest.raises((BadData, ConfigError), match=r"compute.*as_number"):
        read_all(csv_source(tmp_path, **tills))


def test_an_error_at_run_time_does_not_show_the_cell(tmp_path: Path) -> None:
    """DuckDB's message quotes the cell; ours does not."""
    write(tmp_path, {"a.csv": "k,v\n1,secret@shop.example\n"})
    source = people_source(tmp_path, columns={"record_id": "k"}, compute={"age": 'cast("v" as integer)'})
    with pytest.raises(BadData, match="compute or where fails on a row") as caught:
        read_all(source)
    assert "secret" not in str(caught.value)
