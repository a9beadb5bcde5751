"""A custom audience at Meta, as far as it is hard to write.

Facts: people are rows of hashes under a schema, and every row has all its cells; a session
numbers its batches from 1 and ends with a last flag; answers hold counts only; somebody is removed by the row that was
sent. Assumption: a batch that comes again is harmless, a new one after the end of its session is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.sdk.errors import StopConnection
from tests.support.walks.accounts import Accounts
from tests.support.walks.vendor import Vendor

Cells = tuple[str, ...]


@dataclass
class Session:
    """An upload. `batches`: numbers that came; `closed` by the last flag or by giving up."""

    batches: set[int] = field(default_factory=set)
    closed: bool = False
    flagged: int = 0


@dataclass
class CustomAudience(Vendor):
    """The vendor."""

    people: set[Cells] = field(default_factory=set)
    sessions: list[Session] = field(default_factory=list)

    def begin(self) -> int:
        """Start a session and return its number."""
        self.sessions.append(Session())
        return len(self.sessions) - 1

    def users(self, session: int, sequence: int, op: str, data: Sequence[Cells], *, last: bool) -> int:
        """Add or delete people; return how many rows were received."""

        def work() -> int:
            known = self.sessions[session]
            if known.closed and sequence not in known.batches:
                raise StopConnection("100: the session is closed.")
            known.batches.add(sequence)
            known.closed, known.flagged = known.closed or last, known.flagged + last
            self.people = self.people - set(data) if op == "DELETE" else self.people | set(data)
            return len(data)

        return self.serve(op, len(data), work)

    def end(self, session: int) -> None:
        """Give a session up or find it closed."""
        self.sessions[session].closed = True


AUDIENCES = Accounts(CustomAudience)
