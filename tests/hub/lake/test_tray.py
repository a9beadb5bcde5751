"""Between reading and landing."""

import threading
import time

import pytest

from hub.lake.tray import Tray
from hub.sdk.errors import BadData
from hub.sdk.records import Page
from hub.sdk.tables import table_of


def page(rows: int, cursor: int) -> Page:
    """So many people."""
    return Page(
        {"people": table_of("people", [{"record_id": f"{cursor}-{each}"} for each in range(rows)])}, cursor=cursor
    )


def rows(tray: Tray, patience: float = 0) -> int | None:
    """Take a lot, and count its rows."""
    found = tray.take(patience)
    return None if found is None else len(found.rows["people"])


def test_a_reader_may_not_run_away() -> None:
    """While one lot is landed and one lies ready, nothing more is prepared; each landed one makes room for another."""
    tray = Tray(threading.Event())
    for number in range(4):
        tray.put(page(5_000, number))
    waiting = threading.Thread(target=tray.wait_for_room)
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    assert 10_000 == rows(tray)
    waiting.join(0.05)
    assert waiting.is_alive()
    tray.landed()
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_page_waits_for_others_for_a_moment_only() -> None:
    """A small page is not there at first, and there after a second."""
    tray = Tray(threading.Event())
    tray.put(page(1, 1))
    assert rows(tray) is None
    time.sleep(1.1)
    assert 1 == rows(tray)


def test_what_lies_there_at_the_end_can_be_taken() -> None:
    """Before the error that ended it; what is laid down later is not."""
    news = threading.Event()
    tray = Tray(news)
    tray.put(page(1, 1))
    tray.end(BadData("torn."))
    tray.put(page(1, 2))
    assert (True, False) == (news.is_set(), tray.ended)
    assert (1, True) == (rows(tray), tray.ended)
    assert isinstance(tray.error, BadData)
    assert not tray.wait_for_room()


def test_the_first_end_counts() -> None:
    """A source that was given up for its silence does not come to a good end afterwards."""
    tray = Tray(threading.Event())
    tray.end(BadData("silent."))
    tray.end()
    assert "silent." == str(tray.error)


@pytest.mark.parametrize("special", [Page(cursor=1), Page(deleted={"people": ["a"]}), Page(complete=True)])
def test_a_special_page_is_there_at_once(special: Page) -> None:
    """It waits for no others."""
    tray = Tray(threading.Event())
    tray.put(special)
    assert special is tray.take(0)
