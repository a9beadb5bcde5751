"""What all simulated vendors have in common: they count what was sent, and lose answers when they are told to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

from hub.sdk.errors import RetryLater, Unanswered

R = TypeVar("R")
Fault: TypeAlias = Literal["busy", "lost", "killed"] | None


class Killed(BaseException):
    """The hub's process ends here, after the vendor has done what it was asked."""


@dataclass
class Vendor:
    """`sent`: what was asked for and for how many rows. `faults`: one per request, None for an answer as usual.

    busy: refused before anything happened. lost: done, and nobody heard of it. killed: done, and the hub is gone.
    """

    sent: list[tuple[str, int]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def serve(self, what: str, rows: int, work: Callable[[], R]) -> R:
        """Do the work and answer, or not."""
        fault = self.faults.pop(0) if self.faults else None
        if fault == "busy":
            raise RetryLater("429")
        self.sent.append((what, rows))
        result = work()
        if fault == "lost":
            raise Unanswered("The connection broke.")
        if fault == "killed":
            raise Killed
        return result

    def take(self) -> list[tuple[str, int]]:
        """Return what was sent since the last call."""
        taken, self.sent = self.sent, []
        return taken
