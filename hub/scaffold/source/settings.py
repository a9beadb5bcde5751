"""What a user writes: the connection to one account."""

from datetime import timedelta

from pydantic import ConfigDict, Field

from hub.sdk.settings import BaseUrl, Duration, Secret, Settings


class ExampleSettings(Settings):
    """The `[connection]` table."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the key

    api_key: Secret = Field(description='Key that may read, such as "${EXAMPLE_API_KEY}"')
    lookback: Duration = Field(timedelta(minutes=10), description="How much is read again each time")
    base_url: BaseUrl = Field("https://api.example.com", description="Another server, such as a sandbox")
