"""HubSpot: contacts, companies, deals, what people subscribed to; and contacts and lists to deliver to. See README.md beside this file.

settings      what a user writes
source        what the hub calls: check, read, verify, unpack
destination   what the hub calls to deliver: targets, open, push, read_back, resolve, erase
contacts      finding, changing and creating contacts; opt-outs
fields        properties: types, new ones, values on the wire
lists         static lists and who is on them
facts         what `hub check` says
places        how far each kind of object was read
collector     objects become a page: rows, quarantine, what is gone, what was merged
people        contacts become records of people, and say who was merged into them
consents      opt-outs and subscriptions become words of consent
accounts      companies and deals become records
values        HubSpot's strings become values
pushed        webhooks: proof that they are genuine, and what they name
client        HTTP: lists, searches, batches, associations, subscriptions, what an error means
access        private-app tokens, and OAuth tokens that are renewed
paths         date-based addresses and those of v3
sandbox       a simulated HubSpot
"""

from collections.abc import Sequence

from hub.sdk.connector import Destination, Source
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox
from hub_hubspot.destination import HubspotDestination
from hub_hubspot.sandbox import HubspotSandbox
from hub_hubspot.source import HubspotSource


@hookimpl
def hub_sources() -> Sequence[type[Source]]:  # type: ignore[type-arg]
    """Offer the source."""
    return [HubspotSource]


@hookimpl
def hub_destinations() -> Sequence[type[Destination]]:  # type: ignore[type-arg]
    """Offer the destination."""
    return [HubspotDestination]


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated HubSpot."""
    return [HubspotSandbox]
