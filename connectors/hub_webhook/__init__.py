"""Webhook: signed JSON from any tool, and to any address. See README.md beside this file.

settings      what a user writes
signatures    proving that an event is genuine, and signing
mapping       paths of JSON become columns
source        what the hub calls: check, read (nothing), verify, unpack
destination   what the hub calls: check, targets, push
sandbox       a simulated receiver
"""

from collections.abc import Sequence

from hub.sdk.connector import Destination, Source
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox
from hub_webhook.destination import WebhookDestination
from hub_webhook.sandbox import WebhookSandbox
from hub_webhook.source import WebhookSource


@hookimpl
def hub_sources() -> Sequence[type[Source]]:  # type: ignore[type-arg]
    """Offer the source."""
    return [WebhookSource]


@hookimpl
def hub_destinations() -> Sequence[type[Destination]]:  # type: ignore[type-arg]
    """Offer the destination."""
    return [WebhookDestination]


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated receiver."""
    return [WebhookSandbox]
