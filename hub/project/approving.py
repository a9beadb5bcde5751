"""A person says yes: to an audience, to removals that are held, or to a read that looked incomplete."""

from typing import Literal

from pydantic import BaseModel

from hub.flow.deliver import newest_held
from hub.outbox.plan import AudienceJob
from hub.project import Project
from hub.project.jobs import make_jobs
from hub.sdk.errors import ConfigError


class Approved(BaseModel):
    """What was allowed, and what happens next."""

    kind: Literal["audience", "removals", "source"]
    name: str
    message: str


def approve(project: Project, name: str, *, removals: bool = False, who: str) -> Approved:
    """Record an approval; it is bound to the config as it is now, or to the very people whose removal is held.

    Raises:
        ConfigError: there is no audience and no source of that name, or nothing is held.
    """
    jobs = {job.name: job for job in make_jobs(project)}
    if name in jobs:
        return _release(project, jobs[name], who) if removals else _allow(project, jobs[name], who)
    connection = project.settings.connections.get(name)
    if connection is None or not connection.sources:
        known = ", ".join([*jobs, *(each.name for each in project.settings.connections.values() if each.sources)])
        raise ConfigError(f'no audience and no source "{name}".', hint=f"There are: {known or 'none'}.")
    if removals:
        raise ConfigError(f"{name} is a source; --removals is for audiences.", hint=f"Say: hub approve {name}")
    project.store.approve("source", name, "", who=who)
    return Approved(kind="source", name=name, message=f"{name}: the next read is believed, however little it brings.")


def _allow(project: Project, job: AudienceJob, who: str) -> Approved:
    project.store.approve("audience", job.name, job.config_hash, who=who)
    message = f"{job.name}: approved as configured now; the next run delivers it to {job.connection}."
    return Approved(kind="audience", name=job.name, message=message)


def _release(project: Project, job: AudienceJob, who: str) -> Approved:
    plan = newest_held(project.store, job.name)
    if plan is None:
        raise ConfigError(f"{job.name}: no removals are held.", hint="See what would be sent: hub plan.")
    project.store.approve("removals", job.name, job.config_hash, plan.uid, who=who)
    message = f"{job.name}: {plan.held_removes:,} removals released; the next run removes those people and no others."
    return Approved(kind="removals", name=job.name, message=message)
