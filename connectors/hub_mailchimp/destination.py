"""What the hub calls to keep a Mailchimp list and its tags equal to audiences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from hub.sdk.connector import Capabilities, Context, Destination
from hub.sdk.errors import ConfigError, StopConnection, Unanswered
from hub.sdk.records import Answer, Batch, Fact, Json, Observed, Row, Suppression, Target, Verdict
from hub.sdk.settings import AudienceSettings
from hub_mailchimp.account import Account, MailingList
from hub_mailchimp.client import Client, Reply
from hub_mailchimp.contacts import Contacts, member_path
from hub_mailchimp.merge_fields import check_names
from hub_mailchimp.settings import MailchimpSettings, MailchimpTarget
from hub_mailchimp.tags import Tag
from hub_mailchimp.verdicts import HERE, OPTED_OUT, opt_out, vendor_id

_READ_ONLY = frozenset({"author", "viewer"})
_SHOWN = "members.email_address,members.contact_id,members.status,members.last_changed,total_items"


class MailchimpDestination(Destination[MailchimpSettings, MailchimpTarget]):
    """Contacts of a list with their merge fields, and one tag per audience."""

    name = "mailchimp"
    settings_model = MailchimpSettings
    target_model = MailchimpTarget
    capabilities: ClassVar = Capabilities(
        address_by=("email",),
        wire={"email": "lower(value)"},
        batch_rows=500,
        connections=1,
        evidence="row",
        settles_within=timedelta(minutes=5),
        read_back="full",
        removal="tag",
    )

    def __init__(self, settings: MailchimpSettings, context: Context) -> None:
        super().__init__(settings, context)
        self.client = Client(settings)
        self.account = Account(self.client)

    def check(self) -> Iterable[Fact]:
        """Say which account this is, what its key may do, and which lists there are."""
        who = self.client.get("/", {"fields": "account_name,role"})
        role = str(who.get("role"))
        yield Fact("ok", f'Mailchimp account "{who.get("account_name")}", role {role}.')
        if role.lower() in _READ_ONLY:
            yield Fact("error", f"The role {role} cannot change contacts. Use the key of a manager, admin or owner.")
        lists = self.account.lists()
        if not lists:
            yield Fact("error", "The account has no list. Make an audience in Mailchimp first.")
        yield from (Fact("ok", f'List "{found.name}" ({found.id}): {found.contacts:,} contacts.') for found in lists)

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """Name the list as an object, and the tag as a membership of contacts who are on it."""
        target = _target(audience)
        check_names(audience.fields, audience.name)
        contact = Target(f"list/{target.list}", "object", fields=True, may_remove=False)
        tag = Target(f"{contact.key}/tag/{target.tag.casefold()}", "membership", depends_on=contact.key)
        return [contact, tag]

    def open(self, target: Target, audience: AudienceSettings, plan_id: str, total: int) -> Json:  # noqa: ARG002 - the contract
        """Find the list, and its tag, which is made when it is missing. The handle holds their ids."""
        wanted = _target(audience)
        found = self.account.find(wanted.list)
        if target.kind == "membership":
            return {"list": found.id, "segment": self.account.segment(found.id, wanted.tag)}
        self.account.check_room(found.id, audience.fields)
        return {"list": found.id, "new_contacts": wanted.new_contacts}

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        """Write contacts, or a tag."""
        known = _handle(handle)
        if target.kind == "membership":
            return Tag(self.client, str(known["list"]), int(str(known["segment"]))).write(batch)
        if batch.op == "remove":
            raise StopConnection(f"Contacts of {target.key} are never removed.", hint="This is an error of the hub.")
        list_id = str(known["list"])
        types = self.account.fields_for(list_id, batch.rows)
        return Contacts(self.client, list_id, str(known["new_contacts"]), types).write(batch.rows)

    def read_back(self, target: Target, handle: Json) -> Iterator[Observed]:
        """Yield every contact of the list, or every carrier of the tag, whatever their state."""
        known = _handle(handle)
        if target.kind == "object":
            return map(_observed, self._pages(f"/lists/{known['list']}/members", {}))
        hidden = {f"include_{state}": "true" for state in ("cleaned", "transactional", "unsubscribed")}
        return map(_observed, self._pages(f"/lists/{known['list']}/segments/{known['segment']}/members", hidden))

    def erase(self, rows: Sequence[Row]) -> Sequence[Verdict]:
        """Delete people for good in every list of the account; Mailchimp never takes their addresses again by API."""
        lists = self.account.lists()
        return [self._erased(index, row, lists) for index, row in enumerate(rows)]

    def _erased(self, index: int, row: Row, lists: Sequence[MailingList]) -> Verdict:
        for one in lists:
            path = f"{member_path(one.id, row.wire['email'])}/actions/delete-permanent"
            try:
                answer = self.client.write("POST", path, {})
            except Unanswered:
                return Verdict(index, "unknown", "no_answer")
            if answer.status not in (Reply.OK, Reply.MISSING):
                return Verdict(index, "retry", f"http_{answer.status}")
        return Verdict(index, "absent")

    def _pages(self, path: str, params: Mapping[str, str]) -> Iterator[Mapping[str, Json]]:
        return self.client.pages(path, "members", {**params, "fields": _SHOWN})


def _target(audience: AudienceSettings) -> MailchimpTarget:
    if isinstance(audience.target, MailchimpTarget):
        return audience.target
    raise ConfigError(
        f'audience "{audience.name}" has no target for Mailchimp.', hint='Give { list = "...", tag = "..." }.'
    )


def _handle(handle: Json) -> Mapping[str, Json]:
    if isinstance(handle, Mapping):
        return handle
    raise StopConnection("Mailchimp got no handle from open().", hint="This is an error of the hub.")


def _observed(member: Mapping[str, Json]) -> Observed:
    status = member.get("status")
    wire = {"email": str(member.get("email_address")).lower()}
    opted_out: Suppression | None = opt_out(member) if status == OPTED_OUT else None
    return Observed(wire, "present" if status in HERE else "suppressed", vendor_id(member), opted_out)
