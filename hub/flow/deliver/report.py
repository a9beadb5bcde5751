"""What a delivery came to, in people: everybody counts once."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from hub.engine import Engine
from hub.outbox.parts import Receipt
from hub.outbox.plan import AudienceJob, AudiencePlan, AudienceReport, Reached, Refusal, TargetPlan
from hub.sdk.records import Target

# What a row counts as, by operation where the audience stands and outcome. All else waits for the next run: held.
_COUNTS = {
    ("add", "present"): "added",
    ("update", "present"): "updated",
    ("remove", "absent"): "removed",
}
_ANY_OP = ("accepted", "rejected", "suppressed", "unknown")
_WAITING = {"rejected": "rejected", "suppressed": "suppressed", "unknown": "unknown"}
_LATER = ("settling", "retry", "blocked")


@dataclass(slots=True)
class Sent:
    """What was planned and what came of it at one target. `running`: a job's outcome is still to come."""

    target: Target
    plan: TargetPlan | None
    receipts: Mapping[int, Receipt] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    running: bool = False


def report_dry_run(dry: AudiencePlan) -> AudienceReport:
    """Report an audience that nobody has approved: planned, nothing sent."""
    return AudienceReport(
        name=dry.name,
        destination=dry.destination,
        wanted=dry.wanted,
        planned=dry.planned,
        held=dry.held,
        approved=False,
        reach=dry.reach,
        held_reason=dry.held_reason,
        warnings=dry.warnings,
    )


def make_report(engine: Engine, job: AudienceJob, reached: Reached, sent: Sequence[Sent], stop: str) -> AudienceReport:
    """Report one delivery; `stop` says why the connection stopped."""
    plans = [each.plan for each in sent if each.plan]
    counts = _count(engine, job, sent)
    for plan in plans:
        for reason, count in plan.waiting.items():
            name = _WAITING.get(reason) or ("held" if reason in _LATER else None)
            if name:
                counts[name] += count
    counts["held"] += sum(plan.held_removes for plan in plans)
    return AudienceReport(
        name=job.name,
        destination=job.connection,
        wanted=reached.reach.wanted,
        planned=counts["planned"],
        added=counts["added"],
        updated=counts["updated"],
        removed=counts["removed"],
        accepted=counts["accepted"],
        held=counts["held"],
        rejected=counts["rejected"],
        suppressed=counts["suppressed"],
        unknown=counts["unknown"],
        reach=reached.reach,
        held_reason=next((plan.held for plan in plans if plan.held), ""),
        failure=stop,
        warnings=[*reached.warnings, *(message for each in sent for message in each.messages)],
        refused=list(_refused(job, sent)),
    )


def _count(engine: Engine, job: AudienceJob, sent: Sequence[Sent]) -> Counter[str]:
    """Count people by what became of them, by the target where the audience stands if they have a row there."""
    tables = [table for each in sent if (table := _outcomes(job, each)) is not None]
    if not tables:
        return Counter()
    engine.load("sent_rows", pa.concat_tables(tables))
    found = engine.run("""
        select op, outcome, count(*) from (
            select case when standing then op else 'update' end as op, outcome from sent_rows
            qualify row_number() over (partition by wire order by standing desc, op) = 1)
        group by op, outcome""")
    counts: Counter[str] = Counter()
    for op, outcome, people in found:
        name = str(outcome) if outcome in _ANY_OP else _COUNTS.get((str(op), str(outcome)), "held")
        counts[name] += int(str(people))
        counts["planned"] += int(str(people))
    return counts


def _outcomes(job: AudienceJob, sent: Sent) -> pa.Table | None:
    if sent.plan is None or not sent.plan.sendable:
        return None
    rows = sent.plan.rows.slice(0, sent.plan.sendable)
    usual = "accepted" if sent.running else "none"  # a running job has taken the rows; its verdicts come later
    outcomes = [sent.receipts[row].outcome if row in sent.receipts else usual for row in range(rows.num_rows)]
    standing = pa.repeat(pa.scalar(sent.target.key == job.standing), rows.num_rows)
    return pa.table({"op": rows["op"], "wire": rows["wire"], "outcome": outcomes, "standing": standing})


def _refused(job: AudienceJob, sent: Sequence[Sent]) -> Iterator[Refusal]:
    for each in sent:
        refused = {row: receipt for row, receipt in each.receipts.items() if receipt.outcome == "rejected"}
        if each.plan is None or not refused:
            continue
        rows = each.plan.rows.take(pa.array(list(refused), pa.int64())).select(["profile_id", "op"]).to_pylist()
        for row, receipt in zip(rows, refused.values(), strict=True):
            yield Refusal(job.connection, job.name, each.target.key, row["profile_id"], row["op"], receipt.code)
