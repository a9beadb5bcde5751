"""Typeform: what people answered, read from its API and taken from its webhooks. See README.md beside this file.

settings      what a user writes
source        what the hub calls: check, read, verify, unpack
client        HTTP: forms, their definitions, pages of responses, what an error means
forms         a form's definition: which question is what
answers       responses become records
signatures    proving that an event is genuine
sandbox       a simulated Typeform
"""

from collections.abc import Sequence

from hub.sdk.connector import Source
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox
from hub_typeform.sandbox import TypeformSandbox
from hub_typeform.source import TypeformSource


@hookimpl
def hub_sources() -> Sequence[type[Source]]:  # type: ignore[type-arg]
    """Offer the source."""
    return [TypeformSource]


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated Typeform."""
    return [TypeformSandbox]
