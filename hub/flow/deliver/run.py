"""Deliver audiences: connections side by side, within one object before membership."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from uuid import uuid4

import pyarrow as pa

from hub.flow.deliver.batches import cut, told
from hub.flow.deliver.finish import Outcome, close_plan, consents_table
from hub.flow.deliver.report import Sent, make_report, report_dry_run
from hub.flow.deliver.send import Sending, open_handle
from hub.flow.deliver.tools import Tools
from hub.lake.delivery import DeliveryLog
from hub.outbox.plan import AudienceJob, AudienceReport, TargetPlan
from hub.sdk.errors import HubError
from hub.sdk.records import Target
from hub.store.control import Store
from hub.store.errors import StoreError
from hub.store.models import PlanRow

_APPROVAL_HOLDS = timedelta(hours=24)
_EVERY = 1 << 62  # more plans than there can be


@dataclass(slots=True)
class _Connection:
    """What came of one connection's audiences. `stop`: why it must not be used any more in this run."""

    reports: list[AudienceReport] = field(default_factory=list)
    consents: list[Mapping[str, object]] = field(default_factory=list)
    stop: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Reports in the order of the jobs, and opt-outs in the columns of the stream `consents`, to be landed."""

    reports: Sequence[AudienceReport]
    consents: pa.Table


def deliver(tools: Tools, jobs: Sequence[AudienceJob]) -> Delivered:
    """Send what approved audiences want; plan the others and send nothing. `recover` must have run.

    Raises:
        LeaseLost: another process has taken over; nothing more was sent.
    """
    by_connection = [list(group) for _, group in groupby(_sorted(jobs), key=lambda job: job.connection)]
    with ThreadPoolExecutor(max(len(by_connection), 1)) as pool:
        done = list(pool.map(lambda group: _serve(tools, group), by_connection))
    reports = {report.name: report for connection in done for report in connection.reports}
    consents = [row for connection in done for row in connection.consents]
    return Delivered([reports[job.name] for job in jobs], consents_table(consents))


def newest_held(store: Store, audience: str) -> PlanRow | None:
    """Return the latest plan of an audience with held removals: what `hub approve --removals` is about."""
    held = (plan for plan in store.plans(limit=_EVERY) if plan.audience == audience and plan.held_removes)
    return next(held, None)


def released_keys(
    store: Store, log: DeliveryLog, jobs: Sequence[AudienceJob], now: datetime
) -> dict[str, frozenset[str]]:
    """Return audience -> keys whose held removal a person approved within the last day, for this very config."""
    released = {}
    for job in jobs:
        approval = store.approval("removals", job.name)
        if approval is None or approval.config_hash != job.config_hash or approval.plan_uid is None:
            continue
        if approval.approved_at + _APPROVAL_HOLDS > now:
            released[job.name] = _held_keys(store, log, approval.plan_uid)
    return released


def _held_keys(store: Store, log: DeliveryLog, uid: str) -> frozenset[str]:
    plans = [plan for plan in store.plans(limit=_EVERY) if plan.uid == uid and plan.held_removes]
    tables = [log.read(plan.path) for plan in plans]
    return frozenset(key for table in tables for key in table.filter(table["held"])["key"].to_pylist())


def _sorted(jobs: Sequence[AudienceJob]) -> list[AudienceJob]:
    return sorted(jobs, key=lambda job: (job.connection, -job.audience.priority, job.name))


def _serve(tools: Tools, jobs: Sequence[AudienceJob]) -> _Connection:
    """Deliver the audiences of one connection, one after the other, until it must not be used any more."""
    served = _Connection()
    for job in jobs:
        if not job.approved:
            with tools.lock:
                served.reports.append(report_dry_run(tools.dry_run(job)))
            continue
        sent = [] if served.stop else _deliver_one(tools, job, served)
        with tools.lock:
            served.reports.append(make_report(tools.engine, job, tools.reached(job), sent, served.stop))
    return served


def _deliver_one(tools: Tools, job: AudienceJob, served: _Connection) -> list[Sent]:
    sent: list[Sent] = []
    uid = uuid4().hex
    for target in job.targets:
        if served.stop or tools.cancelled():
            break
        if _is_busy(tools, job, target):
            sent.append(Sent(target, None, messages=[f"{job.name}: a job at {job.connection} is still running."]))
            continue
        with tools.lock:
            plan = tools.plan(job, target)
        sent.append(_deliver_target(tools, job, plan, uid, served))
    return sent


def _is_busy(tools: Tools, job: AudienceJob, target: Target) -> bool:
    place = (job.connection, target.key)
    return any((plan.connection, plan.target_key) == place for plan in tools.store.open_plans())


def _deliver_target(tools: Tools, job: AudienceJob, plan: TargetPlan, uid: str, served: _Connection) -> Sent:
    sent = Sent(plan.target, plan)
    if not plan.rows.num_rows:
        return sent
    row = _register(tools, job, plan, uid)
    if not plan.sendable:
        tools.store.close_plan(row.id)
        return sent
    try:
        row = open_handle(tools, job, plan.target, row, plan.sendable)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - a connector may raise anything; nothing was sent yet
        tools.store.close_plan(row.id, state="void")
        served.stop = _explain(job, error)
        return sent
    return _send(tools, job, sent, row, served)


def _send(tools: Tools, job: AudienceJob, sent: Sent, row: PlanRow, served: _Connection) -> Sent:
    if sent.plan is None:
        return sent
    rows = sent.plan.rows.slice(0, sent.plan.sendable)
    sending = Sending(tools, job, sent.target, row, rows)
    sending.push_all(tools.store.batches(row.id))
    served.stop = served.stop or sending.stop
    sent.messages += sending.messages
    if tools.store.batches(row.id, ["job"]):
        sent.running = True
        sent.receipts = told(tools.store.batches(row.id))
        return sent
    try:
        outcome = close_plan(tools, job, sent.target, row, rows)
    except StoreError:
        raise
    except HubError as error:  # the plan stays open; recovery closes it
        served.stop = served.stop or str(error)
        return sent
    _take(sent, outcome, served)
    return sent


def _take(sent: Sent, outcome: Outcome, served: _Connection) -> None:
    sent.receipts = outcome.receipts
    sent.messages += outcome.messages
    served.consents += outcome.consents


def _explain(job: AudienceJob, error: Exception) -> str:
    if isinstance(error, HubError):
        return str(error)
    return f"{type(job.destination).__name__}.open failed with {type(error).__name__}. This connection stops."


def _register(tools: Tools, job: AudienceJob, plan: TargetPlan, uid: str) -> PlanRow:
    """Record the plan, write its file, then its batches: a plan without batches was never sent."""
    path = tools.log.plan_path(job.connection, job.name, uid, plan.target.key)
    row = PlanRow(
        uid=uid,
        run_id=tools.run_id,
        connection=job.connection,
        audience=job.name,
        target_key=plan.target.key,
        config_hash=job.config_hash,
        path=path,
        adds=plan.counts.get("add", 0),
        updates=plan.counts.get("update", 0),
        removes=plan.counts.get("remove", 0),
        held_removes=plan.held_removes,
        created_at=tools.now(),
    )
    plan_id = tools.store.add_plan(row)
    about = {"uid": uid, "connection": job.connection, "audience": job.name, "target": plan.target.key}
    tools.log.write(path, plan.rows.replace_schema_metadata({**about, "config_hash": job.config_hash}))
    tools.store.add_batches(plan_id, cut(plan.rows.slice(0, plan.sendable), job.destination.capabilities))
    return tools.store.plan(plan_id)
