"""What a user writes: the bot's token, and what is said where."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from hub.sdk.settings import BaseUrl, Secret, Settings

_PLACE = re.compile(r"\{([^{}]*)\}")
PLACES = ("count", "people", "audience", "segment")


def _sayable(value: str) -> str:
    unknown = [name for name in _PLACE.findall(value) if name not in PLACES]
    if unknown:
        raise ValueError(f"{{{unknown[0]}}} is not known here; there are {', '.join(f'{{{name}}}' for name in PLACES)}")
    return value


Sentence = Annotated[str, AfterValidator(_sayable)]


class SlackSettings(Settings):
    """The `[connection]` table."""

    token: Secret = Field(description='Token of a bot that may write, such as "${SLACK_TOKEN}"')
    base_url: BaseUrl = Field("https://slack.com/api", description="Another server, such as a sandbox on this machine")


class SlackTarget(Settings):
    """The `target` of an audience."""

    channel: Annotated[str, StringConstraints(pattern=r"^[#\w-]{1,80}$")] = Field(
        description='Channel, by its id ("C0123456789") or its name; the bot has to be in it'
    )
    entered: Sentence = Field(
        "{people} entered {audience}.", description='What is said of those who come; "" says nothing'
    )
    left: Sentence = Field("{people} left {audience}.", description='What is said of those who go; "" says nothing')
