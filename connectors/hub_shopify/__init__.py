"""Shopify: customers, consents, orders, products and checkouts, read and pushed. See README.md beside this file.

settings      what a user writes
source        what the hub calls: check, read, verify, unpack
tokens        who we are: a static token, one that is minted, one that is refreshed
documents     what can be asked for: kinds of objects, their GraphQL and what each needs
client        one GraphQL request, what its errors mean, and pages of objects
bulk          everything at once: a job at Shopify, and the file that it writes
values        a field of an object, or why it does not fit
people        customers become people and consents
orders        orders, their lines, products and checkouts become records
pages         objects become a page: rows, quarantine, what could not be read
checking      what `hub check` says
pushed        events: proven, and put into the form in which the API gives the same object
sandbox       a simulated Shopify
"""

from collections.abc import Sequence

from hub.sdk.connector import Source
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox
from hub_shopify.sandbox import ShopifySandbox
from hub_shopify.source import ShopifySource


@hookimpl
def hub_sources() -> Sequence[type[Source]]:  # type: ignore[type-arg]
    """Offer the source."""
    return [ShopifySource]


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated Shopify."""
    return [ShopifySandbox]
