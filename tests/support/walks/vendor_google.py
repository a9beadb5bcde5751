"""Customer Match at Google's Data Manager, as far as it is hard to write.

Facts: one bad member rejects the whole request, often with its index in the error;
consent is of the request; adding and removing are calls of their own; an accepted request is a job, told in counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tests.support.walks.accounts import Accounts
from tests.support.walks.vendor import Vendor


class InvalidArgument(Exception):
    """400: a member is bad. `index` says which, where the error's field path names it."""

    def __init__(self, reason: str, index: int | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.index = index


@dataclass
class UserList(Vendor):
    """The vendor. `bad`: hashes that it does not take. `blames`: whether its errors say which member is meant.

    `prompt`: jobs are finished as soon as they are taken.
    """

    members: set[str] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)
    blames: bool = True
    prompt: bool = False
    consents: set[str] = field(default_factory=set)
    jobs: dict[str, Literal["PROCESSING", "SUCCESS"]] = field(default_factory=dict)

    def send(self, call: Literal["ingest", "remove"], hashes: Sequence[str], consent: str) -> str:
        """Take a request as a job and return its id."""

        def work() -> str:
            for index, value in enumerate(hashes):
                if value in self.bad:
                    raise InvalidArgument("INVALID_SHA256_FORMAT", index if self.blames else None)
            self.members = self.members - set(hashes) if call == "remove" else self.members | set(hashes)
            self.consents |= {consent} if call == "ingest" else set()
            name = f"r{len(self.jobs)}"
            self.jobs[name] = "SUCCESS" if self.prompt else "PROCESSING"
            return name

        return self.serve(call, len(hashes), work)

    def finish(self) -> None:
        """Let half an hour pass."""
        self.jobs = dict.fromkeys(self.jobs, "SUCCESS")


USER_LISTS = Accounts(UserList)
