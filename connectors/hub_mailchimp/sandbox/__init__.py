"""A simulated Mailchimp: see "The sandbox" in the connector's README for what it does and on whose word.

account     who may call, lists, what tests do to contacts behind the API's back
members     contacts, one at a time and in batches
segments    tags, static segments, merge fields
batches     asynchronous batches of calls
lists       the state itself; fields: what merge values must look like; views: how it is shown; problems: refusals
"""

from hub_mailchimp.sandbox.batches import Batches


class MailchimpSandbox(Batches):
    """Mailchimp's Marketing API 3.0 with one account, one list "Customers" and `size` subscribed people on it."""


__all__ = ["MailchimpSandbox"]
