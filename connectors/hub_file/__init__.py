"""Files as a destination: full lists and what changed, see README.md."""

from collections.abc import Sequence
from typing import Any

from hub.sdk.connector import Destination
from hub.sdk.hookspecs import hookimpl
from hub_file.destination import FileDestination

__all__ = ["FileDestination", "hub_destinations"]


@hookimpl
def hub_destinations() -> Sequence[type[Destination[Any, Any]]]:
    """Offer the destination `file`."""
    return [FileDestination]
