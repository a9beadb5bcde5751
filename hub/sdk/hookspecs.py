"""The whole contract between the hub and its plugins, the built-in ones included.

A plugin is a module that implements any of these functions, marked with `@hookimpl`, and is named by an entry point in
the group `hub` or lies as a single file in the project's `plugins/` folder. A misspelt hook fails when it is loaded.
"""

from collections.abc import Sequence

import pluggy

from hub.sdk.connector import Destination, Source
from hub.sdk.sandbox import Sandbox
from hub.sdk.traits import Stage, Trait

hookspec = pluggy.HookspecMarker("hub")
hookimpl = pluggy.HookimplMarker("hub")


@hookspec
def hub_sources() -> Sequence[type[Source]]:  # type: ignore[empty-body,type-arg]
    """Return the source classes of a connector."""


@hookspec
def hub_destinations() -> Sequence[type[Destination]]:  # type: ignore[empty-body,type-arg]
    """Return the destination classes of a connector."""


@hookspec
def hub_sandboxes() -> Sequence[type[Sandbox]]:  # type: ignore[empty-body]
    """Return simulated vendors, for `hub sandbox NAME`, tests and the demo."""


@hookspec
def hub_traits() -> Sequence[Trait]:  # type: ignore[empty-body]
    """Return traits that a plugin computes for every person."""


@hookspec
def hub_stages() -> Sequence[Stage]:  # type: ignore[empty-body]
    """Return lifecycle stages, in order, used when the project has no `stages.toml`."""
