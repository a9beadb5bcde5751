"""Put people in segments and lifecycle stages, all at one instant, and record who entered and who left.

Rules run in full over the view `person_base`: attributes, traits and what derives from them at `as_of`. Rules that
build on other segments or on the stage come after them. What changed is written to the log of memberships; the tables
that later steps read are folds of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import md5

import pyarrow as pa

from hub.engine import Engine
from hub.engine.schema import get_state, set_state
from hub.lang import Activity, Consent, Expression, Rule
from hub.sdk.records import Json
from hub.sdk.traits import DerivedTrait, RankTrait

STAGE = "stage"  # the name under which all stages together are ordered among the segments

_CUTS_HOLD = timedelta(days=1)
_TEXT_OR_PREVIOUS = re.compile(r"'(?:[^']|'')*'|\"previous_stage\"")


@dataclass(frozen=True, slots=True)
class StageRule:
    """A stage and its compiled rule; the rule may read `previous_stage`."""

    name: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived or ranked trait with its compiled expressions, in an order in which each can be computed."""

    trait: DerivedTrait | RankTrait
    value: Expression
    where: Rule | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """How many people a segment or stage holds, and how many its rule could not decide because a value is missing."""

    name: str
    size: int
    entered: int
    left: int
    unknown: int


def make_person(engine: Engine, derived: Sequence[Derived], as_of: datetime, *, refresh: bool) -> None:
    """Make the views `person_base` (without stages) and `person` at `as_of`.

    `refresh` draws the cut-points of ranked traits anew; otherwise those stored are used, unless they were drawn a day
    or more before `as_of`, after it, or for another definition of the trait.
    """
    if refresh or _outdated(engine, as_of):
        engine.run("delete from state where starts_with(name, 'cuts:')")
        set_state(engine, "cuts_drawn_at", as_of.isoformat())
    sql = f"select *, timestamp '{as_of.isoformat(sep=' ')}' as as_of from profiles"
    for item in derived:
        expression = item.value.sql
        if isinstance(item.trait, RankTrait):
            expression = _rank(engine, item, sql)
        sql = f"select *, {expression} as {item.trait.name} from ({sql})"
    engine.run(f"create or replace view person_base as {sql}")
    set_state(engine, "as_of", as_of.isoformat(sep=" "))
    engine.run("""
        create or replace view person as
        select b.*, s.stage, s.previous_stage from person_base b left join stage_of s using (profile_id)""")


def _outdated(engine: Engine, as_of: datetime) -> bool:
    """Whether cut-points must be drawn anew. Recency moves with the clock: where no full pass does it, a run must."""
    drawn = get_state(engine, "cuts_drawn_at")
    return drawn is None or not timedelta() <= as_of - datetime.fromisoformat(drawn) < _CUTS_HOLD


def _rank(engine: Engine, item: Derived, people: str) -> str:
    """SQL for a group from 1 to `groups`: one more than the number of cut-points below the value."""
    where = item.where.sql if item.where else "true"
    name = f"cuts:{item.trait.name}:{md5(repr((item.trait, where)).encode(), usedforsecurity=False).hexdigest()}"
    stored = get_state(engine, name)
    if stored is None:
        stored = _cut_points(engine, item, people, where)
        set_state(engine, name, stored)
    steps = "".join(
        f" + case when {item.value.sql} > cast('{cut}' as double) then 1 else 0 end"
        for cut in stored.split()
        if cut != "none"
    )
    return f"case when {where} and {item.value.sql} is not null then 1{steps} end"


def cut_points_of(engine: Engine) -> dict[str, str]:
    """Return the cut-points in use and when they were drawn, to be kept where a rebuild does not reach."""
    rows = engine.run("select name, value from state where starts_with(name, 'cuts') order by name")
    return {str(name): str(value) for name, value in rows}


def restore_cut_points(engine: Engine, kept: Json) -> None:
    """Put kept cut-points back into a database that has none."""
    if isinstance(kept, Mapping) and not cut_points_of(engine):
        for name, value in kept.items():
            set_state(engine, name, str(value))


def _cut_points(engine: Engine, item: Derived, people: str, where: str) -> str:
    """The values at which each group but the last ends, as text; "none" where nobody is ranked."""
    groups = item.trait.groups if isinstance(item.trait, RankTrait) else 1
    cuts = ", ".join(f"max(v) filter (where place <= total * {k} / {groups}.0)" for k in range(1, groups))
    rows = engine.run(f"""
        select {cuts} from (
            select v, row_number() over (order by v) as place, count(*) over () as total
            from (select cast({item.value.sql} as double) as v from ({people}) where {where}) where v is not null)""")
    found = [repr(float(str(cut))) for cut in rows[0] if cut is not None]
    return " ".join(found) or "none"


def segment(
    engine: Engine, rules: Mapping[str, Rule], order: Sequence[str], stages: Sequence[StageRule]
) -> tuple[pa.Table, dict[str, int]]:
    """Evaluate every rule; return the changes (columns kind, name, profile_id, entered) and the undecided per rule.

    `order` names the segments and `STAGE`, each after what it builds on.
    """
    everything = [*rules.values(), *(stage.rule for stage in stages)]
    _evaluate(engine, rules, order, stages, with_helpers(engine, "person_base", everything))
    unknown = _count_unknown(engine, list(rules))
    now = " union all ".join(
        [f"select 'segment' as kind, '{name}' as name, profile_id from verdicts where \"_s_{name}\"" for name in rules]
        + ["select 'stage' as kind, stage as name, profile_id from verdicts where stage is not null"]
    )
    engine.run(f"create or replace temp table members_now as {now}")
    return engine.arrow(_CHANGES), unknown


_CHANGES = """
    select kind, name, profile_id, true as entered from members_now n
    where not exists (select 1 from memberships m where m.left_at is null
                      and m.kind = n.kind and m.name = n.name and m.profile_id = n.profile_id)
    union all
    select kind, name, profile_id, false as entered from memberships m
    where m.left_at is null and not exists (
        select 1 from members_now n where m.kind = n.kind and m.name = n.name and m.profile_id = n.profile_id)"""


def _evaluate(
    engine: Engine, rules: Mapping[str, Rule], order: Sequence[str], stages: Sequence[StageRule], people: str
) -> None:
    """Fill `verdicts`: a boolean column `_s_<name>` per segment (null: undecided) and `stage`."""
    sql = f"""
        select p.*, o.stage as stored_stage, o.previous_stage as stored_previous
        from ({people}) p left join stage_of o using (profile_id)"""
    for name in order:
        column = _stage_column(stages) if name == STAGE else f'({rules[name].sql}) as "_s_{name}"'
        sql = f"select *, {column} from ({sql})"
    names = ", ".join(f'"_s_{name}"' for name in rules)
    kept = ", ".join(filter(None, ["profile_id", "stage" if stages else "cast(null as varchar) as stage", names]))
    engine.run(f"create or replace temp table verdicts as select {kept} from ({sql})")


def _stage_column(stages: Sequence[StageRule]) -> str:
    """First match from the top. In the rule of a stage that a person is in, `previous_stage` is the one before it."""
    if not stages:
        return "cast(null as varchar) as stage, cast(null as varchar) as previous_stage"
    cases = " ".join(f"when ({_with_previous(stage)}) then '{stage.name}'" for stage in stages)
    return (
        f"case {cases} end as stage, "
        "case when stage = stored_stage then stored_previous else stored_stage end as previous_stage"
    )


def _with_previous(stage: StageRule) -> str:
    """The stage's rule, with the stage before it in place of the column; texts in quotes stay as they are."""
    before = f"(case when stored_stage = '{stage.name}' then stored_previous else stored_stage end)"
    return _TEXT_OR_PREVIOUS.sub(lambda found: before if found[0] == '"previous_stage"' else found[0], stage.rule.sql)


def with_helpers(engine: Engine, people: str, rules: Sequence[Expression]) -> str:
    """SQL for a relation of people with the columns that the rules' helpers (`did`, `has_consent`) read."""
    activities = sorted({each for rule in rules for each in rule.activities}, key=lambda each: each.column)
    consents = sorted({each for rule in rules for each in rule.consents}, key=lambda each: each.column)
    sql = f"select p.* from {people} p"
    columns: list[str] = []
    joins: list[str] = []
    as_of = f"timestamp '{get_state(engine, 'as_of')}'"
    if activities:
        columns += [f"a.{each.column}" for each in activities]
        joins.append(f"left join ({_counts(activities, as_of)}) a using (profile_id)")
    if consents:
        columns += [f"c.{each.column}" for each in consents]
        joins.append(f"left join ({_granted(consents)}) c using (profile_id)")
    return f"select {', '.join(['p.*', *columns])} from {people} p {' '.join(joins)}" if joins else sql


def with_segments(relation: str, rules: Sequence[Expression]) -> str:
    """SQL for the relation with a column `_s_<name>` for each segment that the rules name."""
    for name in sorted({name for rule in rules for name in rule.segments}):
        relation = f"""
            select r.*, m.profile_id is not null as "_s_{name}" from ({relation}) r
            left join (select profile_id from segment_members where segment = '{name}') m using (profile_id)"""
    return relation


def _counts(activities: Sequence[Activity], as_of: str) -> str:
    """One pass over the activities that any rule asks for."""
    names = ", ".join(sorted({_text(each.event) for each in activities}))
    counts = ", ".join(
        f"count(*) filter (where name = {_text(each.event)}{_within(each, as_of)}) as {each.column}"
        for each in activities
    )
    seen = f"name in ({names}) and occurred_at <= {as_of}"
    return f"select profile_id, {counts} from activity where {seen} group by profile_id"


def _within(activity: Activity, as_of: str) -> str:
    if activity.within is None:
        return ""
    return f" and occurred_at >= {as_of} - interval '{int(activity.within.total_seconds())} seconds'"


def _granted(consents: Sequence[Consent]) -> str:
    columns = ", ".join(
        f"bool_or(granted) filter (where channel = {_text(each.channel)} and purpose = {_text(each.purpose)})"
        f" as {each.column}"
        for each in consents
    )
    return f"select profile_id, {columns} from consent group by profile_id"


def _count_unknown(engine: Engine, names: Sequence[str]) -> dict[str, int]:
    if not names:
        return {}
    counts = ", ".join(f'count(*) filter (where "_s_{name}" is null)' for name in names)
    row = engine.run(f"select {counts} from verdicts")[0]
    return {name: int(str(count)) for name, count in zip(names, row, strict=True)}


def fold(engine: Engine) -> None:
    """Make `stage_of`, who is in which stage since when, follow from `memberships`."""
    engine.run("""
        create or replace table stage_of as
        select n.profile_id, n.name as stage, b.previous as previous_stage, n.entered_at as since
        from memberships n
        left join (select profile_id, arg_max(name, left_at) as previous from memberships
                   where kind = 'stage' and left_at is not null group by profile_id) b using (profile_id)
        where n.kind = 'stage' and n.left_at is null""")


def sizes(engine: Engine, kind: str, changes: pa.Table, unknown: Mapping[str, int], names: Sequence[str]) -> list[Size]:
    """Count the members of every segment or stage, and of what changed in this run."""
    query = "select name, count(*) from memberships where kind = ? and left_at is null group by name"
    counted = {str(row[0]): int(str(row[1])) for row in engine.run(query, (kind,))}
    moved: dict[tuple[str, bool], int] = {}
    for row in changes.group_by(["kind", "name", "entered"]).aggregate([("profile_id", "count")]).to_pylist():
        if row["kind"] == kind:
            moved[row["name"], row["entered"]] = row["profile_id_count"]
    return [
        Size(
            name,
            counted.get(name, 0),
            moved.get((name, True), 0),
            moved.get((name, False), 0),
            unknown.get(name, 0),
        )
        for name in names
    ]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
