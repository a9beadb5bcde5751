"""What each tool is believed to hold of a person, and what keeps the person out of it."""

from collections.abc import Sequence

from pydantic import BaseModel

from hub.engine import Engine
from hub.outbox.plan import AudienceJob
from hub.outbox.split import holdout_sql
from hub.project import Project
from hub.project.jobs import make_jobs
from hub.sdk.identity import base_of


class ToolState(BaseModel):
    """Belief about one person in one audience.

    `state`: present, absent, unknown, accepted, rejected, suppressed, or none when nothing was ever sent. `code`: the
    vendor's reason for a refusal. `kept_out`: why a member of the segment is not wanted in the audience.
    """

    connection: str
    audience: str
    state: str
    code: str = ""
    kept_out: str = ""


def tools(project: Project, engine: Engine, profile_id: str, segment: str | None = None) -> list[ToolState]:
    """Return the state in every audience, or in those of one segment."""
    jobs = [job for job in make_jobs(project) if segment in (None, job.audience.segment)]
    never = project.settings.hub.limits.never
    return [_state(engine, job, profile_id, never) for job in jobs]


def _state(engine: Engine, job: AudienceJob, profile_id: str, never: Sequence[str]) -> ToolState:
    presence, code = _belief(engine, job, profile_id)
    kept_out = "" if presence in ("present", "accepted") else _kept_out(engine, job, profile_id, never)
    return ToolState(connection=job.connection, audience=job.name, state=presence, code=code, kept_out=kept_out)


def _belief(engine: Engine, job: AudienceJob, profile_id: str) -> tuple[str, str]:
    """The newest entry of the ledger under any of the person's addresses; it may stem from before a merge."""
    if not engine.columns("ledger"):
        return "none", ""
    rows = engine.run(
        """
        select presence, parked, refused_code from ledger l
        where connection = ? and target = ? and (profile_id = ? or exists (
            select 1 from identifiers i where i.profile_id = ? and contains(l.wire, concat('"', i.value, '"'))))
        order by changed_at desc nulls last limit 1""",
        (job.connection, job.standing, profile_id, profile_id),
    )
    if not rows:
        return "none", ""
    presence, parked, code = ("" if value is None else str(value) for value in rows[0])
    return parked or presence, code


def _kept_out(engine: Engine, job: AudienceJob, profile_id: str, never: Sequence[str]) -> str:
    bases = ", ".join(_text(base_of(name)) for name in job.audience.match_on)
    tests = {
        "not in the segment": f"not {_in_segments(job.audience.segment)}",
        "no consent": _no_consent(job),
        "no address": f"""not exists (
            select 1 from identifiers i where i.profile_id = p.profile_id
            and split_part(i.namespace, '@', 1) in ({bases}))""",
        "in an excluded segment": _in_segments(*job.audience.exclude),
        "in a segment that no audience may hold": _in_segments(*never),
        "in the holdout": holdout_sql(job.split, job.audience.segment, "p.profile_id"),
    }
    cases = " ".join(f"when {test} then {_text(reason)}" for reason, test in tests.items())
    rows = engine.run(f"select case {cases} else '' end from profiles p where profile_id = ?", (profile_id,))
    found = str(rows[0][0]) if rows else ""
    return found or ("" if job.approved else "the audience is not approved")


def _in_segments(*names: str) -> str:
    if not names:
        return "false"
    listed = ", ".join(_text(name) for name in names)
    return f"p.profile_id in (select profile_id from segment_members where segment in ({listed}))"


def _no_consent(job: AudienceJob) -> str:
    needed = job.audience.consent
    if needed is None:
        return "false"
    return f"""not exists (
        select 1 from consent c where c.profile_id = p.profile_id and c.granted
        and c.channel = {_text(needed.channel)} and c.purpose = {_text(needed.purpose)})"""


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
