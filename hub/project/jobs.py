"""Make jobs of the audiences in config: compiled fields, splits, and whether they are approved."""

from collections.abc import Sequence

from hub.flow.audience.wanted import check_targets
from hub.flow.segment import with_helpers, with_segments
from hub.lang import Expression
from hub.outbox.plan import AudienceJob
from hub.project import Project
from hub.project.reading import doubts
from hub.sdk.connector import Destination
from hub.sdk.errors import ConfigError
from hub.sdk.settings import AudienceSettings, Settings
from hub.settings import Connection


def make_jobs(project: Project) -> list[AudienceJob]:
    """Return a job per `[[audience]]`, by priority, then name.

    Raises:
        ConfigError: two audiences contradict each other.
    """
    jobs = []
    for connection in project.settings.connections.values():
        if connection.audiences:
            destination = project.destination(connection)
            jobs += [_job(project, connection, each, destination) for each in connection.audiences]
    check_targets(jobs)
    return sorted(jobs, key=lambda job: (-job.audience.priority, job.name))


def choose(jobs: Sequence[AudienceJob], only: str | None) -> list[AudienceJob]:
    """Return the jobs to work on: all, or the one called `only`.

    Raises:
        ConfigError: there is no such audience.
    """
    chosen = [job for job in jobs if only in (None, job.name)]
    if only is not None and not chosen:
        names = ", ".join(job.name for job in jobs) or "none"
        raise ConfigError(f'no audience "{only}".', hint=f"Audiences: {names}.")
    return chosen


def _job(
    project: Project, connection: Connection, audience: AudienceSettings, destination: Destination[Settings, Settings]
) -> AudienceJob:
    fields = project.compiled.fields[audience.name]
    config_hash = project.settings.config_hash(audience, connection)
    approval = project.store.approval("audience", audience.name)
    return AudienceJob(
        connection=connection.name,
        audience=audience,
        destination=destination,
        config_hash=config_hash,
        fields={field: expression.sql for field, expression in fields.items()},
        relation=_relation(project, list(fields.values())),
        split=project.settings.segments[audience.segment].split,
        approved=approval is not None and approval.config_hash == config_hash,
        incomplete=doubts(project.engine.cursor()),
    )


def _relation(project: Project, expressions: Sequence[Expression]) -> str:
    if not any(each.activities or each.consents or each.segments for each in expressions):
        return "person"
    return f"({with_segments(with_helpers(project.engine.cursor(), 'person', expressions), expressions)})"
