"""A list (Mailchimp's "audience") with its members, segments and merge fields: the state behind the sandbox."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import md5

from hub.sdk.records import Json
from hub_mailchimp.sandbox.fields import MergeField, checked
from hub_mailchimp.sandbox.problems import compliance, exists, forgotten, invalid, not_found, rejected

SETTABLE = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")
_ADDRESS = re.compile(r"[^@\s,]+@[^@\s,]+\.[A-Za-z]{2,}")
_FAKE_DOMAINS = ("example.com", "example.net", "example.org", "test.com")
_FAKE = "{} looks fake or invalid, please enter a real email address."


def digest(text: str) -> str:
    """Return the MD5 that Mailchimp makes ids from; of a member: of the lower-cased address."""
    return md5(text.lower().encode(), usedforsecurity=False).hexdigest()


@dataclass
class Member:
    """A contact. `opted_out`: by their own act or a bounce, so that no API call may subscribe them again."""

    number: int
    address: str
    status: str
    values: dict[str, Json] = field(default_factory=dict)
    opted_out: bool = False
    changed: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def id(self) -> str:
        """The subscriber hash."""
        return digest(self.address)

    @property
    def contact_id(self) -> str:
        """An id that does not change with the address."""
        return digest(f"contact/{self.number}")


@dataclass
class Segment:
    """A static segment, which Mailchimp's pages call a tag. `members` are subscriber hashes, in order of arrival."""

    id: int
    name: str
    members: dict[str, None] = field(default_factory=dict)


@dataclass
class MailingList:
    """One list; `members` by hash, `contacts` by contact id. All methods raise Problem where Mailchimp would refuse."""

    id: str
    name: str
    members: dict[str, Member] = field(default_factory=dict)
    contacts: dict[str, Member] = field(default_factory=dict)
    segments: dict[int, Segment] = field(default_factory=dict)
    fields: dict[str, MergeField] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    last_number: int = 0

    def find(self, reference: str) -> Member | None:
        """Find a member by subscriber hash, address or contact id."""
        by_hash = self.members.get(reference)
        if by_hash is not None or "@" in reference:
            return by_hash or self.members.get(digest(reference))
        return self.contacts.get(reference)

    def member(self, reference: str) -> Member:
        """Find a member, or refuse with 404."""
        found = self.find(reference)
        if found is None:
            raise not_found()
        return found

    def segment(self, reference: str) -> Segment:
        """Find a segment by its id, or refuse with 404."""
        found = self.segments.get(int(reference)) if reference.isdecimal() else None
        if found is None:
            raise not_found()
        return found

    def named(self, name: str) -> Segment | None:
        """Find a segment by its name; upper and lower case are the same."""
        return next((s for s in self.segments.values() if s.name.casefold() == name.casefold()), None)

    def create(self, body: Mapping[str, Json], status: Json, *, skip: bool) -> Member:
        """Add a contact who is not here; one who was archived comes back with the new status."""
        address = _address(body.get("email_address"))
        if digest(address) in self.forgotten:
            raise forgotten(address)
        archived = self.find(digest(address))
        if archived is not None:
            return self.change(archived, {**body, "status": status}, skip=skip)
        values = checked(self.fields, body.get("merge_fields", {}), {}, skip=skip)
        self.last_number += 1
        made = Member(self.last_number, address, _status(status), values)
        self.members[made.id] = self.contacts[made.contact_id] = made
        return made

    def change(self, member: Member, body: Mapping[str, Json], *, skip: bool) -> Member:
        """Write a contact's status, address and fields; what is absent stays."""
        status = _status(body["status"]) if "status" in body else member.status
        if member.opted_out and status in {"subscribed", "transactional"}:
            raise compliance(member.address)
        values = checked(self.fields, body.get("merge_fields", {}), member.values, skip=skip)
        if "email_address" in body:
            self._rename(member, _address(body["email_address"]))
        member.status, member.values, member.changed = status, values, datetime.now(UTC)
        return member

    def upsert(self, reference: str, body: Mapping[str, Json], *, skip: bool) -> Member:
        """Do what PUT does: `status_if_new` counts for new contacts alone, `status` changes those who are here."""
        member = self.find(reference)
        if member is not None:
            return self.change(member, body, skip=skip)
        address = _address(body.get("email_address"))
        if reference not in {digest(address), address}:
            raise invalid("subscriber_hash", "The hash is not that of the lower-cased email_address.")
        return self.create(body, body.get("status_if_new", body.get("status")), skip=skip)

    def forget(self, member: Member) -> None:
        """Delete for good; the address cannot be imported again."""
        self.forgotten.add(member.id)
        del self.contacts[member.contact_id]
        self._drop(member.id)

    def archive(self, member: Member) -> None:
        """Take a contact off the list without forgetting them."""
        member.status, member.changed = "archived", datetime.now(UTC)

    def tag(self, segment: Segment, addresses: Iterable[Json]) -> list[Member]:
        """Add addresses to a segment; those not on the list, archived or already in it are ignored in silence."""
        found = [self.find(digest(str(address))) for address in addresses]
        new = [m for m in found if m and m.status != "archived" and m.id not in segment.members]
        segment.members |= dict.fromkeys(m.id for m in new)
        return new

    def untag(self, segment: Segment, addresses: Iterable[Json]) -> list[Member]:
        """Take addresses out of a segment; those not in it are ignored in silence."""
        found = [self.find(digest(str(address))) for address in addresses]
        gone = [m for m in found if m and m.id in segment.members]
        for member in gone:
            del segment.members[member.id]
        return gone

    def add_segment(self, name: str) -> Segment:
        """Create a static segment; a name differing only in case is refused."""
        if self.named(name):
            raise rejected("Sorry, that tag already exists.")
        made = Segment(max(self.segments, default=1000) + 1, name)
        self.segments[made.id] = made
        return made

    def _rename(self, member: Member, address: str) -> None:
        if digest(address) == member.id:
            return
        if digest(address) in self.members:
            raise exists(address)
        inside = [segment for segment in self.segments.values() if member.id in segment.members]
        self._drop(member.id)
        member.address = address
        self.members[member.id] = member
        for segment in inside:
            segment.members[member.id] = None

    def _drop(self, key: str) -> None:
        del self.members[key]
        for segment in self.segments.values():
            segment.members.pop(key, None)


def _address(value: Json) -> str:
    if not isinstance(value, str) or not value:
        raise invalid("email_address", "This value should not be blank.")
    if not _ADDRESS.fullmatch(value):
        raise rejected("Please provide a valid email address.")
    local, domain = value.lower().rsplit("@", 1)
    if domain in _FAKE_DOMAINS or local == "test" or domain.endswith((".test", ".invalid")):
        raise rejected(_FAKE.format(value))
    return value


def _status(value: Json) -> str:
    if not isinstance(value, str) or value not in SETTABLE:
        raise invalid("status", f"Data presented is not one of the accepted values: {', '.join(SETTABLE)}.")
    return value
