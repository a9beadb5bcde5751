"""The single file that a project has in its `plugins/` folder to reach the walks."""

from collections.abc import Sequence

from hub.sdk.connector import Destination, Source
from hub.sdk.hookspecs import hookimpl
from tests.support.walks.ga4 import Ga4Source
from tests.support.walks.google import GoogleDestination
from tests.support.walks.hubspot import HubspotDestination
from tests.support.walks.klaviyo import KlaviyoDestination
from tests.support.walks.mailchimp import MailchimpDestination
from tests.support.walks.meta import MetaDestination
from tests.support.walks.prompt import PromptGoogle, PromptMeta
from tests.support.walks.roster import RosterSource
from tests.support.walks.shopify import ShopifySource


@hookimpl
def hub_sources() -> Sequence[type[Source]]:  # type: ignore[type-arg]
    """Sources."""
    return [RosterSource, ShopifySource, Ga4Source]


@hookimpl
def hub_destinations() -> Sequence[type[Destination]]:  # type: ignore[type-arg]
    """Destinations."""
    return [
        MailchimpDestination,
        HubspotDestination,
        MetaDestination,
        PromptMeta,
        GoogleDestination,
        PromptGoogle,
        KlaviyoDestination,
    ]
