"""What ran, what stands still, and what waits for a person."""

from collections import Counter

from pydantic import BaseModel, Field

from hub.project import Project
from hub.project.jobs import make_jobs
from hub.report import RunReport
from hub.store.models import LandedFile

_SHOWN = 100  # erasure requests
_DAYS_TO_ERASE = 30  # GDPR, article 12(3): within one month of receipt
_LATEST = 200  # runs that are looked through: each audience has its own pace


class ConnectionState(BaseModel):
    """A connection's sources: when they last brought something, and how much has landed in all."""

    connection: str
    connector: str
    last_landed: str
    rows: int
    quarantined: int


class AudienceState(BaseModel):
    """An audience: whether this very config is approved, what it holds, and what waits."""

    audience: str
    destination: str
    approved: bool
    on_list: int
    held: int
    unknown: int


class RunSummary(BaseModel):
    """The latest run that ended."""

    run: int
    status: str
    as_of: str
    finished_at: str
    failures: list[str] = Field(default_factory=list)
    concerns: list[str] = Field(default_factory=list)


class ErasureState(BaseModel):
    """A request to be erased: suppressed everywhere already, to be carried out by `due` (naive UTC)."""

    connection: str
    request: str
    requested_at: str
    due: str


class Status(BaseModel):
    """The state of the whole project. `erasures`: at most a hundred, oldest first. `broken`: plugins disabled."""

    run: RunSummary | None
    connections: list[ConnectionState]
    audiences: list[AudienceState]
    erasures: list[ErasureState]
    broken: list[dict[str, str]]


def status(project: Project) -> Status:
    """Gather the state of a project from its stores; no tool is asked."""
    files = project.store.files()
    return Status(
        run=_latest(project),
        connections=[_connection(project, name, files) for name in sorted(project.settings.connections)],
        audiences=_audiences(project),
        erasures=_erasures(project),
        broken=[{"plugin": each.name, "reason": each.reason} for each in project.plugins.broken],
    )


def _latest(project: Project) -> RunSummary | None:
    for run in project.store.runs():
        if run.finished_at is not None:
            report = RunReport.model_validate(run.report) if run.report else None
            return RunSummary(
                run=run.id,
                status=run.status,
                as_of=str(run.as_of),
                finished_at=str(run.finished_at),
                failures=report.failures if report else [],
                concerns=report.concerns if report else [],
            )
    return None


def _connection(project: Project, name: str, files: list[LandedFile]) -> ConnectionState:
    mine = [file for file in files if file.connection == name]
    quarantined = sum(file.source_rows for file in mine if file.stream == "quarantine")
    return ConnectionState(
        connection=name,
        connector=project.settings.connections[name].connector,
        last_landed=str(max((file.created_at for file in mine), default="")),
        rows=sum(file.source_rows for file in mine) - quarantined,
        quarantined=quarantined,
    )


def _audiences(project: Project) -> list[AudienceState]:
    counts = _beliefs(project)
    held = _held(project)
    return [
        AudienceState(
            audience=job.name,
            destination=job.connection,
            approved=job.approved,
            on_list=counts[job.connection, job.standing, "present"] + counts[job.connection, job.standing, "accepted"],
            held=held.get(job.name, 0),
            unknown=counts[job.connection, job.standing, "unknown"],
        )
        for job in make_jobs(project)
    ]


def _erasures(project: Project) -> list[ErasureState]:
    """Requests that arrived. Those without a time come first, with nothing said about when they are due."""
    rows = project.engine.cursor().run(f"""
        select _connection, coalesce(request_id, ''), cast(requested_at as varchar),
               cast(requested_at + interval {_DAYS_TO_ERASE} day as varchar)
        from current_erasures order by requested_at nulls first, 2 limit {_SHOWN}""")
    return [
        ErasureState(connection=str(row[0]), request=str(row[1]), requested_at=str(row[2] or ""), due=str(row[3] or ""))
        for row in rows
    ]


def _held(project: Project) -> dict[str, int]:
    """What waited in each audience when it was last looked at."""
    held: dict[str, int] = {}
    for run in project.store.runs(_LATEST):
        report = RunReport.model_validate(run.report) if run.report else None
        for audience in report.audiences if report else ():
            held.setdefault(audience.name, audience.held)
    return held


def _beliefs(project: Project) -> Counter[tuple[str, str, str]]:
    engine = project.engine.cursor()
    if not engine.columns("ledger"):
        return Counter()
    rows = engine.run("select connection, target, presence, count(*) from ledger group by all")
    return Counter({(str(row[0]), str(row[1]), str(row[2])): int(str(row[3])) for row in rows})
