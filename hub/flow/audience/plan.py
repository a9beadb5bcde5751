"""Turn the difference between wanted and believed into a plan, with removals under the breaker."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path

import pyarrow as pa

from hub.engine import Engine
from hub.flow.audience.people import consent_is, count_reach, warnings
from hub.flow.audience.wanted import make_wanted
from hub.outbox.breaker import Removals, hold_reason
from hub.outbox.plan import PLAN, SAMPLE, AudienceJob, AudiencePlan, Policy, Reached, TargetPlan
from hub.sdk.records import Op, Target

_DIFF = (Path(__file__).parent / "diff.sql").read_text(encoding="utf-8")
_DAY = timedelta(hours=24)


def plan_target(
    engine: Engine,
    jobs: Sequence[AudienceJob],
    job: AudienceJob,
    target: Target,
    policy: Policy,
    *,
    assume_objects: bool = False,
) -> TargetPlan:
    """Compare who is wanted at one target with the ledger; `find_reach` must have run.

    Args:
        engine: with the derived database; temporary tables are replaced.
        jobs: all audiences of the project, for those that share the target.
        job: the audience.
        target: one of its targets.
        policy: what holds for all audiences.
        assume_objects: plan memberships as if the objects that they depend on were there: for a dry run.
    """
    make_wanted(engine, jobs, job, target, assume_objects=assume_objects)
    _decide(engine, job, target, policy)
    if len(job.audience.match_on) > 1:
        _assert_overlapped(engine)
    if count_reach(engine, job.name).wanted < job.audience.min_size:
        _stand_still(engine)
    _find_released(engine, policy.releases.get(job.name, frozenset()))
    removals = _removals(engine, job, target, policy)
    held = hold_reason(removals, policy.safety.max_removals_per_run, policy.safety.max_removals_per_day)
    return _collect(engine, job, target, removals.believed, held)


def plan_audience(engine: Engine, jobs: Sequence[AudienceJob], job: AudienceJob, policy: Policy) -> AudiencePlan:
    """Plan all targets of an audience and send nothing; memberships are planned as if their objects succeeded."""
    reached = describe_reach(engine, job)
    plans = [plan_target(engine, jobs, job, target, policy, assume_objects=True) for target in job.targets]
    counts, samples = _people(engine, job, plans)
    held = sum(plan.held_removes for plan in plans)
    waiting: dict[str, int] = {}
    for plan in plans:
        waiting |= {reason: waiting.get(reason, 0) + count for reason, count in plan.waiting.items()}
    return AudiencePlan(
        name=job.name,
        destination=job.connection,
        approved=job.approved,
        wanted=reached.reach.wanted,
        planned=sum(counts.values()),
        adds=counts.get("add", 0),
        updates=counts.get("update", 0),
        removes=counts.get("remove", 0),
        held=held,
        reach=reached.reach,
        held_reason=next((plan.held for plan in plans if plan.held), ""),
        waiting=waiting,
        samples=samples,
        warnings=reached.warnings,
    )


def describe_reach(engine: Engine, job: AudienceJob) -> Reached:
    """Say whom an audience reaches, from the last `find_reach`."""
    reach = count_reach(engine, job.name)
    return Reached(reach, [*warnings(engine, job.audience, reach), *_standstill(job, reach.wanted)])


def _decide(engine: Engine, job: AudienceJob, target: Target, policy: Policy) -> None:
    able = job.destination.capabilities
    consent = job.audience.consent
    refused = f"{consent_is(consent)} and not c.granted" if consent else "false"
    engine.run(f"""
        create or replace temp table opted_out as
        select profile_id from consent c where {refused}
        union select i.profile_id from identifiers i join erased e using (namespace, value)""")
    engine.run(
        _DIFF,
        {
            "connection": job.connection,
            "target": target.key,
            "now": policy.now,
            "mode": job.audience.mode,
            "removes": target.may_remove and able.removal != "none" and job.audience.mode == "mirror",
            "resync": policy.resync,
        },
    )
    if job.audience.mode == "update_only" and not target.fields:
        engine.run("update decided set op = null, reason = 'kept'")


def _assert_overlapped(engine: Engine) -> None:
    """Somebody whose wire id changed is removed under the old one, and both may name one address: add them after it."""
    engine.run("""
        create or replace temp table overlapped as
        with spread as (select key, op, reason, wanted, unnest(json_extract(wire, '$.*')) as value from decided)
        select distinct key from spread
        where wanted and reason = 'same' and value in (select value from spread where op = 'remove')""")
    engine.run("update decided set op = 'add', reason = 'due' where key in (select key from overlapped)")


def _stand_still(engine: Engine) -> None:
    """Fewer than `min_size`: only those who said no still leave."""
    engine.run(
        "update decided set op = null, reason = 'too_few' where op is not null and not (op = 'remove' and opted_out)"
    )


def _standstill(job: AudienceJob, wanted: int) -> list[str]:
    least = job.audience.min_size
    return (
        [f"{wanted:,} people are wanted, min_size is {least:,}: the audience stands still."] if wanted < least else []
    )


def _find_released(engine: Engine, keys: Collection[str]) -> None:
    engine.load("released", pa.table({"key": pa.array(sorted(keys), pa.string())}))


def _removals(engine: Engine, job: AudienceJob, target: Target, policy: Policy) -> Removals:
    asked = engine.run("""
        select count(*) from decided d
        where op = 'remove' and not opted_out and key not in (select key from released)""")
    believed = engine.run(
        """select count(*) filter (where owned and presence in ('present', 'unknown', 'accepted')),
                  count(*) filter (where presence = 'absent' and op = 'remove' and changed_at > $since)
           from ledger where connection = $connection and target = $target""",
        {"since": policy.now - _DAY, "connection": job.connection, "target": target.key},
    )
    return Removals(
        asked=_number(asked[0][0]),
        believed=_number(believed[0][0]),
        removed_today=_number(believed[0][1]),
        incomplete=tuple(job.incomplete),
        min_to_remove=job.destination.capabilities.min_to_remove,
    )


def _collect(engine: Engine, job: AudienceJob, target: Target, believed: int, held: str) -> TargetPlan:
    """Rows in the order of sending: who must go goes first, held removals stand at the end."""
    holds = "not opted_out and key not in (select key from released)" if held else "false"
    rows = engine.arrow(f"""
        select op, op = 'remove' and {holds} as held, key, wire, case when op <> 'remove' then address end as address,
               payload, payload_hash, profile_id, consented, vendor_id,
               cast({job.destination.capabilities.wire_version} as integer) as wire_version
        from decided where op is not null
        order by held, case op when 'remove' then 0 when 'update' then 1 else 2 end, consented, key""")
    counts = engine.run(f"""
        select case when op = 'remove' and {holds} then 'held' else op end, count(*)
        from decided where op is not null group by all""")
    waiting = engine.run("""
        select case when reason = 'settling' and presence = 'unknown' then 'unknown' else reason end, count(*)
        from decided where op is null and reason not in ('same', 'foreign', 'kept') group by all""")
    totals = {str(name): _number(count) for name, count in counts}
    ops: tuple[Op, ...] = ("remove", "update", "add")
    return TargetPlan(
        target=target,
        rows=rows.cast(PLAN),
        wanted=_number(engine.run("select count(*) from wanted")[0][0]),
        believed=believed,
        counts={op: totals.get(op, 0) for op in ops},
        held_removes=totals.get("held", 0),
        held=held,
        waiting={str(reason): _number(count) for reason, count in waiting},
    )


def _people(
    engine: Engine, job: AudienceJob, plans: Sequence[TargetPlan]
) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Count every person once, by the row of the target in which the audience stands where there is one."""
    tables = [
        plan.rows.select(["op", "held", "wire", "profile_id"]).append_column(
            "standing", pa.repeat(pa.scalar(plan.target.key == job.standing), plan.rows.num_rows)
        )
        for plan in plans
    ]
    engine.load("planned_rows", pa.concat_tables(tables))
    engine.run("""
        create or replace temp table planned_people as
        select case when held then 'held' when standing then op else 'update' end as op, profile_id
        from planned_rows qualify row_number() over (partition by wire order by standing desc, op) = 1""")
    counts = engine.run("select op, count(*) from planned_people where op <> 'held' group by op")
    sample = engine.run(f"""
        select op, profile_id from planned_people
        qualify row_number() over (partition by op order by profile_id) <= {SAMPLE} order by op, profile_id""")
    samples: dict[str, list[str]] = {}
    for op, profile in sample:
        samples.setdefault(str(op), []).append(str(profile))
    return {str(op): _number(count) for op, count in counts}, samples


def _number(value: object) -> int:
    return int(str(value))
