"""Choose one value per attribute and person, and compute what a person's own rows say about them.

`profiles` holds one row per profile: the survivor of each attribute of `people`, and every own-row trait. A full pass
computes everybody; otherwise those whose records changed and those with a row that crossed the edge of a trait's window
since the last `as_of`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from hub.engine import Engine
from hub.engine.schema import LOGGED, columns_of, get_state, set_state
from hub.sdk.traits import AggregateTrait, QueryTrait, Trait

OwnTrait: TypeAlias = AggregateTrait | QueryTrait

ATTRIBUTES = tuple(name for name in columns_of("people") if name not in ("record_id", "updated_at", "attributes"))

# Time zone and kind of each event that a stream contributes to `activity`, where its name is not the stream's own.
_EVENT_NAMES = {"events": "name", "messages": "'message_' || kind"}
_EVENT_VALUES = {"orders": "cast(total as double)", "events": "value", "responses": "score", "order_lines": "quantity"}


@dataclass(frozen=True, slots=True)
class ProfileRules:
    """Whose word counts: connections by preference, for all attributes and for some, and for consent by channel."""

    prefer: Sequence[str] = ()
    prefer_by_attribute: Mapping[str, Sequence[str]] = field(default_factory=dict)
    consent_from: Mapping[str, Sequence[str]] = field(default_factory=dict)


def profile(engine: Engine, traits: Sequence[Trait], rules: ProfileRules, as_of: datetime, *, full: bool) -> int:
    """Bring `profiles` and `consent` up to `as_of`; return how many profiles were computed anew."""
    own: list[OwnTrait] = [trait for trait in traits if isinstance(trait, AggregateTrait | QueryTrait)]
    signature = repr((own, rules, ATTRIBUTES))
    touched = get_state(engine, "everybody") == "touched"
    everybody = full or touched or get_state(engine, "profile_rules") != signature or _went_back(engine, as_of)
    make_views(engine)
    _select_people(engine, own, as_of, everybody=everybody)
    with engine.transaction():
        count = _replace(engine, own, rules, as_of, everybody=everybody)
        engine.run("delete from touched")
        set_state(engine, "everybody", "done")
        set_state(engine, "profile_rules", signature)
        set_state(engine, "profile_as_of", as_of.isoformat())
    return count


def make_views(engine: Engine) -> None:
    """Attributed rows of each stream as a view under the stream's own name, and `activity` over all of them."""
    for name, stream in LOGGED.items():
        if stream.has_person and name != "merges":
            engine.run(f"create or replace view {name} as {_attributed(name)}")
    parts = [
        f"select profile_id, {_EVENT_NAMES.get(name, repr(stream.event))} as name, {stream.time} as occurred_at, "
        f"{_EVENT_VALUES.get(name, 'cast(null as double)')} as value from {name}"
        for name, stream in LOGGED.items()
        if stream.event or name in _EVENT_NAMES
    ]
    engine.run(f"create or replace view activity as {' union all '.join(parts)}")


def _attributed(name: str) -> str:
    if name == "order_lines":
        lines = ", ".join(f"l.{column}" for column in columns_of(name) if column != "placed_at")
        return f"""
            select i.profile_id, {lines}, coalesce(l.placed_at, o.placed_at) as placed_at
            from current_order_lines l
            left join current_orders o on o._connection = l._connection and o.order_id = l.order_id and not o._deleted
            join identity i on i._node = coalesce(l._node, o._node)
            where not l._deleted"""
    columns = ", ".join(f"c.{column}" for column in columns_of(name))
    return f"""
        select i.profile_id, {columns}, c._connection, c._key, c._version, c._order
        from current_{name} c join identity i on i._node = c._node where not c._deleted"""


def _went_back(engine: Engine, as_of: datetime) -> bool:
    last = get_state(engine, "profile_as_of")
    return last is None or datetime.fromisoformat(last) > as_of


def _select_people(engine: Engine, own: Sequence[OwnTrait], as_of: datetime, *, everybody: bool) -> None:
    """Fill `chosen` with the profiles to compute; an empty selection of everybody is not materialised."""
    if everybody:
        engine.run("create or replace temp table chosen as select cast(null as varchar) as profile_id where false")
        return
    last = datetime.fromisoformat(get_state(engine, "profile_as_of") or as_of.isoformat())
    crossed = " union ".join(["select profile_id from touched", *_crossings(own, last, as_of)])
    engine.run(f"create or replace temp table chosen as {crossed}")


def _crossings(own: Sequence[OwnTrait], last: datetime, as_of: datetime) -> Iterable[str]:
    """People with a row that came into view or fell out of a window between the two instants."""
    if last == as_of:
        return
    edges = {(trait.stream, trait.within) for trait in own if isinstance(trait, AggregateTrait)}
    edges |= {(trait.stream, None) for trait in own}
    for stream, within in sorted(edges, key=str):
        time = LOGGED[stream].time
        if time:
            back = within or timedelta()
            edge = f"{time} > {when(last - back)} and {time} <= {when(as_of - back)}"
            yield f"select profile_id from {stream} where {edge}"


def _replace(engine: Engine, own: Sequence[OwnTrait], rules: ProfileRules, as_of: datetime, *, everybody: bool) -> int:
    selected = "" if everybody else "where profile_id in (select profile_id from chosen)"
    parts = [_people(engine, rules, selected), *_traits(own, as_of, selected)]
    columns = ["b.profile_id", "b.known", *(f"p0.{name}" for name in ATTRIBUTES)]
    columns += [column for _, listed in parts[1:] for column in listed]
    joins = " ".join(f"left join ({sql}) p{place} using (profile_id)" for place, (sql, _) in enumerate(parts))
    select = f"select {', '.join(columns)} from ({_base(selected)}) b {joins}"
    if everybody:
        engine.run(f"create or replace table profiles as {select}")
        _consents(engine, rules)
        return int(str(engine.run("select count(*) from profiles")[0][0]))
    engine.run(f"create or replace temp table fresh as {select}")
    engine.run("delete from profiles where profile_id in (select profile_id from chosen)")
    engine.run("insert into profiles by name select * from fresh")
    if engine.run("select 1 from touched limit 1"):
        _consents(engine, rules)
    return int(str(engine.run("select count(*) from chosen")[0][0]))


def _base(selected: str) -> str:
    """All profiles; known are those with an account or an address, not only a device."""
    devices = "'ga_client', 'madid', 'device'"
    return f"""
        select i.profile_id, coalesce(k.known, false) as known
        from (select distinct profile_id from identity {selected}) i
        left join (select profile_id, true as known from identifiers
                   where split_part(namespace, '@', 1) not in ({devices}) group by profile_id) k using (profile_id)"""


def _people(engine: Engine, rules: ProfileRules, selected: str) -> tuple[str, list[str]]:
    """SQL for the surviving attributes; people with one record take the short way."""
    engine.run(f"create or replace temp table records as select * from people {selected}")
    engine.run(
        "create or replace temp table several as select profile_id from records group by all having count(*) > 1"
    )
    if not engine.run("select 1 from several limit 1"):
        return f"select profile_id, {', '.join(ATTRIBUTES)} from records", []
    single = f"select profile_id, {', '.join(ATTRIBUTES)} from records where profile_id not in (select * from several)"
    return f"{single} union all {survivors(rules, 'records where profile_id in (select * from several)')}", []


def survivors(rules: ProfileRules, records: str, *, provenance: bool = False) -> str:
    """SQL that picks each attribute's value: by the connection's place in `prefer`, then the newest version and row.

    Nulls never win. With `provenance` each attribute is followed by `<name>__connection` and `<name>__record`.
    """
    ranks = {"_rank": rules.prefer}
    ranks |= {f"_rank_{name}": order for name, order in rules.prefer_by_attribute.items() if name in ATTRIBUTES}
    ranked = ", ".join(f"row_number() over (order by {_order(order)}) as {name}" for name, order in ranks.items())
    picks = []
    for name in ATTRIBUTES:
        rank = f"_rank_{name}" if f"_rank_{name}" in ranks else "_rank"
        picks.append(f"arg_max({name}, {rank}) filter (where {name} is not null) as {name}")
        if provenance:
            picks += [
                f"arg_max({source}, {rank}) filter (where {name} is not null) as {name}__{label}"
                for source, label in (("_connection", "connection"), ("_key", "record"))
            ]
    return f"select profile_id, {', '.join(picks)} from (select *, {ranked} from {records}) group by profile_id"


def _order(preferred: Sequence[str]) -> str:
    cases = " ".join(f"when '{name}' then {place}" for place, name in enumerate(preferred))
    first = f"case _connection {cases} else {len(preferred)} end desc, " if cases else ""
    return f"{first}_version nulls first, _order"


def _traits(own: Sequence[OwnTrait], as_of: datetime, selected: str) -> Iterable[tuple[str, list[str]]]:
    """Queries that give a person's traits, with the columns to take from each.

    Aggregates over the same rows (stream, condition and window) are computed in one pass.
    """
    aggregates = [trait for trait in own if isinstance(trait, AggregateTrait)]
    rows = sorted({(trait.stream, trait.where, trait.within) for trait in aggregates}, key=str)
    place = 0
    for place, same in enumerate(rows, start=1):
        mine = [trait for trait in aggregates if (trait.stream, trait.where, trait.within) == same]
        values = ", ".join(f"{trait.value} as {trait.name}" for trait in mine)
        conditions = " and ".join(filter(None, [selected.removeprefix("where "), *_visible(*same, as_of)])) or "true"
        columns = [f"coalesce(p{place}.{trait.name}, {trait.empty}) as {trait.name}" for trait in mine]
        yield f"select profile_id, {values} from {same[0]} where {conditions} group by profile_id", columns
    queries = [trait for trait in own if isinstance(trait, QueryTrait)]
    for number, trait in enumerate(queries, start=place + 1):
        conditions = " and ".join(
            filter(None, [selected.removeprefix("where "), *_visible(trait.stream, "true", None, as_of)])
        )
        rows_of = f"select * from main.{trait.stream} where {conditions or 'true'}"
        yield f"with {trait.stream} as ({rows_of}) {trait.sql}", [f"p{number}.value as {trait.name}"]


def _visible(stream: str, where: str, within: timedelta | None, as_of: datetime) -> Iterable[str]:
    """Conditions for the rows that a trait sees: nothing after `as_of`, nothing older than its window."""
    time = LOGGED[stream].time
    if time:
        yield f"({time} <= {when(as_of)} or {time} is null)"
    if within is not None:
        yield f"{time} > {when(as_of - within)}"
    if where != "true":
        yield f"({where})"


def _consents(engine: Engine, rules: ProfileRules) -> None:
    """The latest word of each connection and source; one that denies outweighs all that grant, silence is no.

    Only connections named for a channel can grant, where any are named; every connection can deny.
    """
    trusted = " and ".join(
        f"(channel <> '{channel}' or _connection in ({', '.join(repr(name) for name in names)}))"
        for channel, names in rules.consent_from.items()
    )
    engine.run(f"""
        create or replace table consent as
        select profile_id, channel, purpose,
               not bool_or(state <> 'granted') and bool_or(state = 'granted' and {trusted or "true"}) as granted
        from (select profile_id, channel, coalesce(purpose, 'marketing') as purpose, _connection, state from consents
              qualify row_number() over (
                  partition by profile_id, channel, coalesce(purpose, 'marketing'), _connection, source
                  order by occurred_at desc nulls last, _order desc) = 1)
        group by profile_id, channel, purpose""")


def when(instant: datetime) -> str:
    """Return an instant as an SQL literal."""
    return f"timestamp '{instant.isoformat(sep=' ')}'"
