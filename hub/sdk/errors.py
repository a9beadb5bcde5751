"""Errors, grouped by what has to happen next.

    HubError
    ├── ConfigError       a person mends a config file, then runs again
    ├── StopConnection    a person mends something at the tool (credentials, a deleted list); others go on
    ├── RetryLater        definitely not applied; the same request may be sent again, after a pause
    ├── Unanswered        a write went out and no usable answer came: it may or may not have been applied
    ├── BadData           what the source sent cannot be read as a whole (cut body, not the promised format)
    ├── Refused           a pushed event failed verification; answered with 401, never stored
    └── BrokenPlugin      a plugin does not fulfil the contract; it is disabled and listed

Messages say what was expected, what came, where, and what to do. They never hold a secret or personal data: put row
keys and vendor codes there, not values.
"""

from datetime import timedelta


class HubError(Exception):
    """Base of every error that the hub raises on purpose; shown without a traceback.

    `message` is one or two sentences; `hint` says what to do next.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigError(HubError):
    """A file in the project is wrong. `where` is `file:line` relative to the project, or the file alone."""

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message, hint=hint)
        self.where = where


class StopConnection(HubError):
    """The tool refuses us in a way that only a person can mend; this connection stops, the others go on."""


class RetryLater(HubError):
    """The request was definitely not applied. `after` is the least pause, None when the tool named none."""

    def __init__(self, message: str, *, after: timedelta | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.after = after


class Unanswered(HubError):
    """A write was sent and its outcome is not known: time-out, reset, 5xx, unreadable answer."""


class BadData(HubError):
    """The source's answer or file is not what it promised; the page is void and the cursor stays."""


class Refused(HubError):
    """A pushed event's signature, time stamp or topic is wrong."""


class BrokenPlugin(HubError):
    """A plugin is missing a declaration, misspells a hook or fails at import."""
