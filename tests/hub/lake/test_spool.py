"""Pushed events survive whatever happens between their arrival and their landing."""

from datetime import UTC, datetime
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
    return [delivery for path in box.sealed("shop", "all") for delivery in spool.read(path)]


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
