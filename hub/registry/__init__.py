"""Find connectors and plugins; fail on a misspelt hook; isolate a broken one."""

from hub.registry.loading import Broken, Loaded, Plugins, load_plugins

__all__ = ["Broken", "Loaded", "Plugins", "load_plugins"]
