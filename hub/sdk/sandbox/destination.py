"""A vendor that a destination writes to, with what the conformance suite (`hub.testing`) asks of it."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from hub.sdk.records import Json
from hub.sdk.sandbox.base import Sandbox


class DestinationSandbox(Sandbox):
    """Write these beside the routes, and `destination_suite(MyDestination, sandbox=MySandbox)` does the rest."""

    address: ClassVar[str] = "email"
    """What the suite's people are recognised by here."""
    writes: ClassVar[tuple[str, str]]
    """Method and path (shell pattern) of the requests that change who is on a list."""
    renews: ClassVar[bool] = False
    """Whether the destination gets a new token by itself when the vendor refuses the old one."""

    @abstractmethod
    def connection(self) -> Mapping[str, Json]:
        """Return a `[connection]` table with good credentials, `base_url` and all that is needed."""

    @abstractmethod
    def refused(self) -> Mapping[str, Json]:
        """Return a `[connection]` table whose credentials the vendor refuses."""

    @abstractmethod
    def expire(self) -> None:
        """Refuse every token that is in use; `connection` has good ones again after that."""

    @abstractmethod
    def target(self) -> Mapping[str, Json]:
        """Return the `target` of the audience that the suite delivers."""

    @abstractmethod
    def members(self) -> set[str]:
        """Return who is on the list of that audience, by `Row.wire[address]`; nobody where it does not exist yet."""

    @abstractmethod
    def opt_out(self, wire: str) -> None:
        """Let a person unsubscribe at the vendor; from then on the vendor keeps them off the list."""
