"""The source `sql`: the rows of a query, all of them or those from the last cursor on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hub.sdk.connector import Context, Source
from hub.sdk.errors import HubError
from hub.sdk.records import Fact, Json, Page
from hub.sdk.streams import STREAMS
from hub_sql.cursors import Clock, bound, furthest
from hub_sql.database import Database, open_database
from hub_sql.layout import Layout, layout_of
from hub_sql.pages import Pages
from hub_sql.result import Query
from hub_sql.settings import SqlSettings, SqlSourceSettings
from hub_sql.statements import Statements


class SqlSource(Source[SqlSettings, SqlSourceSettings]):
    """Reads the rows of a query or a table."""

    name = "sql"
    streams = tuple(STREAMS)
    settings_model = SqlSettings
    source_model = SqlSourceSettings

    def __init__(self, settings: SqlSettings, source: SqlSourceSettings, context: Context) -> None:
        super().__init__(settings, source, context)
        self._clock = Clock(context.now.astimezone(UTC), ZoneInfo(source.timezone))

    def check(self) -> Iterable[Fact]:
        """Say which database this is and who we are there, what becomes of its columns, and where the cursor stands."""
        try:
            database = open_database(self.settings, self.context.project)
            yield from _identity(database)
            statements = Statements(self.source, database.quoted)
            with database.result(statements.columns()) as result:
                layout = layout_of(self.source, result.columns)
            yield from self._mapping(layout)
            if self.source.cursor:
                yield from self._newest(database, statements)
            yield from self._deletions()
        except HubError as error:
            yield Fact("error", str(error))

    def _mapping(self, layout: Layout) -> Iterator[Fact]:
        yield Fact("ok", f"columns of {self.source.stream}: {', '.join([*layout.columns, *self.source.values])}")
        if layout.attributes:
            yield Fact("ok", f"attributes: {', '.join(layout.attributes)}")
        if self.source.canonical.has_person and not layout.identifiers:
            yield Fact("warning", f"no identifiers: nobody is recognised by these {self.source.stream}")

    def _newest(self, database: Database, statements: Statements) -> Iterator[Fact]:
        name = self.source.cursor
        with database.result(statements.newest()) as result:
            newest = next((row[0] for rows in result.batches for row in rows), None)
        if newest is not None:
            yield self._shown(newest)
        with database.result(statements.any_without_cursor()) as result:
            if next(result.batches, ()):
                yield Fact("warning", f"there are rows whose {name} is null: only full reads see them")

    def _shown(self, newest: object) -> Fact:
        name, when = self.source.cursor, newest
        if isinstance(when, str):
            return Fact("ok", f"{name} is text: lookback works where it is a time such as 2026-03-01 12:00:00")
        if isinstance(when, datetime) and when > self._clock.like(when):
            return Fact("warning", f"newest {name}: {when}, which is yet to come")
        return Fact("ok", f"newest {name}: {when.isoformat() if isinstance(when, date) else when}")

    def _deletions(self) -> Iterator[Fact]:
        entry = self.source
        if not (entry.deleted or entry.complete):
            yield Fact("warning", "deletions are not seen: name a column by deleted, or say complete = true")
        elif entry.cursor and not (entry.deleted or entry.full_every):
            yield Fact("warning", "complete = true and a cursor: only full reads see deletions; set full_every")

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Read the rows at or after the cursor, less the look-back, in its order; all of them where that is due."""
        if self.source.stream not in streams:
            return
        database = open_database(self.settings, self.context.project)
        statements = Statements(self.source, database.quoted)
        saved = since if isinstance(since, Mapping) and since.get("column") == self.source.cursor else None
        if saved is None or self._is_due(saved):
            yield from self._full(database, statements, first=saved is None)
        else:
            start = bound(saved, self.source, self._clock)
            yield from self._pages(database, statements.in_order(start), saved.get("full"))

    def _is_due(self, saved: Mapping[str, Json]) -> bool:
        every = self.source.full_every
        return every is not None and self._clock.now - datetime.fromisoformat(str(saved["full"])) >= every

    def _full(self, database: Database, statements: Statements, *, first: bool) -> Iterator[Page]:
        """Read everything. Cut off, the first one goes on where it was; a later one starts over, to see deletions."""
        unplaced, cursor, began = 0, None, self._clock.now.isoformat()
        if self.source.cursor:
            for page in self._pages(database, statements.without_cursor(), began):
                unplaced += sum(map(len, page.rows.values()))
                yield page
        everything = statements.in_order() if self.source.cursor else statements.all()
        for page in self._pages(database, everything, began):
            cursor = page.cursor or cursor
            yield page if first else replace(page, cursor=None)
        told = f"{unplaced:,} rows of {self.source.stream} have no {self.source.cursor}: only full reads see them."
        yield Page(cursor=cursor, complete=self.source.complete, warnings=[told] if unplaced else [])

    def _pages(self, database: Database, statement: Query, full: Json) -> Iterator[Page]:
        with database.result(statement) as result:
            layout = layout_of(self.source, result.columns)
            pages = Pages(self.source, layout)
            for rows in result.batches:
                yield pages.page(rows, self._cursor(layout, rows, full))

    def _cursor(self, layout: Layout, rows: Sequence[Sequence[object]], full: Json) -> Json:
        at, name = layout.cursor, self.source.cursor
        place = furthest([row[at] for row in rows], name, self._clock) if at is not None and name else None
        return {"column": name, "full": full, **place} if place else None


def _identity(database: Database) -> Iterator[Fact]:
    version, user, may_all = database.identity()
    yield Fact("ok", f"{version}, signed in as {user}" if user else version)
    if may_all:
        yield Fact("warning", "this user is a superuser; give the hub one that may only select")
