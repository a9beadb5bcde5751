"""Exports: people, segments and lists as files that a spreadsheet may open."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hub.queries.export import export
from hub.sdk.errors import ConfigError, HubError
from tests.support.asked import Asked
from tests.support.project import audience, lists, make_shop, person, run_once


def rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_people_become_a_csv(asked: Asked, tmp_path: Path) -> None:
    """Everybody is one line with traits and the best address; the file is its owner's alone, no copy stays."""
    path = tmp_path / "people.csv"
    assert 9 == export(asked.project, "people", path)
    addresses = {row["email"]: row["orders"] for row in rows(path) if row["email"]}
    assert ("3", "0") == (addresses["person-1@example.com"], addresses["person-3@example.com"])
    assert 0o600 == path.stat().st_mode & 0o777
    assert [] == list((asked.project.root / "data" / "spill").glob("export*"))


def test_a_cell_never_becomes_a_formula(asked: Asked, tmp_path: Path) -> None:
    """Text that a spreadsheet would run gets an apostrophe; numbers stay numbers."""
    path = tmp_path / "people.csv"
    export(asked.project, "people", path)
    [row] = [row for row in rows(path) if row["email"] == "person-7@example.com"]
    assert ("'=1+1", "'@home", "'+491712345602") == (row["last_name"], row["street"], row["phone"])
    assert "70.0" == row["monetary_total"]


def test_a_segment_becomes_parquet_as_it_is(asked: Asked, tmp_path: Path) -> None:
    """Parquet keeps types and texts unchanged."""
    path = tmp_path / "buyers.parquet"
    assert 5 == export(asked.project, "segment:buyers", path)
    table = pq.read_table(path)
    assert (5, "double", "timestamp[us]") == (
        table.num_rows,
        str(table.schema.field("monetary_total").type),
        str(table.schema.field("last_order_at").type),
    )
    assert "=1+1" in table["last_name"].to_pylist()


def test_an_audience_is_who_is_believed_to_be_on_the_list(asked: Asked, tmp_path: Path) -> None:
    """Members of the list as it stands in the tool, not of the segment; nobody where nothing was sent."""
    path = tmp_path / "news.csv"
    assert 2 == export(asked.project, "audience:news", path)
    assert {("present", "person-1@example.com"), ("present", "shared@example.com")} == {
        (row["on_list"], row["email"]) for row in rows(path)
    }
    assert 0 == export(asked.project, "audience:offers", path)


def test_nothing_sent_yet_is_said(tmp_path: Path) -> None:
    """Before the first delivery of the project there is no list to export."""
    shop = make_shop(tmp_path, segments='[segment.a]\nwhere = "true"\n', letters=lists(audience("news", "a")))
    shop.bring(people=[person(1)])
    with shop.open() as project:
        run_once(project, {"until": "segment"})
        with pytest.raises(HubError, match=r"Nothing was ever sent to news. See who would be: hub plan news"):
            export(project, "audience:news", tmp_path / "news.csv")


@pytest.mark.parametrize(
    ("what", "name", "said"),
    [
        ("peple", "x.csv", r'cannot export "peple".*segment:NAME or audience:NAME. Segments: buyers, quiet'),
        ("segment:buyer", "x.csv", r'cannot export "segment:buyer"'),
        ("audience:x", "x.csv", r"audiences: news, offers"),
        ("people", "x.xlsx", r'ending in .csv or .parquet, got ".xlsx"'),
        ("people", "x", r'ending in .csv or .parquet, got "x"'),
    ],
)
def test_what_cannot_be_exported_is_told(asked: Asked, tmp_path: Path, what: str, name: str, said: str) -> None:
    """A wrong selection or ending is answered with what there is."""
    with pytest.raises(ConfigError, match=said):
        export(asked.project, what, tmp_path / name)


def test_a_place_that_cannot_be_written_is_told(asked: Asked, tmp_path: Path) -> None:
    """A folder in place of the file is a sentence, not a crash, and nothing stays behind."""
    (tmp_path / "taken.csv").mkdir()
    with pytest.raises(HubError, match=r"taken\.csv cannot be written"):
        export(asked.project, "people", tmp_path / "taken.csv")
    assert [] == list((asked.project.root / "data" / "spill").glob("export*"))
