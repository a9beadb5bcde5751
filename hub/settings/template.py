"""A commented file for a new connection, made from what the connector's models say about themselves."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub.settings import shape
from hub.settings.connection import ConnectorModels, audience_model
from hub.settings.schema import SCHEMA_FOLDER
from hub.settings.values import duration_text

_COMMON: Mapping[str, str] = {"name": '"my-audience"', "segment": '"my_segment"'}
_BLANKS: tuple[tuple[type, str], ...] = (
    (bool, "false"),
    (int, "0"),
    (float, "0.0"),
    (timedelta, '"1 hour"'),
    (datetime, "2024-01-01T00:00:00"),
    (date, "2024-01-01"),
)


def template(connector: str, models: ConnectorModels, connection: str = "") -> str:
    """Return the text of `config/<connection>.toml`; what may be left out is commented out.

    Args:
        connector: The connector's name.
        models: What the registry knows of it.
        connection: The file's stem; default is the connector's name.
    """
    connection = connection or connector
    lines = [
        f"#:schema ./{SCHEMA_FOLDER}/{connector}.json",
        f"# The file's name is the connection's: \"{connection}\".",
        "[connection]",
        f'connector = "{connector}"',
        *_keys(models.settings_model, connection),
    ]
    if models.source_model:
        streams = f"  # this connector has: {', '.join(models.streams)}" if models.streams else ""
        lines += ["", f"[[source]]{streams}", *_keys(models.source_model, connection, models.streams)]
    if models.target_model:
        audience = list(_keys(audience_model(models.target_model), connection))
        lines += ["", "# Take the first # away from the lines that you need.", "# [[audience]]"]
        lines += [f"# {line if line.startswith('#  ') else line.removeprefix('# ')}" for line in audience]
    return "\n".join(lines) + "\n"


def env_lines(models: ConnectorModels, connection: str) -> tuple[str, ...]:
    """Return the lines that the template needs in `.env`, such as `MAILCHIMP_API_KEY=`."""
    secrets = (
        key for key, info in shape.fields(models.settings_model).items() if _is_secret(info) and info.is_required()
    )
    return tuple(f"{_variable(connection, key)}=" for key in secrets)


def _variable(connection: str, key: str) -> str:
    return re.sub(r"\W", "_", f"{connection}_{key}").upper()


def _is_secret(info: FieldInfo) -> bool:
    return shape.is_secret(shape.kinds(info.annotation))


def _keys(model: type[BaseModel], connection: str, streams: Iterable[str] = ()) -> Iterator[str]:
    for key, info in shape.fields(model).items():
        value = _value(key, info, connection, next(iter(streams), "people"))
        meaning = _meaning(info)
        yield f"{'' if info.is_required() else '# '}{key} = {value}{'  # ' if meaning else ''}{meaning}"
        yield from _nested(info)


def _nested(info: FieldInfo) -> Iterator[str]:
    for key, inner in shape.keys(shape.kinds(info.annotation)).items():
        needed = ", needed" if inner.is_required() else ""
        yield f"#   {key}: {_meaning(inner)}{needed}"


def _meaning(info: FieldInfo) -> str:
    choices = ", ".join(map(to_toml, _choices(shape.kinds(info.annotation))))
    words = " ".join((info.description or "").split())
    return f"{words}{': ' if words and choices else ''}{choices}"


def _value(key: str, info: FieldInfo, connection: str, stream: str) -> str:
    if _is_secret(info):
        return f'"${{{_variable(connection, key)}}}"'
    if info.examples:
        return to_toml(info.examples[0])
    if (
        not info.is_required()
        and (default := info.get_default(call_default_factory=True, validated_data={})) is not None
    ):
        return to_toml(default)
    return to_toml(stream) if key == "stream" else _COMMON.get(key) or _blank(shape.kinds(info.annotation))


def _blank(here: shape.Kinds) -> str:
    """Return something of the right kind, to be replaced."""
    needed = {key: info for key, info in shape.keys(here).items() if info.is_required()}
    if needed:
        return "{ " + ", ".join(f"{key} = {_value(key, info, '', 'people')}" for key, info in needed.items()) + " }"
    for kind, text in _BLANKS:
        if kind in here:
            return text
    if str in here or not here:
        return '"..."'
    if choices := _choices(here):
        return to_toml(choices[0])
    return "[]" if any(get_origin(kind) in (list, tuple) for kind in here) else "{}"


def _choices(here: shape.Kinds) -> list[object]:
    return [choice for kind in here if get_origin(kind) is Literal for choice in get_args(kind)]


def to_toml(value: object) -> str:
    """Write a value as TOML, durations in words."""
    if isinstance(value, timedelta):
        value = duration_text(value)
    if isinstance(value, BaseModel):
        value = value.model_dump(by_alias=True)
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        pairs = [f"{_key(str(key))} = {to_toml(item)}" for key, item in value.items() if item is not None]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(map(to_toml, value))}]"
    return json.dumps(str(value), ensure_ascii=False)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)
