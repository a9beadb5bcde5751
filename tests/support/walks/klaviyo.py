"""Walk 7, Klaviyo as a destination: profiles by a bulk job that is polled, lists by the ids that it gave."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import ClassVar

from hub.sdk.connector import Capabilities, Destination
from hub.sdk.records import Accepted, Answer, Batch, Fact, Json, NotApplied, Target, Verdict
from hub.sdk.settings import AudienceSettings, Settings
from tests.support.walks.accounts import AccountSettings
from tests.support.walks.vendor_klaviyo import KLAVIYOS, BadRequest, KlaviyoAccount


class KlaviyoTarget(Settings):
    """Where an audience stands."""

    list: str


class KlaviyoDestination(Destination[AccountSettings, KlaviyoTarget]):
    """Profiles and lists."""

    name = "walk_klaviyo"
    settings_model = AccountSettings
    target_model = KlaviyoTarget
    capabilities: ClassVar = Capabilities(
        address_by=("email",), wire={"email": "lower(value)"}, batch_rows=4, settles_within=timedelta(hours=1),
        evidence="row", job_check_after=timedelta(),
    )  # fmt: skip

    def check(self) -> Iterable[Fact]:
        """Say how many profiles there are."""
        yield Fact("ok", f"{len(self._account.profiles)} profiles.")

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """Profiles come first: a list wants their ids."""
        assert isinstance(audience.target, KlaviyoTarget)
        profile = Target("profiles", "object", fields=True, may_remove=False)
        return [profile, Target(f"list/{audience.target.list}", "membership", depends_on=profile.key)]

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        """Start an import, or change a list; a request refused for one row names its place."""
        del handle
        if target.kind == "membership":
            return self._list(target.key, batch)
        try:
            return Accepted(job=self._account.bulk_import([(row.wire["email"], row.fields) for row in batch.rows]))
        except BadRequest as error:
            place = int(error.pointer.split("/")[5])
            return NotApplied([Verdict(place, "rejected", "malformed")], "400")

    def poll(self, job: Json, batch: Batch) -> Sequence[Verdict] | Accepted | None:
        """Ask for the job; once it is complete, for its errors and for the ids of the others."""
        found = self._account.jobs[int(str(job))]
        if found.polls:
            found.polls -= 1
            return None
        return [
            Verdict(place, "rejected", found.errors[place])
            if place in found.errors
            else Verdict(place, "present", vendor_id=self._account.ids[row.wire["email"]])
            for place, row in enumerate(batch.rows)
        ]

    def _list(self, key: str, batch: Batch) -> Answer:
        removed = batch.op == "remove"
        self._account.change_list(key, [row.vendor_id for row in batch.rows if row.vendor_id], remove=removed)
        done = Verdict(0, "absent" if removed else "present")
        return [
            Verdict(place, done.outcome if row.vendor_id else "rejected", vendor_id=row.vendor_id)
            for place, row in enumerate(batch.rows)
        ]

    @property
    def _account(self) -> KlaviyoAccount:
        return KLAVIYOS[self.settings.account]
