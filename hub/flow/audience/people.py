"""Candidates of an audience: the members of its segment with their address, consent and what keeps them out."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from hub.engine import Engine
from hub.engine.duckdb import quote, text
from hub.flow.audience.wanted import check_targets, load_key
from hub.outbox.plan import AudienceJob, Policy, Reach
from hub.outbox.split import holdout_sql
from hub.sdk.identity import base_of
from hub.sdk.settings import AudienceSettings, ConsentNeeded

_REACH = (Path(__file__).parent / "reach.sql").read_text(encoding="utf-8")
_NO_CAP = 1_000_000

_CANDIDATES = """
    create or replace temp table candidates(
        audience varchar, profile_id varchar, approved boolean, priority bigint, wire varchar, address varchar,
        allowed boolean, consented boolean, excluded boolean, holdout boolean, sharing varchar, most bigint)"""


def find_reach(engine: Engine, jobs: Sequence[AudienceJob], policy: Policy, key: bytes) -> None:
    """Work out for all audiences of the project who is wanted; call it once per run, before any `plan_target`.

    Fills `reach(audience, profile_id, wire, address, consented, reason)`; people without a reason are wanted.

    Args:
        engine: with person, segment_members, identifiers, consent and ledger.
        jobs: ALL audiences of the project: caps count across tools.
        policy: limits and the present.
        key: the installation key, for the ledger's keys.

    Raises:
        ConfigError: two audiences contradict each other.
    """
    check_targets(jobs)
    load_key(engine, key)
    engine.run(_CANDIDATES)
    attributes = set(engine.columns("person"))
    for job in jobs:
        _add_candidates(engine, job, policy, attributes)
    cap = policy.limits.per_person
    engine.run(
        _REACH,
        {
            "cap": cap.audiences if cap else _NO_CAP,
            "since": policy.now - cap.within if cap else policy.now,
        },
    )


def count_reach(engine: Engine, audience: str) -> Reach:
    """Count what each filter took from an audience's segment."""
    rows = engine.run(
        "select coalesce(reason, 'wanted'), count(*) from reach where audience = ? group by all", (audience,)
    )
    counts = {str(reason): int(str(count)) for reason, count in rows}
    return Reach(segment=sum(counts.values()), **counts)


def _add_candidates(engine: Engine, job: AudienceJob, policy: Policy, attributes: set[str]) -> None:
    consent = job.audience.consent
    _find_denied(engine, consent)
    matches = [_Match(job, name, place, name in attributes) for place, name in enumerate(sorted(job.audience.match_on))]
    addresses = [match for match in matches if not match.attribute]
    out = ", ".join(text(name) for name in (*job.audience.exclude, *policy.limits.never)) or "''"
    granted = "coalesce(c.granted, false)"
    denied = " or ".join(match.denied for match in addresses) or "false"
    engine.run(f"""
        insert into candidates
        select {text(job.name)}, m.profile_id, {job.approved}, {job.audience.priority},
               case when {" or ".join(f"{match.alias}.wire is not null" for match in addresses) or "false"}
                    then {_json(match.wire_pair for match in matches)} end,
               {_json(match.address_pair for match in addresses)},
               {f"{granted} and not ({denied})" if consent else f"not ({denied})"}, {granted},
               m.profile_id in (select profile_id from segment_members where segment in ({out})),
               {holdout_sql(job.split, job.audience.segment, "m.profile_id")},
               {text(job.audience.group) if job.audience.group else "null"}, {job.audience.max_size or "null"}
        from segment_members m
        {_consent_join(consent)}
        {" ".join(match.join for match in matches)}
        where m.segment = {text(job.audience.segment)}""")


def _find_denied(engine: Engine, consent: ConsentNeeded | None) -> None:
    """Addresses of everybody who said no or asked to be erased, and those that a no was said about.

    Neither another profile with the same address nor a yes under another address must bring them back.
    """
    where = consent_is(consent) if consent else "false"
    engine.run(f"""
        create or replace temp table denied as
        select i.namespace, i.value from consent c join identifiers i on i.profile_id = c.profile_id
        where {where} and not c.granted
        union select c.namespace, c.value from denied_addresses c where {where}
        union select e.namespace, e.value from erased e""")


def consent_is(consent: ConsentNeeded) -> str:
    """Return the condition on `c`, a row of the table `consent`, that it is about this channel and purpose."""
    return f"c.channel = {text(consent.channel)} and c.purpose = {text(consent.purpose)}"


def _consent_join(consent: ConsentNeeded | None) -> str:
    return f"left join consent c on c.profile_id = m.profile_id and {consent_is(consent) if consent else 'false'}"


def _json(pairs: Iterator[str]) -> str:
    """Join `"name":value` texts to a JSON object, leaving out nulls."""
    return f"'{{' || concat_ws(',', {', '.join(pairs)}) || '}}'"


class _Match:
    """One entry of `match_on` as SQL: an identifier of the person (best rank), or an attribute that helps to match."""

    def __init__(self, job: AudienceJob, name: str, place: int, attribute: bool) -> None:  # noqa: FBT001 - internal
        able = job.destination.capabilities
        self.alias = f"m{place}"
        self.name = name if name in able.address_by else base_of(name)
        self.attribute = attribute
        self.wire = able.wire.get(self.name, "value")
        people = self._attribute(name) if attribute else self._identifier(name)
        self.join = f"left join ({people}) {self.alias} on {self.alias}.profile_id = m.profile_id"

    def _identifier(self, name: str) -> str:
        return f"""
            select profile_id, namespace, value, cast(({self.wire}) as varchar) as wire from identifiers
            where namespace = {text(name)} or split_part(namespace, '@', 1) = {text(name)}
            qualify row_number() over (
                partition by profile_id
                order by case when namespace = {text(name)} then 0 else 1 end, rank, namespace, value) = 1"""

    def _attribute(self, name: str) -> str:
        return f"""
            select profile_id, value, cast(({self.wire}) as varchar) as wire
            from (select profile_id, cast({quote(name)} as varchar) as value from person)"""

    @property
    def wire_pair(self) -> str:
        return f"{text(f'{quote(self.name)}:')} || cast(to_json({self.alias}.wire) as varchar)"

    @property
    def address_pair(self) -> str:
        return f"'\"' || {self.alias}.namespace || '\":' || cast(to_json({self.alias}.value) as varchar)"

    @property
    def denied(self) -> str:
        me = self.alias
        return f"exists (select 1 from denied d where d.namespace = {me}.namespace and d.value = {me}.value)"


def warnings(engine: Engine, audience: AudienceSettings, reach: Reach) -> list[str]:
    """Say why nobody can be sent, where nobody can."""
    if reach.wanted or not reach.segment:
        return []
    people = f"{reach.segment:,} people, 0 can be sent"
    consent = audience.consent
    if consent and reach.no_consent == reach.segment and not _is_reported(engine, consent):
        unreported = f'{people}: no tool reports consent for "{consent.channel}".'
        return [f"{unreported} Connect one that does, or name it under [consent]. Silence is not yes."]
    parts = {
        "without consent": reach.no_consent,
        f"without {' or '.join(audience.match_on)}": reach.no_address,
        "excluded": reach.excluded,
        "over the cap": reach.capped,
        "in another audience of the group": reach.outranked,
        "in the holdout": reach.holdout,
    }
    return [f"{people}: {', '.join(f'{count:,} {why}' for why, count in parts.items() if count)}."]


def _is_reported(engine: Engine, consent: ConsentNeeded) -> bool:
    return bool(engine.run("select 1 from consent where channel = ? limit 1", (consent.channel,)))
