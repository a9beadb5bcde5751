"""What a user writes: the connection to one Typeform account, and which of its forms are read."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from hub.sdk.settings import BaseUrl, Duration, Secret, Settings, SourceSettings, is_local

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
    base_url: BaseUrl | None = Field(None, description="Another server, such as a sandbox on this machine")
    webhook_secret: Secret | None = Field(None, description="What Typeform signs pushed events with")
    webhook_secret_old: Secret | None = Field(None, description="Taken as well while the secret is being changed")

    @property
    def address(self) -> str:
        """Where the API is."""
        return self.base_url or _ADDRESSES[self.region]

    @property
    def local(self) -> bool:
        """Whether the API is a server on this machine, which nobody counts requests for."""
        return is_local(self.address)


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
