"""A file that nobody has described: what is proposed is what would land."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.sdk.errors import BadData
from hub.sdk.proposal import Proposal
from hub.sdk.records import Json
from hub_csv.propose import propose
from hub_csv.settings import CsvSourceSettings
from tests.support.files import csv_source, read_all

SHOPIFY = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Country Code,Phone,Total Spent\n"
    "'1,Ann,Lee,ann@shop.example,yes,DE,+12025550100,12.50\n"
    "'2,Bob,Low,bob@shop.example,no,US,,2.50\n"
    "'3,Cy,May,,,US,+12025550102,0.00\n"
)
MAILCHIMP = (
    "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,LAST_CHANGED\n"
    "ann@shop.example,Ann,Lee,2,2026-01-02 03:04:05,2026-02-03 04:05:06\n"
)


def proposed(folder: Path, text: str, name: str = "export.csv") -> Proposal:
    """Show a file to the connector."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    proposal = propose(path)
    assert proposal is not None
    for source in proposal.sources:
        CsvSourceSettings.model_validate(source)  # what is proposed can be read
    return proposal


def table(proposal: Proposal, key: str, place: int = 0) -> Mapping[str, Json]:
    """A sub-table of what is proposed."""
    found = proposal.sources[place][key]
    assert isinstance(found, Mapping)
    return found


def test_a_customer_export_of_shopify(tmp_path: Path) -> None:
    """People by their id, with address, number and country; the yes/no column becomes consent, for those it names."""
    proposal = proposed(tmp_path, SHOPIFY)
    assert ["people", "consents"] == [source["stream"] for source in proposal.sources]
    assert "Customer ID" == table(proposal, "columns")["record_id"]
    assert {"email": "Email", "phone": "Phone", "customer": "Customer ID"} == table(proposal, "identifiers")
    assert (3, 0, ["Total Spent"]) == (proposal.read, proposal.quarantined, proposal.unused)
    assert ["Ann", "Bob", "Cy"] == proposal.sample["first_name"].to_pylist()
    assert "'email'" == table(proposal, "compute", 1)["channel"]


def test_an_audience_export_of_mailchimp(tmp_path: Path) -> None:
    """There is no id, so the address is the key, and a note says what that means."""
    proposal = proposed(tmp_path, MAILCHIMP)
    columns = table(proposal, "columns")
    assert ("Email Address", "LAST_CHANGED") == (columns["record_id"], columns["updated_at"])
    assert any("e-mail address is the key" in note for note in proposal.notes)


def test_a_spreadsheet_with_german_orders(tmp_path: Path) -> None:
    """Delimiter, dates and decimal marks are found in the values."""
    lines = (
        "Bestellnummer;Datum;Betrag;E-Mail",
        "7;13.02.2026;1.234,50;ann@shop.example",
        "8;01.03.2026;8,00;b@shop.example",
    )
    text = "\n".join(lines) + "\n"
    proposal = proposed(tmp_path, text)
    assert "orders" == proposal.sources[0]["stream"]
    assert [Decimal("1234.5000"), Decimal("8.0000")] == proposal.sample["total"].to_pylist()
    assert datetime(2026, 2, 13) == proposal.sample["placed_at"][0].as_py()  # noqa: DTZ001 - landed times are naive UTC
    assert {"email": "E-Mail"} == table(proposal, "identifiers")


def test_dates_that_can_be_read_in_two_ways_are_said(tmp_path: Path) -> None:
    """Day or month first is a guess here, so the note asks for a look."""
    proposal = proposed(tmp_path, "order id,order date,total\n1,03/04/2026,5\n2,05/06/2026,6\n")
    assert any("day/month or month/day" in note for note in proposal.notes)


def test_month_first_is_found_where_a_value_shows_it(tmp_path: Path) -> None:
    """A thirteenth cannot be a month."""
    proposal = proposed(tmp_path, "order id,order date,total\n1,03/13/2026,5\n2,05/06/2026,6\n")
    assert datetime(2026, 3, 13) == proposal.sample["placed_at"][0].as_py()  # noqa: DTZ001 - landed times are naive UTC
    assert [] == [note for note in proposal.notes if "month" in note]


def test_rows_that_would_not_land_are_counted(tmp_path: Path) -> None:
    """The proposal is tried, so that its first surprise comes before the first run."""
    proposal = proposed(tmp_path, "id,email,birthday\n1,ann@shop.example,2000-01-01\n2,bob@shop.example,soon\n")
    assert (2, 1) == (proposal.read, proposal.quarantined)


def test_json_lines_are_looked_at_too(tmp_path: Path) -> None:
    """Keys are headers."""
    proposal = proposed(tmp_path, '{"id": "1", "email": "ann@shop.example", "city": "Bonn"}\n', "people.jsonl")
    assert {"record_id": "id", "city": "city"} == table(proposal, "columns")


def test_a_file_that_means_nothing_is_refused_with_its_columns(tmp_path: Path) -> None:
    """The message says what was found and what is expected, and shows no cell."""
    with pytest.raises(BadData, match="no stream fits the columns a, b") as caught:
        proposed(tmp_path, "a,b\nsecret,2\n")
    assert "secret" not in str(caught.value)


def test_other_kinds_of_files_are_left_to_other_connectors(tmp_path: Path) -> None:
    """Only names of kinds that are read here are opened."""
    assert propose(tmp_path / "picture.png") is None


SHOPIFY_ORDERS = (
    "Name,Email,Financial Status,Paid at,Currency,Subtotal,Total,Discount Code,Discount Amount,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Id,Vendor\n"
    "#1002,ann@shop.example,paid,2026-02-03 10:00:00 +0100,EUR,25.00,29.50,,0.00,2026-02-03 09:59:00 +0100,"
    "2,Filter 250g,5.00,F-250,7001,Roastery\n"
    "#1002,ann@shop.example,,,,,,,,2026-02-03 09:59:00 +0100,1,Mug,15.00,,,Roastery\n"
    "#1002,ann@shop.example,,,,,,,,2026-02-03 09:59:00 +0100,1,Filter 250g,5.00,F-250,,Roastery\n"
    "#1001,bob@shop.example,paid,2026-02-02 10:00:00 +0100,EUR,5.00,9.50,,0.00,2026-02-02 09:59:00 +0100,"
    "1,Filter 250g,5.00,F-250,7000,Roastery\n"
)


def landed(folder: Path, proposal: Proposal, place: int) -> list[Mapping[str, object]]:
    """Read the file as proposed."""
    keys: dict[str, Any] = dict(proposal.sources[place])
    return list(read_all(csv_source(folder, **keys)).rows)


def test_an_order_export_of_shopify_becomes_orders_and_lines(tmp_path: Path) -> None:
    """Lines of one order are one order with its total once, and equal items of it add up."""
    proposal = proposed(tmp_path, SHOPIFY_ORDERS)
    assert ["orders", "order_lines"] == [source["stream"] for source in proposal.sources]
    orders = landed(tmp_path, proposal, 0)
    assert [("#1002", Decimal("29.5000"), 3), ("#1001", Decimal("9.5000"), 1)] == [
        (order["order_id"], order["total"], order["_source_rows"]) for order in orders
    ]
    lines = landed(tmp_path, proposal, 1)
    assert [("#1002", "Filter 250g", 3.0), ("#1002", "Mug", 1.0), ("#1001", "Filter 250g", 1.0)] == [
        (line["order_id"], line["name"], line["quantity"]) for line in lines
    ]
    assert {Decimal("5.0000"), Decimal("15.0000")} == {line["price"] for line in lines}
    assert 3 == len({(line["order_id"], line["line_id"]) for line in lines})
    assert (4, 0) == (proposal.read, proposal.quarantined)
    assert any('Lines with the same "Name" are one order' in note for note in proposal.notes)


def test_lines_without_a_total_are_summed_up(tmp_path: Path) -> None:
    """Quantity times price is the order's total, and the product's number names the item."""
    text = (
        "Invoice;StockCode;Description;Quantity;InvoiceDate;Price;Customer ID\n"
        "1;A;Cup;2;2026-02-03;1,50;7\n1;B;;1;2026-02-03;2,00;7\n2;A;Cup;1;2026-02-04;1,50;8\n"
    )
    proposal = proposed(tmp_path, text)
    assert ["orders", "order_lines"] == [source["stream"] for source in proposal.sources]
    assert [Decimal("5.0000"), Decimal("1.5000")] == [order["total"] for order in landed(tmp_path, proposal, 0)]
    lines = landed(tmp_path, proposal, 1)
    assert ["A/1,50", "B/2,00", "A/1,50"] == [line["line_id"] for line in lines]
    assert datetime(2026, 2, 3) == lines[0]["placed_at"]  # noqa: DTZ001 - landed times are naive UTC


def test_amounts_that_differ_between_lines_of_an_order_are_added(tmp_path: Path) -> None:
    """A total on each line is the line's; a note says so."""
    proposal = proposed(tmp_path, "order id,order date,total\n1,2026-01-02,5\n1,2026-01-02,6\n2,2026-01-03,7\n")
    assert [Decimal("11.0000"), Decimal("7.0000")] == [order["total"] for order in landed(tmp_path, proposal, 0)]
    assert any("total is sum" in note for note in proposal.notes)
    assert 1 == len(proposal.sources)
    assert any("order_lines are not read" in note for note in proposal.notes)


def test_a_total_that_stands_on_every_line_counts_once(tmp_path: Path) -> None:
    """Lines with an id of their own are not grouped; the order's total is not multiplied by them."""
    text = "order id,order date,total,line id,sku,qty,price\n1,2026-01-02,9,1,A,1,4\n1,2026-01-02,9,2,A,1,5\n"
    proposal = proposed(tmp_path, text)
    assert [Decimal("9.0000")] == [order["total"] for order in landed(tmp_path, proposal, 0)]
    assert [("1", 1.0), ("2", 1.0)] == [(line["line_id"], line["quantity"]) for line in landed(tmp_path, proposal, 1)]
    assert "group_by" not in proposal.sources[1]


def test_orders_on_one_line_each_are_not_grouped(tmp_path: Path) -> None:
    """Nothing is added to what needs nothing."""
    proposal = proposed(tmp_path, "order id,order date,total\n1,2026-01-02,5\n2,2026-01-03,7\n")
    assert 1 == len(proposal.sources)
    assert "group_by" not in proposal.sources[0]


def test_a_date_on_the_first_line_alone_is_that_of_the_order(tmp_path: Path) -> None:
    """Lines without one would be quarantined; they find their order by its number."""
    text = "order id,order date,total,sku,qty,price\n1,2026-01-02,9,A,1,4\n1,,,B,1,5\n"
    proposal = proposed(tmp_path, text)
    assert [datetime(2026, 1, 2)] == [order["placed_at"] for order in landed(tmp_path, proposal, 0)]  # noqa: DTZ001 - UTC
    assert ["A/4", "B/5"] == [line["line_id"] for line in landed(tmp_path, proposal, 1)]
