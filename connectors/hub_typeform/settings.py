"""What a user writes: the connection to one Typeform account, and which of its forms are read."""

from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, StringConstraints, field_validator

from hub.sdk.settings import Duration, Secret, Settings, SourceSettings

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ADDRESSES = {"us": "https://api.typeform.com", "eu": "https://api.eu.typeform.com"}

FormId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class TypeformSettings(Settings):
    """The `[connection]` table."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the token

    token: Secret = Field(description='Personal access token that may read forms and responses: "${TYPEFORM_TOKEN}"')
    region: Literal["us", "eu"] = Field("us", description="Where the account's data is kept")
    lookback: Duration = Field(
        timedelta(hours=1), description="How far before the newest response a read begins: some are listed late"
    )
    base_url: str | None = Field(None, description="Another server, such as a sandbox on this machine")
    webhook_secret: Secret | None = Field(None, description="What Typeform signs pushed events with")
    webhook_secret_old: Secret | None = Field(None, description="Taken as well while the secret is being changed")

    @field_validator("base_url")
    @classmethod
    def _safe(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        if value is None or parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            return value.rstrip("/") if value else None
        raise ValueError("expected https, or http to this machine, because the token travels with every request")

    @property
    def address(self) -> str:
        """Where the API is."""
        return self.base_url or _ADDRESSES[self.region]

    @property
    def local(self) -> bool:
        """Whether the API is a server on this machine, which nobody counts requests for."""
        return urlsplit(self.address).hostname in _LOOPBACK


class TypeformSourceSettings(SourceSettings):
    """One `[[source]]` entry."""

    forms: tuple[FormId, ...] = Field((), description="Ids of forms, the last part of their address; default: all")
    kinds: dict[str, Kind] = Field(
        default_factory=dict,
        description='Reference of a question = its kind, such as "nps" or "csat", where it is not what its type says',
    )
    identifiers: dict[str, str] = Field(
        default_factory=dict,
        description="Namespace = hidden field, beside the hidden fields email, phone and user_id",
    )
