"""What a user writes: the connection to one database, and the query of a stream."""

from datetime import timedelta
from typing import Self
from zoneinfo import available_timezones

from pydantic import ConfigDict, Field, field_validator, model_validator

from hub.sdk.settings import Duration, Secret, Settings, SourceSettings
from hub.sdk.streams import STREAMS


class SqlSettings(Settings):
    """The `[connection]` table."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the password

    url: Secret = Field(description='SQLAlchemy URL, such as "${SHOP_DB_URL}"; a SQLite file: "sqlite:///shop.db"')
    batch_rows: int = Field(10_000, ge=1, le=100_000, description="Rows that are fetched at a time")
    statement_timeout: Duration = Field(
        timedelta(minutes=10), description="Longest time until a query answers (PostgreSQL, MySQL)"
    )


class SqlSourceSettings(SourceSettings):
    """One `[[source]]` entry: a query whose columns are those of the stream."""

    query: str = Field(min_length=1, description="SELECT whose columns have the names of the stream's columns")
    identifiers: dict[str, str] = Field(
        default_factory=dict, description='Columns by what they identify: { email = "mail", customer = "id" }'
    )
    cursor: str | None = Field(
        None, description="Column that grows when a record changes, a time or a number; without, all is read each time"
    )
    lookback: Duration = Field(
        timedelta(minutes=10), description="How much before the last cursor is read again, where it is a time"
    )
    overlap: int = Field(1_000, ge=0, description="The same where it is a number, such as an id")
    deleted: str | None = Field(None, description="Column that is true, or a time, where a record is gone")
    timezone: str = Field("UTC", description="IANA name for times without an offset")

    @field_validator("query")
    @classmethod
    def _one_statement(cls, value: str) -> str:
        return value.rstrip().rstrip(";")

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value in available_timezones():
            return value
        raise ValueError('expected an IANA name such as "Europe/Berlin"')

    @model_validator(mode="after")
    def _of_one_stream(self) -> Self:
        if self.stream not in STREAMS:
            raise ValueError(f"stream: expected one of {', '.join(STREAMS)}, because a query fills one stream")
        if self.identifiers and not STREAMS[self.stream].has_person:
            raise ValueError(f"identifiers: records of {self.stream} belong to no person")
        if self.deleted and len(STREAMS[self.stream].key) != 1:
            raise ValueError(f"deleted: records of {self.stream} have no key of one column")
        return self
