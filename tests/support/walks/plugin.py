"""The single file that a project has in its `plugins/` folder to reach the walks."""

from collections.abc import Sequence

from hub.sdk.connector import Source
from hub.sdk.hookspecs import hookimpl
from support.walks.ga4 import Ga4Source
from support.walks.roster import RosterSource
from support.walks.shopify import ShopifySource


@hookimpl
def hub_sources() -> Sequence[type[Source]]:  # type: ignore[type-arg]
    """Sources."""
    return [RosterSource, ShopifySource, Ga4Source]
