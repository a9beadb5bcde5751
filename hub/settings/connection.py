"""The shape of a connection file, put together from the hub's common keys and the connector's own models."""

from dataclasses import dataclass
from functools import lru_cache

from pydantic import Field, create_model

from hub.sdk.settings import AudienceSettings, Settings, SourceSettings


@dataclass(frozen=True, slots=True)
class ConnectorModels:
    """What the registry knows of a connector's keys.

    `source_model` is None for a connector that reads nothing, `target_model` for one that delivers nothing.
    `streams` are those that it can fill; `address_by` what its destination recognises people by.
    """

    settings_model: type[Settings]
    source_model: type[SourceSettings] | None
    target_model: type[Settings] | None
    streams: tuple[str, ...] = ()
    address_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Connection:
    """One valid connection file. `name` is its stem, `file` its path relative to the project."""

    name: str
    file: str
    connector: str
    settings: Settings
    sources: tuple[SourceSettings, ...] = ()
    audiences: tuple[AudienceSettings, ...] = ()


class ConnectionFile(Settings):
    """A connection file without the key `connector`; subclasses type what is in it."""

    connection: Settings
    source: tuple[SourceSettings, ...] = ()
    audience: tuple[AudienceSettings, ...] = ()


@lru_cache(maxsize=256)
def file_model(models: ConnectorModels) -> type[ConnectionFile]:
    """Return the model of a connector's files. Arrays that it does not have are still there, of the common kind."""
    audience = audience_model(models.target_model) if models.target_model else AudienceSettings
    return create_model(
        "ConnectionFile",
        __base__=ConnectionFile,
        connection=(models.settings_model, Field(description="The account")),
        source=(tuple[models.source_model or SourceSettings, ...], Field((), description="What is read")),  # type: ignore[misc,arg-type]
        audience=(tuple[audience, ...], Field((), description="What is delivered")),  # type: ignore[valid-type]
    )


@lru_cache(maxsize=256)
def audience_model(target: type[Settings]) -> type[AudienceSettings]:
    """Return `AudienceSettings` with `target` typed by the connector; it may be left out when all its keys may."""
    info = AudienceSettings.model_fields["target"]
    needed = any(field.is_required() for field in target.model_fields.values())
    field = (
        Field(description=info.description) if needed else Field(default_factory=target, description=info.description)
    )
    model: type[AudienceSettings] = create_model("Audience", __base__=AudienceSettings, target=(target, field))
    return model
