"""Bring what a killed run left behind to an end, before anything new is planned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa

from hub.flow.deliver.finish import Outcome, close_plan, receipts_table, unknown_words, write_receipts
from hub.flow.deliver.ledger import sync_ledger
from hub.flow.deliver.send import Sending
from hub.flow.deliver.tools import Tools
from hub.outbox.plan import AudienceJob
from hub.sdk.errors import HubError
from hub.sdk.records import Target
from hub.store.models import PlanRow

_EVERY = 1 << 62  # more plans than there can be
_UNKNOWN_TOOL = timedelta(days=1)  # how long a write may stay invisible at a tool that is no longer configured


@dataclass(frozen=True, slots=True)
class Recovered:
    """What recovery found: sentences for the operator, and opt-outs in rows of `consents`."""

    messages: Sequence[str]
    consents: Sequence[Mapping[str, object]]


def recover(tools: Tools, jobs: Sequence[AudienceJob]) -> Recovered:
    """Close the plans of a killed run, adopt plan files of a store that is gone, and bring the ledger up to date.

    Batches that were never meant to be sent are void, those without an answer are unknown, jobs are asked for. May be
    called again and again.
    """
    restored = tools.store.restored(tools.journal)
    sync_ledger(tools.engine, tools.store, tools.log)
    found = [_end(tools, jobs, plan, restored=restored) for plan in tools.store.open_plans()]
    found += [_adopt(tools, jobs, path) for path in _strangers(tools)]
    if restored:
        tools.store.catch_up(tools.journal)
        found.append(Outcome(messages=["The control store is older than what was sent: those people are unknown now."]))
    messages = [message for outcome in found for message in outcome.messages]
    return Recovered(messages, [row for outcome in found for row in outcome.consents])


def _end(tools: Tools, jobs: Sequence[AudienceJob], plan: PlanRow, *, restored: bool) -> Outcome:
    job, target = _place(jobs, plan.connection, plan.audience, plan.target_key)
    if restored:
        return _all_unknown(tools, job, plan)
    if plan.state == "planned":
        tools.store.close_plan(plan.id, state="void")
        return Outcome()
    rows = tools.log.read(plan.path)
    sending = Sending(tools, job, target, plan, rows) if job and target else None
    if sending:
        sending.poll_once()
        if tools.store.batches(plan.id, ["job"]):
            return Outcome(
                messages=[*sending.messages, f"{plan.audience}: a job at {plan.connection} is still running."]
            )
    try:
        outcome = close_plan(tools, job, target, plan, rows)
    except HubError as error:
        return Outcome(messages=[f"{plan.audience}: the plan of an earlier run cannot be closed: {error}"])
    unknown = sum(receipt.outcome == "unknown" for receipt in outcome.receipts.values())
    outcome.messages += sending.messages if sending else []
    if unknown:
        outcome.messages.append(f"{plan.audience}: {unknown:,} unknown after an interrupted run; sent again where due.")
    return outcome


def _all_unknown(tools: Tools, job: AudienceJob | None, plan: PlanRow) -> Outcome:
    """The store went back in time: what it says about its open plans may be long out of date."""
    receipts = tools.log.receipts_path(plan.path)
    if tools.log.exists(receipts):
        write_receipts(tools, plan, tools.log.read(receipts))
    elif tools.log.exists(plan.path):
        write_receipts(tools, plan, _unknown(tools, job, plan, tools.log.read(plan.path)))
    else:
        tools.store.close_plan(plan.id, state="void")
    return Outcome()


def _unknown(tools: Tools, job: AudienceJob | None, plan: PlanRow, rows: pa.Table) -> pa.Table:
    sent = rows.filter(pa.compute.invert(rows["held"]))
    bound = job.destination.capabilities.settles_within if job else _UNKNOWN_TOOL
    return receipts_table(plan, rows, unknown_words(sent.num_rows, tools.now() + bound), tools.now())


def _strangers(tools: Tools) -> list[str]:
    known = {plan.path for plan in tools.store.plans(limit=_EVERY)}
    return [path for path in tools.log.plan_files() if path not in known]


def _adopt(tools: Tools, jobs: Sequence[AudienceJob], path: str) -> Outcome:
    """A plan file that the store does not know was written under a store that is gone: its people may be there."""
    rows = tools.log.read(path)
    about = {name.decode(): value.decode() for name, value in (rows.schema.metadata or {}).items()}
    job, _ = _place(jobs, about["connection"], about["audience"], about["target"])
    plan = PlanRow(
        uid=about["uid"],
        run_id=tools.run_id,
        connection=about["connection"],
        audience=about["audience"],
        target_key=about["target"],
        config_hash=about["config_hash"],
        path=path,
        created_at=tools.now(),
    )
    _all_unknown(tools, job, tools.store.plan(tools.store.add_plan(plan)))
    return Outcome(
        messages=[f"{plan.audience}: delivery/{path} is not in the control store; its people are unknown now."]
    )


def _place(
    jobs: Sequence[AudienceJob], connection: str, audience: str, key: str
) -> tuple[AudienceJob | None, Target | None]:
    for job in jobs:
        if (job.connection, job.name) == (connection, audience):
            return job, next((target for target in job.targets if target.key == key), None)
    return None, None
