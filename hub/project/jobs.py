"""Make jobs of the audiences in config: compiled fields, splits, and whether they are approved."""

from collections.abc import Mapping, Sequence

from hub.flow.segment import with_helpers, with_segments
from hub.lang import Catalogue, Expression, TraitInfo, compile_expression
from hub.outbox.plan import AudienceJob
from hub.project import Project
from hub.sdk.connector import Destination
from hub.sdk.errors import ConfigError
from hub.sdk.settings import AudienceSettings, Settings
from hub.settings import Connection

_ARM = TraitInfo("split_arm", "text", "arm of the segment's split that the person is in")


def make_jobs(project: Project) -> list[AudienceJob]:
    """Return a job per `[[audience]]`, by priority, then name.

    Raises:
        ConfigError: a field's expression does not compile.
    """
    jobs = []
    for connection in project.settings.connections.values():
        if connection.audiences:
            destination = project.destination(connection)
            jobs += [_job(project, connection, each, destination) for each in connection.audiences]
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


def compiled_fields(project: Project, connection: Connection, audience: AudienceSettings) -> Mapping[str, Expression]:
    """Compile the expressions of an audience's `fields`."""
    known = project.compiled.catalogue
    catalogue = Catalogue({**known.traits, _ARM.name: _ARM}, known.segments, known.events)
    place = next(index for index, each in enumerate(connection.audiences) if each.name == audience.name)
    return {
        field: compile_expression(
            text, catalogue, where=project.settings.where(connection.name, "audience", place, "fields", field)
        )
        for field, text in audience.fields.items()
    }


def _job(
    project: Project, connection: Connection, audience: AudienceSettings, destination: Destination[Settings, Settings]
) -> AudienceJob:
    fields = compiled_fields(project, connection, audience)
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
    )


def _relation(project: Project, expressions: Sequence[Expression]) -> str:
    if not any(each.activities or each.consents or each.segments for each in expressions):
        return "person"
    return f"({with_segments(with_helpers(project.engine, 'person', expressions), expressions)})"
