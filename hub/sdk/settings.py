"""Base models for what users write in config files; connectors subclass them.

Unknown keys are errors everywhere. A field's `description` is shown by `hub add`, `hub schema` and the docs.
"""

import re
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from hub.sdk.errors import ConfigError

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_DURATION = re.compile(r"\s*(\d+)\s*(second|minute|hour|day|week)s?\s*")


def parse_duration(value: object) -> object:
    """Turn `"15 minutes"` or `"1 day"` into a timedelta; anything else passes through for pydantic to refuse."""
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value.lower())
    if match is None:
        raise ValueError('expected a duration such as "15 minutes", "1 day" or "365 days"')
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


Duration = Annotated[timedelta, BeforeValidator(parse_duration, json_schema_input_type=str)]


_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_local(url: str) -> bool:
    """Tell whether an address is on this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def _reachable(value: str) -> str:
    if urlsplit(value).scheme == "https" or (urlsplit(value).scheme == "http" and is_local(value)):
        return value.rstrip("/")
    raise ValueError("expected https, or http to this machine, because credentials travel with every request")


BaseUrl = Annotated[str, AfterValidator(_reachable)]
"""Where a tool is: https, or plain http to this machine; without a slash at the end."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
"""Several texts, or one that stands for a list of itself."""


class Secret(SecretStr):
    """A value given by reference (`${NAME}`, `keyring:name`, `file:path`); prints as asterisks."""

    def reveal(self) -> str:
        """Return the plain text; call it only where the value goes on the wire."""
        return self.get_secret_value()


class Settings(BaseModel):
    """A `[connection]` table or any other table of a config file. Frozen; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class SourceSettings(Settings):
    """Keys that every `[[source]]` entry has; a connector's own keys come from its subclass."""

    stream: str = Field("all", description='Canonical stream to fill, or "all" that the connector offers')
    every: Duration = Field(timedelta(hours=1), description='How often the daemon reads it, such as "15 minutes"')
    page_within: Duration = Field(timedelta(minutes=30), description="Longest wait for one page before the read ends")
    read_within: Duration = Field(timedelta(hours=6), description="Longest read; the next one goes on from there")
    max_pages: int = Field(1_000_000, ge=1, description="Most pages in one read; the next one goes on from there")
    complete: bool = Field(
        False, description="true: every full read holds all records, so that a missing one was deleted"
    )


class NoTarget(Settings):
    """For destinations whose audiences need no `target`."""


class ConsentNeeded(Settings):
    """What a person must have agreed to before an audience may hold them."""

    channel: str = Field(description='Where they are addressed: "email", "sms", "ads", ...')
    purpose: str = Field("marketing", description="What for")


class AudienceSettings(Settings):
    """One `[[audience]]` entry; `target` is typed by the connector's target model."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="Unique over all files")
    segment: str = Field(description="Segment whose members are wanted")
    target: Settings = Field(default_factory=NoTarget, description="Where in the tool; keys of the connector")
    match_on: tuple[str, ...] = Field(("email",), min_length=1, description="What people are recognised by in the tool")
    fields: dict[str, str] = Field(default_factory=dict, description="Field in the tool = trait or SQL expression")
    consent: ConsentNeeded | None = Field(None, description="Consent needed; none only where nobody is addressed")
    mode: Literal["mirror", "add_only", "update_only"] = "mirror"
    exclude: tuple[str, ...] = Field((), description="Segments whose members are kept out")
    priority: int = Field(0, description="Higher is served first when a cap is reached, and within `group`")
    group: str | None = Field(None, description="Audiences of one group share nobody: the highest `priority` has them")
    min_size: int = Field(0, ge=0, description="Fewer wanted people than this: the audience stands still")
    max_size: int = Field(0, ge=0, description="Most people, 0 for any number; who is there stays before others come")
    every: Duration = Field(timedelta(hours=1), description="How often the daemon delivers it")


def need_consent(audience: AudienceSettings, channel: str, tool: str, because: str = "") -> None:
    """Refuse an audience that does not ask for consent of a channel, for tools that must not hold anybody without.

    Raises:
        ConfigError: it asks for none, or for another channel's.
    """
    if audience.consent is None or audience.consent.channel != channel:
        reason = f": {because}" if because else ""
        raise ConfigError(
            f'audience "{audience.name}" goes to {tool} and must need consent of the channel "{channel}"{reason}.',
            hint=f'Add consent = {{ channel = "{channel}", purpose = "marketing" }}.',
        )
