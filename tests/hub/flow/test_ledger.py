"""The ledger in SQL says what the pure fold and the pure decision say, key by key."""

from collections.abc import Sequence
from datetime import timedelta

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.engine import DuckEngine
from hub.flow.audience.plan import _DIFF
from hub.flow.deliver.ledger import _FOLD, create_ledger
from hub.outbox.belief import RETRY_BUDGET, Belief, Entry, fold
from hub.outbox.decide import decide
from hub.outbox.plan import RECEIPTS
from tests.support.delivery import START

TIMES = st.sampled_from([None, START - timedelta(hours=1), START + timedelta(hours=1), START + timedelta(hours=2)])
ENTRIES = st.builds(
    Entry,
    op=st.sampled_from(["add", "update", "remove"]),
    outcome=st.sampled_from(["present", "absent", "unknown", "accepted", "rejected", "suppressed", "retry"]),
    payload_hash=st.sampled_from(["", "a", "b"]),
    code=st.sampled_from(["", "late"]),
    vendor_id=st.sampled_from([None, "v1", "v2"]),
    settle_until=TIMES,
    retry_at=TIMES,
)
HISTORIES = st.lists(st.lists(ENTRIES, max_size=6), min_size=1, max_size=8)
SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FIELDS = (
    "presence, owned, op, payload_hash, vendor_id, settle_until, parked, refused_op, refused_hash, refused_code, "
    "refused_until, tries"
)


def enter(engine: DuckEngine, histories: Sequence[Sequence[Entry]]) -> None:
    """Fold the entries of several keys into the ledger in SQL, in one statement."""
    lines = [
        {"key": f"k{number}", "wire": "{}", "op": entry.op, "outcome": entry.outcome, "code": entry.code,
         "payload_hash": entry.payload_hash, "vendor_id": entry.vendor_id, "settle_until": entry.settle_until,
         "retry_at": entry.retry_at, "sent_at": START, "ord": place}
        for number, history in enumerate(histories) for place, entry in enumerate(history)
    ]  # fmt: skip
    table = pa.Table.from_pylist(lines, RECEIPTS).append_column("n", pa.array(range(len(lines)), pa.int64()))
    for name in ("connection", "target", "audience"):
        table = table.append_column(name, pa.repeat(pa.scalar("t"), table.num_rows))
    engine.load("entries", table)
    engine.run(_FOLD, {"budget": RETRY_BUDGET})
    engine.run("delete from ledger where key in (select key from folded)")
    engine.run("insert into ledger select * from folded")


def ledger_of(histories: Sequence[Sequence[Entry]], cut: int) -> DuckEngine:
    """Return a database whose ledger was folded in two steps, the first of `cut` entries per key."""
    engine = DuckEngine()
    create_ledger(engine)
    enter(engine, [history[:cut] for history in histories])
    enter(engine, [history[cut:] for history in histories])
    return engine


def believed(history: Sequence[Entry]) -> Belief:
    """Return the pure fold."""
    belief = Belief()
    for entry in history:
        belief = fold(belief, entry)
    return belief


@SETTINGS
@given(HISTORIES, st.integers(0, 6))
def test_fold_in_sql_equals_the_pure_fold(histories: list[list[Entry]], cut: int) -> None:
    """However the entries are spread over folds, the ledger holds what folding them one by one gives."""
    engine = ledger_of(histories, cut)
    rows = {row[0]: Belief(*row[1:]) for row in engine.run(f"select key, {FIELDS} from ledger")}  # type: ignore[arg-type]
    expected = {f"k{number}": believed(history) for number, history in enumerate(histories) if history}
    assert expected == rows


@SETTINGS
@given(
    HISTORIES,
    st.lists(st.sampled_from([None, "", "a", "b"]), min_size=8, max_size=8),
    st.sampled_from(["mirror", "add_only", "update_only"]),
    st.booleans(),
    st.booleans(),
)
def test_diff_in_sql_equals_the_pure_decision(
    histories: list[list[Entry]],
    wanted: list[str | None],
    mode: str,
    may_remove: bool,  # noqa: FBT001 - drawn
    resync: bool,  # noqa: FBT001 - drawn
) -> None:
    """Planning decides for every key at once what the plain rule decides for one."""
    engine = ledger_of(histories, 6)
    lines = [
        {"key": f"k{number}", "wire": f"w{number}", "address": None, "payload": "{}", "payload_hash": payload,
         "profile_id": f"p{number}", "consented": True, "vendor_id": None}
        for number, payload in enumerate(wanted) if payload is not None
    ]  # fmt: skip
    schema = pa.schema([(name, pa.string()) for name in ("key", "wire", "address", "payload", "payload_hash")])
    for name, kind in (("profile_id", pa.string()), ("consented", pa.bool_()), ("vendor_id", pa.string())):
        schema = schema.append(pa.field(name, kind))
    engine.load("wanted", pa.Table.from_pylist(lines, schema))
    engine.run("create temp table kept as select wire from wanted")
    engine.run("create temp table opted_out(profile_id varchar)")
    removes = may_remove and mode == "mirror"
    bound = {"connection": "t", "target": "t", "now": START, "mode": mode, "removes": removes, "resync": resync}
    engine.run(_DIFF, bound)
    got = {str(key): (op, reason) for key, op, reason in engine.run("select key, op, reason from decided")}
    expected = {
        f"k{number}": decide(
            believed(history), payload, now=START, mode=mode, may_remove=may_remove, resync=resync  # type: ignore[arg-type]
        )
        for number, (history, payload) in enumerate(
            zip([*histories, *[[]] * 8], wanted, strict=False)
        )
        if history or payload is not None
    }  # fmt: skip
    assert expected == got
