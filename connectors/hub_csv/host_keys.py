"""Is this SSH server the one that is meant? Its key is compared before a password goes to it."""

from pathlib import Path

import paramiko

from hub.sdk.errors import StopConnection


class KnownHost(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # paramiko publishes no types
    """Takes a server whose fingerprint is the given one, or without one, whose key stands in `~/.ssh/known_hosts`."""

    def __init__(self, fingerprint: str | None) -> None:
        self._fingerprint = fingerprint

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Refuse a server that is not the known one.

        Raises:
            StopConnection: its key is another one, or not known.
        """
        del client
        if self._fingerprint == key.fingerprint or (self._fingerprint is None and _is_known(hostname, key)):
            return
        expected = "in host_key" if self._fingerprint else "in ~/.ssh/known_hosts"
        raise StopConnection(
            f"{hostname}: expected a server whose key stands {expected}, found {key.fingerprint}.",
            hint="Ask whoever runs the server whether that is its fingerprint; then set host_key to it.",
        )


def _is_known(hostname: str, key: paramiko.PKey) -> bool:
    path = Path("~/.ssh/known_hosts").expanduser()
    return path.is_file() and bool(paramiko.HostKeys(str(path)).check(hostname, key))
