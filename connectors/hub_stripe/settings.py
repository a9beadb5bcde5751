"""What a user writes: the connection to one Stripe account."""

from datetime import timedelta

from pydantic import ConfigDict, Field

from hub.sdk.settings import BaseUrl, Duration, Secret, Settings


class StripeSettings(Settings):
    """The `[connection]` table."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the key

    api_key: Secret = Field(description='Restricted key that may read, such as "${STRIPE_API_KEY}"')
    lookback: Duration = Field(timedelta(minutes=10), description="How much of the event log is read again each time")
    base_url: BaseUrl = Field("https://api.stripe.com", description="Another server, such as a sandbox on this machine")
