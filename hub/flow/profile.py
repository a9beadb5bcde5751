"""Choose one value per attribute and person, and compute what a person's own rows say about them.

`profiles` holds one row per profile: the survivor of each attribute of `people`, and every own-row trait. A full pass
computes everybody; otherwise those whose records changed and those with a row that crossed the edge of a trait's window
since the last `as_of`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from hub.engine import Engine
from hub.engine.schema import LOGGED, THROUGH_ORDERS, columns_of, get_state, set_state, through_orders
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
    count = _select_people(engine, own, as_of, everybody=everybody)
    with engine.transaction():
        if count or everybody or engine.run("select 1 from touched limit 1"):
            _replace(engine, own, rules, as_of, everybody=everybody)
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


def _attributed(name: str, identity: str = "identity") -> str:
    if name == "order_lines":
        lines = ", ".join(f"l.{column}" for column in columns_of(name) if column != "placed_at")
        return f"""
            select i.profile_id, {lines}, coalesce(l.placed_at, o.placed_at) as placed_at
            from current_order_lines l
            left join current_orders o on o._connection = l._connection and o.order_id = l.order_id and not o._deleted
            join {identity} i on i._node = coalesce(l._node, o._node)
            where not l._deleted"""
    columns = ", ".join(f"c.{column}" for column in columns_of(name))
    rows = f"select i.profile_id, {columns}, c._connection, c._key, c._version, c._order from current_{name} c"
    own = f"{rows} join {identity} i on i._node = c._node where not c._deleted"
    if name not in THROUGH_ORDERS:
        return own
    return f"""
        {own}
        union all
        {rows} join ({through_orders(name, f"current_{name}")}) o on o._connection = c._connection and o._key = c._key
        join {identity} i on i._node = o._node where not c._deleted"""


def _went_back(engine: Engine, as_of: datetime) -> bool:
    last = get_state(engine, "profile_as_of")
    return last is None or datetime.fromisoformat(last) > as_of


def _select_people(engine: Engine, own: Sequence[OwnTrait], as_of: datetime, *, everybody: bool) -> int:
    """Choose and number the profiles to compute; return how many.

    `chosen(profile_id, number)`; `numbered(_node, profile_id)` stands in for `identity`, with the number as profile_id:
    rows are joined and grouped several times, and numbers are quicker than texts.
    """
    wanted = "identity"
    if not everybody:
        last = datetime.fromisoformat(get_state(engine, "profile_as_of") or as_of.isoformat())
        wanted = " union ".join(["select profile_id from touched", *_crossings(own, last, as_of)])
        wanted = f"identity where profile_id in ({wanted})"
    _find_ghosts(engine)
    engine.run(f"""
        create or replace temp table chosen as
        select profile_id, row_number() over () as number
        from (select distinct profile_id from {wanted} {"and" if " where " in wanted else "where"}
              _node not in (select _node from ghosts))""")
    engine.run("""
        create or replace temp table numbered as
        select i._node, c.number as profile_id from identity i join chosen c using (profile_id)""")
    return int(str(engine.run("select count(*) from chosen")[0][0]))


def _find_ghosts(engine: Engine) -> None:
    """Nodes of which nothing is left but deleted records: they hold ids together, and who has no others is nobody."""
    streams = [name for name, stream in LOGGED.items() if stream.has_person and name != "merges"]
    gone = " union ".join(f"select _node from current_{name} where _deleted and _node is not null" for name in streams)
    engine.run(
        f"create or replace temp table ghosts as {gone} union select _node from current_merges where _node is not null"
    )
    for name in streams if engine.run("select 1 from ghosts limit 1") else ():
        engine.run(f"delete from ghosts using current_{name} c where c._node = ghosts._node and not c._deleted")


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


def _replace(engine: Engine, own: Sequence[OwnTrait], rules: ProfileRules, as_of: datetime, *, everybody: bool) -> None:
    """Compute the chosen profiles, each part in a table of its own, and put them in place."""
    engine.run(f"create or replace temp table part0 as {_people(engine, rules)}")
    _gather(engine, own, as_of)
    columns = [f"p0.{name}" for name in ATTRIBUTES]
    joins = ["left join part0 p0 on p0.profile_id = c.number"]
    for place, (sql, listed) in enumerate(_traits(own, as_of), start=1):
        engine.run(f"create or replace temp table part{place} as {sql}")
        columns += [column.format(part=f"p{place}") for column in listed]
        joins.append(f"left join part{place} p{place} on p{place}.profile_id = c.number")
    select = f"select c.profile_id, {_KNOWN} as known, {', '.join(columns)} from chosen c {' '.join(joins)}"
    if everybody:
        engine.run(f"create or replace table profiles as {select}")
    else:
        gone = "select profile_id from touched union select profile_id from chosen"
        engine.run(f"delete from profiles where profile_id in ({gone})")
        engine.run(f"insert into profiles by name {select}")
    if everybody or engine.run("select 1 from touched limit 1"):
        _consents(engine, rules)


# Known are those with an account or an address, not only a device.
_KNOWN = """c.profile_id in (select profile_id from identifiers
    where split_part(namespace, '@', 1) not in ('ga_client', 'madid', 'device'))"""


def _people(engine: Engine, rules: ProfileRules) -> str:
    """SQL for the surviving attributes; people with one record take the short way."""
    columns = ", ".join(["profile_id", *ATTRIBUTES, "_connection", "_key", "_version", "_order"])
    engine.run(f"create or replace temp table records as select {columns} from ({_attributed('people', 'numbered')})")
    several = "select profile_id from records group by profile_id having count(*) > 1"
    engine.run(f"create or replace temp table several as {several}")
    among = "in (select profile_id from several)"
    single = f"select profile_id, {', '.join(ATTRIBUTES)} from records where not profile_id {among}"
    return f"{single} union all {survivors(rules, f'records where profile_id {among}')}"


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


def _gather(engine: Engine, own: Sequence[OwnTrait], as_of: datetime) -> None:
    """Read the rows that traits are computed from once per stream, with the columns that any trait names.

    Nothing after `as_of` is seen; `rows_<stream>` is what remains.
    """
    for stream in sorted({trait.stream for trait in own}):
        mine = [trait for trait in own if trait.stream == stream]
        text = " ".join(each.sql if isinstance(each, QueryTrait) else f"{each.value} {each.where}" for each in mine)
        time = LOGGED[stream].time
        named = {*re.findall(r"\w+", text.lower()), time}
        columns = ", ".join(["profile_id", *(name for name in columns_of(stream) if name in named)])
        seen = f"{time} <= {when(as_of)} or {time} is null" if time else "true"
        engine.run(f"""
            create or replace temp table rows_{stream} as
            select {columns} from ({_attributed(stream, "numbered")}) where {seen}""")


def _traits(own: Sequence[OwnTrait], as_of: datetime) -> Iterable[tuple[str, list[str]]]:
    """Queries that give a person's traits, with the columns to take from each, which `part` will stand for.

    Aggregates over the same rows (stream, condition and window) are computed in one pass.
    """
    aggregates = [trait for trait in own if isinstance(trait, AggregateTrait)]
    for same in sorted({(trait.stream, trait.where, trait.within) for trait in aggregates}, key=str):
        mine = [trait for trait in aggregates if (trait.stream, trait.where, trait.within) == same]
        values = ", ".join(f"{trait.value} as {trait.name}" for trait in mine)
        stream, where, within = same
        recent = f" and {LOGGED[stream].time} > {when(as_of - within)}" if within is not None else ""
        columns = [f"coalesce({{part}}.{trait.name}, {trait.empty}) as {trait.name}" for trait in mine]
        yield f"select profile_id, {values} from rows_{stream} where ({where}){recent} group by profile_id", columns
    for trait in own:
        if isinstance(trait, QueryTrait):
            rows = f"select * from rows_{trait.stream}"
            yield f"with {trait.stream} as ({rows}) {trait.sql}", [f"{{part}}.value as {trait.name}"]


def _consents(engine: Engine, rules: ProfileRules) -> None:
    """The latest word of each connection and source; one that denies outweighs all that grant, silence is no.

    Only connections named for a channel can grant, where any are named; every connection can deny. `denied_addresses`
    are values whose own latest word is a no: who has several may have said yes to another of them alone.
    """
    trusted = " and ".join(
        f"(channel <> {_text(channel.lower())} or _connection in ({', '.join(_text(name) for name in names)}))"
        for channel, names in rules.consent_from.items()
    )
    engine.run(f"""
        create or replace table consent as
        select profile_id, channel, purpose, bool_and(yes) and bool_or(yes and {trusted or "true"}) as granted
        from ({_latest_words("profile_id", "consents")}) group by profile_id, channel, purpose""")
    addressed = """(select *, unnest(string_split(_links, chr(31))) as pair
                    from current_consents where not _deleted and _links is not null)"""
    engine.run(f"""
        create or replace table denied_addresses as
        select distinct split_part(pair, ':', 1) as namespace, substr(pair, strpos(pair, ':') + 1) as value,
               channel, purpose
        from ({_latest_words("pair", addressed)}) where not yes""")
    _erased(engine)


def _erased(engine: Engine) -> None:
    """Everything by which somebody who asked to be erased is recognised; nobody may address them from now on.

    Carrying the request out is another matter: until then the records are there, and so is the request.
    """
    engine.run("""
        create or replace table erased as
        with asked as (
            select distinct split_part(pair, ':', 1) as namespace, substr(pair, strpos(pair, ':') + 1) as value
            from (select unnest(string_split(_links, chr(31))) as pair from current_erasures where _links is not null))
        select namespace, value from asked
        union
        select namespace, value from identifiers
        where profile_id in (select i.profile_id from identifiers i join asked a using (namespace, value))""")
    engine.run("""
        update consent set granted = false
        where profile_id in (select i.profile_id from identifiers i join erased e using (namespace, value))""")


def _latest_words(who: str, said: str) -> str:
    """SQL for the latest word of each connection and source on each channel and purpose, `yes` or not.

    Of words said at one instant a no is the latest. Words without a time are ordered by reading among themselves, and
    stand beside those with one: neither is known to be later.
    """
    return f"""
        select {who}, channel, purpose, _connection, yes
        from (select {who}, lower(trim(channel)) as channel, _connection, source, occurred_at, _order,
                     coalesce(nullif(lower(trim(purpose)), ''), 'marketing') as purpose,
                     coalesce(lower(trim(state)) = 'granted', false) as yes from {said})
        qualify row_number() over (
            partition by {who}, channel, purpose, _connection, source, occurred_at is null
            order by occurred_at desc, case when occurred_at is not null then yes end, _order desc) = 1"""


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def when(instant: datetime) -> str:
    """Return an instant as an SQL literal."""
    return f"timestamp '{instant.isoformat(sep=' ')}'"
