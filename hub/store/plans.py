"""Plans and their batches: intent before send, and what came of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypedDict, Unpack

from sqlmodel import Session, col, select, update

from hub.sdk.records import Json
from hub.store.database import Database, read_number, write_value
from hub.store.errors import StoreError
from hub.store.journal import Journal
from hub.store.models import BatchRow, BatchState, PlanRow, fresh, utcnow

_INTENT_EPOCH = "store.intent_epoch"


class PlanChanges(TypedDict, total=False):
    """Columns of a plan that change while it is open."""

    state: Literal["planned", "sending"]
    held_removes: int
    handle: Json


class BatchChanges(TypedDict, total=False):
    """Columns of a batch that change, beside its state."""

    attempt: int
    not_before: datetime | None
    settle_until: datetime | None
    job: Json
    receipts: bytes | None


class Plans(Database):
    """Open plans, their batches, and the number of intents that the journal outside the store must know too."""

    def add_plan(self, plan: PlanRow, batches: Sequence[BatchRow] = ()) -> int:
        """Record a plan with its batches, all or nothing, and return its id."""
        with self._writing() as session:
            row = fresh(plan, intent_epoch=read_number(session, _INTENT_EPOCH))
            session.add(row)
            session.flush()
            _add(session, row.id, batches)
        return row.id

    def add_batches(self, plan_id: int, batches: Sequence[BatchRow]) -> list[BatchRow]:
        """Record batches of a plan and return them with their ids; `plan_id` is filled in."""
        with self._writing() as session:
            return _add(session, plan_id, batches)

    def split_batch(self, batch_id: int, halves: Sequence[BatchRow], **changes: Unpack[BatchChanges]) -> list[BatchRow]:
        """Replace a batch that was not applied by smaller ones, in one transaction; `parent` is filled in."""
        with self._writing() as session:
            batch = _change(_batch(session, batch_id), "not_applied", changes)
            return _add(session, batch.plan_id, [fresh(half, parent=batch_id) for half in halves])

    def intend(self, batch_id: int, journal: Journal, **changes: Unpack[BatchChanges]) -> BatchRow:
        """Make the intent to send a batch durable, here and in the journal. When this returns, the request may go out.

        The store comes first: a crash between the two leaves the store ahead, which is harmless, while a store that is
        behind the journal has lost intents.
        """
        with self._writing() as session:
            batch = _change(_batch(session, batch_id), "intent", changes)
            epoch = read_number(session, _INTENT_EPOCH) + 1
            write_value(session, _INTENT_EPOCH, epoch)
            _plan(session, batch.plan_id).intent_epoch = epoch
        journal.advance(epoch)
        return batch

    def set_batch(
        self,
        batch_id: int,
        state: Literal["planned", "done", "not_applied", "in_doubt", "job", "parked"],
        **changes: Unpack[BatchChanges],
    ) -> BatchRow:
        """Record what came of a batch, and return it. Columns that are not named keep their value."""
        with self._writing() as session:
            return _change(_batch(session, batch_id), state, changes)

    def set_plan(self, plan_id: int, **changes: Unpack[PlanChanges]) -> PlanRow:
        """Change columns of an open plan, and return it."""
        with self._writing() as session:
            plan = _plan(session, plan_id)
            plan.sqlmodel_update(dict(changes))
            return plan

    def close_plan(
        self, plan_id: int, counts: Json = None, *, state: Literal["closed", "void"] = "closed", receipts_path: str = ""
    ) -> None:
        """Close a plan for good; the batches' receipts are dropped when a file, `receipts_path`, took them over."""
        with self._writing() as session:
            plan = _plan(session, plan_id)
            plan.state, plan.counts, plan.receipts_path, plan.closed_at = state, counts, receipts_path, utcnow()
            if receipts_path:
                session.execute(update(BatchRow).where(col(BatchRow.plan_id) == plan_id).values(receipts=None))

    def plan(self, plan_id: int) -> PlanRow:
        """Return one plan.

        Raises:
            StoreError: there is no such plan.
        """
        with self._reading() as session:
            return _plan(session, plan_id)

    def open_plans(self) -> list[PlanRow]:
        """Return the plans that are planned or being sent, oldest first."""
        with self._reading() as session:
            found = select(PlanRow).where(col(PlanRow.state).in_(("planned", "sending")))
            return list(session.exec(found.order_by(col(PlanRow.id))))

    def plans(self, run_id: int | None = None, limit: int = 100) -> list[PlanRow]:
        """Return plans, newest first, of one run or of all."""
        found = select(PlanRow).order_by(col(PlanRow.id).desc()).limit(limit)
        with self._reading() as session:
            return list(session.exec(found if run_id is None else found.where(PlanRow.run_id == run_id)))

    def known_plans(self) -> set[str]:
        """Return the uids of all plans ever recorded; a plan file with another uid was sent by a store that is gone."""
        with self._reading() as session:
            return set(session.exec(select(PlanRow.uid)))

    def batches(self, plan_id: int, states: Sequence[BatchState] = ()) -> list[BatchRow]:
        """Return the batches of a plan by number, only those in `states` when any are named."""
        found = select(BatchRow).where(BatchRow.plan_id == plan_id).order_by(col(BatchRow.number))
        with self._reading() as session:
            return list(session.exec(found.where(col(BatchRow.state).in_(states)) if states else found))

    def intent_epoch(self) -> int:
        """Return how many intents this store knows of."""
        with self._reading() as session:
            return read_number(session, _INTENT_EPOCH)

    def restored(self, journal: Journal) -> bool:
        """Tell whether intents were made that this store does not know: an older copy of it is in place."""
        return journal.epoch() > self.intent_epoch()

    def catch_up(self, journal: Journal) -> None:
        """Bring store and journal to one epoch, once every affected belief has been made unknown."""
        with self._writing() as session:
            epoch = max(journal.epoch(), read_number(session, _INTENT_EPOCH))
            write_value(session, _INTENT_EPOCH, epoch)
        journal.advance(epoch)


def _add(session: Session, plan_id: int, batches: Sequence[BatchRow]) -> list[BatchRow]:
    rows = [fresh(batch, plan_id=plan_id) for batch in batches]
    session.add_all(rows)
    session.flush()
    return rows


def _change(batch: BatchRow, state: BatchState, changes: BatchChanges) -> BatchRow:
    fresh(batch, state=state, **changes)  # refuses a wrong type before anything is written
    batch.sqlmodel_update({"state": state, **changes})
    return batch


def _plan(session: Session, plan_id: int) -> PlanRow:
    plan = session.get(PlanRow, plan_id)
    if plan is None:
        raise StoreError(f"There is no plan {plan_id}.")
    return plan


def _batch(session: Session, batch_id: int) -> BatchRow:
    batch = session.get(BatchRow, batch_id)
    if batch is None:
        raise StoreError(f"There is no batch {batch_id}.")
    return batch
