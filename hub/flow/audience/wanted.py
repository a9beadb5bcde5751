"""What is wanted at one target: a row per person with key, wire id and the fields to be written."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import pyarrow as pa

from hub.engine import Engine
from hub.engine.duckdb import quote, text
from hub.outbox.plan import AudienceJob
from hub.outbox.split import arm_sql
from hub.sdk.errors import ConfigError
from hub.sdk.records import Target

_BLOCK = 64  # bytes that HMAC-SHA256 works on
_ARM = re.compile(r"\bsplit_arm\b")


def check_targets(jobs: Sequence[AudienceJob]) -> None:
    """Refuse audiences that cannot stand side by side: one membership wanted twice, one field with two meanings.

    Raises:
        ConfigError: naming the audiences and the target or field.
    """
    for (connection, key), pairs in _by_target(jobs).items():
        target = pairs[0][1]
        names = " and ".join(f'"{job.name}"' for job, _ in pairs)
        if target.kind == "membership" and len(pairs) > 1:
            raise ConfigError(
                f"audiences {names} stand in the same place, {key}: each would remove the other's people.",
                where=f"{connection}.toml",
                hint="Give each its own target, or make one segment of both.",
            )
        if target.fields:
            _union([job for job, _ in pairs])


def sharing(jobs: Sequence[AudienceJob], job: AudienceJob, target: Target) -> list[AudienceJob]:
    """Return the audiences of the same connection that stand at a target, the given one included."""
    return [other for other, _ in _by_target(jobs).get((job.connection, target.key), [])] or [job]


def make_wanted(
    engine: Engine, jobs: Sequence[AudienceJob], job: AudienceJob, target: Target, *, assume_objects: bool
) -> None:
    """Fill `wanted` with the audience's rows for a target, and `kept` with the wires that any audience wants there.

    Fields of audiences that nobody has approved stay out of what the others send.
    """
    group = sharing(jobs, job, target)
    seen = [other for other in group if other.approved or other.name == job.name]
    names = ", ".join(text(other.name) for other in group)
    engine.run(f"create or replace temp table kept as select distinct wire from reach"
               f" where reason is null and audience in ({names})")  # fmt: skip
    fields, payload = _payload(seen) if target.fields else ("", "'{}'")
    engine.run(
        f"""
        create or replace temp table wanted as
        select sha256(p.outer_pad || unhex(sha256(p.inner_pad || encode(concat($place, r.wire))))) as key,
               r.wire, r.address, {payload} as payload,
               {"md5(payload)" if target.fields else "''"} as payload_hash,
               r.profile_id, r.consented, o.vendor_id
        from reach r
        cross join key_pads p
        {fields}
        left join ledger o on o.connection = $connection and o.target = $depends and o.wire = r.wire
        where r.audience = $audience and r.reason is null
          and ($free or coalesce(o.presence, 'none') in ('present', 'accepted'))""",
        {
            "place": f"{job.connection}\x1f{target.key}\x1f",
            "connection": job.connection,
            "depends": target.depends_on,
            "audience": job.name,
            "free": target.depends_on is None or assume_objects,
        },
    )


def load_key(engine: Engine, key: bytes) -> None:
    """Keep the two pads of HMAC-SHA256 where SQL can reach them; the key never stands in a statement's text."""
    padded = key.ljust(_BLOCK, b"\0")
    pads = ([bytes(byte ^ mask for byte in padded)] for mask in (0x36, 0x5C))
    engine.load("key_pads", pa.table(dict(zip(("inner_pad", "outer_pad"), pads, strict=True))))


def _by_target(jobs: Iterable[AudienceJob]) -> dict[tuple[str, str], list[tuple[AudienceJob, Target]]]:
    found: dict[tuple[str, str], list[tuple[AudienceJob, Target]]] = {}
    for job in jobs:
        for target in job.targets:
            found.setdefault((job.connection, target.key), []).append((job, target))
    return found


def _union(group: Sequence[AudienceJob]) -> Mapping[str, tuple[AudienceJob, str]]:
    """All fields that the audiences write to one object: field -> (audience that defines it, SQL)."""
    union: dict[str, tuple[AudienceJob, str]] = {}
    for job in group:
        for name, sql in job.fields.items():
            first, known = union.setdefault(name, (job, sql))
            if _meaning(first, known) != _meaning(job, sql):
                raise ConfigError(
                    f'field "{name}" means one thing in audience "{first.name}" and another in "{job.name}": the '
                    "contact would be rewritten in every run.",
                    where=f"{job.connection}.toml",
                    hint="Use the same expression in both, or two fields.",
                )
    return union


def _meaning(job: AudienceJob, sql: str) -> tuple[str, str, str]:
    """The arm of one segment's split is not that of another's."""
    return sql, job.relation, arm_sql(job.split, job.audience.segment) if _ARM.search(sql) else ""


def _payload(group: Sequence[AudienceJob]) -> tuple[str, str]:
    """Return joins that compute the union's fields per person, and the JSON object of them."""
    union = sorted(_union(group).items())
    if not union:
        return "", "'{}'"
    joins, pairs = [], []
    by_job = sorted(union, key=lambda item: item[1][0].name)
    for place, (name, items) in enumerate(groupby(by_job, key=lambda item: item[1][0].name)):
        mine = list(items)
        job = next(job for job in group if job.name == name)
        columns = ", ".join(f"({sql}) as {quote(field)}" for field, (_, sql) in mine)
        people = f"select *, {arm_sql(job.split, job.audience.segment)} as split_arm from {job.relation}"
        joins.append(
            f"join (select profile_id, {columns} from ({people})) f{place} on f{place}.profile_id = r.profile_id"
        )
        pairs += [(field, f"{quote(field)} := f{place}.{quote(field)}") for field, _ in mine]
    packed = ", ".join(sql for _, sql in sorted(pairs))
    return " ".join(joins), f"cast(to_json(struct_pack({packed})) as varchar)"
