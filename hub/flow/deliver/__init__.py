"""Deliver plans: intent before send, a receipt for every row, a ledger folded from them.

Read it in this order: `tools` (what it needs), `run` (audiences and targets), `send` (one plan, batch by batch),
`finish` (receipts, read-back), `ledger` (the fold), `recover` (after a crash or a restore), `report`.
"""

from hub.flow.deliver.finish import consents_table
from hub.flow.deliver.ledger import create_ledger, sync_ledger
from hub.flow.deliver.recover import Recovered, recover
from hub.flow.deliver.run import Delivered, deliver, newest_held, released_keys
from hub.flow.deliver.tools import Tools

__all__ = [
    "Delivered",
    "Recovered",
    "Tools",
    "consents_table",
    "create_ledger",
    "deliver",
    "newest_held",
    "recover",
    "released_keys",
    "sync_ledger",
]
