"""Where tools push events: proven genuine by the connector, durable before the answer, landed by the next read."""

from collections.abc import Mapping
from contextlib import suppress

from hub.project import Project
from hub.project.reading import entries
from hub.sdk.errors import ConfigError, Refused


def accept(project: Project, connection: str, headers: Mapping[str, str], body: bytes) -> None:
    """Verify an event and make it durable, for each source of the connection: each takes what is of its streams.

    Raises:
        ConfigError: there is no such connection, or it has no sources.
        Refused: no source of the connection takes it for genuine.
        RetryLater: too much waits to be landed.
    """
    taken = False
    for owner, key, entry in entries(project, connection):
        with suppress(Refused):
            delivery = project.source(owner, entry).verify(headers, body)
            project.spool.put(connection, key, delivery)
            taken = True
    if not taken:
        raise Refused("no source takes this event for genuine.")


def status_of(error: Exception) -> int:
    """The answer that makes a sender do the right thing: give up, or come again."""
    if isinstance(error, Refused):
        return 401
    return 404 if isinstance(error, ConfigError) else 503
