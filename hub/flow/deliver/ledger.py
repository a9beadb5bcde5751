"""The ledger: what we believe about every key, folded from the receipts of closed plans.

`ledger` has one row per key with the fields of `hub.outbox.belief.Belief`, and `ledger_applied` says which plans it
contains, in the same transaction; so it can be dropped and folded again to the same content.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from hub.engine import Engine
from hub.lake.delivery import DeliveryLog
from hub.outbox.belief import RETRY_BUDGET
from hub.store.control import Store
from hub.store.models import PlanRow

_FOLD = (Path(__file__).parent / "fold.sql").read_text(encoding="utf-8")
_ALL = 1 << 62  # more plans than there can be
_AT_ONCE = 1_000_000  # receipts folded in one statement

_LEDGER = (
    "connection varchar, target varchar, key varchar, wire varchar, profile_id varchar, audience varchar, "
    "presence varchar, owned boolean, op varchar, payload_hash varchar, vendor_id varchar, settle_until timestamp, "
    "parked varchar, refused_op varchar, refused_hash varchar, refused_code varchar, refused_until timestamp, "
    "tries bigint, added_at timestamp, changed_at timestamp"
)


def create_ledger(engine: Engine) -> None:
    """Make the tables `ledger` and `ledger_applied` if they are missing."""
    engine.run(f"create table if not exists ledger({_LEDGER})")
    engine.run("create table if not exists ledger_applied(plan_id bigint, uid varchar)")


def sync_ledger(engine: Engine, store: Store, log: DeliveryLog) -> None:
    """Make `ledger` say what all closed plans say: fold what is missing, or all of it after a rebuild or a restore."""
    create_ledger(engine)
    closed = {(plan.id, plan.uid): plan for plan in _closed(store)}
    applied = {(int(str(plan)), str(uid)) for plan, uid in engine.run("select plan_id, uid from ledger_applied")}
    if applied - closed.keys():
        engine.run("drop table ledger")
        engine.run("drop table ledger_applied")
        create_ledger(engine)
        applied = set()
    fold_plans(engine, log, [plan for pair, plan in sorted(closed.items()) if pair not in applied])


def fold_plans(engine: Engine, log: DeliveryLog, plans: Sequence[PlanRow]) -> None:
    """Fold the receipts of closed plans, in the order given."""
    waiting: list[tuple[PlanRow, pa.Table]] = []
    for plan in plans:
        waiting.append((plan, log.read(plan.receipts_path)))
        if sum(table.num_rows for _, table in waiting) >= _AT_ONCE:
            _fold(engine, waiting)
            waiting = []
    _fold(engine, waiting)


def _closed(store: Store) -> list[PlanRow]:
    return [plan for plan in store.plans(limit=_ALL) if plan.state == "closed" and plan.receipts_path]


def _fold(engine: Engine, batch: Sequence[tuple[PlanRow, pa.Table]]) -> None:
    if not batch:
        return
    entries = pa.concat_tables([_entries(plan, table) for plan, table in batch])
    engine.load("entries", entries.append_column("n", pa.array(range(entries.num_rows), pa.int64())))
    engine.run(_FOLD, {"budget": RETRY_BUDGET})
    with engine.transaction():
        engine.run("delete from ledger where key in (select key from folded)")
        engine.run("insert into ledger select * from folded")
        for plan, _ in batch:
            engine.run("insert into ledger_applied values (?, ?)", (plan.id, plan.uid))


def _entries(plan: PlanRow, receipts: pa.Table) -> pa.Table:
    ordered = receipts.take(pc.sort_indices(receipts, sort_keys=[("ord", "ascending")]))
    for name, value in (("connection", plan.connection), ("target", plan.target_key), ("audience", plan.audience)):
        ordered = ordered.append_column(name, pa.repeat(pa.scalar(value, pa.string()), ordered.num_rows))
    return ordered
