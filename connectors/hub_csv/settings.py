"""What a user writes in a config file of this connector; every key is explained where it is declared."""

from datetime import timedelta
from pathlib import PurePosixPath
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import ConfigDict, Field, field_validator, model_validator

from hub.sdk.settings import Duration, Names, Settings, SourceSettings
from hub.sdk.streams import STREAMS, Stream
from hub_csv.access import S3, Azure, Gcs, Sftp
from hub_csv.expression import check_expression, nearest

Kind = Literal["auto", "csv", "tsv", "jsonl", "parquet", "excel"]
SCHEMES = ("s3", "gs", "az", "sftp")


class CsvSettings(Settings):
    """The `[connection]` table."""

    root: str = Field(
        ".",
        description='Folder from the project on, or "s3://bucket/path", "gs://...", "az://...", "sftp://user@host/path"',
    )
    s3: S3 = Field(default_factory=S3, description="How s3:// is reached")
    gcs: Gcs = Field(default_factory=Gcs, description="How gs:// is reached")
    azure: Azure = Field(default_factory=Azure, description="How az:// is reached")
    sftp: Sftp = Field(default_factory=Sftp, description="How sftp:// is reached")

    @property
    def is_remote(self) -> bool:
        """Whether the files lie in a store beyond this machine."""
        return "://" in self.root

    @field_validator("root")
    @classmethod
    def _reachable(cls, value: str) -> str:
        if "://" not in value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in SCHEMES:
            raise ValueError(f"expected a folder or an address with one of {', '.join(SCHEMES)}")
        if not parts.hostname:
            raise ValueError("expected a bucket, container or host behind ://")
        if parts.password:
            raise ValueError('a password does not belong into the address; write sftp = { password = "${NAME}" }')
        if parts.query or parts.fragment:
            raise ValueError("an address ends with its path; keys and signatures have settings of their own")
        return value


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
    sheet: str | None = Field(None, description="Sheet of an Excel file; default: the first that is not hidden")

    def patterns(self, kind: str) -> tuple[str, ...]:
        """Return how times may be written: cells of Excel that are dates arrive as ISO, whatever texts are."""
        return (*self.dates, "iso") if kind == "excel" and "iso" not in self.dates else self.dates

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
    stable_for: Duration = Field(
        timedelta(0), description="How long a file must have stood unchanged before it is read"
    )
    after_load: Literal["keep", "archive", "delete"] = Field(
        "keep", description="What becomes of a file once its rows are durable; done when the next read begins"
    )
    archive: str = Field("archive", description='Folder below root that `after_load = "archive"` moves files to')
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

    @field_validator("archive")
    @classmethod
    def _below_root(cls, value: str) -> str:
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ValueError('expected a folder below root, such as "archive"')
        return str(path)

    @model_validator(mode="after")
    def _complete_keeps(self) -> Self:
        if self.complete and self.after_load != "keep":
            raise ValueError('complete = true takes a file that is gone for deleted records; after_load must be "keep"')
        return self

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
