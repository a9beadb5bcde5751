"""Slack: a message when people enter or leave an audience. See README.md beside this file.

settings      what a user writes
destination   what the hub calls: check, targets, push
sandbox       a simulated workspace
"""

from collections.abc import Sequence

from hub.sdk.connector import Destination
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox
from hub_slack.destination import SlackDestination
from hub_slack.sandbox import SlackSandbox


@hookimpl
def hub_destinations() -> Sequence[type[Destination]]:  # type: ignore[type-arg]
    """Offer the destination."""
    return [SlackDestination]


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated workspace."""
    return [SlackSandbox]
