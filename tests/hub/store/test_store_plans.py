from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from hub.store.control import Store
from hub.store.errors import StoreError
from hub.store.journal import Journal
from hub.store.models import BatchRow, utcnow
from tests.support.store import batch, planned


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """An empty journal."""
    return Journal(tmp_path / "delivery" / "epoch")


def only(store: Store, plan_id: int) -> BatchRow:
    """Return the one batch of a plan."""
    [row] = store.batches(plan_id)
    return row


def test_plan_and_its_batches_are_one_write(store: Store) -> None:
    """A plan is never seen without its batches."""
    plan_id = store.add_plan(planned(adds=15, removes=2), [batch(1), batch(2, row_count=5), batch(3, op="remove")])
    assert [(row.number, row.op, row.first_row, row.row_count, row.state) for row in store.batches(plan_id)] == [
        (1, "add", 0, 10, "planned"),
        (2, "add", 10, 5, "planned"),
        (3, "remove", 20, 10, "planned"),
    ]
    with pytest.raises(IntegrityError):
        store.add_plan(planned("plan-2"), [batch(1), batch(1)])
    assert store.known_plans() == {"plan-1"}


def test_plan_file_may_serve_several_targets(store: Store) -> None:
    """One uid may stand once for each target, and not twice for the same."""
    store.add_plan(planned())
    store.add_plan(planned(target_key="list/c1/tag/vip"))
    with pytest.raises(IntegrityError):
        store.add_plan(planned())


def test_intent_is_in_store_and_journal(store: Store, journal: Journal) -> None:
    """When a request may be sent, the batch says so, and the epoch has grown in both places."""
    plan_id = store.add_plan(planned(), [batch()])
    until = utcnow() + timedelta(minutes=5)
    sent = store.intend(only(store, plan_id).id, journal, attempt=1, settle_until=until)
    assert (sent.state, sent.attempt, sent.settle_until) == ("intent", 1, until)
    assert only(store, plan_id) == sent
    assert [store.intent_epoch(), journal.epoch(), store.plan(plan_id).intent_epoch] == [1, 1, 1]
    assert not store.restored(journal)


def test_outcome_keeps_what_is_not_named(store: Store, journal: Journal) -> None:
    """Recording an outcome changes the named columns alone; None is a value like any other."""
    plan_id = store.add_plan(planned(), [batch()])
    until = utcnow()
    store.intend(only(store, plan_id).id, journal, attempt=2, settle_until=until)
    store.set_batch(only(store, plan_id).id, "job", job={"id": "j1"}, receipts=b"\x00\xff")
    row = only(store, plan_id)
    assert (row.state, row.attempt, row.settle_until, row.job, row.receipts) == (
        "job",
        2,
        until,
        {"id": "j1"},
        b"\x00\xff",
    )
    store.set_batch(row.id, "done", settle_until=None, job=None)
    row = only(store, plan_id)
    assert (row.state, row.settle_until, row.job, row.receipts) == ("done", None, None, b"\x00\xff")


def test_wrong_outcome_is_refused(store: Store) -> None:
    """A value of the wrong type changes nothing."""
    plan_id = store.add_plan(planned(), [batch()])
    with pytest.raises(ValidationError):
        store.set_batch(only(store, plan_id).id, "done", attempt="two")  # type: ignore[arg-type]
    assert only(store, plan_id).state == "planned"


def test_batches_by_state(store: Store) -> None:
    """Only the asked states are returned, in the order of their numbers."""
    plan_id = store.add_plan(planned())
    rows = store.add_batches(plan_id, [batch(3), batch(1), batch(2)])
    store.set_batch(rows[0].id, "in_doubt")
    assert [row.number for row in store.batches(plan_id, ["planned"])] == [1, 2]
    assert [row.number for row in store.batches(plan_id, ["in_doubt", "job"])] == [3]


def test_halves_replace_their_batch_at_once(store: Store) -> None:
    """A refused batch and its halves change in one write; the halves name it as their parent."""
    plan_id = store.add_plan(planned(), [batch()])
    parent = only(store, plan_id).id
    halves = [batch(2, first_row=0, row_count=5), batch(3, first_row=5, row_count=5)]
    store.split_batch(parent, halves, receipts=b"r")
    found = [(row.number, row.parent, row.state) for row in store.batches(plan_id)]
    assert found == [(1, None, "not_applied"), (2, parent, "planned"), (3, parent, "planned")]


def test_handle_lives_on_the_plan(store: Store) -> None:
    """What a tool returned when the target was opened survives a restart with the plan's state."""
    plan_id = store.add_plan(planned())
    store.set_plan(plan_id, state="sending", handle={"session": 12})
    plan = store.plan(plan_id)
    assert (plan.state, plan.handle) == ("sending", {"session": 12})


def test_closed_plan_is_not_open(store: Store) -> None:
    """Open plans are those planned or being sent, oldest first."""
    ids = [store.add_plan(planned(f"plan-{n}")) for n in range(4)]
    store.set_plan(ids[1], state="sending")
    store.close_plan(ids[2], {"added": 3})
    store.close_plan(ids[3], state="void")
    assert [plan.id for plan in store.open_plans()] == ids[:2]
    assert [(plan.state, plan.counts) for plan in store.plans()[:2]] == [("void", None), ("closed", {"added": 3})]


def test_receipts_move_out_when_the_plan_closes(store: Store) -> None:
    """With a file that took them over the blobs are dropped; without one they stay."""
    kept, moved = (store.add_plan(planned(uid), [batch()]) for uid in ("kept", "moved"))
    for plan_id in (kept, moved):
        store.set_batch(only(store, plan_id).id, "done", receipts=b"r")
    store.close_plan(kept)
    store.close_plan(moved, receipts_path="delivery/moved.receipts.parquet")
    assert [only(store, kept).receipts, only(store, moved).receipts] == [b"r", None]
    assert store.plan(moved).receipts_path == "delivery/moved.receipts.parquet"


def test_plans_of_a_run(store: Store) -> None:
    """Plans can be listed for the run that made them."""
    run = store.start_run("full", utcnow())
    plan_id = store.add_plan(planned(run_id=run))
    store.add_plan(planned("plan-2"))
    assert [plan.id for plan in store.plans(run_id=run)] == [plan_id]


def test_unknown_plan_or_batch_is_an_error(store: Store) -> None:
    """A wrong id says what is missing."""
    with pytest.raises(StoreError, match="no plan 5"):
        store.plan(5)
    with pytest.raises(StoreError, match="no batch 6"):
        store.set_batch(6, "done")
