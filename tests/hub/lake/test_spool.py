"""Pushed events survive whatever happens between their arrival and their landing."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.lake import spool
from hub.lake.spool import Spool
from hub.sdk.errors import RetryLater
from hub.sdk.records import Delivery


def event(number: int, body: bytes = b"{}") -> Delivery:
    """One pushed event."""
    return Delivery(f"e{number}", "customers/update", datetime(2026, 3, 1, tzinfo=UTC), body)


def waiting(box: Spool) -> list[Delivery]:
    """Everything that waits to be landed, oldest first."""
    return everything(box)[0]


def everything(box: Spool) -> tuple[list[Delivery], list[bytes]]:
    """What waits to be landed, oldest first, and the lines that are no events."""
    seen, damaged = set[str](), list[bytes]()
    return [each for path in box.sealed("shop", "all") for each in spool.read(path, seen, damaged)], damaged


def test_what_was_put_is_read_as_it_came(tmp_path: Path) -> None:
    """Bodies are bytes: no text, no line end and no NUL is changed."""
    events = [event(1, b'{"a":\n1}\r\n'), event(2, b"\x00\xff"), event(3, "é".encode())]
    box = Spool(tmp_path)
    for each in events:
        box.put("shop", "all", each)
    assert events == waiting(box)


def test_the_same_event_counts_once_in_a_file(tmp_path: Path) -> None:
    """Senders repeat what they are not sure of."""
    box = Spool(tmp_path)
    for each in (event(1), event(2), event(1)):
        box.put("shop", "all", each)
    assert ["e1", "e2"] == [each.id for each in waiting(box)]


def test_sealed_files_stay_until_they_are_removed(tmp_path: Path) -> None:
    """A crash between landing and removal shows them again; new events come after them."""
    box = Spool(tmp_path)
    box.put("shop", "all", event(1))
    assert ["e1"] == [each.id for each in waiting(box)]
    box.put("shop", "all", event(2))
    assert ["e1", "e2"] == [each.id for each in waiting(Spool(tmp_path))]


def test_a_line_that_a_crash_cut_off_spoils_no_other(tmp_path: Path) -> None:
    """Its sender never heard that it arrived; the next event begins a line of its own."""
    box = Spool(tmp_path)
    box.put("shop", "all", event(1))
    with (tmp_path / "shop/all/open.jsonl").open("ab") as file:
        file.write(b'{"id":"e2","top')
    box.put("shop", "all", event(3))
    assert ["e1", "e3"] == [each.id for each in waiting(box)]


def test_a_line_cut_off_at_the_end_is_no_damage(tmp_path: Path) -> None:
    """The file is sealed without it, and one that holds nothing else is not sealed at all."""
    box = Spool(tmp_path)
    box.put("shop", "all", event(1))
    with (tmp_path / "shop/all/open.jsonl").open("ab") as file:
        file.write(b'{"id":"e2","top')
    found, damaged = everything(Spool(tmp_path))
    assert (["e1"], []) == ([each.id for each in found], damaged)
    (tmp_path / "shop/all/open.jsonl").write_bytes(b'{"id"')
    assert 1 == len(Spool(tmp_path).sealed("shop", "all"))


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    """It holds what customers are called."""
    Spool(tmp_path).put("shop", "all", event(1))
    assert 0o600 == (tmp_path / "shop/all/open.jsonl").stat().st_mode & 0o777
    assert 0o700 == (tmp_path / "shop/all").stat().st_mode & 0o777


def test_a_full_spool_refuses(tmp_path: Path) -> None:
    """The sender tries again later; the disk is not filled."""
    box = Spool(tmp_path)
    box.put("shop", "all", event(1))
    with (tmp_path / "shop/all/open.jsonl").open("r+b") as file:
        file.truncate(spool.MOST_BYTES)
    with pytest.raises(RetryLater, match="hub run"):
        box.put("shop", "all", event(2))


def test_a_file_is_sealed_before_it_outgrows_its_size(tmp_path: Path) -> None:
    """Nothing is lost, and the order of events is the order of files, across openings and past ten files."""
    for start in (0, 15):
        box = Spool(tmp_path, open_bytes=300)
        for number in range(start, start + 15):
            box.put("shop", "all", event(number, b"x" * 40))
    files = Spool(tmp_path).sealed("shop", "all")
    assert len(files) > 10
    assert all(path.stat().st_size <= 300 for path in files)
    assert list(range(1, len(files) + 1)) == [int(path.stem) for path in files]
    assert [f"e{number}" for number in range(30)] == [each.id for each in waiting(Spool(tmp_path))]


def test_an_event_larger_than_a_file_has_one_of_its_own(tmp_path: Path) -> None:
    """The size bounds files, not events."""
    box = Spool(tmp_path, open_bytes=10)
    box.put("shop", "all", event(1))
    box.put("shop", "all", event(2))
    assert [["e1"], ["e2"]] == [[e.id for e in spool.read(path, set(), [])] for path in box.sealed("shop", "all")]


def test_what_waited_is_sealed_and_named_once(tmp_path: Path) -> None:
    """Only the connections whose events have waited; a run that takes them first leaves nothing to ask for."""
    box = Spool(tmp_path)
    assert [] == box.due(timedelta(0))
    box.put("shop", "all", event(1))
    box.put("shop", "other", event(2))
    assert [] == box.due(timedelta(hours=1))
    assert (tmp_path / "shop/all/open.jsonl").exists()
    assert ["shop"] == box.due(timedelta(0))
    assert not (tmp_path / "shop/all/open.jsonl").exists()
    assert [] == box.due(timedelta(0))
    box.put("shop", "all", event(3))
    assert ["e1", "e3"] == [each.id for each in waiting(box)]
    assert [] == box.due(timedelta(0))


def test_a_repeat_in_a_later_file_counts_once(tmp_path: Path) -> None:
    """Where one file ends and the next begins is no news to a sender."""
    box = Spool(tmp_path, open_bytes=10)
    for each in (event(1), event(2), event(1)):
        box.put("shop", "all", each)
    assert ["e1", "e2"] == [each.id for each in waiting(box)]


def test_a_damaged_line_is_told_and_kept(tmp_path: Path) -> None:
    """A sender was told that it arrived, so it is for a person to look at; the lines around it land."""
    box = Spool(tmp_path)
    for number in range(3):
        box.put("shop", "all", event(number))
    path = tmp_path / "shop/all/open.jsonl"
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], lines[1][:-9], lines[2], b""]))
    found, damaged = everything(box)
    assert (["e0", "e2"], [lines[1][:-9]]) == ([each.id for each in found], damaged)
    (sealed,) = box.sealed("shop", "all")
    kept = box.remove("shop", "all", sealed, damaged)
    assert kept is not None
    assert lines[1][:-9] + b"\n" == kept.read_bytes()
    assert [] == box.sealed("shop", "all")


def test_room_comes_back_when_files_are_removed(tmp_path: Path) -> None:
    """What is landed does not count against the source any more."""
    box = Spool(tmp_path)
    box.put("shop", "all", event(1))
    (sealed,) = box.sealed("shop", "all")
    with sealed.open("r+b") as file:
        file.truncate(spool.MOST_BYTES)
    full = Spool(tmp_path)
    with pytest.raises(RetryLater):
        full.put("shop", "all", event(2))
    full.remove("shop", "all", sealed, [])
    full.put("shop", "all", event(2))
    assert ["e2"] == [each.id for each in waiting(full)]


WRITER = """
import sys
from pathlib import Path
from tests.hub.lake.test_spool import event
from hub.lake.spool import Spool

box, number = Spool(Path(sys.argv[1]), open_bytes=2_000), 0
while True:
    box.put("shop", "all", event(number, b"x" * 100))
    print(number, flush=True)
    number += 1
"""


def test_every_event_that_was_acknowledged_outlives_sigkill(tmp_path: Path) -> None:
    """Whatever the writer said is there, in order, each once, with no damage, over several sealed files."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    with writer.stdout as told:
        said = [int(told.readline()) for _ in range(60)]
        writer.kill()
        said += [int(line) for line in told.read().split()]
    writer.wait()
    found, damaged = everything(Spool(tmp_path))
    assert [] == damaged
    assert [f"e{number}" for number in range(len(found))] == [each.id for each in found]
    assert len(said) <= len(found) <= len(said) + 1
