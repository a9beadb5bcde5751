"""A file that nobody has described: what is proposed is what would land."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from hub.sdk.errors import BadData
from hub.sdk.proposal import Proposal
from hub.sdk.records import Json
from hub_csv.propose import propose
from hub_csv.settings import CsvSourceSettings

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
