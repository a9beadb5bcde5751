"""Webhook: any tool that pushes signed JSON, with a mapping in config. See README.md beside this file.

settings      what a user writes
signatures    proving that an event is genuine
mapping       paths of JSON become columns
source        what the hub calls: check, read (nothing), verify, unpack
"""

from collections.abc import Sequence

from hub.sdk.connector import Source
from hub.sdk.hookspecs import hookimpl
from hub_webhook.source import WebhookSource


@hookimpl
def hub_sources() -> Sequence[type[Source]]:  # type: ignore[type-arg]
    """Offer the source."""
    return [WebhookSource]
