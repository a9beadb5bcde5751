"""What a user writes: the connection to one database, how its rows become a stream, and which table is kept."""

from datetime import timedelta
from typing import Literal, Self
from zoneinfo import available_timezones

from pydantic import ConfigDict, Field, field_validator, model_validator

from hub.sdk.settings import Duration, Names, Secret, Settings, SourceSettings
from hub.sdk.streams import STREAMS, Stream
from hub_sql.values import Unfit, use_of


class SqlSettings(Settings):
    """The `[connection]` table."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the password

    url: Secret = Field(description='SQLAlchemy URL, such as "${SHOP_DB_URL}"; a SQLite file: "sqlite:///shop.db"')
    batch_rows: int = Field(10_000, ge=1, le=100_000, description="Rows that are fetched at a time")
    statement_timeout: Duration = Field(
        timedelta(minutes=10), description="Longest wait for the next rows of a query (PostgreSQL, MySQL, MariaDB)"
    )


class SqlTarget(Settings):
    """The `target` of an audience."""

    table: str = Field(
        pattern=r"^[^.\x00]{1,63}(\.[^.\x00]{1,63})?$", description='Table to keep equal, such as "marketing.win_back"'
    )
    types: dict[str, Literal["text", "integer", "number", "boolean", "date", "timestamp", "json"]] = Field(
        default_factory=dict, description='Field = type of its column, such as { ORDERS = "integer" }; others are text'
    )
    create: bool = Field(True, description="Make the table, and columns that it lacks; false: they must be there")


class SqlSourceSettings(SourceSettings):
    """One `[[source]]` entry: a query or a table, and how its columns become a canonical stream."""

    query: str | None = Field(None, min_length=1, description="One SELECT; this or table")
    table: str | None = Field(None, min_length=1, description='A table or view, such as "crm.customers"')
    columns: dict[str, str] = Field(
        default_factory=dict, description="Canonical column = column of the query; without it, by their names"
    )
    values: dict[str, str] = Field(default_factory=dict, description="Canonical column = the same text in every record")
    identifiers: dict[str, Names] = Field(
        default_factory=dict, description='Namespace = column or list of them: { email = "mail", customer = "id" }'
    )
    attributes: dict[str, str] = Field(
        default_factory=dict, description="Name = column; kept as JSON, usable in traits; without it, all other columns"
    )
    cursor: str | None = Field(
        None, description="Column that grows when a record changes, a time or a number; without, all is read each time"
    )
    lookback: Duration = Field(
        timedelta(minutes=10), description="How much before the last cursor is read again, where it is a time"
    )
    overlap: int = Field(1_000, ge=0, description="The same where it is a number, such as an id")
    full_every: Duration | None = Field(
        None, description='How often all is read again in spite of a cursor, such as "1 day"; with complete: deletions'
    )
    deleted: str | None = Field(None, description="Column that is true, or a time, where a record is gone")
    timezone: str = Field("UTC", description="IANA name for times without an offset")

    @property
    def canonical(self) -> Stream:
        """The stream that the rows fill."""
        return STREAMS[self.stream]

    @property
    def is_mapped(self) -> bool:
        """Whether columns are mapped one by one, and others are not asked for."""
        return bool(self.columns or self.attributes)

    @property
    def mapped(self) -> list[str]:
        """Columns of the query that are named here, each once."""
        people = [name for names in self.identifiers.values() for name in names]
        special = [name for name in (self.cursor, self.deleted) if name]
        return list(dict.fromkeys([*self.columns.values(), *people, *self.attributes.values(), *special]))

    @field_validator("query")
    @classmethod
    def _one_statement(cls, value: str | None) -> str | None:
        return value.rstrip().rstrip(";") if value else value

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value in available_timezones():
            return value
        raise ValueError('expected an IANA name such as "Europe/Berlin"')

    @field_validator("stream")
    @classmethod
    def _known_stream(cls, value: str) -> str:
        if value in STREAMS:
            return value
        raise ValueError(f"expected one of {', '.join(STREAMS)}, because a query fills one stream")

    @model_validator(mode="after")
    def _of_one_stream(self) -> Self:
        if (self.query is None) == (self.table is None):
            raise ValueError("expected query or table, one of them")
        if self.identifiers and not self.canonical.has_person:
            raise ValueError(f"identifiers: records of {self.stream} belong to no person")
        if self.deleted and len(self.canonical.key) != 1:
            raise ValueError(f"deleted: records of {self.stream} have no key of one column")
        if self.full_every and not self.cursor:
            raise ValueError("full_every: without a cursor all is read each time")
        return self

    @model_validator(mode="after")
    def _fits_stream(self) -> Self:
        names = [name for name in self.canonical.columns.names if name not in {"identifiers", "attributes"}]
        for name in [*self.columns, *self.values]:
            if name not in names:
                raise ValueError(f'"{self.stream}" has no column "{name}"; it has {", ".join(names)}')
        if twice := self.columns.keys() & self.values.keys():
            raise ValueError(f'"{min(twice)}" stands in columns and in values; keep one')
        given = {*self.columns, *self.values}
        if missing := [name for name in self.canonical.key if name not in given and self.is_mapped]:
            raise ValueError(f'columns must give "{missing[0]}", the key of "{self.stream}"')
        for name, value in self.values.items():
            try:
                use_of(self.canonical, name, self.timezone).convert(value)
            except Unfit as misfit:
                raise ValueError(f"values.{name}: {misfit}") from None
        return self
