"""What can be wrong with the control store.

HubError
└── StoreError        the store cannot be opened, or was asked for something that is not there
    ├── StoreTooNew   written by a newer hub
    ├── LeaseLost     another process has taken over: this one must stop writing and sending
    └── LockHeld      another process owns the project directory
"""

from hub.sdk.errors import HubError


class StoreError(HubError):
    """The store cannot be used, or a row that was asked for does not exist."""


class StoreTooNew(StoreError):
    """The store's schema is unknown to this version of the hub; opening it could lose data."""


class LeaseLost(StoreError):
    """This process does not hold the store's lease; nothing was written."""


class LockHeld(StoreError):
    """Another process owns the project directory. `pid`, `host` and `since` describe it where they could be read."""

    def __init__(
        self, message: str, *, pid: int | None = None, host: str = "", since: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.pid = pid
        self.host = host
        self.since = since
