"""Meta: custom audiences by the Marketing API. See README.md beside this file.

settings      what a user writes
wire          in which form Meta recognises people
destination   what the hub calls: check, targets, open, push
client        HTTP: signed requests, throttles, what an error means
audiences     audiences of the account: found, or made
sandbox       a simulated ad account
"""

from collections.abc import Sequence

from hub.sdk.connector import Destination
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox
from hub_meta.destination import MetaDestination
from hub_meta.sandbox import MetaSandbox


@hookimpl
def hub_destinations() -> Sequence[type[Destination]]:  # type: ignore[type-arg]
    """Offer the destination."""
    return [MetaDestination]


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated ad account."""
    return [MetaSandbox]
