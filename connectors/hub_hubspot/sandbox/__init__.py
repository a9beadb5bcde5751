"""A simulated HubSpot: one account with contacts, companies, deals and subscriptions. See README.md.

held      what the account holds, and what the suite and tests do to it
views     objects as they are shown, compared and linked
crm       objects: lists, searches, batches that read, associations, merges
batches   batches that write, and properties that are made
lists     lists of contacts, and who is on them
account   who may ask, how often, and what the account says of itself
"""

from hub_hubspot.sandbox.account import HubspotSandbox

__all__ = ["HubspotSandbox"]
