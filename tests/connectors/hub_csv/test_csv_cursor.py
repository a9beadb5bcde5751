"""What was read is not read again; what changed is; and absence is told only by a read that saw everything."""

import json
import os
from pathlib import Path

import pytest

from hub.sdk.errors import BadData, ConfigError
from hub_csv.files import MAX_FILES, Seen
from hub_csv.folder import Folder
from tests.support.files import Outcome, people_source, read_all, write

HEAD = "k,v,w\n"


def ids(outcome: Outcome) -> list[object]:
    """Keys of the landed rows."""
    return [row["record_id"] for row in outcome.rows]


def test_unchanged_files_give_no_page(tmp_path: Path) -> None:
    """A run without changes reads nothing and moves nothing."""
    write(tmp_path, {"a.csv": HEAD + "1,,\n", "b.csv": HEAD + "2,,\n"})
    first = read_all(people_source(tmp_path))
    assert read_all(people_source(tmp_path), first.cursor).pages == []
    assert read_all(people_source(tmp_path, complete=True), first.cursor).pages == []


def test_new_and_changed_files_are_read(tmp_path: Path) -> None:
    """Without complete, only they are."""
    write(tmp_path, {"a.csv": HEAD + "1,,\n", "b.csv": HEAD + "2,,\n"})
    first = read_all(people_source(tmp_path))
    write(tmp_path, {"b.csv": HEAD + "3,,\n", "c.csv": HEAD + "4,,\n"})
    second = read_all(people_source(tmp_path), first.cursor)
    assert ids(second) == ["3", "4"]
    assert not second.complete
    assert read_all(people_source(tmp_path), second.cursor).pages == []


def test_the_same_content_is_not_read_again(tmp_path: Path) -> None:
    """A file that was touched, copied or renamed gives no rows, and is then known."""
    write(tmp_path, {"a.csv": HEAD + "1,,\n", "b.csv": HEAD + "2,,\n"})
    cursor = read_all(people_source(tmp_path)).cursor
    os.utime(tmp_path / "a.csv", ns=(1, 1))
    (tmp_path / "b.csv").rename(tmp_path / "c.csv")
    for complete in (False, True):
        second = read_all(people_source(tmp_path, complete=complete), cursor)
        assert (second.read, second.complete, len(second.pages)) == (0, False, 1)
        assert read_all(people_source(tmp_path), second.cursor).pages == []


def test_the_cursor_moves_with_the_last_page_of_each_file(tmp_path: Path) -> None:
    """A read that is killed after a file repeats only the files behind it."""
    write(tmp_path, {"a.csv": HEAD + "1,x\n2,,\n", "b.csv": HEAD + "3,,\n"})
    pages = read_all(people_source(tmp_path)).pages
    assert [page.cursor is not None for page in pages] == [False, True, True]
    assert ids(read_all(people_source(tmp_path), pages[1].cursor)) == ["3"]


def test_complete_reads_all_when_anything_changed(tmp_path: Path) -> None:
    """Only the last page says complete and moves the cursor."""
    write(tmp_path, {"a.csv": HEAD + "1,,\n", "b.csv": HEAD + "2,,\n"})
    first = read_all(people_source(tmp_path, complete=True))
    assert (ids(first), first.complete) == (["1", "2"], True)
    assert [page.cursor is not None for page in first.pages] == [False, False, True]
    write(tmp_path, {"b.csv": HEAD + "3,,\n"})
    second = read_all(people_source(tmp_path, complete=True), first.cursor)
    assert (ids(second), second.complete) == (["1", "3"], True)
    (tmp_path / "a.csv").unlink()
    third = read_all(people_source(tmp_path, complete=True), second.cursor)
    assert (ids(third), third.complete) == (["3"], True)


def test_a_read_with_quarantine_is_not_complete(tmp_path: Path) -> None:
    """A record whose line is damaged must not be taken for deleted."""
    write(tmp_path, {"a.csv": HEAD + "1,,\n2,x\n"})
    outcome = read_all(people_source(tmp_path, complete=True))
    assert not outcome.complete
    assert outcome.warnings == [
        "1 rows are in quarantine, so records missing from the files were not taken for deleted."
    ]


def test_a_read_with_a_failed_file_is_not_complete(tmp_path: Path) -> None:
    """It ends with the error, and no cursor moved."""
    write(tmp_path, {"a.csv": HEAD + "1,,\n", "b.csv": ""})
    pages = people_source(tmp_path, complete=True).read(["people"], None)
    assert next(pages).cursor is None
    with pytest.raises(BadData, match=r"b\.csv"):
        next(pages)


def test_files_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    """Without complete their absence means nothing; a pattern may come to match nothing."""
    write(tmp_path, {"a.csv": HEAD + "1,,\n"})
    cursor = read_all(people_source(tmp_path)).cursor
    (tmp_path / "a.csv").unlink()
    assert read_all(people_source(tmp_path), cursor).pages == []


def test_a_cursor_of_three_thousand_files_is_small(tmp_path: Path) -> None:
    """It stays under the 64 KB that a cursor may have."""
    names = [f"receipts_{at:05}.csv" for at in range(MAX_FILES)]
    write(tmp_path, dict.fromkeys(names, HEAD))
    files = Folder(tmp_path).find(["*.csv"], names=True, matches=True)
    seen = Seen()
    for file in files:
        seen.add(file, file.stamp.hex())
    assert len(json.dumps(seen.cursor())) < 64_000
    assert all(map(Seen.from_cursor(seen.cursor()).has, files))
    write(tmp_path, {"more.csv": HEAD})
    with pytest.raises(ConfigError, match="at most 3,000 can be remembered"):
        read_all(people_source(tmp_path))


def test_other_streams_are_not_read(tmp_path: Path) -> None:
    """A source fills its own stream only."""
    write(tmp_path, {"a.csv": HEAD + "1,,\n"})
    assert list(people_source(tmp_path).read(["orders"], None)) == []


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    """Its pages stay, its cursor does not move."""
    write(tmp_path, {"a.csv": HEAD + "1,x\n2,,\n"})
    pages = people_source(tmp_path).read(["people"], None)
    assert next(pages).cursor is None
    write(tmp_path, {"a.csv": HEAD + "1,x\n2,,\n3,,\n"})
    with pytest.raises(BadData, match=r"a\.csv: The file changed while it was read"):
        list(pages)


def test_check_tells_what_is_there(tmp_path: Path) -> None:
    """Number, size, newest file, header; and each mapped header that is missing, with the nearest."""
    write(tmp_path, {"a.csv": "k,V,w\n1,2\n"})
    facts = list(people_source(tmp_path).check())
    assert [fact.level for fact in facts] == ["ok", "ok", "error", "warning"]
    assert "1 file(s), 10 bytes; newest is a.csv" in facts[0].text
    assert facts[2].text == 'a.csv has no column "v". Did you mean "V"?'
    assert [fact.level for fact in people_source(tmp_path, "b.csv").check()] == ["error"]
