"""Contacts and lists at HubSpot, as far as they are hard to write.

Facts: a batch with the same id twice is refused as a whole; a partial failure is 207, its
errors carry the trace id that was sent; results come in no order and show the record's primary address, which need not
be the one that was sent; lists hold record ids, and unknown ids are reported as missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.sdk.records import Json
from tests.support.walks.accounts import Accounts
from tests.support.walks.vendor import Vendor


class Conflict(Exception):
    """409: two inputs of a batch are the same contact."""


@dataclass(frozen=True)
class Written:
    """The answer to a batch. `results`: (record id, primary address). `errors`: trace id -> category."""

    status: int
    results: Sequence[tuple[str, str]]
    errors: Mapping[str, str]


@dataclass
class Portal(Vendor):
    """The vendor. `aliases`: further addresses of a record -> its primary one."""

    contacts: dict[str, dict[str, Json]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    lists: dict[str, set[str]] = field(default_factory=dict)

    def upsert(self, inputs: Sequence[tuple[str, str, Mapping[str, Json]]]) -> Written:
        """Write contacts given as (trace id, address, properties)."""

        def work() -> Written:
            if len({address for _, address, _ in inputs}) < len(inputs):
                raise Conflict
            errors = {trace: "INVALID_EMAIL" for trace, address, _ in inputs if "fake" in address}
            written = [self._write(address, fields) for trace, address, fields in inputs if trace not in errors]
            return Written(207 if errors else 200, sorted(written), errors)

        return self.serve("contacts", len(inputs), work)

    def _write(self, address: str, fields: Mapping[str, Json]) -> tuple[str, str]:
        primary = self.aliases.get(address, address)
        self.contacts.setdefault(primary, {}).update(fields)
        return self.ids.setdefault(primary, str(1000 + len(self.ids))), primary

    def search(self, address: str) -> str | None:
        """Find a record id by any of its addresses."""
        return self.ids.get(self.aliases.get(address, address))

    def change_list(self, name: str, add: Sequence[str], remove: Sequence[str]) -> Sequence[str]:
        """Add and remove records; return the ids that do not exist."""

        def work() -> Sequence[str]:
            missing = {*add, *remove} - set(self.ids.values())
            self.lists[name] = (self.lists.get(name, set()) | set(add)) - set(remove) - missing
            return sorted(missing)

        return self.serve("list", len(add) + len(remove), work)

    def on_list(self, name: str) -> list[str]:
        """Return the primary addresses on a list."""
        return sorted(address for address, record in self.ids.items() if record in self.lists.get(name, ()))


PORTALS = Accounts(Portal)
