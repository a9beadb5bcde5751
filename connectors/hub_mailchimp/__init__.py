"""Mailchimp: contacts, their fields and a tag per audience. See README.md beside this file.

settings      what a user writes
destination   what the hub calls: check, targets, open, push, read_back
contacts      writing contacts; tags: writing tags; merge_fields: what may be in a contact
account       lists, tags and merge fields by name
verdicts      what Mailchimp's answers mean for a row
client        HTTP: who we are, what an error means for the run
sandbox/      a simulated Mailchimp
"""

from collections.abc import Sequence

from hub.sdk.connector import Destination
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox
from hub_mailchimp.destination import MailchimpDestination
from hub_mailchimp.sandbox import MailchimpSandbox


@hookimpl
def hub_destinations() -> Sequence[type[Destination]]:  # type: ignore[type-arg]
    """Offer the destination."""
    return [MailchimpDestination]


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated Mailchimp."""
    return [MailchimpSandbox]
