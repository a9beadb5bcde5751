"""Stripe: customers, charges and subscriptions. See README.md beside this file.

settings      what a user writes
source        what the hub calls: check, read
client        HTTP: lists, single objects, what an error means
objects       Stripe's objects become records
sandbox       a simulated Stripe
"""

from collections.abc import Sequence

from hub.sdk.connector import Source
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox
from hub_stripe.sandbox import StripeSandbox
from hub_stripe.source import StripeSource


@hookimpl
def hub_sources() -> Sequence[type[Source]]:  # type: ignore[type-arg]
    """Offer the source."""
    return [StripeSource]


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated Stripe."""
    return [StripeSandbox]
