"""The statements: a user's query, and around it what is asked of its rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Subquery, bindparam, column, literal_column, select, text
from sqlalchemy.types import NullType

from hub_sql.result import Query
from hub_sql.settings import SqlSourceSettings

_ALL: Sequence[ColumnElement[object]] = (literal_column("*"),)


@dataclass(frozen=True, slots=True)
class Statements:
    """Those of one entry; `quoted` writes a name as the database wants it.

    Columns are written as `q."name"`: SQLite takes a quoted name alone that does not exist for text.
    """

    entry: SqlSourceSettings
    quoted: Callable[[str], str]

    def columns(self) -> Query:
        """Ask for no row, to learn the names."""
        return select(*_ALL).select_from(self._rows()).where(text("1 = 0"))

    def all(self) -> Query:
        """Ask for every row."""
        return self._select(self._rows())

    def without_cursor(self) -> Query:
        """Ask for the rows whose cursor is null."""
        rows = self._rows()
        return self._select(rows).where(rows.c[self._cursor].is_(None))

    def in_order(self, since: object | None = None) -> Query:
        """Ask for rows in the order of the cursor, from a value on."""
        rows = self._rows()
        cursor = rows.c[self._cursor]
        # Without a type SQLAlchemy writes no cast: PostgreSQL compares no enum with a VARCHAR.
        bound = cursor >= bindparam("since", since, type_=NullType()) if since is not None else cursor.is_not(None)
        return self._select(rows).where(bound).order_by(cursor)

    def newest(self) -> Query:
        """Ask for the greatest cursor."""
        cursor = self._rows().c[self._cursor]
        return select(*[cursor]).where(cursor.is_not(None)).order_by(cursor.desc()).limit(1)

    def any_without_cursor(self) -> Query:
        """Ask whether the cursor of any row is null."""
        cursor = self._rows().c[self._cursor]
        return select(*[cursor]).where(cursor.is_(None)).limit(1)

    @property
    def _cursor(self) -> str:
        return self.entry.cursor or ""

    def _select(self, rows: Subquery) -> Query:
        if self.entry.is_mapped:
            return select(*[rows.c[name] for name in self.entry.mapped])
        return select(*_ALL).select_from(rows)

    def _rows(self) -> Subquery:
        query = self.entry.query or f"select * from {'.'.join(map(self.quoted, (self.entry.table or '').split('.')))}"
        plain = query.replace(":", "\\:")  # a colon in a query is a colon, no place for a value
        return text(f"{plain}\n").columns(*[column(name) for name in self.entry.mapped]).subquery("q")
