"""Give every record a person: records linked by shared identifiers are one profile.

Nodes are the distinct sets of identifiers on records; a value that stands on two nodes links them. Which values link is
a function of the whole current set, never of the order of arrival:

* blocked values (placeholders, patterns from `identity.toml`) never link;
* a shared value (an address) never joins two values of a `one_person` namespace (two customer numbers): such a value
  is suspended;
* in a component that would still hold two of them through a chain, or more values of a namespace than
  `max_per_person` allows, no shared value links.

A profile's id is a keyed hash of its oldest-seen record key, so that it survives new addresses, and a rebuild gives it
again. Records deleted at their source stay as ghosts with their links.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hub.engine import Engine
from hub.engine.schema import LOGGED, get_state, set_state

# Values that forms, tills and bad exports put where an identifier should be. Patterns as in `glob`, per namespace.
PLACEHOLDERS: Mapping[str, Sequence[str]] = {
    "email": ("test@test.*", "noreply@*", "no-reply@*", "none@*", "unknown@*", "na@na.*", "n/a@*", "*@example.invalid"),
    "phone": ("+*0000000", "+*1111111", "+*9999999", "+*12345678", "+*123456789"),
    "*": (
        "", "0", "-", "--", "?", "n/a", "na", "null", "none", "nil", "nan", "undefined", "unknown", "anonymous",
        "guest", "test", "(not set)", "0000*0000", "00000000-0000-0000-0000-000000000000",
        "d41d8cd98f00b204e9800998ecf8427e", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ),
}  # fmt: skip

_BLOCK = 64  # bytes of a block of SHA-256, to which HMAC fills up its key

DEVICES = ("ga_client", "madid", "device")  # a profile that has nothing else is not known


@dataclass(frozen=True, slots=True)
class IdentityRules:
    """What may link whom. Namespaces without their connection; `priority`: connections, most trusted first.

    Values of `apart` join nobody; those of `one_person` always do, and those of all others within the limits.
    """

    one_person: Sequence[str] = ()
    apart: Sequence[str] = ()
    max_per_person: Mapping[str, int] = field(default_factory=dict)
    block: Mapping[str, Sequence[str]] = field(default_factory=dict)
    priority: Sequence[str] = ()


_STREAMS = tuple(name for name, stream in LOGGED.items() if stream.has_person)


def identify(engine: Engine, rules: IdentityRules, key: bytes) -> bool:
    """Bring `identity`, `identifiers` and `suspended` up to date; returns False when nothing had changed.

    Profiles whose records changed, and both sides of every merge and split, are added to `touched`.
    """
    same_rules = get_state(engine, "identity_rules") == repr(rules)
    if same_rules and not engine.run("select 1 from touched_nodes limit 1"):
        return False
    _collect_nodes(engine, rules)
    _collect_values(engine, rules)
    _link(engine, rules)
    with engine.transaction():
        _publish(engine, key, same_rules=same_rules)
        set_state(engine, "identity_rules", repr(rules))
    return True


def _collect_nodes(engine: Engine, rules: IdentityRules) -> None:
    """Number the nodes, each with its first and latest sight and its best connection's rank."""
    people = " union all ".join(
        f"select _node, _links, _first, _order, _connection, _deleted from current_{name} where _node is not null"
        for name in _STREAMS
    )
    ranks = " ".join(f"when '{name}' then {rank}" for rank, name in enumerate(rules.priority))
    rank = f"case _connection {ranks} else {len(rules.priority)} end" if ranks else "0"
    rank = f"case when _deleted then {len(rules.priority) + 1} else {rank} end"  # what is gone is nobody's best address
    engine.run(f"""
        create or replace temp table nodes as
        select _node, any_value(_links) as links, min(_first) as first, max(_order) as latest,
               min({rank}) as priority, row_number() over () - 1 as id
        from ({people}) group by _node""")


def _collect_values(engine: Engine, rules: IdentityRules) -> None:
    """Spread the nodes' identifiers; blocked values stay out.

    `spaces(space, namespace, base, kind)` numbers the namespaces. `linking(value_id, space, value, anchor)` holds the
    values that stand more than once, with one node for each. `node_values(node, space, value, value_id)` holds all
    values; those that stand once have no value_id. A record's own key matters only where a source merged records.
    """
    strong, apart = (", ".join(map(_text, names)) or "''" for names in (rules.one_person, rules.apart))
    merged = bool(engine.run("select 1 from current_merges limit 1"))
    engine.run(f"""
        create or replace temp table spread as
        select id as node, split_part(pair, ':', 1) as namespace, substr(pair, strpos(pair, ':') + 1) as value
        from (select id, unnest(string_split(links, chr(31))) as pair from nodes)
        where {"true" if merged else "not starts_with(pair, 'record:')"}""")
    engine.run(f"""
        create or replace temp table spaces as
        select cast(row_number() over (order by namespace) as integer) as space, namespace, base,
               case when base = 'record' or base in ({strong}) then 'strong' when base in ({apart}) then 'apart'
                    else 'shared' end as kind
        from (select distinct namespace, split_part(namespace, '@', 1) as base from spread)""")
    engine.run(f"""
        create or replace temp table spread as
        select node, space, value from spread join spaces using (namespace)
        where base = 'record' or not ({_blocked(rules)})""")
    engine.run("""
        create or replace temp table linking as
        select row_number() over () as value_id, space, value, min(node) as anchor
        from spread group by space, value having count(*) > 1""")
    engine.run("""
        create or replace temp table node_values as
        select s.node, s.space, s.value, l.value_id
        from spread s left join linking l on l.space = s.space and l.value = s.value""")
    engine.run("drop table spread")


def _blocked(rules: IdentityRules) -> str:
    """SQL over `base` and `value`: is this a value that never links?"""
    tests = []
    for table in (PLACEHOLDERS, rules.block):
        for base, patterns in table.items():
            within = "" if base == "*" else f"base = {_text(base)} and "
            plain = [_text(pattern.lower()) for pattern in patterns if "*" not in pattern]
            globs = [f"lower(value) like {_text(_like(pattern))}" for pattern in patterns if "*" in pattern]
            matches = [f"lower(value) in ({', '.join(plain)})"] if plain else []
            tests.append(f"({within}({' or '.join([*matches, *globs])}))")
    return " or ".join(tests)


def _like(pattern: str) -> str:
    return pattern.lower().replace("_", "_").replace("*", "%")


def _link(engine: Engine, rules: IdentityRules) -> None:
    """Fill `parts(node, part)` in the three rounds that the module's text describes."""
    engine.run("""
        create or replace temp table links as
        select v.node, l.anchor, v.value_id, s.kind
        from node_values v join linking l using (value_id) join spaces s on s.space = l.space
        where s.kind <> 'apart'""")
    engine.run("create or replace temp table suspending(value_id bigint, reason varchar)")
    _solve(engine, "parts_strong", "kind = 'strong'")
    _suspend_contested(engine, rules)
    _solve(engine, "parts", "value_id not in (select value_id from suspending)")
    if _suspend_chains(engine, rules):
        _solve(engine, "parts", "value_id not in (select value_id from suspending)")


def _solve(engine: Engine, into: str, which: str) -> None:
    """Connected components over the links that satisfy `which`."""
    total = int(str(engine.run("select count(*) from nodes")[0][0]))
    edges = f"select node as a, anchor as b from links where node <> anchor and {which}"
    engine.load(into, engine.components(edges, total).rename_columns(["node", "part"]))


def _suspend_contested(engine: Engine, rules: IdentityRules) -> None:
    """Suspend shared values that stand beside two different values of one strong namespace."""
    engine.run(f"""
        create or replace temp table strong_of as
        select p.part, v.space, min(v.node) as node from node_values v join parts_strong p using (node)
        where v.space in {_spaces_of(engine, rules.one_person)} group by p.part, v.space""")
    engine.run("""
        insert into suspending
        select value_id, 'it stands beside two values of ' || min(namespace) from (
            select v.value_id, s.space
            from links v join parts_strong p using (node) join strong_of s using (part)
            where v.kind = 'shared'
            group by v.value_id, s.space having min(p.part) <> max(p.part))
        join spaces using (space) group by value_id""")


def _suspend_chains(engine: Engine, rules: IdentityRules) -> bool:
    """Suspend every linking shared value of components that hold too much; returns whether there were any."""
    engine.run("create or replace temp table crowded(part bigint, reason varchar)")
    for base, most in rules.max_per_person.items():
        engine.run(f"""
            insert into crowded
            select part, 'more {base} values than one person may have'
            from node_values join parts using (node) where space in {_spaces_of(engine, [base])}
            group by part having count(distinct value_id) + count(*) filter (where value_id is null) > {most}""")
    engine.run("""
        insert into crowded
        select part, 'a chain would join two values of ' || min(namespace) from (
            select p.part, s.space from strong_of s join parts p using (node)
            group by p.part, s.space having count(*) > 1)
        join spaces using (space) group by part""")
    engine.run("""
        insert into suspending
        select v.value_id, min(c.reason) from links v join parts p using (node) join crowded c using (part)
        where v.kind = 'shared' and v.value_id not in (select value_id from suspending)
        group by v.value_id having min(v.node) <> max(v.node)""")
    return bool(engine.run("select 1 from crowded limit 1"))


def _spaces_of(engine: Engine, bases: Iterable[str]) -> str:
    """SQL list of the namespaces' numbers with these bases, whatever their connections."""
    names = ", ".join(_text(base) for base in bases) or "''"
    found = engine.run(f"select space from spaces where base in ({names}) order by space")
    return f"({', '.join(str(row[0]) for row in found) or '-1'})"


def _publish(engine: Engine, key: bytes, *, same_rules: bool) -> None:
    """Name the components, note whose profile changed, and bring the derived tables up to date."""
    first_time = not engine.run("select 1 from identity limit 1")
    _name(engine, key)
    _touch(engine, everybody=first_time or not same_rules)
    engine.run("create or replace table identity as select _node, profile_id from identity_now")
    _publish_identifiers(engine, everybody=first_time or not same_rules)
    engine.run("""
        create or replace table suspended as
        select s.namespace, l.value, min(reason) as reason
        from suspending join linking l using (value_id) join spaces s using (space) group by s.namespace, l.value""")


def _name(engine: Engine, key: bytes) -> None:
    """Give each component the id of its oldest-seen record: `named(part, profile_id)` and `identity_now`."""
    engine.run("""
        create or replace temp table oldest as
        select p.part, min(n.first) as first from nodes n join parts p on p.node = n.id group by p.part""")
    records = " union all ".join(
        f"select o.part, concat(c._connection, '/{name}/', c._key) as record"
        f" from current_{name} c join oldest o on o.first = c._first where c._node is not null"
        for name in _STREAMS
    )
    engine.run(f"""
        create or replace temp table named as
        select part, {profile_id_of("min(record)", key)} as profile_id from ({records}) group by part""")
    engine.run("""
        create or replace temp table identity_now as
        select n._node, d.profile_id, n.id as node, d.part
        from nodes n join parts p on p.node = n.id join named d using (part)""")


def _touch(engine: Engine, *, everybody: bool) -> None:
    """Note whose profile changed: their rows did, or rows came to them or went. Under new rules it may be anybody's."""
    if everybody:
        set_state(engine, "everybody", "touched")
    else:
        engine.run("""
            insert into touched
            select profile_id from (
                select i.profile_id from identity i join touched_nodes t using (_node)
                union select i.profile_id from identity_now i join touched_nodes t using (_node)
                union select unnest([i.profile_id, n.profile_id]) from identity i join identity_now n using (_node)
                      where i.profile_id <> n.profile_id)
            where profile_id is not null""")
    engine.run("delete from touched_nodes")


def _publish_identifiers(engine: Engine, *, everybody: bool) -> None:
    """Replace `identifiers` of the touched, or of everybody; ranks are computed only where there are several values."""
    chosen = "true" if everybody else "d.profile_id in (select profile_id from touched)"
    engine.run(f"""
        create or replace temp table mine as
        with held as (
            select p.part, v.node, v.space, v.value, v.value_id
            from node_values v join parts p using (node) join named d using (part)
            where {chosen} and v.space not in {_spaces_of(engine, ["record"])})
        select h.part, h.space, h.value, n.priority, n.latest
        from held h join nodes n on n.id = h.node where h.value_id is null
        union all
        select g.part, l.space, l.value, g.priority, g.latest
        from (select h.part, h.value_id, min(n.priority) as priority, max(n.latest) as latest
              from held h join nodes n on n.id = h.node
              where h.value_id is not null group by h.part, h.value_id) g
        join linking l using (value_id)""")
    engine.run("""
        create or replace temp table several as
        select part, space from mine group by part, space having count(*) > 1""")
    among = "exists (select 1 from several s where s.part = mine.part and s.space = mine.space)"
    ranked = f"""
        select part, space, value, 1 as rank from mine where not {among}
        union all
        select part, space, value, row_number() over (
            partition by part, space order by priority, latest desc, value) as rank
        from mine where {among}"""
    rows = f"""
        select d.profile_id, s.namespace, r.value, cast(r.rank as integer) as rank
        from ({ranked}) r join named d using (part) join spaces s using (space)"""
    if everybody:
        engine.run(f"create or replace table identifiers as {rows}")
    else:
        engine.run("delete from identifiers where profile_id in (select profile_id from touched)")
        engine.run(f"insert into identifiers {rows}")


def profile_id_of(record: str, key: bytes) -> str:
    """SQL for the profile id of a record key: the first 20 hex digits of HMAC-SHA256 under the installation key."""
    block = key.ljust(_BLOCK, b"\0") if len(key) <= _BLOCK else hashlib.sha256(key).digest().ljust(_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block).hex() for pad in (0x36, 0x5C))
    return f"substr(sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode({record})))), 1, 20)"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
