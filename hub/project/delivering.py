"""What the steps audience and deliver need of a project: one policy, one set of tools, all audiences as jobs."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hub.flow.audience import describe_reach, find_reach, plan_audience, plan_target
from hub.flow.deliver import Tools, released_keys
from hub.lake.delivery import DeliveryLog
from hub.outbox.plan import AudienceJob, AudiencePlan, Policy, Reached, TargetPlan
from hub.project import Project
from hub.sdk.records import Target


@dataclass(frozen=True, slots=True)
class Delivering:
    """All audiences of a project, ready to be planned. `tools` plans with the policy that `prepare` has set."""

    project: Project
    jobs: Sequence[AudienceJob]
    tools: Tools
    policy: list[Policy]

    def prepare(self) -> None:
        """Work out who is wanted in every audience; once per run, after recovery and before any plan."""
        released = released_keys(self.tools.store, self.tools.log, self.jobs, self.tools.now())
        self.policy[0] = replace(self.policy[0], now=self.tools.now(), releases=released)
        find_reach(self.project.engine, self.jobs, self.policy[0], self.project.key)


def make_delivering(
    project: Project,
    jobs: Sequence[AudienceJob],
    *,
    run_id: int | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[str, int, int], None] = lambda _name, _done, _total: None,
    heard: Callable[[Sequence[Mapping[str, object]]], None] = lambda _rows: None,
) -> Delivering:
    """Join the project's stores, limits and audiences."""
    hub = project.settings.hub
    policy = [Policy(_now(), hub.safety, hub.limits)]

    def plan(job: AudienceJob, target: Target) -> TargetPlan:
        return plan_target(project.engine, jobs, job, target, policy[0])

    def dry_run(job: AudienceJob) -> AudiencePlan:
        return plan_audience(project.engine, jobs, job, policy[0])

    def reached(job: AudienceJob) -> Reached:
        return describe_reach(project.engine, job)

    log = DeliveryLog(project.root / "data" / "delivery", project.key)
    tools = Tools(
        project.engine, project.store, project.journal, log, plan, dry_run, reached, _now, time.sleep,
        cancelled, progress, heard, run_id,
    )  # fmt: skip
    return Delivering(project, jobs, tools, policy)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
