"""The derived database's own tables. Everything in it can be dropped and rebuilt from the two logs."""

import pyarrow as pa

from hub.engine.base import Engine
from hub.sdk.streams import COUNT, DAY, FLAG, IDENTIFIERS, MONEY, NUMBER, STREAMS, TEXT, WHEN, Stream

VERSION = "3"  # raise it when a table here changes: an older database is dropped and rebuilt

SEPARATOR = "\x1f"  # between the parts of a composite key and between the identifiers of a record

DELETED = "deleted_"  # before a stream's name: files that hold tombstones of its records

# Logs of the hub's own beside the streams: records that a source says are one, and who entered or left what, when.
MERGES = Stream("merges", ("losing",), pa.schema([("losing", TEXT), ("winning", TEXT), ("identifiers", IDENTIFIERS)]))
MEMBERSHIPS = Stream(
    "memberships",
    (),
    pa.schema(
        [("kind", TEXT), ("name", TEXT), ("profile_id", TEXT), ("entered", FLAG), ("as_of", WHEN), ("run", COUNT)]
    ),
    mode="append",
)

LOGGED = {**STREAMS, MERGES.name: MERGES}

SQL_TYPES = {
    TEXT: "varchar",
    WHEN: "timestamp",
    DAY: "date",
    MONEY: "decimal(18, 4)",
    COUNT: "bigint",
    NUMBER: "double",
    FLAG: "boolean",
}

_FRAME = (
    "_connection varchar, _source varchar, _key varchar, _node uhugeint, _links varchar, _version timestamp, "
    "_order bigint, _first bigint, _deleted boolean"
)

THROUGH_ORDERS = frozenset({"order_lines", "events"})  # streams whose rows may be about an order, and name nobody

_TABLES = (
    "state(name varchar primary key, value varchar)",
    "applied(seq bigint, uid varchar)",
    "touched_nodes(_node uhugeint)",
    "touched(profile_id varchar)",
    "identity(_node uhugeint, profile_id varchar)",
    "identifiers(profile_id varchar, namespace varchar, value varchar, rank integer)",
    "suspended(namespace varchar, value varchar, reason varchar)",
    "consent(profile_id varchar, channel varchar, purpose varchar, granted boolean)",
    "denied_addresses(namespace varchar, value varchar, channel varchar, purpose varchar)",
    "erased(namespace varchar, value varchar)",
    "memberships(kind varchar, name varchar, profile_id varchar, entered_at timestamp, left_at timestamp)",
    "stage_of(profile_id varchar, stage varchar, previous_stage varchar, since timestamp)",
)


def columns_of(stream: str) -> dict[str, str]:
    """Column -> SQL type of what `current_<stream>` holds of a stream; identifiers are kept as `_links` instead."""
    schema = LOGGED[stream].columns
    return {column.name: SQL_TYPES[column.type] for column in schema if column.name != "identifiers"}


def through_orders(stream: str, rows: str) -> str:
    """SQL for the rows that name nobody, as (_connection, _key, _node): theirs is the node of the order they are about.

    An order's id comes before its number, and a number that stands on orders of two people is nobody's.
    """
    orders = "select _connection, order_id as said, true as exact, _node from current_orders where not _deleted"
    connection = "r._connection"
    if stream == "events":
        connection = "coalesce(r.order_connection, r._connection)"
        orders += f" union all {orders.replace('order_id as said, true', 'number, false')} and number is not null"
    return f"""
        select r._connection, r._key, coalesce(max(o._node) filter (exact),
               case when min(o._node) = max(o._node) then max(o._node) end) as _node
        from (from {rows}) r join ({orders}) o on o._connection = {connection} and o.said = r.order_id
        where r._node is null group by r._connection, r._key"""


def create(engine: Engine) -> bool:
    """Make the tables that are missing. Returns whether the database is new or was of another version."""
    engine.run("create table if not exists state(name varchar primary key, value varchar)")
    fresh = get_state(engine, "schema") != VERSION
    if fresh:
        drop(engine)
    for table in _TABLES:
        engine.run(f"create table if not exists {table}")
    for stream in LOGGED:
        names = ", ".join(f'"{name}" {kind}' for name, kind in columns_of(stream).items())
        engine.run(f"create table if not exists current_{stream}({names}, {_FRAME})")
    engine.run("""
        create or replace view segment_members as
        select name as segment, profile_id from memberships where kind = 'segment' and left_at is null""")
    set_state(engine, "schema", VERSION)
    return fresh


def drop(engine: Engine) -> None:
    """Drop every view and table, so that `create` begins anew."""
    found = engine.run(
        "select table_name, table_type from information_schema.tables where table_schema = 'main' order by 2 desc"
    )
    for name, kind in found:
        engine.run(f'drop {"view" if kind == "VIEW" else "table"} "{name}"')
    engine.run("create table state(name varchar primary key, value varchar)")


def get_state(engine: Engine, name: str) -> str | None:
    """Return a remembered value of the derived database, None when there is none."""
    rows = engine.run("select value from state where name = ?", (name,))
    return str(rows[0][0]) if rows else None


def set_state(engine: Engine, name: str, value: str) -> None:
    """Remember a value, within the transaction that made it true."""
    engine.run("insert or replace into state values (?, ?)", (name, value))
