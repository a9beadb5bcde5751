"""What a user writes: the connection to one Stripe account."""

from datetime import timedelta
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, field_validator

from hub.sdk.settings import Duration, Secret, Settings

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class StripeSettings(Settings):
    """The `[connection]` table."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the key

    api_key: Secret = Field(description='Restricted key that may read, such as "${STRIPE_API_KEY}"')
    lookback: Duration = Field(timedelta(minutes=10), description="How much of the event log is read again each time")
    base_url: str = Field("https://api.stripe.com", description="Another server, such as a sandbox on this machine")

    @field_validator("base_url")
    @classmethod
    def _safe(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            return value.rstrip("/")
        raise ValueError("expected https, or http to this machine, because the key travels with every request")
