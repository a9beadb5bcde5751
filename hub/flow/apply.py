"""Bring the derived database up to what has landed: the current version of every record, in `current_<stream>`.

What it contains is written down in `applied`, in the same transaction. Nodes (sets of identifiers that stand together
on a record) whose rows changed are remembered in `touched_nodes` until the profile step has dealt with them.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path

from hub.engine import Engine
from hub.engine.schema import DELETED, LOGGED, MEMBERSHIPS, THROUGH_ORDERS, columns_of, through_orders
from hub.lake.landing import paths
from hub.store.models import LandedFile

_ALWAYS_NEWS = {"consents": " or occurred_at is null"}  # see `_carry_over`


def pending(engine: Engine, files: Sequence[LandedFile]) -> list[LandedFile]:
    """Return the registered files that the database does not contain yet, oldest first.

    Files of a window that a vendor restates by days wait until the whole window is there.
    """
    applied = set(engine.run("select seq, uid from applied"))
    ready = {(file.read_id, file.window_start) for file in files if file.window_complete}
    return [
        file
        for file in sorted(files, key=lambda file: file.seq or 0)
        if (file.seq, file.uid) not in applied
        and (file.window_start is None or (file.read_id, file.window_start) in ready)
    ]


def knows_too_much(engine: Engine, files: Sequence[LandedFile]) -> bool:
    """Whether the database contains a file that the registry does not know: then it must be rebuilt."""
    registered = {(file.seq, file.uid) for file in files}
    return any(row not in registered for row in engine.run("select seq, uid from applied"))


def apply(engine: Engine, registered: Sequence[LandedFile], root: Path) -> int:
    """Apply every pending file, all in one transaction; return how many there were."""
    files = pending(engine, registered)
    with engine.transaction():
        for stream, group in groupby(sorted(files, key=_by_stream), key=_by_stream):
            if stream in LOGGED:
                for together in _batches(list(group)):
                    _apply_stream(engine, stream, together, registered, root)
            elif stream == MEMBERSHIPS.name:
                _apply_memberships(engine, list(group), root)
        for file in files:
            engine.run("insert into applied values (?, ?)", (file.seq, file.uid))
    return len(files)


def _by_stream(file: LandedFile) -> str:
    return file.stream.removeprefix(DELETED)


def _batches(files: Sequence[LandedFile]) -> Iterator[list[LandedFile]]:
    """Files that may be applied as one: what deletes, and a window of days, stand alone, so that order holds."""
    batch: list[LandedFile] = []
    windows: dict[tuple[str, object], list[LandedFile]] = {}
    for file in files:
        if file.window_start is not None:
            days = windows.setdefault((file.read_id, file.window_start), [])
            days.append(file)
            yield from [batch, days] if file.window_complete else []
            batch = [] if file.window_complete else batch
        elif file.stream.startswith(DELETED):
            yield from (batch, [file])
            batch = []
        else:
            batch.append(file)
            if file.complete:
                yield batch
                batch = []
    yield batch


def _apply_stream(
    engine: Engine, stream: str, files: Sequence[LandedFile], registered: Sequence[LandedFile], root: Path
) -> None:
    for file in files:
        if file.window_complete:
            _forget_window(engine, stream, file)
    for together in _laid_together(engine, stream, [file for file in files if file.rows], root):
        _take_in(engine, stream, _rows_of(stream, paths(together, root)))
    for file in files:
        if file.complete:
            same = [each for each in registered if (each.read_id, each.stream) == (file.read_id, stream) and each.rows]
            _mark_absent(engine, stream, file, paths(same, root) if same else "")


def _laid_together(engine: Engine, stream: str, filled: list[LandedFile], root: Path) -> list[list[LandedFile]]:
    """Files whose rows are laid over the others field by field go one after the other."""
    if len(filled) > 1 and _partly_known(engine, _rows_of(stream, paths(filled, root))):
        return [[file] for file in filled]
    return [filled] if filled else []


def _rows_of(stream: str, files: str) -> str:
    """SQL for the rows of landed files, as `current_<stream>` holds them, and `_known`."""
    names = ", ".join(columns_of(stream))
    return f"""
        select {names}, _connection, _source, {_key_of(stream)} as _key,
               {_node_of(stream)} as _node, {_links_of(stream)} as _links, _version,
               _seq * 4294967296 + _row as _order, _seq * 4294967296 + _row as _first, _deleted,
               {_known_of(stream)} as _known
        from read_parquet({files}, union_by_name = true)"""


def _key_of(stream: str) -> str:
    """Facts without a key of their own are known by their content, so that reading them twice changes nothing."""
    if LOGGED[stream].key:
        return "_key"
    parts = ", ".join(f"coalesce(cast({name} as varchar), '')" for name in columns_of(stream))
    return f"md5(concat_ws(chr(31), _links, {parts}))"


def _links_of(stream: str) -> str:
    return "_links" if LOGGED[stream].has_person else "cast(null as varchar)"


def _node_of(stream: str) -> str:
    return "md5_number(_links)" if LOGGED[stream].has_person else "cast(null as uhugeint)"


def _known_of(stream: str) -> str:
    return "_known" if stream != "merges" else "cast(null as varchar[])"


def _partly_known(engine: Engine, rows: str) -> bool:
    """Whether rows are to be laid over others field by field; such files go one after the other."""
    return bool(engine.run(f"select 1 from ({rows}) where _known is not null limit 1"))


def _take_in(engine: Engine, stream: str, rows: str) -> None:
    """Bring rows into the stream's table; the first ones of all go there straight from the files."""
    if not engine.run(f"select 1 from current_{stream} limit 1"):
        for part in _newest(engine, stream, rows):
            engine.run(f"insert into current_{stream} by name select * exclude (_known) from ({part})")
        _touch(engine, stream, f"current_{stream}")
        return
    engine.run(f"create or replace temp table incoming as {' union all '.join(_newest(engine, stream, rows))}")
    _merge(engine, stream)


def _newest(engine: Engine, stream: str, rows: str) -> list[str]:
    """Queries that together give one row per key: that of the greatest (version, order), with the least first sight.

    Its order is of the row that said it first, as if the rows had come one after the other: see `_carry_over`.
    """
    engine.run(f"""
        create or replace temp table repeated as
        select _connection, _key, min(_first) as _first from ({rows}) group by _connection, _key having count(*) > 1""")
    if not engine.run("select 1 from repeated limit 1"):
        return [rows]
    same = "r._connection = i._connection and r._key = i._key"
    once = f"select i.* from ({rows}) i where not exists (select 1 from repeated r where {same})"
    key = "partition by _connection, _key"
    said = ", ".join(f"{name} := i.{name}" for name in ("_links", "_deleted", *columns_of(stream)))
    latest = f"""
        select i.* replace (r._first as _first), struct_pack({said}) as _said from ({rows}) i join repeated r on {same}
        qualify i._version is not distinct from max(i._version) over (partition by i._connection, i._key)"""
    told = f"_said is distinct from lag(_said) over ({key} order by _order)" + _ALWAYS_NEWS.get(stream, "")
    winners = f"""
        select * exclude (_said, _news, _since) replace (_since as _order) from (
            select *, max(case when _news then _order end) over ({key}) as _since
            from (select *, {told} as _news from ({latest}))
            qualify row_number() over ({key} order by _order desc) = 1)"""
    return [once, winners]


def _merge(engine: Engine, stream: str) -> None:
    table = f"current_{stream}"
    _carry_over(engine, stream)
    replaced = "c._connection = a._connection and c._key = a._key"
    _touch(engine, stream, f"{table} c where exists (from arriving a where {replaced})")
    engine.run(f"delete from {table} c using arriving a where {replaced}")
    engine.run(f"insert into {table} by name select * from arriving")
    _touch(engine, stream, "arriving")


def _touch(engine: Engine, stream: str, rows: str, place: Sequence[str | date | None] = ()) -> None:
    """Note whose rows these are; those that name nobody may be about somebody's order."""
    nodes = f"select _node from (from {rows})"
    if stream in THROUGH_ORDERS:
        nodes += f" union all select _node from ({through_orders(stream, rows)})"
        place = (*place, *place)
    engine.run(f"insert into touched_nodes select distinct _node from ({nodes}) where _node is not null", place)


def _carry_over(engine: Engine, stream: str) -> None:
    """What replaces current rows: nothing older than them, their first sight, and what was not known this time.

    A tombstone keeps the record's content as a ghost: its links and its first sight hold the profile's id together. One
    that says when is as old as that: a newer row stays, an older one does not bring the record back. One that does not
    is about what is there now, which the next row of the same version brings back (a record that was restored).
    So does a row whose identifiers could not be read. Rows that say nothing new are left out, so that a file read
    again touches nobody; but a consent without a time is news whenever it is read: no, yes, no ends with no.
    """
    unread = "(i._deleted or (i._known is not null and not list_contains(i._known, '{0}')))"
    unlinked = unread.format("identifiers")
    kept = ", ".join(
        f"case when {unread.format(name)} then c.{name} else i.{name} end as {name}" for name in columns_of(stream)
    )
    same = " and ".join(
        f"({unread.format(name)} or i.{name} is not distinct from c.{name})" for name in columns_of(stream)
    )
    same += " and i.occurred_at is not null" if stream == "consents" else ""
    nothing_newer = """case when i._deleted then coalesce(i._version <= c._version, i._version is null)
                            else i._version is not distinct from c._version end"""
    engine.run(f"""
        create or replace temp table arriving as
        select {kept}, i._connection, i._source, i._key,
               case when {unlinked} then coalesce(c._node, i._node) else i._node end as _node,
               case when {unlinked} then coalesce(c._links, i._links) else i._links end as _links,
               case when i._deleted then greatest(c._version, i._version) else i._version end as _version,
               i._order, least(i._first, coalesce(c._first, i._first)) as _first, i._deleted
        from incoming i left join current_{stream} c on c._connection = i._connection and c._key = i._key
        where c._key is null
           or ((c._version is null or i._version >= c._version or (i._version is null and (i._deleted or c._deleted)))
               and not ({same} and {nothing_newer}
                        and ({unlinked} or i._links is not distinct from c._links) and i._deleted = c._deleted))""")


def _mark_absent(engine: Engine, stream: str, last: LandedFile, files: str) -> None:
    """After a complete read, records that it did not bring are gone; they stay as ghosts."""
    seen = f"from read_parquet({files}, union_by_name = true)" if files else f"from current_{stream} where false"
    engine.run(f"create or replace temp table present as select distinct {_key_of(stream)} as _key {seen}")
    gone = f"""_connection = ? and _source = ? and not _deleted
        and not exists (select 1 from present p where p._key = current_{stream}._key)"""
    place = (last.connection, last.source)
    _touch(engine, stream, f"current_{stream} where {gone}", place)
    engine.run(f"update current_{stream} set _deleted = true where {gone}", place)


def _forget_window(engine: Engine, stream: str, file: LandedFile) -> None:
    """A vendor that restates days replaces all of them at once; first sights stay, in ghosts, until rows come again."""
    inside = f"_connection = ? and _source = ? and cast({LOGGED[stream].time} as date) between ? and ?"
    place = (file.connection, file.source, file.window_start, file.window_end)
    _touch(engine, stream, f"current_{stream} where {inside}", place)
    engine.run(f"update current_{stream} set _deleted = true where {inside}", place)


def _apply_memberships(engine: Engine, files: Sequence[LandedFile], root: Path) -> None:
    """Fold who entered and who left into the history; files in order, leaves before entries within one."""
    for file in files:
        rows = f"(select * from read_parquet({paths([file], root)}))"
        engine.run(f"""
            update memberships m set left_at = r.as_of from {rows} r
            where not r.entered and m.left_at is null
              and m.kind = r.kind and m.name = r.name and m.profile_id = r.profile_id""")
        engine.run(f"""
            insert into memberships
            select kind, name, profile_id, as_of, null from {rows} where entered""")
