"""HubSpot: contacts, companies, deals and subscriptions to read; contacts and lists to keep. See README.md.

settings      what a user writes
source        what the hub calls to read: check, read, verify, unpack
destination   what the hub calls to deliver: check, targets, open, push, read_back, resolve, erase
contacts      whom people are in HubSpot, and who opted out; writing: contacts in batches, and their verdicts
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
client        HTTP: lists, searches, batches, associations, subscriptions, writes, what an error means
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
