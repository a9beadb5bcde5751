"""Turn what plugins and config files say about people into checked SQL, before anything runs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from hub.engine import DuckEngine
from hub.engine.schema import columns_of
from hub.flow.profile import ATTRIBUTES
from hub.flow.segment import STAGE, Derived, StageRule
from hub.lang import (
    Catalogue,
    Expression,
    Rule,
    TraitInfo,
    check_query,
    compile_aggregate,
    compile_expression,
    compile_row_filter,
    compile_rule,
    order,
)
from hub.sdk.errors import ConfigError
from hub.sdk.traits import AggregateTrait, DerivedTrait, QueryTrait, RankTrait, Stage, Trait, TraitType
from hub.settings import ProjectSettings, TraitSettings

_TYPES: Mapping[str, TraitType] = {
    "varchar": "text",
    "bigint": "integer",
    "double": "number",
    "decimal(18, 4)": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}

_OWN = (
    TraitInfo("profile_id", "text", "the profile's own id"),
    TraitInfo("known", "boolean", "has an account or an address, not only a device"),
)
_ARM = TraitInfo("split_arm", "text", "arm of the segment's split that the person is in")
_TAKEN = {*ATTRIBUTES, "known", "profile_id", "stage", "previous_stage", "as_of", "split_arm"}
_TEXTS = re.compile(r"'(?:[^']|'')*'|--[^\n]*")
_STAGES = (
    TraitInfo("stage", "text", "lifecycle stage"),
    TraitInfo("previous_stage", "text", "lifecycle stage before this one"),
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """Everything that rules are made of, in the order in which it can be computed.

    `fields`: audience -> field in the tool -> expression. `described`: stage -> advice.
    """

    own: tuple[Trait, ...]
    derived: tuple[Derived, ...]
    catalogue: Catalogue
    rules: Mapping[str, Rule]
    order: tuple[str, ...]
    stages: tuple[StageRule, ...]
    fields: Mapping[str, Mapping[str, Expression]] = field(default_factory=dict)
    described: Mapping[str, str] = field(default_factory=dict)


def compile_project(settings: ProjectSettings, traits: Sequence[Trait], stages: Sequence[Stage]) -> Compiled:
    """Compile traits, stages and segments; `traits` and `stages` come from plugins.

    Raises:
        ConfigError: a rule names what is not there, has the wrong type, or builds on itself.
    """
    everything = _joined(settings, traits)
    own = tuple(_own(trait, settings) for trait in everything if isinstance(trait, AggregateTrait | QueryTrait))
    infos = {info.name: info for info in (*_OWN, *_attributes(), *(_info(trait) for trait in own))}
    derived = _derive([trait for trait in everything if isinstance(trait, DerivedTrait | RankTrait)], infos, settings)
    infos |= {item.trait.name: _derived_info(item) for item in derived}
    stage_names = {info.name: info for info in _STAGES}
    catalogue = Catalogue({**infos, **stage_names}, tuple(settings.segments), None)
    staged = [Stage(each.name, each.when, each.do) for each in settings.stages] or list(stages)
    stage_rules = tuple(
        StageRule(each.name, compile_rule(each.when, catalogue, where=_stage_place(settings, each.name)))
        for each in staged
    )
    rules = {
        name: compile_rule(segment.where, catalogue, where=settings.where("segments", "segment", name, "where"))
        for name, segment in settings.segments.items()
    }
    described = {each.name: each.do for each in staged}
    fields = _fields(settings, catalogue)
    return Compiled(own, derived, catalogue, rules, _order(rules, stage_rules), stage_rules, fields, described)


def _fields(settings: ProjectSettings, catalogue: Catalogue) -> dict[str, dict[str, Expression]]:
    """Compile what audiences write into the fields of a tool; they may also name the arm of the segment's split."""
    offered = replace(catalogue, traits={**catalogue.traits, _ARM.name: _ARM})
    return {
        audience.name: {
            name: compile_expression(
                text, offered, where=settings.where(connection.name, "audience", place, "fields", name)
            )
            for name, text in audience.fields.items()
        }
        for connection in settings.connections.values()
        for place, audience in enumerate(connection.audiences)
    }


def _joined(settings: ProjectSettings, traits: Sequence[Trait]) -> list[Trait]:
    """Plugins' traits and the project's own; the project's win over a plugin's of the same name."""
    mine = {name: _from_settings(name, each) for name, each in settings.traits.items()}
    joined = [*(trait for trait in traits if trait.name not in mine), *mine.values()]
    for name in (trait.name for trait in joined):
        place = settings.where("traits", name) if name in mine else f"trait {name}"
        if name in _TAKEN:
            raise ConfigError(f'a trait cannot be called "{name}": every person has that already.', where=place)
        if name in _reserved():
            raise ConfigError(f'a trait cannot be called "{name}": it is a word of SQL.', where=place)
    return joined


@cache
def _reserved() -> frozenset[str]:
    """Words that cannot stand for a column."""
    engine = DuckEngine()
    rows = engine.run("""
        select keyword_name from duckdb_keywords() where keyword_category in ('reserved', 'type_function')""")
    engine.close()
    return frozenset(str(row[0]) for row in rows)


def _from_settings(name: str, each: TraitSettings) -> Trait:
    if each.stream is None:
        return DerivedTrait(name, each.type or "number", each.description, each.value)
    return AggregateTrait(
        name, each.type or "number", each.description, each.stream, each.value, each.where or "true", each.within
    )


def _attributes() -> list[TraitInfo]:
    columns = columns_of("people")
    return [TraitInfo(name, _TYPES[columns[name]], name.replace("_", " ")) for name in ATTRIBUTES]


def _columns(stream: str) -> dict[str, TraitType]:
    return {name: _TYPES[kind] for name, kind in columns_of(stream).items()}


def _own(trait: Trait, settings: ProjectSettings) -> Trait:
    place = _trait_place(settings, trait.name)
    if isinstance(trait, QueryTrait):
        query = check_query(trait.sql, trait.stream, _columns(trait.stream), where=place)
        return replace(trait, sql=query.sql, type=query.type)
    if not isinstance(trait, AggregateTrait):
        raise TypeError(f"{trait.name} is not computed from a person's own rows")
    value = compile_aggregate(trait.value, _columns(trait.stream), where=place)
    where = compile_row_filter(trait.where, _columns(trait.stream), where=place)
    empty = "0" if trait.empty == "null" and _counts(trait.value) else trait.empty
    sql = "true" if trait.where.strip() == "true" else where.sql
    return replace(trait, value=value.sql, where=sql, type=value.type, empty=empty)


def _counts(value: str) -> bool:
    """People without rows have a count of nought, and no answer to any other aggregate."""
    return re.match(r"\s*(count|sum)\s*\(", value, re.IGNORECASE) is not None


def _info(trait: Trait) -> TraitInfo:
    kind = "integer" if isinstance(trait, RankTrait) else trait.type
    return TraitInfo(trait.name, kind, trait.description)


def _derived_info(item: Derived) -> TraitInfo:
    kind: TraitType = "integer" if isinstance(item.trait, RankTrait) else item.value.type
    return TraitInfo(item.trait.name, kind, item.trait.description)


def _derive(
    traits: Sequence[DerivedTrait | RankTrait], infos: Mapping[str, TraitInfo], settings: ProjectSettings
) -> tuple[Derived, ...]:
    """Compile traits that build on others, each after those it names."""
    known, waiting, done = dict(infos), {trait.name: trait for trait in traits}, list[Derived]()
    while waiting:
        ready = [trait for trait in waiting.values() if not _names(trait) & (waiting.keys() - {trait.name})]
        if not ready:
            raise ConfigError(
                f"these traits build on each other in a circle: {', '.join(sorted(waiting))}.",
                where=_trait_place(settings, min(waiting)),
            )
        for trait in ready:
            item = _derived(trait, Catalogue(known), _trait_place(settings, trait.name))
            known[trait.name] = _derived_info(item)
            done.append(item)
            del waiting[trait.name]
    return tuple(done)


def _names(trait: DerivedTrait | RankTrait) -> set[str]:
    """Words of a trait's expression; what stands in quotes or comments names nothing, and capitals do not matter."""
    text = f"{trait.value}\n{trait.where}" if isinstance(trait, RankTrait) else trait.value
    return set(re.findall(r"\w+", _TEXTS.sub(" ", text).lower()))


def _derived(trait: DerivedTrait | RankTrait, catalogue: Catalogue, place: str) -> Derived:
    where = compile_rule(trait.where, catalogue, where=place) if isinstance(trait, RankTrait) else None
    return Derived(trait, compile_expression(trait.value, catalogue, where=place), where)


def _order(rules: Mapping[str, Rule], stages: Sequence[StageRule]) -> tuple[str, ...]:
    """Segments and the stage, each after what it builds on."""
    uses_stage = {name for name, rule in rules.items() if rule.traits & {"stage", "previous_stage"}}
    ordered = order(rules)
    below = {name for stage in stages for name in stage.rule.segments}
    needed = _closure(below, rules)
    if needed & uses_stage:
        name = min(needed & uses_stage)
        raise ConfigError(
            f'the stages build on segment "{name}", and it builds on the stage.',
            where="config/stages.toml",
            hint="Write the stage's rule without that segment.",
        )
    first = [name for name in ordered if name in needed]
    return (*first, STAGE, *(name for name in ordered if name not in needed))


def _closure(names: set[str], rules: Mapping[str, Rule]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += rules[name].segments
    return found


def _trait_place(settings: ProjectSettings, name: str) -> str:
    return settings.where("traits", name, "value") if name in settings.traits else f"trait {name}"


def _stage_place(settings: ProjectSettings, name: str) -> str:
    places = [place for place, each in enumerate(settings.stages) if each.name == name]
    return settings.where("stages", "stage", places[0], "when") if places else f"stage {name}"
