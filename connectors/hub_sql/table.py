"""One table that is kept: made, given the columns it lacks, written to and read, and nothing beside it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    insert,
    inspect,
    select,
)
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.schema import CreateColumn
from sqlalchemy.sql.dml import Insert

from hub.sdk.errors import HubError, RetryLater, StopConnection, Unanswered
from hub_sql.cells import TYPES
from hub_sql.failures import failure

_KEY_LENGTH = 255  # characters: the longest that MySQL takes as a key, four bytes each

_STRICT = "set session sql_mode = concat(@@sql_mode, ',STRICT_ALL_TABLES')"  # else what does not fit is bent to fit


class KeptTable:
    """A table with a key of text columns (`match`) and columns of given types (`fields`)."""

    def __init__(self, engine: Engine, name: str, match: Sequence[str], fields: Mapping[str, str]) -> None:
        schema, _, own = name.rpartition(".")
        key = Text().with_variant(mysql.VARCHAR(_KEY_LENGTH, collation="utf8mb4_bin"), "mysql", "mariadb")
        keys = [Column(each, key, primary_key=True, nullable=False) for each in match]
        values = [Column(each, TYPES[kind]()) for each, kind in fields.items()]
        self._engine, self._match, self._fields = engine, match, fields
        self._table = Table(own, MetaData(), *keys, *values, schema=schema or None)

    def prepare(self, *, create: bool) -> None:
        """Make the table, or add the columns that it lacks.

        Raises:
            StopConnection: it lacks something and `create` is false, or the user may not.
        """
        with self._told() as connection:
            found = inspect(connection)
            if not found.has_table(self._table.name, schema=self._table.schema):
                self._require(create, "there is no such table")
                self._table.create(connection)
                return
            self._require(
                self._is_unique(found), f"{', '.join(self._match)} is not its key, so people would be doubled"
            )
            there = {each["name"] for each in found.get_columns(self._table.name, schema=self._table.schema)}
            for column in (each for each in self._table.columns if each.name not in there):
                self._require(create and column.name in self._fields, f'it has no column "{column.name}"')
                self._add(connection, column)

    def _is_unique(self, found: Inspector) -> bool:
        """Whether the table has a key of just the match columns; MariaDB would take an upsert without one."""
        name, schema = self._table.name, self._table.schema
        keys: list[Sequence[str | None]] = [found.get_pk_constraint(name, schema=schema)["constrained_columns"]]
        keys += [each["column_names"] for each in found.get_unique_constraints(name, schema=schema)]
        keys += [each["column_names"] for each in found.get_indexes(name, schema=schema) if each["unique"]]
        return any(set(key) == set(self._match) for key in keys)

    def _require(self, sound: object, problem: str) -> None:
        if not sound:
            raise StopConnection(
                f"{self._table.fullname}: {problem}.", hint="Mend it, or let the hub make it: create = true."
            )

    def _add(self, connection: Connection, column: Column[object]) -> None:
        name = connection.dialect.identifier_preparer.format_table(self._table)
        made = CreateColumn(column).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"alter table {name} add column {made}")

    def put(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert rows, or replace the fields of those that are there, in one transaction; raises as `remove`."""
        with self._told() as connection:
            connection.execute(self._upsert(connection.dialect.name), rows)

    def remove(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Delete rows by their keys, in one transaction.

        Raises:
            RetryLater: not applied.
            Unanswered: nobody knows whether it was committed.
            StopConnection: somebody has to mend it.
            RefusedRows: a value does not fit.
        """
        same = and_(*(self._table.c[each] == bindparam(f"k_{each}") for each in self._match))
        with self._told() as connection:
            connection.execute(delete(self._table).where(same), [{f"k_{k}": v for k, v in row.items()} for row in rows])

    def people(self) -> Iterator[Mapping[str, str]]:
        """Yield the keys of all rows; a part of a key that nobody has is left out."""
        with self._told() as connection:
            for row in connection.execute(select(*(self._table.c[each] for each in self._match))):
                yield {name: str(value) for name, value in zip(self._match, row, strict=True) if value}

    def _upsert(self, dialect: str) -> Insert:
        if dialect in {"mysql", "mariadb"}:
            made = mysql.insert(self._table)
            return made.on_duplicate_key_update({each: made.inserted[each] for each in self._fields or self._match})
        if dialect not in {"postgresql", "sqlite"}:
            return insert(self._table)
        other = postgresql.insert(self._table) if dialect == "postgresql" else sqlite.insert(self._table)
        if not self._fields:
            return other.on_conflict_do_nothing(index_elements=[*self._match])
        return other.on_conflict_do_update(
            index_elements=[*self._match], set_={each: other.excluded[each] for each in self._fields}
        )

    @contextmanager
    def _told(self) -> Iterator[Connection]:
        """Yield a connection whose transaction is committed at the end; turn errors into ours, without values."""
        try:
            connection = self._engine.connect()
        except SQLAlchemyError as error:
            raise failure(error, connecting=True) from None
        with connection:
            try:
                if connection.dialect.name in {"mysql", "mariadb"}:
                    connection.exec_driver_sql(_STRICT)
                yield connection
            except SQLAlchemyError as error:
                raise _refused(error) from None
            try:
                connection.commit()
            except SQLAlchemyError as error:
                raise Unanswered(f"{self._table.fullname}: nobody knows whether it was committed.") from error


class RefusedRows(Exception):
    """A value or a constraint: some row does not fit. `code` is the database's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _refused(error: SQLAlchemyError) -> HubError | RefusedRows:
    cause = error.orig if isinstance(error, DBAPIError) else None
    state = str(getattr(cause, "sqlstate", None) or "")
    kind = type(cause).__name__
    of_rows = state.startswith(("22", "23")) or (not state and kind in {"DataError", "IntegrityError"})
    if of_rows:
        return RefusedRows(state or kind.lower())
    found = failure(error)
    return (
        RetryLater("the database did not take the rows.", hint="They go again later.")
        if isinstance(found, RetryLater)
        else found
    )
