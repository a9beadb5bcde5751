"""JSON Schema of every kind of file: editors complete a file that begins with `#:schema ./.schema/shop.json`."""

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from hub.settings.connection import ConnectorModels, file_model
from hub.settings.load import RESERVED
from hub.settings.values import Cap, Share, duration_text

SCHEMA_FOLDER = ".schema"  # within config/
_DIALECT = "http://json-schema.org/draft-07/schema#"  # what editors' TOML plugins understand

Schema = dict[str, Any]  # JSON Schema, as pydantic returns it


class _AsWritten(GenerateJsonSchema):
    """Shows defaults in the words that users write."""

    def encode_default(self, dft: object) -> object:
        """Return a default as it would stand in the file."""
        if isinstance(dft, timedelta):
            return duration_text(dft)
        if isinstance(dft, time):
            return dft.strftime("%H:%M")
        if isinstance(dft, Share | Cap):
            return str(dft)
        return super().encode_default(dft)


def schema(connectors: Mapping[str, ConnectorModels]) -> dict[str, Schema]:
    """Return JSON Schemas by file name: `hub.json` and the other common files, and `<connector>.json` for each."""
    common = {f"{stem}.json": _schema(model) for stem, model in RESERVED.items()}
    return common | {f"{name}.json": _connection(name, models) for name, models in connectors.items()}


def _schema(model: type[BaseModel]) -> Schema:
    return {"$schema": _DIALECT, **model.model_json_schema(schema_generator=_AsWritten)}


def _connection(name: str, models: ConnectorModels) -> Schema:
    found = _schema(file_model(models))
    account = models.settings_model.model_json_schema(schema_generator=_AsWritten, ref_template="#/$defs/{model}")
    found.setdefault("$defs", {}).update(account.pop("$defs", {}))
    connector = {"const": name, "description": "Which tool this is"}
    account["properties"] = {"connector": connector, **account.get("properties", {})}
    account["required"] = ["connector", *account.get("required", [])]
    found["properties"]["connection"] = account
    for key, has in (("source", models.source_model), ("audience", models.target_model)):
        if has is None:
            del found["properties"][key]
    return found
