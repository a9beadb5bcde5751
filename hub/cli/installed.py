"""What is installed, for commands that need no data and therefore no lock."""

from pathlib import Path
from typing import TYPE_CHECKING

from hub.registry import load_plugins
from hub.sdk.errors import ConfigError
from hub.settings.problems import listed, nearest

if TYPE_CHECKING:
    from hub.registry import Loaded
    from hub.sdk.records import Json
    from hub.sdk.sandbox import Sandbox


def listing(root: Path) -> "tuple[list[dict[str, Json]], list[dict[str, Json]]]":
    """Every plugin with what it offers, and the broken ones with the reason."""
    plugins = load_plugins(root / "plugins")
    broken: list[dict[str, Json]] = [
        {"name": each.name, "where": each.where, "reason": each.reason} for each in plugins.broken
    ]
    return [_offers(each) for each in plugins.loaded], broken


def _offers(plugin: "Loaded") -> "dict[str, Json]":
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
