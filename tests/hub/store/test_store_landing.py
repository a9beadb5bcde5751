from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timezone

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from hub.sdk.errors import BrokenPlugin
from hub.store.control import Store
from hub.store.errors import StoreError
from hub.store.landing import CursorMove, StreamCount
from hub.store.models import LandedFile, fresh
from tests.support.store import landed

AS_OF = datetime(2026, 1, 1)  # noqa: DTZ001 - naive UTC is the form of time in the store


def commit(store: Store, files: Sequence[LandedFile], cursor: CursorMove | None = None) -> int:
    """Commit one page in a run of its own, and return the run's id."""
    run = store.start_run("full", AS_OF)
    store.commit_page(files, cursor, run_id=run)
    return run


def test_numbers_grow_and_are_not_given_twice(store: Store) -> None:
    """Reservations follow one another, several at a time where asked."""
    assert [store.next_seq(), store.next_seq(3), store.next_seq()] == [1, 2, 5]


def test_threads_get_different_numbers(store: Store) -> None:
    """Any thread may reserve; no number is given twice."""
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: store.next_seq(), range(80)))
    assert sorted(numbers) == list(range(1, 81))


def test_page_registers_files_and_moves_the_cursor(store: Store) -> None:
    """After a page its files are known with all their columns, and the cursor is the page's."""
    seq = store.next_seq(2)
    week = landed(seq, window_start=date(2026, 1, 1), window_end=date(2026, 1, 7), window_complete=True, bytes=2**40)
    files = [week, landed(seq + 1, stream="orders", read_id="r1", complete=True)]
    run = commit(store, files, CursorMove("tills", "people", {"since": "2026-01-01", "ids": [1, 2]}))
    assert store.files() == [fresh(file, run_id=run) for file in files]
    assert store.known_files() == {(1, "uid-1"), (2, "uid-2")}
    assert store.cursor("tills", "people") == {"since": "2026-01-01", "ids": [1, 2]}


def test_page_is_all_or_nothing(store: Store) -> None:
    """When one file cannot be registered, no file is and the cursor stays."""
    commit(store, [landed(store.next_seq(), uid="same")], CursorMove("tills", "people", 1))
    seq = store.next_seq(2)
    with pytest.raises(IntegrityError):
        commit(store, [landed(seq), landed(seq + 1, uid="same")], CursorMove("tills", "people", 2))
    assert store.known_files() == {(1, "same")}
    assert store.cursor("tills", "people") == 1


def test_page_without_cursor_leaves_it(store: Store) -> None:
    """A page in the middle of a bulk file moves nothing."""
    commit(store, [landed(store.next_seq())], CursorMove("tills", "people", 1))
    commit(store, [landed(store.next_seq())])
    assert store.cursor("tills", "people") == 1


def test_page_without_files_moves_the_cursor(store: Store) -> None:
    """A page that brought no rows still says how far the source was read."""
    commit(store, [], CursorMove("tills", "people", 7))
    assert store.cursor("tills", "people") == 7


def test_unreserved_number_is_refused(store: Store) -> None:
    """A file whose number was never reserved could collide later."""
    with pytest.raises(StoreError, match="number 1 was not reserved"):
        commit(store, [landed(1)])


def test_taken_number_is_refused(store: Store) -> None:
    """The error names the file that has the number."""
    commit(store, [landed(store.next_seq())])
    with pytest.raises(StoreError, match=r"number 1 belongs to landing/1\.parquet"):
        commit(store, [landed(1, uid="other", path="landing/other.parquet")])


def test_unknown_run_is_refused(store: Store) -> None:
    """References are checked on both databases."""
    with pytest.raises(IntegrityError):
        store.commit_page([landed(store.next_seq())], run_id=99)


def test_large_cursor_is_refused(store: Store) -> None:
    """A cursor over 64 KB is the connector's mistake, and the page is not committed."""
    with pytest.raises(BrokenPlugin, match="tills: the cursor of people has 70,002 bytes; at most 65,536"):
        commit(store, [landed(store.next_seq())], CursorMove("tills", "people", "x" * 70_000))
    assert store.files() == []


@pytest.mark.parametrize(
    "wrong",
    [{"rows": "many"}, {"created_at": datetime(2026, 1, 1, tzinfo=timezone.utc)}, {"uid": None}],  # noqa: UP017
)
def test_wrong_values_are_refused(store: Store, wrong: dict[str, object]) -> None:
    """A column of the wrong type or a time with a zone is refused, and the message does not repeat the value."""
    file = landed(store.next_seq())
    for name, value in wrong.items():
        setattr(file, name, value)
    with pytest.raises(ValidationError) as caught:
        commit(store, [file])
    assert "input_value" not in str(caught.value)
    assert store.files() == []


def test_files_after_a_number(store: Store) -> None:
    """Asking for what is new returns the later files in order."""
    store.next_seq(3)
    commit(store, [landed(3), landed(1), landed(2)])
    assert [file.seq for file in store.files(since_seq=1)] == [2, 3]


def test_counts_are_sums_of_the_files_of_a_run(store: Store) -> None:
    """What a run reports per stream is what it registered, no more and no less."""
    store.next_seq(4)
    commit(store, [landed(1)])
    files = [
        landed(2, rows=8, source_rows=10, quarantined=2),
        landed(3, rows=1, source_rows=1),
        landed(4, stream="orders", rows=5, source_rows=9),
    ]
    run = commit(store, files)
    expected = [StreamCount("tills", "people", "orders", 9, 5, 0), StreamCount("tills", "people", "people", 11, 9, 2)]
    assert store.counts(run) == expected


def test_adopted_file_is_known_and_its_number_spent(store: Store) -> None:
    """A finished file found after a crash counts as landed, and later numbers lie above it."""
    assert store.adopt(landed(41))
    assert store.known_files() == {(41, "uid-41")}
    assert store.next_seq() == 42
    assert store.audit(1)[0].detail == {"seq": 41, "path": "landing/41.parquet"}


def test_adopting_twice_changes_nothing(store: Store) -> None:
    """A second look at the same folder is harmless."""
    store.adopt(landed(41))
    assert not store.adopt(landed(41))
    assert len(store.files()) == 1


def test_adopting_another_file_under_a_taken_number_is_refused(store: Store) -> None:
    """Two files with one number would be taken for one in derived state."""
    store.adopt(landed(1))
    with pytest.raises(StoreError, match="belongs to"):
        store.adopt(landed(1, uid="other"))


def test_reset_cursor_forgets_one_source(store: Store) -> None:
    """Only the named source starts over, and the audit says so."""
    commit(store, [], CursorMove("tills", "people", 1))
    commit(store, [], CursorMove("tills", "orders", 2))
    store.reset_cursor("tills", "people")
    assert [store.cursor("tills", "people"), store.cursor("tills", "orders")] == [None, 2]
    assert store.audit(1)[0].action == "cursor.reset"
