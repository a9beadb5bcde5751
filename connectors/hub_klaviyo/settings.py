"""What a user writes: the connection to one Klaviyo account, and what is read of it."""

from datetime import timedelta
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from hub.sdk.settings import BaseUrl, Duration, Secret, Settings, SourceSettings, is_local

Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Happening = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]* [a-z][a-z0-9_]*$")]


class KlaviyoSettings(Settings):
    """The `[connection]` table."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the key

    api_key: Secret = Field(description='Private API key, which begins with pk_: "${KLAVIYO_API_KEY}"')
    revision: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")] = Field(
        "2026-07-15", description="Revision of the API that is asked for"
    )
    lookback: Duration = Field(
        timedelta(minutes=15), description="How much is read again each time: some changes can be seen only later"
    )
    base_url: BaseUrl = Field("https://a.klaviyo.com", description="Another server, such as a sandbox on this machine")

    @property
    def local(self) -> bool:
        """Whether the API is a server on this machine, which nobody counts requests for."""
        return is_local(self.base_url)


class KlaviyoSourceSettings(SourceSettings):
    """One `[[source]]` entry."""

    properties: tuple[str, ...] = Field((), description="Custom properties of profiles that become attributes")
    identifiers: dict[Namespace, str] = Field(
        default_factory=dict, description='Namespace = custom property, such as { loyalty_card = "Card number" }'
    )
    external_id: Namespace = Field("external_id", description="Namespace of Klaviyo's external_id")
    metrics: dict[str, Happening] = Field(
        default_factory=dict,
        description='Metric = channel and kind of message, such as { "Opened Push" = "push opened" }, beside the usual',
    )
    purpose: str = Field("marketing", min_length=1, description="What people agree to when they subscribe at Klaviyo")
