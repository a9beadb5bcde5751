"""Profiles and lists at Klaviyo, as far as they are hard to write.

Facts: profiles are imported by a job; one malformed address refuses the whole request with a
pointer to its place; other errors come with the finished job; lists hold profile ids; adding is not consent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.sdk.records import Json
from tests.support.walks.accounts import Accounts
from tests.support.walks.vendor import Vendor


class BadRequest(Exception):
    """400 with `source.pointer`, such as `/data/attributes/profiles/data/3/attributes/email`."""

    def __init__(self, pointer: str) -> None:
        super().__init__(pointer)
        self.pointer = pointer


@dataclass
class ImportJob:
    """A bulk import. `polls` are left until it is complete; `errors`: place in the request -> code."""

    addresses: Sequence[str]
    errors: Mapping[int, str]
    polls: int


@dataclass
class KlaviyoAccount(Vendor):
    """The vendor. `slowness`: how often a job is found running."""

    profiles: dict[str, dict[str, Json]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    lists: dict[str, set[str]] = field(default_factory=dict)
    jobs: list[ImportJob] = field(default_factory=list)
    slowness: int = 1

    def bulk_import(self, rows: Sequence[tuple[str, Mapping[str, Json]]]) -> int:
        """Start a job and return its number."""

        def work() -> int:
            for place, (address, _) in enumerate(rows):
                if "malformed" in address:
                    raise BadRequest(f"/data/attributes/profiles/data/{place}/attributes/email")
            errors = {place: "invalid" for place, (address, _) in enumerate(rows) if "fake" in address}
            for place, (address, fields) in enumerate(rows):
                if place not in errors:
                    self.profiles.setdefault(address, {}).update(fields)
                    self.ids.setdefault(address, f"01K{len(self.ids)}")
            self.jobs.append(ImportJob([address for address, _ in rows], errors, self.slowness))
            return len(self.jobs) - 1

        return self.serve("import", len(rows), work)

    def change_list(self, name: str, ids: Sequence[str], *, remove: bool) -> None:
        """Add profiles to a list or remove them; 204."""

        def work() -> None:
            held = self.lists.get(name, set())
            self.lists[name] = held - set(ids) if remove else held | set(ids)

        self.serve("list", len(ids), work)

    def on_list(self, name: str) -> list[str]:
        """Return the addresses on a list."""
        return sorted(address for address, profile in self.ids.items() if profile in self.lists.get(name, ()))


KLAVIYOS = Accounts(KlaviyoAccount)
