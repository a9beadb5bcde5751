"""Walk 4, HubSpot as a destination: contacts give record ids, and lists hold nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from hub.sdk.connector import Capabilities, Destination
from hub.sdk.records import Answer, Batch, Fact, Json, NotApplied, Row, Target, Verdict
from hub.sdk.settings import AudienceSettings, Settings
from tests.support.walks.accounts import AccountSettings
from tests.support.walks.vendor_hubspot import PORTALS, Conflict, Portal


class HubspotTarget(Settings):
    """Where an audience stands."""

    list: str


class HubspotDestination(Destination[AccountSettings, HubspotTarget]):
    """Contacts and static lists."""

    name = "walk_hubspot"
    settings_model = AccountSettings
    target_model = HubspotTarget
    capabilities: ClassVar = Capabilities(
        address_by=("email",), wire={"email": "lower(value)"}, batch_rows=3, settles_within=timedelta(minutes=5),
        evidence="row",
    )  # fmt: skip

    def check(self) -> Iterable[Fact]:
        """Say how many contacts there are."""
        yield Fact("ok", f"{len(self._portal.contacts)} contacts.")

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """A list cannot be filled before its contacts exist."""
        assert isinstance(audience.target, HubspotTarget)
        contact = Target("contacts", "object", fields=True, may_remove=False)
        return [contact, Target(f"list/{audience.target.list}", "membership", depends_on=contact.key)]

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        """Write contacts or change a list."""
        del handle
        return self._contacts(batch) if target.kind == "object" else self._list(target.key, batch)

    def resolve(self, rows: Sequence[Row]) -> Mapping[str, str]:
        """Search for records by address, for those whose id never came back."""
        found = {row.key: self._portal.search(row.wire["email"]) for row in rows}
        return {key: record for key, record in found.items() if record}

    def _contacts(self, batch: Batch) -> Answer:
        """The row's key is its trace id; a record that shows another address is there, but its id is not certain."""
        inputs = [(row.key, row.wire["email"], {**row.fields, "email": row.wire["email"]}) for row in batch.rows]
        try:
            written = self._portal.upsert(inputs)
        except Conflict:
            return NotApplied(code="duplicate")
        ids = {address: record for record, address in written.results}
        return [
            Verdict(place, "rejected", written.errors[row.key])
            if row.key in written.errors
            else Verdict(place, "present", vendor_id=ids.get(row.wire["email"]))
            for place, row in enumerate(batch.rows)
        ]

    def _list(self, key: str, batch: Batch) -> Answer:
        """A record that is missing is certainly on no list."""
        records = [row.vendor_id for row in batch.rows if row.vendor_id]
        removed = batch.op == "remove"
        missing = self._portal.change_list(key, [] if removed else records, records if removed else [])
        return [self._listed(place, row, missing, removed=removed) for place, row in enumerate(batch.rows)]

    def _listed(self, place: int, row: Row, missing: Sequence[str], *, removed: bool) -> Verdict:
        if removed:
            return Verdict(place, "absent", vendor_id=row.vendor_id)
        if row.vendor_id is None or row.vendor_id in missing:
            return Verdict(place, "rejected", "no such record")
        return Verdict(place, "present", vendor_id=row.vendor_id)

    @property
    def _portal(self) -> Portal:
        return PORTALS[self.settings.account]
