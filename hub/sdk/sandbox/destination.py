"""A vendor that a destination writes to, with what the conformance suite (`hub.testing`) asks of it."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, NoReturn

from hub.sdk.records import Json, Outcome
from hub.sdk.sandbox.base import Sandbox


class DestinationSandbox(Sandbox):
    """Write these beside the routes, and `destination_suite(MyDestination, sandbox=MySandbox)` does the rest.

    Where a vendor has no such thing (no list that can be deleted), its check is left out with a reason:
    `destination_suite(..., without={"a_deleted_list_is_made_anew_or_told": "..."})`.
    """

    address: ClassVar[str] = "email"
    """What the suite's people are recognised by here."""
    writes: ClassVar[tuple[str, str]]
    """Method and path (shell patterns) of the requests that change who is on a list; `*` matches slashes too."""
    renews: ClassVar[bool] = False
    """Whether the destination gets a new token by itself when the vendor refuses the old one."""
    verdicts: ClassVar[frozenset[Outcome]] = frozenset({"rejected"})
    """What `spoil` can have the vendor say of one person: rejected, retry, suppressed, unknown."""
    too_fast: ClassVar[Sequence[Mapping[str, object]]] = ({"kind": "status", "status": 429, "retry_after": "0"},)
    """Every form (keys of a `Fault`) in which the vendor says that a request came too fast and was not applied."""
    spent: ClassVar[Mapping[str, object]] = {"kind": "status", "status": 429, "retry_after": "86400"}
    """How it says that nothing more is taken today."""
    empty_answers: ClassVar[bool] = False
    """Whether the vendor's good answer to a write has no body, so that an empty one proves something."""
    field: ClassVar[str] = ""
    """A field of text that people may carry here; then `value` is asked."""
    consent: ClassVar[str] = ""
    """The channel for which the destination wants its audiences to need consent, where it does."""

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

    def wire(self, address: str) -> str:
        """Return the form in which the hub sends an e-mail address here, such as its SHA-256."""
        return address

    def value(self, wire: str) -> Json:
        """Return what `field` holds for a person."""
        self._lacks("value", wire)

    def spoil(self, wire: str, outcome: Outcome) -> None:
        """Have the vendor refuse this person from now on, in the way that means `outcome`, one of `verdicts`."""
        self._lacks("spoil", f"{wire} {outcome}")

    def mend(self) -> None:
        """Let everybody pass whom `spoil` named."""

    def delete_list(self) -> None:
        """Delete the list of the audience, as somebody does in the vendor's pages."""
        self._lacks("delete_list")

    def put_on(self, wire: str) -> None:
        """Put a person on the list by hand."""
        self._lacks("put_on", wire)

    def take_off(self, wire: str) -> None:
        """Take a person off the list by hand; no opt-out."""
        self._lacks("take_off", wire)

    def catch_up(self) -> None:
        """Do everything that was accepted and is not done yet, as when time passes."""

    def _lacks(self, hook: str, about: str = "") -> NoReturn:
        raise NotImplementedError(
            f"{type(self).__name__}.{hook} is missing ({about}). Write it, or leave the check out and say why."
        )
