"""Example: lists of customers. See README.md beside this file.

settings      what a user writes
destination   what the hub calls: check, targets, open, push, read_back
client        HTTP to the vendor
sandbox       a simulated vendor
"""

from collections.abc import Sequence

from hub.scaffold.destination.destination import ExampleDestination
from hub.scaffold.destination.sandbox import ExampleSandbox
from hub.sdk.connector import Destination
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox


@hookimpl
def hub_destinations() -> Sequence[type[Destination]]:  # type: ignore[type-arg]
    """Offer the destination."""
    return [ExampleDestination]


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated vendor."""
    return [ExampleSandbox]
