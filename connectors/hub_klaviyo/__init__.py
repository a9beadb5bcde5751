"""Klaviyo: profiles, consents, what became of messages, and campaigns. See README.md beside this file.

settings      what a user writes
source        what the hub calls: check, read
facts         what `hub check` says
listings      what is listed, by what it is ordered, and what becomes of it
profiles      profiles become records of people and words of consent
messages      events become records of messages
campaigns     campaigns become records
values        JSON becomes values
client        HTTP: pages of a list, what an error means
sandbox       a simulated Klaviyo
"""

from collections.abc import Sequence

from hub.sdk.connector import Source
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox
from hub_klaviyo.sandbox import KlaviyoSandbox
from hub_klaviyo.source import KlaviyoSource


@hookimpl
def hub_sources() -> Sequence[type[Source]]:  # type: ignore[type-arg]
    """Offer the source."""
    return [KlaviyoSource]


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated Klaviyo."""
    return [KlaviyoSandbox]
