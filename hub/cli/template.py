"""A commented config file for a connector, written from its settings models."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub.sdk.settings import AudienceSettings, Secret, Settings
from hub.settings import ConnectorModels
from hub.settings.values import duration_text

WIDTH = 44  # comments stand behind this column


def connection_file(stem: str, connector: str, models: ConnectorModels) -> str:
    """The text of `config/<stem>.toml`: what must be given, and what may be, commented out."""
    parts = [
        f"# One file per tool. This one is the connection {stem}: hub check {stem}, hub run --source {stem}.",
        "# Lines with a # in front show defaults.",
        "",
        "[connection]",
        _line("connector", json.dumps(connector), "", needed=True),
        *_lines(models.settings_model, stem),
    ]
    if models.source_model:
        parts += ["", "[[source]]", *_lines(models.source_model, stem)]
    if models.target_model:
        parts += ["", *_audience(models.target_model, stem)]
    return "\n".join(parts) + "\n"


def variables(stem: str, models: ConnectorModels) -> list[str]:
    """Names that the file expects in `.env`."""
    secrets = (name for name, info in models.settings_model.model_fields.items() if _is_secret(info))
    return [_variable(stem, name) for name in secrets]


def _audience(target: type[Settings], stem: str) -> Iterator[str]:
    yield "# A list in the tool that is kept equal to a segment. It is only planned until: hub approve NAME"
    yield "# [[audience]]"
    for name, info in AudienceSettings.model_fields.items():
        text = _inline(target, stem) if name == "target" else _example(name, info, stem)
        yield "# " + _line(name, text, info.description or "", needed=True)


def _inline(model: type[BaseModel], stem: str) -> str:
    needed = {name: info for name, info in model.model_fields.items() if info.is_required()}
    given = ", ".join(f"{name} = {_example(name, info, stem)}" for name, info in needed.items())
    return f"{{ {given} }}" if given else "{}"


def _lines(model: type[BaseModel], stem: str) -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield _line(name, _example(name, info, stem), info.description or "", needed=info.is_required())


def _line(name: str, value: str, description: str, *, needed: bool) -> str:
    text = f"{'' if needed else '# '}{name} = {value}"
    return f"{text:<{WIDTH}}  # {description}" if description else text


def _example(name: str, info: FieldInfo, stem: str) -> str:
    if _is_secret(info):
        return f'"${{{_variable(stem, name)}}}"'
    default = info.get_default(call_default_factory=True) if info.default_factory else info.default
    return _toml("" if info.is_required() or default is None else default)


def _is_secret(info: FieldInfo) -> bool:
    return Secret in (info.annotation, *get_args(info.annotation))


def _variable(stem: str, name: str) -> str:
    return f"{stem}_{name}".replace("-", "_").upper()


def _toml(value: object) -> str:
    if isinstance(value, timedelta):
        return json.dumps(duration_text(value))
    if isinstance(value, BaseModel):
        return f"{{ {', '.join(f'{key} = {_toml(part)}' for key, part in value if part is not None)} }}"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(part)}' for key, part in value.items())} }}" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(part) for part in value)}]"
    return json.dumps(value, default=str)
