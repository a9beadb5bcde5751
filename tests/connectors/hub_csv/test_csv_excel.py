"""Excel files give what the same lines as CSV would: nothing guessed, rows told by their number in the sheet."""

import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from hub.sdk.errors import BadData
from hub_csv.propose import propose
from hub_csv.settings import CsvSourceSettings
from tests.support.files import Outcome, csv_source, people_source, read_all, write

NAMES = ("record_id", "first_name", "last_name")


def save(path: Path, rows: list[list[Any]], **sheets: list[list[Any]]) -> None:
    """Write a workbook: first the sheet "Data", then others."""
    book = openpyxl.Workbook()
    book.active.title = "Data"
    for row in rows:
        book.active.append(row)
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    book.save(path)


def read(folder: Path, **keys: Any) -> Outcome:  # noqa: ANN401
    """Read a.xlsx as people."""
    return read_all(people_source(folder, "a.xlsx", **keys))


def test_cells_are_text_and_nothing_is_guessed(tmp_path: Path) -> None:
    """Whole numbers have no point, long and leading digits and quotes stay, empty is null."""
    rows: list[list[Any]] = [
        ["k", "v", "w"],
        [17850, "01234", 'say "hi", you'],
        ["x\ny", True, 1.5],
        [None, None, None],
        [9007199254740991, " Dörte ", None],
        [0.1 + 0.2, "NO", "東京"],
        [1e21, "a", -3],
    ]
    save(tmp_path / "a.xlsx", rows)
    outcome = read(tmp_path)
    assert outcome.values(*NAMES) == [
        ("17850", "01234", 'say "hi", you'),
        ("x\ny", "true", "1.5"),
        ("9007199254740991", " Dörte ", None),
        ("0.3", "NO", "東京"),
        ("1000000000000000000000", "a", "-3"),
    ]
    assert outcome.quarantine == []


def test_a_bad_row_is_told_by_its_number_in_the_sheet(tmp_path: Path) -> None:
    """Cells with line breaks above it do not shift it."""
    save(tmp_path / "a.xlsx", [["k", "b"], ["1\n\n", "2026-01-02"], ["2", "soon"], [], ["3", "2026-01-03"], ["", "x"]])
    columns = {"record_id": "k", "birthday": "b"}
    outcome = read_all(csv_source(tmp_path, stream="people", files="a.xlsx", columns=columns))
    assert len(outcome.rows) == 2
    assert outcome.bad_lines == [3, 6]


@pytest.mark.parametrize("epoch", [False, True])
def test_dates_and_numbers_are_typed_or_typed_in(tmp_path: Path, epoch: bool) -> None:  # noqa: FBT001
    """One mapping reads dates and amounts of Excel and those that are text in the format's way; 1904 too."""
    book = openpyxl.Workbook()
    if epoch:
        book.epoch = CALENDAR_MAC_1904
    for row in (["n", "d", "t"], [1, datetime(2026, 2, 13, 10, 30), 1234.5], [2, "13.02.2026 10:30", "1.234,50"]):  # noqa: DTZ001
        book.active.append(row)
    book.active.append([3, date(2026, 2, 13), 8])
    book.save(tmp_path / "a.xlsx")
    keys: dict[str, Any] = {
        "columns": {"order_id": "n", "placed_at": "d", "total": "t"},
        "format": {"decimal": ",", "thousands": ".", "dates": "%d.%m.%Y %H:%M", "timezone": "Europe/Berlin"},
    }
    outcome = read_all(csv_source(tmp_path, stream="orders", files="a.xlsx", **keys))
    assert [str(row["placed_at"]) for row in outcome.rows] == ["2026-02-13 09:30:00"] * 2 + ["2026-02-12 23:00:00"]
    assert [row["total"] for row in outcome.rows] == [Decimal("1234.5000")] * 2 + [Decimal("8.0000")]


def test_sheets_are_chosen_by_name(tmp_path: Path) -> None:
    """The first that is not hidden, or the one that is named; a wrong name is told with the nearest."""
    save(tmp_path / "a.xlsx", [["no"]], People=[["k", "v", "w"], ["1", "a", "b"]], Rest=[["x"]])
    assert read(tmp_path, format={"sheet": "People"}).values(*NAMES) == [("1", "a", "b")]
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    book["Data"].sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    assert read(tmp_path).values(*NAMES) == [("1", "a", "b")]
    with pytest.raises(BadData, match=r'a\.xlsx: There is no sheet "Peple". Did you mean "People"'):
        read(tmp_path, format={"sheet": "Peple"})


def test_lines_before_the_header_are_skipped(tmp_path: Path) -> None:
    """format.skip counts rows of the sheet; format.header = false numbers columns."""
    save(tmp_path / "a.xlsx", [["Export of today"], [], ["k", "v", "w"], ["1", "a", "b"]])
    assert read(tmp_path, format={"skip": 1}).values(*NAMES) == [("1", "a", "b")]
    columns = {"record_id": "column1", "first_name": "column2"}
    numbered = read(tmp_path, columns=columns, format={"skip": 3, "header": False})
    assert numbered.values("record_id", "first_name") == [("1", "a")]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "another kind"), (b"k,v,w\n1,2,3\n", "another kind"), (b"PK\x03\x04" + bytes(99), "another kind")],
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """The error names the file and what was expected."""
    write(tmp_path, {"a.xlsx": content})
    with pytest.raises(BadData, match=rf"a\.xlsx: Expected an Excel file.*{message}"):
        read(tmp_path)


def test_a_workbook_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """Half a file gives nothing."""
    save(tmp_path / "a.xlsx", [["k", "v", "w"], *([str(at), "a", "b"] for at in range(1000))])
    whole = (tmp_path / "a.xlsx").read_bytes()
    (tmp_path / "a.xlsx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadData, match="cut off"):
        read(tmp_path)


def test_a_workbook_that_unpacks_to_a_gigabyte_is_refused(tmp_path: Path) -> None:
    """It is refused by what its directory says, before anything is unpacked."""
    path = tmp_path / "a.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed,
        packed.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(126):
            part.write(bytes(8_000_000))
    with pytest.raises(BadData, match="unpacks to more than"):
        read(tmp_path)


def test_ten_thousand_rows_come_from_a_workbook_once(tmp_path: Path) -> None:
    """An unchanged one is not opened again."""
    save(tmp_path / "a.xlsx", [["k", "v", "w"], *([at, f"v{at}", None] for at in range(10_500))])
    outcome = read(tmp_path)
    assert len({row["record_id"] for row in outcome.rows}) == 10_500
    assert read_all(people_source(tmp_path, "a.xlsx"), outcome.cursor).pages == []


def test_a_list_of_customers_is_proposed(tmp_path: Path) -> None:
    """`hub init` looks at Excel files as at others."""
    save(tmp_path / "list.xlsx", [["Customer ID", "Email", "Birthday"], [1, "ann@shop.example", date(1990, 2, 3)]])
    proposal = propose(tmp_path / "list.xlsx")
    assert proposal is not None
    CsvSourceSettings.model_validate(proposal.sources[0])
    assert (proposal.sources[0]["stream"], proposal.quarantined) == ("people", 0)
    assert proposal.sample.to_pylist()[0]["birthday"] == date(1990, 2, 3)
    assert proposal.sample.to_pylist()[0]["record_id"] == "1"
