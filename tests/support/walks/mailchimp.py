"""Walk 3, Mailchimp as a destination: contacts with errors per address, and a tag that needs the contact."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from hub.sdk.connector import Capabilities, Destination
from hub.sdk.records import Answer, Batch, Fact, Json, Observed, Suppression, Target, Verdict
from hub.sdk.settings import AudienceSettings, Settings
from tests.support.walks.accounts import AccountSettings
from tests.support.walks.vendor_mailchimp import LISTS, MailingList

OPTED_OUT = "Member In Compliance State"


class MailchimpTarget(Settings):
    """Where an audience stands."""

    tag: str


class MailchimpDestination(Destination[AccountSettings, MailchimpTarget]):
    """Contacts of a list, and one tag per audience."""

    name = "walk_mailchimp"
    settings_model = AccountSettings
    target_model = MailchimpTarget
    capabilities: ClassVar = Capabilities(
        address_by=("email",), wire={"email": "lower(value)"}, batch_rows=3, settles_within=timedelta(minutes=5),
        evidence="row", read_back="full", removal="tag",
    )  # fmt: skip

    def check(self) -> Iterable[Fact]:
        """Say how many contacts there are."""
        yield Fact("ok", f"{len(self._list.members)} contacts.")

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """A contact stays when somebody leaves the segment; its tag goes."""
        assert isinstance(audience.target, MailchimpTarget)
        contact = Target("list", "object", fields=True, may_remove=False)
        return [contact, Target(f"list/tag/{audience.target.tag}", "membership", depends_on=contact.key)]

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        """Match the errors by address; the tag's answer says for whom it was done."""
        del handle
        addresses = [row.wire["email"] for row in batch.rows]
        if target.kind == "object":
            errors = self._list.post_members({row.wire["email"]: row.fields for row in batch.rows})
            found = {address.lower(): error for address, error in errors.items()}
            return [_contact(place, found.get(address)) for place, address in enumerate(addresses)]
        tag, removed = target.key.rpartition("/")[2], batch.op == "remove"
        done = self._list.post_tag(tag, [] if removed else addresses, addresses if removed else [])
        return [_tagged(place, removed=removed, done=address in done) for place, address in enumerate(addresses)]

    def read_back(self, target: Target, handle: Json) -> Iterator[Observed]:
        """Yield all contacts, or all carriers of a tag."""
        del handle
        tag = target.key.rpartition("/")[2]
        found = self._list.members if target.kind == "object" else self._list.tags.get(tag, set())
        return iter([Observed({"email": address}, "present") for address in found])

    @property
    def _list(self) -> MailingList:
        return LISTS[self.settings.account]


def _contact(place: int, error: str | None) -> Verdict:
    if error is None:
        return Verdict(place, "present")
    if error == OPTED_OUT:
        return Verdict(place, "suppressed", error, suppression=Suppression("email", "marketing", datetime.now(UTC)))
    return Verdict(place, "rejected", error)


def _tagged(place: int, *, removed: bool, done: bool) -> Verdict:
    """Somebody who is not on the list carries no tag: fine when it was to go, and no success when it was to come."""
    if removed:
        return Verdict(place, "absent")
    return Verdict(place, "present") if done else Verdict(place, "rejected", "not on the list")
