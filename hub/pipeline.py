"""The steps, in order: the table of contents of the program.

    extract ─ land ─ identify ─ profile ─ segment ─ audience ─ deliver

Each is a module of `hub.flow`. This one opens the sources, hands on what a step gives to the next, keeps count, and
says in the end whether all went well.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc

from hub.engine.schema import MEMBERSHIPS, create, drop, get_state
from hub.flow.apply import apply, knows_too_much
from hub.flow.audience import plan_audience
from hub.flow.deliver import Delivered, deliver, recover, sync_ledger
from hub.flow.deliver.finish import consents_table
from hub.flow.identify import identify
from hub.flow.land import Counts, Place, land_frame, land_page
from hub.flow.profile import profile
from hub.flow.segment import fold, segment, sizes
from hub.outbox.plan import AudiencePlan
from hub.project import Project
from hub.project.delivering import make_delivering
from hub.project.jobs import choose, make_jobs
from hub.project.reading import read_sources
from hub.project.ready import require_profiles
from hub.report import (
    AudienceCount,
    Progress,
    RunReport,
    RunRequest,
    SegmentCount,
    StageCount,
    Step,
    StreamCount,
)
from hub.sdk.errors import HubError
from hub.sdk.records import Page

Tell = Callable[[Progress], None]
Cancelled = Callable[[], bool]


class Stopped(Exception):
    """The run was cancelled between two pages or batches; what was done stays done."""


@dataclass
class Run:
    """A run under way: what it was asked, and what it has found so far."""

    project: Project
    request: RunRequest
    id: int
    as_of: datetime
    tell: Tell
    cancelled: Cancelled
    report: RunReport
    counts: dict[tuple[str, str], Counts] = field(default_factory=dict)
    full: bool = False

    def step(self, name: Step, message: str) -> None:
        """Announce a step, unless the run was cancelled meanwhile."""
        if self.cancelled():
            raise Stopped
        self.tell(Progress(step=name, message=message))

    def delivered(self, audience: str, done: int, total: int) -> None:
        """Tell how far the delivery of an audience is."""
        self.tell(Progress(step="deliver", what=audience, done=done, total=total, message=f"{done:,} of {total:,}"))

    def wants(self, step: Step) -> bool:
        """Whether the request reaches as far as `step`."""
        return self.request.reaches(step)


def run(project: Project, request: RunRequest, *, run_id: int, tell: Tell, cancelled: Cancelled) -> RunReport:
    """Make one pass through the flow and record how it ended; returns the report, which is `hub run --json`.

    Failures of one source or destination colour the run and let the others go on; anything else is raised after the
    run is recorded as red.
    """
    started = time.monotonic()
    as_of = project.instant(request.as_of)
    report = RunReport(run=run_id, as_of=as_of)
    state = Run(project, request, run_id, as_of, tell, cancelled, report)
    try:
        _steps(state)
    except Stopped:
        report.status = "cancelled"
    except BaseException as error:
        report.status = "red"
        report.failures.append(error.message if isinstance(error, HubError) else type(error).__name__)
        raise
    finally:
        report.seconds = round(time.monotonic() - started, 3)
        report.redact()
        project.store.finish_run(run_id, report.settle(project.settings.hub.safety.max_quarantine), report.as_json())
    return report


def _steps(state: Run) -> None:
    choose(make_jobs(state.project), state.request.audience)  # what contradicts itself is refused before anything runs
    _prepare(state)
    if state.request.extract:
        _extract(state)
    if state.wants("identify"):
        _identify(state)
    if state.wants("profile"):
        _profile(state)
    if state.wants("segment"):
        _segment(state)
    if state.wants("audience"):
        _audiences(state)


def _prepare(state: Run) -> None:
    """Start from nothing when asked to, or when the derived database holds what the registry does not know.

    What landed earlier is applied before anything is read: a read is compared with what is known.
    """
    engine, files = state.project.engine, state.project.store.files()
    state.full = state.request.full
    if state.request.rebuild or knows_too_much(engine, files):
        state.tell(Progress(step="land", message="rebuilding from the logs"))
        with engine.transaction():  # half a database that says it contains everything would never be mended
            drop(engine)
            create(engine)
        state.full = True
    apply(engine, files, state.project.landing.root)


def _extract(state: Run) -> None:
    state.step("extract", "reading sources")
    read_sources(state.project, state.request, state.id, state.report, state.counts, state.tell, state.cancelled)
    for (connection, key), counts in state.counts.items():
        for stream in sorted(counts.read) or [key.partition("-")[0]]:
            read, landed, refused = (each.get(stream, 0) for each in (counts.read, counts.landed, counts.quarantined))
            row = StreamCount(source=connection, stream=stream, read=read, landed=landed, quarantined=refused)
            state.report.streams.append(row)
    if state.cancelled():
        raise Stopped


def _identify(state: Run) -> None:
    state.step("land", "applying what landed")
    project = state.project
    apply(project.engine, project.store.files(), project.landing.root)
    fold(project.engine)
    state.step("identify", "linking records to people")
    identify(project.engine, project.identity_rules, project.key)


def _learn(state: Run) -> None:
    """Take the opt-outs that just landed into the profiles, at the same instant and with the same cut-points."""
    project = state.project
    apply(project.engine, project.store.files(), project.landing.root)
    identify(project.engine, project.identity_rules, project.key)
    profile(project.engine, project.compiled.own, project.profile_rules, state.as_of, full=False)


def _profile(state: Run) -> None:
    state.step("profile", "computing profiles")
    project = state.project
    profile(project.engine, project.compiled.own, project.profile_rules, state.as_of, full=state.full)
    project.refresh_views(state.as_of, cut_points=state.request.full or state.request.cut_points)
    known = project.engine.run("select count(*), count(*) filter (where known) from profiles")[0]
    state.report.profiles, state.report.known = int(str(known[0])), int(str(known[1]))


def _segment(state: Run) -> None:
    state.step("segment", "evaluating segments and stages")
    compiled, engine = state.project.compiled, state.project.engine
    changes, unknown = segment(engine, compiled.rules, compiled.order, compiled.stages)
    _record(state, changes)
    found = sizes(engine, "segment", changes, unknown, list(compiled.rules))
    state.report.segments = [
        SegmentCount(name=each.name, size=each.size, entered=each.entered, left=each.left) for each in found
    ]
    stages = sizes(engine, "stage", changes, {}, [stage.name for stage in compiled.stages])
    state.report.stages = [StageCount(name=each.name, size=each.size) for each in stages]
    state.report.warnings += [
        f"{each.name}: {each.unknown:,} people are neither in nor out: what the rule makes of "
        f"{' and '.join(sorted(compiled.rules[each.name].nullable)) or 'their values'} is empty. Use coalesce()."
        for each in found
        if each.unknown
    ]


def _record(state: Run, changes: pa.Table) -> None:
    """Write who entered and who left to the log, then fold it into the derived tables."""
    project = state.project
    if len(changes):
        stamped = changes.append_column("as_of", pa.array([state.as_of] * 1, pa.timestamp("us")).take(_zeros(changes)))
        stamped = stamped.append_column("run", pa.array([state.id], pa.int64()).take(_zeros(changes)))
        place = Place((), "hub", "segment", uuid4().hex, state.id, "", None)
        land_frame(stamped, MEMBERSHIPS.name, place, project.landing, project.store)
        apply(project.engine, project.store.files(), project.landing.root)
    fold(project.engine)


def _zeros(table: pa.Table) -> pa.Array:
    return pa.nulls(len(table), pa.int8()).fill_null(0)


def _audiences(state: Run) -> None:
    """Plan every audience, and send what is approved where the run reaches that far."""
    state.step("audience", "planning audiences")
    project = state.project
    delivering = make_delivering(
        project, make_jobs(project), run_id=state.id, cancelled=state.cancelled, progress=state.delivered,
        heard=lambda rows: _land_opt_outs(state, consents_table(rows)),
    )  # fmt: skip
    found = recover(delivering.tools, delivering.jobs)
    state.report.concerns += found.messages
    if found.consents:
        _learn(state)
    delivering.prepare()
    jobs = choose(delivering.jobs, state.request.audience)
    if not state.wants("deliver"):
        dry = [plan_audience(project.engine, delivering.jobs, job, delivering.policy[0]) for job in jobs]
        state.report.audiences = [AudienceCount.planned_only(each) for each in dry]
        return
    state.step("deliver", "delivering")
    delivered = deliver(delivering.tools, jobs)
    _report(state, delivered)
    if len(delivered.consents):
        _learn(state)  # so that it holds at once
    if state.cancelled():
        raise Stopped


def _land_opt_outs(state: Run, consents: pa.Table) -> None:
    """Opt-outs seen at a tool land like any other word of the person, under the tool's connection."""
    for connection in sorted(set(consents["source"].to_pylist())):
        place = Place(("consents",), connection, "delivery", uuid4().hex, state.id, "", None)
        rows = consents.filter(pc.equal(consents["source"], connection))
        land_page(Page(rows={"consents": rows}), place, state.project.landing, state.project.store, Counts())


def _report(state: Run, delivered: Delivered) -> None:
    report = state.report
    for each in delivered.reports:
        report.audiences.append(AudienceCount.of(each))
        report.warnings += each.warnings
        report.concerns += [f"{each.name}: {each.held_reason}"] if each.held_reason and each.approved else []
        report.failures += [f"{each.name}: {each.failure}"] if each.failure else []


def plan(project: Project, *, audience: str | None = None, as_of: datetime | None = None) -> list[AudiencePlan]:
    """Say what the next delivery would add, update, remove and hold; nothing is sent. Needs an earlier run.

    Raises:
        ConfigError: there is no such audience.
    """
    require_profiles(project.engine)
    delivering = make_delivering(project, make_jobs(project))
    jobs = choose(delivering.jobs, audience)
    sync_ledger(project.engine, project.store, delivering.tools.log)
    with _looking_from(project, as_of):
        delivering.prepare()
        return [plan_audience(project.engine, delivering.jobs, job, delivering.policy[0]) for job in jobs]


@contextmanager
def _looking_from(project: Project, as_of: datetime | None) -> Iterator[None]:
    """Show people as they are at another instant for a while; None: as in the last run."""
    if as_of is None:
        yield
        return
    last = datetime.fromisoformat(str(get_state(project.engine, "as_of")))
    project.refresh_views(project.instant(as_of), cut_points=False)
    try:
        yield
    finally:
        project.refresh_views(last, cut_points=False)
