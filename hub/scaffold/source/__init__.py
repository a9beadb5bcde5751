"""Example: people. See README.md beside this file.

settings      what a user writes
source        what the hub calls: check, read
client        HTTP: one page after the other
people        the vendor's customers become records
sandbox       a simulated vendor
"""

from collections.abc import Sequence

from hub.scaffold.source.sandbox import ExampleSandbox
from hub.scaffold.source.source import ExampleSource
from hub.sdk.connector import Source
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox


@hookimpl
def hub_sources() -> Sequence[type[Source]]:  # type: ignore[type-arg]
    """Offer the source."""
    return [ExampleSource]


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated vendor."""
    return [ExampleSandbox]
