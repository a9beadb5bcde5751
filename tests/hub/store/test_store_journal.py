import shutil
import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.store.control import Store
from hub.store.errors import StoreError
from hub.store.journal import Journal
from tests.support.store import batch, leased_store, planned


@given(epochs=st.lists(st.integers(1, 2**70), max_size=6))
def test_number_only_grows(epochs: list[int]) -> None:
    """After any advances the number is the greatest of them, for a new reader too."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "delivery" / "epoch"
        journal = Journal(path)
        for epoch in epochs:
            journal.advance(epoch)
        assert Journal(path).epoch() == max(epochs, default=0)


def test_file_is_private_and_alone(tmp_path: Path) -> None:
    """Only the owner reads it, and no temporary file stays."""
    journal = Journal(tmp_path / "delivery" / "epoch")
    journal.advance(3)
    assert [path.name for path in (tmp_path / "delivery").iterdir()] == ["epoch"]
    assert stat.S_IMODE((tmp_path / "delivery" / "epoch").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"12x", b"-1", b"\x00\x00"])
def test_other_content_is_an_error(tmp_path: Path, content: bytes) -> None:
    """A damaged journal is not taken for zero: that would hide a store that went back."""
    (tmp_path / "epoch").write_bytes(content)
    with pytest.raises(StoreError, match="expected a whole number"):
        Journal(tmp_path / "epoch").epoch()


def intend(path: Path, journal: Journal, times: int) -> Store:
    """Make intents and leave the store open."""
    store = leased_store(path)
    plan_id = store.plans()[0].id if store.plans() else store.add_plan(planned(), [batch()])
    for _ in range(times):
        store.intend(store.batches(plan_id)[0].id, journal)
    return store


def test_older_copy_of_the_store_is_noticed(tmp_path: Path) -> None:
    """A backup put back in place is noticed at once, until the operator's repair brings both to one epoch."""
    path, journal = tmp_path / "control.sqlite", Journal(tmp_path / "delivery" / "epoch")
    intend(path, journal, 2).close()
    shutil.copy(path, tmp_path / "backup")
    intend(path, journal, 1).close()
    shutil.copy(tmp_path / "backup", path)
    store = leased_store(path)
    assert store.restored(journal)
    store.catch_up(journal)
    assert not store.restored(journal)
    assert store.intent_epoch() == 3
    store.close()


def test_torn_log_of_the_store_is_noticed(tmp_path: Path) -> None:
    """SQLite drops the cut-off end of its log without an error; the journal tells."""
    path, journal = tmp_path / "control.sqlite", Journal(tmp_path / "delivery" / "epoch")
    store = intend(path, journal, 5)
    torn = tmp_path / "torn.sqlite"
    shutil.copy(path, torn)
    log = path.with_name("control.sqlite-wal").read_bytes()
    torn.with_name("torn.sqlite-wal").write_bytes(log[: len(log) - 6000])
    store.close()
    after = Store.open(torn)
    assert after.intent_epoch() < 5
    assert after.restored(journal)
    after.close()


def test_lost_journal_is_made_good(tmp_path: Path) -> None:
    """A journal that is behind, as after losing the file, is no sign of a restored store and catches up."""
    store = intend(tmp_path / "control.sqlite", Journal(tmp_path / "lost"), 4)
    journal = Journal(tmp_path / "new")
    assert not store.restored(journal)
    store.catch_up(journal)
    assert journal.epoch() == 4
    store.close()
