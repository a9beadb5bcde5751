"""Walk 6, Google as a destination: consent per request, requests refused for one member, jobs that tell counts."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import ClassVar

from hub.sdk.connector import Capabilities, Destination
from hub.sdk.records import Accepted, Answer, Batch, Fact, Json, NotApplied, Target, Verdict
from hub.sdk.settings import AudienceSettings, NoTarget
from tests.support.walks.accounts import AccountSettings
from tests.support.walks.vendor_google import USER_LISTS, InvalidArgument, UserList


class GoogleDestination(Destination[AccountSettings, NoTarget]):
    """One user list."""

    name = "walk_google"
    settings_model = AccountSettings
    capabilities: ClassVar = Capabilities(
        address_by=("email",), wire={"email": "sha256(value)"}, batch_rows=4, settles_within=timedelta(hours=24),
        evidence="request", partition_by_consent=True, job_check_after=timedelta(minutes=30),
    )  # fmt: skip

    def check(self) -> Iterable[Fact]:
        """Say that it is there."""
        yield Fact("ok", "User list found.")

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """A membership by hashes."""
        return [Target(f"list/{audience.name}", "membership")]

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        """Send one request; all its rows have the same consent, and none is applied when one is bad."""
        del target, handle
        consent = "CONSENT_GRANTED" if all(row.consented for row in batch.rows) else "CONSENT_STATUS_UNSPECIFIED"
        hashes = [row.wire["email"] for row in batch.rows]
        try:
            return Accepted(job=self._list.send("remove" if batch.op == "remove" else "ingest", hashes, consent))
        except InvalidArgument as error:
            if error.index is None:
                return NotApplied(code=error.reason)
            return NotApplied([Verdict(error.index, "rejected", error.reason)], error.reason)

    def poll(self, job: Json, batch: Batch) -> Sequence[Verdict] | Accepted | None:
        """A finished job tells how many, never who."""
        if self._list.jobs[str(job)] == "PROCESSING":
            return None
        return Accepted(counts={"processed": len(batch.rows)})

    @property
    def _list(self) -> UserList:
        return USER_LISTS[self.settings.account]
