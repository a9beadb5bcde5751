"""What a user writes in a config file of this connector; every key is explained where it is declared."""

from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from hub.sdk.settings import Settings, SourceSettings
from hub.sdk.streams import STREAMS, Stream
from hub_csv.expression import check_expression, nearest

Kind = Literal["auto", "csv", "tsv", "jsonl", "parquet"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | list[str])]


class CsvSettings(Settings):
    """The `[connection]` table."""

    root: str = Field(".", description="Folder that holds the files; relative ones are meant from the project folder")


class Format(Settings):
    """How the files are written. Whatever is left out is found by looking at each file, never by guessing at values."""

    model_config = ConfigDict(str_strip_whitespace=False)

    kind: Kind = Field("auto", description="auto: by the file's name; CSV where that says nothing")
    delimiter: str | None = Field(None, min_length=1, max_length=1, description='Such as ";"; default: looked for')
    quote: str = Field('"', max_length=1, description='Character around cells; "" when there is none')
    escape: str | None = Field(None, min_length=1, max_length=1, description="Before a quote inside quotes; its double")
    encoding: str = Field("auto", description='auto: UTF-8, or UTF-16 by its mark; or a name such as "cp1252"')
    header: bool = Field(True, description="false: no line of names; the columns are column1, column2, ...")
    skip: int = Field(0, ge=0, description="Lines before the header")
    decimal: Literal[".", ","] = Field(".", description="Decimal mark")
    thousands: str = Field("", max_length=1, description='Mark between groups of three digits, such as "."')
    dates: Names = Field(("iso",), min_length=1, description='"iso", "epoch", "epoch_ms" or patterns like "%d.%m.%Y"')
    timezone: str | None = Field(None, description="IANA name for times without an offset; default: the shop's")
    nulls: Names = Field((), description='Words that mean "empty", such as "NULL"')

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError('expected an IANA time zone such as "Europe/Berlin"')
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            "".encode("utf-8" if value == "auto" else value)
        except LookupError:
            raise ValueError('expected "auto" or an encoding such as "utf-8", "utf-16", "cp1252", "latin-1"') from None
        return value

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.thousands == self.decimal:
            raise ValueError("decimal and thousands must differ")
        return self


class CsvSourceSettings(SourceSettings):
    """One `[[source]]` entry: which files, and how their columns become a canonical stream."""

    model_config = ConfigDict(str_strip_whitespace=False)

    files: Names = Field(
        min_length=1,
        description='File, pattern or list of them, such as "receipts_*.csv"',
        examples=[["people_*.csv"]],
    )
    format: Format = Field(default_factory=Format, description="How the files are written")
    columns: dict[str, str] = Field(default_factory=dict, description="Canonical column = header, verbatim")
    compute: dict[str, str] = Field(default_factory=dict, description='Canonical column = SQL over "quoted headers"')
    group_by: Names = Field((), description="Headers; lines that agree in all of them become one record")
    where: str | None = Field(None, description="SQL over headers; lines for which it is not true are passed over")
    identifiers: dict[str, Names] = Field(default_factory=dict, description="Namespace = header, or a list of them")
    attributes: dict[str, str] = Field(
        default_factory=dict, description="Name = header; kept as JSON, usable in traits"
    )

    @property
    def canonical(self) -> Stream:
        """The stream that the files fill."""
        return STREAMS[self.stream]

    @field_validator("stream")
    @classmethod
    def _known_stream(cls, value: str) -> str:
        if value not in STREAMS:
            raise ValueError(f"expected a stream.{nearest(value, STREAMS)} Streams: {', '.join(STREAMS)}")
        return value

    @model_validator(mode="after")
    def _fits_stream(self) -> Self:
        stream = self.canonical
        mapped = {**self.columns, **self.compute}
        names = [name for name in stream.columns.names if name not in {"identifiers", "attributes"}]
        for name in mapped:
            if name not in names:
                raise ValueError(f'"{stream.name}" has no column "{name}".{nearest(name, names)}')
        if twice := self.columns.keys() & self.compute.keys():
            raise ValueError(f'"{min(twice)}" stands in columns and in compute; keep one')
        if missing := [name for name in stream.key if name not in mapped]:
            raise ValueError(f'columns or compute must give "{missing[0]}", the key of "{stream.name}"')
        if self.identifiers and not stream.has_person:
            raise ValueError(f'"{stream.name}" does not belong to people and takes no identifiers')
        return self

    @model_validator(mode="after")
    def _sound_expressions(self) -> Self:
        for name, sql in self.compute.items():
            check_expression(sql, f"compute.{name}", aggregates=bool(self.group_by))
        if self.where is not None:
            check_expression(self.where, "where", aggregates=False)
        return self
