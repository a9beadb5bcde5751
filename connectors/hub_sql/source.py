"""The source `sql`: the rows of a query, all of them or those from the last cursor on."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

import pyarrow as pa

from hub.sdk.connector import Context, Source
from hub.sdk.errors import HubError, StopConnection
from hub.sdk.records import Fact, Json, Page
from hub.sdk.streams import OPTIONAL, QUARANTINE, STREAMS
from hub_sql.cursors import bound, saved
from hub_sql.database import Database
from hub_sql.settings import SqlSettings, SqlSourceSettings
from hub_sql.values import Unfit, column, text

_RAW_LIMIT = 10_000
_OWN = ("identifiers", "attributes")
Rows = Sequence[Sequence[object]]


class SqlSource(Source[SqlSettings, SqlSourceSettings]):
    """Reads the rows of a query."""

    name = "sql"
    streams = tuple(STREAMS)
    settings_model = SqlSettings
    source_model = SqlSourceSettings

    def __init__(self, settings: SqlSettings, source: SqlSourceSettings, context: Context) -> None:
        super().__init__(settings, source, context)
        self._schema = pa.schema([*STREAMS[source.stream].columns, *OPTIONAL])

    def check(self) -> Iterable[Fact]:
        """Say which database this is, what becomes of the query's columns, and where its cursor stands."""
        try:
            database = Database(self.settings, self.context.project)
            yield Fact("ok", f"{database.kind} {database.version()}".strip())
            with database.result(f"select * from ({_plain(self.source.query)}) q where 1 = 0", {}) as result:
                layout = self._layout(result.columns)
            yield Fact("ok", f"columns of {self.source.stream}: {', '.join(layout.known)}")
            if layout.others:
                yield Fact("ok", f"attributes: {', '.join(layout.others)}")
            if self.source.cursor:
                yield self._newest(database, self.source.cursor)
            elif not self.source.complete:
                yield Fact("warning", "no cursor: all is read each time; say complete = true to see deletions")
        except HubError as error:
            yield Fact("error", str(error))

    def _newest(self, database: Database, name: str) -> Fact:
        quoted = database.quoted(name)
        statement = f"select max(q.{quoted}), sum(case when q.{quoted} is null then 1 else 0 end) from"
        with database.result(f"{statement} ({_plain(self.source.query)}) q", {}) as result:
            [(newest, without)] = next(result.batches)
        if without:
            return Fact("warning", f"{without} rows have no {name}: they are seen by full reads alone")
        return Fact("ok", f"newest {name}: {newest}")

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Read the rows at or after the cursor, less the look-back, in its order; without a cursor all of them."""
        del streams
        database = Database(self.settings, self.context.project)
        statement, values = self._statement(database, since)
        with database.result(statement, values) as result:
            layout = self._layout(result.columns)
            for rows in result.batches:
                yield self._page(layout, rows)
        if since is None:
            yield Page(complete=self.source.complete)

    def _statement(self, database: Database, since: Json) -> tuple[str, Mapping[str, object]]:
        query = f"select * from ({_plain(self.source.query)}) q"
        if not self.source.cursor:
            return query, {}
        place = f"q.{database.quoted(self.source.cursor)}"
        if not isinstance(since, Mapping):
            return f"{query} order by {place}", {}
        return f"{query} where {place} >= :since order by {place}", {"since": bound(since, self.source)}

    def _layout(self, names: Sequence[str]) -> "_Layout":
        entry, wanted = self.source, self._schema.names
        special = {*entry.identifiers.values(), *filter(None, (entry.cursor, entry.deleted))}
        missing = sorted({*special, *STREAMS[entry.stream].key} - {*names})
        if missing:
            raise StopConnection(
                f"the query has no column {missing[0]!r}; it has: {', '.join(names)}.", hint="Name it: select x as y."
            )
        known = [name for name in names if name in wanted and name not in _OWN]
        others = [name for name in names if name not in wanted and name not in special]
        if others and "attributes" not in wanted:
            raise StopConnection(
                f"{entry.stream} has no column {others[0]!r}.", hint=f"Expected some of: {', '.join(wanted)}."
            )
        return _Layout({name: place for place, name in enumerate(names)}, known, others)

    def _page(self, layout: "_Layout", rows: Rows) -> Page:
        gone = layout.truthy(rows, self.source.deleted)
        key = layout.place[STREAMS[self.source.stream].key[0]]
        deleted = [text(row[key]) for row, is_gone in zip(rows, gone, strict=True) if is_gone and row[key] is not None]
        kept = [row for row, is_gone in zip(rows, gone, strict=True) if not is_gone]
        table, refused = self._table(layout, kept)
        return Page(
            {self.source.stream: table} if len(table) else {},
            quarantine=pa.Table.from_pylist(refused, schema=QUARANTINE) if refused else None,
            deleted={self.source.stream: deleted} if deleted else {},
            cursor=self._cursor(layout, rows),
        )

    def _cursor(self, layout: "_Layout", rows: Rows) -> Json:
        if not self.source.cursor:
            return None
        seen = [value for row in rows if (value := row[layout.place[self.source.cursor]]) is not None]
        now = self.context.now.astimezone(UTC)
        return saved(seen[-1], self.source.cursor, now, self.source.timezone) if seen else None

    def _table(self, layout: "_Layout", rows: Rows) -> tuple[pa.Table, list[Mapping[str, object]]]:
        """Return the rows that fit as a table, and a line of quarantine for each of the others."""
        arrays, reasons = dict[str, pa.Array](), dict[int, tuple[str, str]]()
        for name in layout.known:
            values = [row[layout.place[name]] for row in rows]
            arrays[name], unfit = column(values, self._schema.field(name).type, self.source.timezone)
            reasons = {place: (name, reason) for place, reason in unfit.items()} | reasons
        pairs = [self._identified(layout, row, reasons, place) for place, row in enumerate(rows)]
        if "identifiers" in self._schema.names:
            arrays["identifiers"] = pa.array(pairs, self._schema.field("identifiers").type)
        if layout.others:
            arrays["attributes"] = pa.array([layout.json(row, layout.others) for row in rows], pa.string())
        whole = pa.table(
            [arrays.get(field.name, pa.nulls(len(rows), field.type)) for field in self._schema], schema=self._schema
        )
        fits = pa.array([place not in reasons for place in range(len(rows))], pa.bool_())
        refused = [self._refused(layout, rows[place], *reasons[place]) for place in sorted(reasons)]
        return whole.filter(fits) if reasons else whole, refused

    def _identified(
        self, layout: "_Layout", row: Sequence[object], reasons: dict[int, tuple[str, str]], place: int
    ) -> list[Mapping[str, str]]:
        found = list[Mapping[str, str]]()
        for namespace, name in self.source.identifiers.items():
            value = row[layout.place[name]]
            try:
                found += [{"namespace": namespace, "value": text(value)}] if value not in (None, "") else []
            except Unfit as misfit:
                reasons.setdefault(place, (name, f"{misfit}, got {type(value).__name__}"))
        return found

    def _refused(self, layout: "_Layout", row: Sequence[object], field: str, reason: str) -> Mapping[str, object]:
        raw = layout.json(row, [*layout.place])[:_RAW_LIMIT]
        return {"stream": self.source.stream, "field": field, "reason": f"{field}: {reason}", "raw": raw}


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where each column of the result stands; which are the stream's, and which become attributes."""

    place: Mapping[str, int]
    known: Sequence[str]
    others: Sequence[str]

    def truthy(self, rows: Rows, name: str | None) -> Sequence[bool]:
        """Tell for each row whether a column says yes; a time does, and so do 1 and `true`."""
        if name is None:
            return [False] * len(rows)
        return [row[self.place[name]] not in (None, False, 0, "", "0", "f", "false") for row in rows]

    def json(self, row: Sequence[object], names: Sequence[str]) -> str:
        """Return some of a row's values as a JSON object, without those that are null."""
        values = {name: row[self.place[name]] for name in names if row[self.place[name]] is not None}
        return json.dumps(values, ensure_ascii=False, default=_shown).encode("utf-8", "replace").decode()


def _shown(value: object) -> object:
    try:
        return text(value)
    except Unfit:
        return f"({type(value).__name__})"


def _plain(query: str) -> str:
    """A colon in a query is a colon, no place for a value."""
    return query.replace(":", "\\:")
