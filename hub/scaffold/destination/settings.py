"""What a user writes: the connection to one account, and where in it an audience stands."""

from pydantic import ConfigDict, Field

from hub.sdk.settings import BaseUrl, Secret, Settings


class ExampleSettings(Settings):
    """The `[connection]` table."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the key

    api_key: Secret = Field(description='Key that may change lists, such as "${EXAMPLE_API_KEY}"')
    base_url: BaseUrl = Field("https://api.example.com", description="Another server, such as a sandbox")


class ExampleTarget(Settings):
    """The `target` of an audience."""

    list: str = Field(min_length=1, max_length=100, description="Name of the list; made when it is missing")
