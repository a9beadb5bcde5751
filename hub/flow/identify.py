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
from collections.abc import Mapping, Sequence
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
    """What may link whom. Namespaces without their connection; `priority`: connections, most trusted first."""

    one_person: Sequence[str] = ()
    max_per_person: Mapping[str, int] = field(default_factory=dict)
    block: Mapping[str, Sequence[str]] = field(default_factory=dict)
    priority: Sequence[str] = ()


def identify(engine: Engine, rules: IdentityRules, key: bytes) -> bool:
    """Bring `identity`, `identifiers` and `suspended` up to date; returns False when nothing had changed.

    Profiles whose records changed, and both sides of every merge and split, are added to `touched`.
    """
    if not engine.run("select 1 from touched_nodes limit 1") and get_state(engine, "identity_rules") == repr(rules):
        return False
    _collect_nodes(engine, rules)
    _collect_values(engine, rules)
    _link(engine, rules)
    with engine.transaction():
        _publish(engine, key)
        set_state(engine, "identity_rules", repr(rules))
    return True


def _collect_nodes(engine: Engine, rules: IdentityRules) -> None:
    """Number the nodes, each with its oldest record key and its best connection's rank."""
    people = " union all ".join(_records(name) for name, stream in LOGGED.items() if stream.has_person)
    ranks = " ".join(f"when '{name}' then {rank}" for rank, name in enumerate(rules.priority))
    rank = f"case _connection {ranks} else {len(rules.priority)} end" if ranks else "0"
    engine.run(f"""
        create or replace temp table nodes as
        select _node, min(_links) as links, min(_first) as first, arg_min(record, _first) as record,
               max(_order) as latest, min({rank}) as priority, row_number() over () - 1 as id
        from ({people}) group by _node""")


def _records(stream: str) -> str:
    return (
        f"select _node, _links, _first, _order, _connection, concat(_connection, '/{stream}/', _key) as record"
        f" from current_{stream} where _node is not null"
    )


def _collect_values(engine: Engine, rules: IdentityRules) -> None:
    """Spread the nodes' identifiers: `node_values(node, value_id, namespace, value, kind)`; blocked values stay out."""
    strong = ", ".join(_text(name) for name in rules.one_person) or "''"
    engine.run("""
        create or replace temp table spread as
        select id as node, pair,
               split_part(split_part(pair, ':', 1), '@', 1) as base,
               substr(pair, strpos(pair, ':') + 1) as value
        from (select id, unnest(string_split(links, chr(31))) as pair from nodes)""")
    engine.run(f"""
        create or replace temp table node_values as
        select node, pair, split_part(pair, ':', 1) as namespace, base, value,
               case when base = 'record' or base in ({strong}) then 'strong' else 'shared' end as kind
        from spread where base = 'record' or not ({_blocked(rules)})""")


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
    engine.run("create or replace temp table suspending(pair varchar, reason varchar)")
    _solve(engine, "parts_strong", "kind = 'strong'")
    _suspend_contested(engine, rules)
    _solve(engine, "parts", "pair not in (select pair from suspending)")
    if _suspend_chains(engine, rules):
        _solve(engine, "parts", "pair not in (select pair from suspending)")


def _solve(engine: Engine, into: str, which: str) -> None:
    """Connected components over the values that satisfy `which` and stand on at least two nodes."""
    total = int(str(engine.run("select count(*) from nodes")[0][0]))
    edges = f"""
        select node as a, min(node) over (partition by pair) as b from node_values
        where {which} qualify count(*) over (partition by pair) > 1"""
    engine.load(
        into, engine.components(f"select * from ({edges}) where a <> b", total).rename_columns(["node", "part"])
    )


def _suspend_contested(engine: Engine, rules: IdentityRules) -> None:
    """Suspend shared values that stand beside two different values of one strong namespace."""
    if not rules.one_person:
        return
    engine.run(f"""
        create or replace temp table strong_of as
        select distinct p.part, v.namespace, v.pair from node_values v join parts_strong p using (node)
        where {_strong(rules)}""")
    engine.run("""
        insert into suspending
        select pair, 'it stands beside two values of ' || min(namespace) from (
            select v.pair, s.namespace from node_values v
            join parts_strong p using (node) join strong_of s using (part)
            where v.kind = 'shared'
            group by v.pair, s.namespace having count(distinct p.part) > 1)
        group by pair""")


def _suspend_chains(engine: Engine, rules: IdentityRules) -> bool:
    """Suspend every linking shared value of components that hold too much; returns whether there were any."""
    limits = [
        f"(base = {_text(base)} and count(distinct pair) > {most})" for base, most in rules.max_per_person.items()
    ]
    engine.run("create or replace temp table crowded(part bigint, reason varchar)")
    if limits:
        engine.run(f"""
            insert into crowded
            select part, 'more ' || min(base) || ' values than one person may have' from (
                select p.part, v.base from node_values v join parts p using (node)
                group by p.part, v.base having {" or ".join(limits)})
            group by part""")
    if rules.one_person:
        engine.run("""
            insert into crowded
            select part, 'a chain would join two values of ' || min(namespace) from (
                select distinct p.part, s.namespace, s.part as strong
                from strong_of s join parts_strong o on o.part = s.part join parts p on p.node = o.node)
            group by part, namespace having count(*) > 1""")
    engine.run("""
        insert into suspending
        select v.pair, min(c.reason) from node_values v join parts p using (node) join crowded c using (part)
        where v.kind = 'shared' and v.pair not in (select pair from suspending)
        group by v.pair having count(distinct v.node) > 1""")
    return bool(engine.run("select 1 from crowded limit 1"))


def _strong(rules: IdentityRules) -> str:
    return f"v.base in ({', '.join(_text(name) for name in rules.one_person)})"


def _publish(engine: Engine, key: bytes) -> None:
    """Name the components, note whose profile changed, and replace the derived tables."""
    engine.run(f"""
        create or replace temp table named as
        select part, {profile_id_of("record", key)} as profile_id from (
            select p.part, arg_min(n.record, n.first) as record
            from nodes n join parts p on p.node = n.id group by p.part)""")
    engine.run("""
        create or replace temp table identity_now as
        select n._node, d.profile_id, n.id as node
        from nodes n join parts p on p.node = n.id join named d using (part)""")
    engine.run("""
        insert into touched
        select profile_id from (
            select i.profile_id from identity i join touched_nodes t using (_node)
            union select i.profile_id from identity_now i join touched_nodes t using (_node)
            union select unnest([i.profile_id, n.profile_id]) from identity i join identity_now n using (_node)
                  where i.profile_id <> n.profile_id)
        where profile_id is not null""")
    engine.run("delete from touched_nodes")
    engine.run("create or replace table identity as select _node, profile_id from identity_now")
    engine.run("""
        create or replace table identifiers as
        select profile_id, namespace, value,
               cast(row_number() over (
                   partition by profile_id, namespace order by priority, latest desc, value) as integer) as rank
        from (select i.profile_id, v.namespace, v.value, min(n.priority) as priority, max(n.latest) as latest
              from node_values v join identity_now i on i.node = v.node join nodes n on n.id = v.node
              where v.base <> 'record' group by all)""")
    engine.run("""
        create or replace table suspended as
        select split_part(pair, ':', 1) as namespace, substr(pair, strpos(pair, ':') + 1) as value,
               min(reason) as reason from suspending group by all""")


def profile_id_of(record: str, key: bytes) -> str:
    """SQL for the profile id of a record key: the first 20 hex digits of HMAC-SHA256 under the installation key."""
    block = key.ljust(_BLOCK, b"\0") if len(key) <= _BLOCK else hashlib.sha256(key).digest().ljust(_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block).hex() for pad in (0x36, 0x5C))
    return f"substr(sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode({record})))), 1, 20)"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
