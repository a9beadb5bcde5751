import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.store.control import Store
from hub.store.errors import LeaseLost
from hub.store.journal import Journal
from hub.store.landing import CursorMove
from hub.store.models import utcnow
from tests.support.store import batch, landed, leased_store, planned

WRITES: dict[str, Callable[[Store, Journal], object]] = {
    "add_batches": lambda store, _: store.add_batches(1, [batch(9)]),
    "add_plan": lambda store, _: store.add_plan(planned("other")),
    "adopt": lambda store, _: store.adopt(landed(9)),
    "approve": lambda store, _: store.approve("audience", "vip", "h", who="ana"),
    "catch_up": lambda store, journal: store.catch_up(journal),
    "close_plan": lambda store, _: store.close_plan(1),
    "commit_page": lambda store, _: store.commit_page([landed(1)], CursorMove("tills", "people", 1), run_id=1),
    "event": lambda store, _: store.event(1, "page"),
    "finish_run": lambda store, _: store.finish_run(1, "green"),
    "intend": lambda store, journal: store.intend(1, journal),
    "next_seq": lambda store, _: store.next_seq(),
    "record": lambda store, _: store.record("export.made"),
    "recover_runs": lambda store, _: store.recover_runs(),
    "reset_cursor": lambda store, _: store.reset_cursor("tills", "people"),
    "revoke": lambda store, _: store.revoke("audience", "vip", who="ana"),
    "set_batch": lambda store, _: store.set_batch(1, "done"),
    "set_meta": lambda store, _: store.set_meta("currency", "EUR"),
    "set_plan": lambda store, _: store.set_plan(1, state="sending"),
    "split_batch": lambda store, _: store.split_batch(1, []),
    "start_run": lambda store, _: store.start_run("full", utcnow()),
}
READS = {
    "approval", "audit", "batches", "check_lease", "close", "counts", "cursor", "events", "files", "intent_epoch",
    "known_files", "known_plans", "meta", "open", "open_plans", "plan", "plans", "restored", "run", "runs",
    "take_lease",
}  # fmt: skip


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """An empty journal."""
    return Journal(tmp_path / "delivery" / "epoch")


@pytest.fixture
def stale(where: str) -> Iterator[Store]:
    """A store with a run, a plan and a batch, whose lease another process has taken since."""
    store = leased_store(where, "stopped")
    store.start_run("full", utcnow())
    store.add_plan(planned(), [batch()])
    store.next_seq()
    other = leased_store(where, "pid 4121, web-1")
    yield store
    store.close()
    other.close()


def contents(store: Store) -> list[object]:
    """Return every row of every table."""
    tables = ("named_value", "run", "run_event", "landed_file", "cursor", "plan", "batch", "approval", "audit", "lease")
    with store._engine.connect() as connection:
        return [connection.execute(text(f"SELECT * FROM {table} ORDER BY 1")).fetchall() for table in tables]


def test_every_public_method_is_known_to_this_test() -> None:
    """A new method is either a read or a write that is tried here without the lease."""
    public = {name for name, _ in inspect.getmembers(Store, inspect.isroutine) if not name.startswith("_")}
    assert public == READS | WRITES.keys()


@pytest.mark.parametrize("name", sorted(WRITES))
def test_older_epoch_cannot_write(stale: Store, journal: Journal, name: str) -> None:
    """A process that slept while another took over changes nothing by any method, nor the journal."""
    before = contents(stale)
    with pytest.raises(LeaseLost, match=r"Another hub \(pid 4121, web-1\) took over this store at .* UTC"):
        WRITES[name](stale, journal)
    assert (contents(stale), journal.epoch()) == (before, 0)


def test_store_without_lease_reads_only(where: str) -> None:
    """Looking needs no lease; writing without one is refused with what to do."""
    store = Store.open(where)
    assert store.files() == []
    with pytest.raises(LeaseLost, match="Take the lease"):
        store.next_seq()
    store.close()


def test_sender_can_ask_before_it_sends(stale: Store) -> None:
    """What cannot be taken back is asked for first: a stale process may not send either."""
    with pytest.raises(LeaseLost):
        stale.check_lease()
    stale.take_lease("again")
    stale.check_lease()


def test_epochs_grow(where: str) -> None:
    """Each lease has a greater epoch than all before."""
    stores = [Store.open(where) for _ in range(3)]
    assert [store.take_lease("test").epoch for store in stores] == [1, 2, 3]
    for store in stores:
        store.close()


def test_same_epoch_of_a_restored_store_is_another_lease(where: str) -> None:
    """When the store went back, a new lease may get an old number; the old holder is still refused."""
    old = leased_store(where)
    with old._writer.begin() as connection:
        connection.execute(text("UPDATE lease SET epoch = 0"))
    new = leased_store(where)
    with pytest.raises(LeaseLost):
        old.next_seq()
    assert new.next_seq() == 1
    old.close()
    new.close()
