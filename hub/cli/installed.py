"""What is installed, for commands that need no data and therefore no lock."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hub.registry import load_plugins
from hub.sdk.errors import ConfigError
from hub.settings import FOLDER, SCHEMA_FOLDER, ConnectorModels, schema
from hub.settings.problems import listed, nearest
from hub.settings.proposed import proposed

if TYPE_CHECKING:
    from hub.registry import Loaded
    from hub.sdk.proposal import Proposal
    from hub.sdk.records import Json
    from hub.sdk.sandbox import Sandbox


def listing(root: Path) -> "tuple[list[dict[str, Json]], list[dict[str, Json]]]":
    """Every plugin with what it offers, and the broken ones with the reason."""
    plugins = load_plugins(root / "plugins")
    broken: list[dict[str, Json]] = [
        {"name": each.name, "where": each.where, "reason": each.reason} for each in plugins.broken
    ]
    return [_contributed(each) for each in plugins.loaded], broken


def offers(row: "Mapping[str, Json]") -> str:
    """What a plugin offers, in a line."""
    kinds = ("sources", "destinations", "sandboxes", "traits", "stages")
    given = {kind: row.get(kind) for kind in kinds}
    return "; ".join(
        f"{kind}: {listed(map(str, names))}" for kind, names in given.items() if isinstance(names, list) and names
    )


def _contributed(plugin: "Loaded") -> "dict[str, Json]":
    given = plugin.contribution
    return {
        "name": plugin.name,
        "where": plugin.where,
        "sources": [source.name for source in given.sources],
        "destinations": [destination.name for destination in given.destinations],
        "sandboxes": [sandbox.name for sandbox in given.sandboxes],
        "traits": [trait.name for trait in given.traits],
        "stages": [stage.name for stage in given.stages],
    }


def sandbox_named(root: Path, name: str) -> "type[Sandbox]":
    """The simulated vendor of that name; raises `ConfigError` with the nearest one."""
    sandboxes = load_plugins(root / "plugins").sandboxes
    if name not in sandboxes:
        known = f"Installed: {listed(sorted(sandboxes))}."
        raise ConfigError(f'there is no sandbox "{name}".{nearest(name, sandboxes)}', hint=known)
    return sandboxes[name]


def connector_named(root: Path, name: str) -> ConnectorModels:
    """What is known of the connector of that name; raises `ConfigError` with the nearest one."""
    known = load_plugins(root / "plugins").connectors()
    if name not in known:
        hint = f"Installed: {listed(known)}."
        raise ConfigError(f'there is no connector "{name}".{nearest(name, known)}', hint=hint)
    return known[name]


def schemas(root: Path) -> "Json":
    """JSON Schemas by file name."""
    return schema(load_plugins(root / "plugins").connectors())


def write_schemas(root: Path) -> int:
    """Write every schema where the first line of a config file points to; return how many."""
    folder = root / FOLDER / SCHEMA_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    found = schema(load_plugins(root / "plugins").connectors())
    for name, content in found.items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return len(found)


def proposal_for(root: Path, file: Path) -> "tuple[str, Proposal]":
    """What an installed connector makes of a file; raises `ConfigError` when none knows its kind."""
    for name, source in sorted(load_plugins(root / "plugins").sources.items()):
        proposal = source.propose(file)
        if proposal is not None:
            return name, proposal
    raise ConfigError(
        "no connector knows this kind of file.", where=file.name, hint="Save it as CSV, JSON lines or Parquet."
    )


def write_proposal(root: Path, file: Path, connector: str, proposal: "Proposal") -> Path:
    """Write the config that reads `file`; raises `ConfigError` when there is one of that name already."""
    stem = re.sub(r"[^a-z0-9]+", "_", file.name.lower().split(".")[0]).strip("_") or "file"
    path = root / FOLDER / f"{stem}.toml"
    if path.exists():
        raise ConfigError("this file is there already.", where=str(path), hint="Move it away, or edit it.")
    path.write_text(proposed(connector, proposal), encoding="utf-8")
    write_schemas(root)
    return path
