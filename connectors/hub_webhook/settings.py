"""What a user writes: how requests are signed, how events become records, and where audiences are sent."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from hub.sdk.settings import BaseUrl, Duration, Names, Secret, Settings, SourceSettings
from hub.sdk.streams import STREAMS, Stream


class WebhookSettings(Settings):
    """The `[connection]` table."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the secrets

    secret: Secret = Field(description='What the sender signs with, such as "${TILLS_WEBHOOK_SECRET}"')
    next_secret: Secret | None = Field(None, description="Taken as well while the secret is being changed")
    scheme: Literal["standard", "hmac"] = Field(
        "standard", description="standard: Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature); hmac"
    )
    header: str = Field("x-signature", description="For hmac: the header that holds the signature")
    prefix: str = Field("", description='For hmac: what stands before the signature, such as "sha256="')
    encoding: Literal["hex", "base64"] = Field("hex", description="For hmac: how the signature is written")
    algorithm: Literal["sha256", "sha512"] = Field("sha256", description="For hmac: the hash")
    id_header: str | None = Field(None, description="For hmac: the header with the event's id; default: its content")
    timestamp_header: str | None = Field(
        None,
        description="For hmac: the header with the time of sending in epoch seconds, signed as <time>.<body>; without "
        "one, old events cannot be told from new ones",
    )
    tolerance: Duration = Field(timedelta(minutes=5), description="How far the time of sending may be from now")
    url: BaseUrl | None = Field(None, description="For audiences: where changes are posted, signed with the secret")
    answers: Literal["request", "rows"] = Field(
        "request", description="For audiences: rows: the answer's JSON says what became of each row; request: any 2xx"
    )

    @field_validator("header", "id_header", "timestamp_header")
    @classmethod
    def _lower(cls, value: str | None) -> str | None:
        return value.lower() if value else value


class WebhookTarget(Settings):
    """The `target` of an audience."""

    list: str = Field(min_length=1, description="Name that the receiver is told, so that one address takes many lists")


class WebhookSourceSettings(SourceSettings):
    """One `[[source]]` entry: which events, and what becomes of their JSON. Paths are keys joined by dots."""

    when: dict[str, Names] = Field(
        default_factory=dict,
        description='Path = value or list of them; other events are passed over, such as {type = "order"}',
    )
    items: str | None = Field(None, description="Path of a list whose elements are the records; default: the event")
    columns: dict[str, str] = Field(default_factory=dict, description="Canonical column = path")
    values: dict[str, str] = Field(default_factory=dict, description="Canonical column = the same text in every record")
    identifiers: dict[str, str] = Field(default_factory=dict, description="Namespace = path")
    attributes: dict[str, str] = Field(default_factory=dict, description="Name = path; kept as JSON, usable in traits")
    deleted_when: dict[str, Names] = Field(
        default_factory=dict, description="Path = value or list of them; such an event says that its record is gone"
    )

    @property
    def canonical(self) -> Stream:
        """The stream that events fill."""
        return STREAMS[self.stream]

    @field_validator("stream")
    @classmethod
    def _known_stream(cls, value: str) -> str:
        if value not in STREAMS:
            raise ValueError(f"expected a stream: {', '.join(STREAMS)}")
        return value

    @model_validator(mode="after")
    def _fits_stream(self) -> Self:
        stream, mapped = self.canonical, {**self.columns, **self.values}
        names = [name for name in stream.columns.names if name not in {"identifiers", "attributes"}]
        if strange := sorted(mapped.keys() - set(names)):
            raise ValueError(f'"{stream.name}" has no column "{strange[0]}"; it has {", ".join(names)}')
        if missing := [name for name in stream.key if name not in mapped]:
            raise ValueError(f'columns must give "{missing[0]}", the key of "{stream.name}"')
        if self.identifiers and not stream.has_person:
            raise ValueError(f'"{stream.name}" does not belong to people and takes no identifiers')
        if self.deleted_when and len(stream.key) != 1:
            raise ValueError(f'records of "{stream.name}" cannot be deleted by one key')
        return self
