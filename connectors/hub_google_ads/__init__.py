"""Google Ads: customer match lists, filled by the Data Manager API. See README.md beside this file.

settings      what a user writes
destination   what the hub calls: check, targets, open, push, poll
members       rows become audience members; wire: in which form people are recognised
lists         user lists by id or name, made when missing
problems      what a refused request means; outcome: what a finished one says
client        HTTP
sandbox/      a simulated Data Manager
"""

from collections.abc import Sequence

from hub.sdk.connector import Destination
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox
from hub_google_ads.destination import GoogleAdsDestination
from hub_google_ads.sandbox import GoogleAdsSandbox


@hookimpl
def hub_destinations() -> Sequence[type[Destination]]:  # type: ignore[type-arg]
    """Offer the destination."""
    return [GoogleAdsDestination]


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated Data Manager."""
    return [GoogleAdsSandbox]
