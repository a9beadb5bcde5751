"""Writing contacts so that nobody who opted out is ever subscribed again.

One request per contact, several side by side: `PUT` with `status_if_new` for those who may be created, which Mailchimp
applies to new contacts alone, and `PATCH` without a status for all others. `POST /lists/{id}` takes 500 at once, but a
row's `status` there overwrites that of a member who exists, so it is not used; see README.md.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import md5
from threading import Event

from hub.sdk.errors import HubError, RetryLater, StopConnection, Unanswered
from hub.sdk.records import Json, Row, Verdict
from hub_mailchimp.client import CONNECTIONS, Client, Reply
from hub_mailchimp.merge_fields import encode
from hub_mailchimp.verdicts import of_member, of_problem

_NEEDS_CONSENT = frozenset({"subscribed", "pending"})


def member_path(list_id: str, address: str) -> str:
    """Return the path of a member: the MD5 of the lower-cased address, as the vendor prescribes."""
    hashed = md5(address.lower().encode(), usedforsecurity=False).hexdigest()
    return f"/lists/{list_id}/members/{hashed}"


@dataclass(frozen=True, slots=True)
class Contacts:
    """One list, its merge fields (tag -> type) and the status that new contacts get."""

    client: Client
    list_id: str
    new_contacts: str
    types: Mapping[str, str]

    def write(self, rows: Sequence[Row]) -> Sequence[Verdict]:
        """Write rows. Raises what the first request raised when nothing at all can have been applied."""
        sending = _Sending(self)
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            verdicts = list(pool.map(sending.one, range(len(rows)), rows))
        if sending.errors and all(verdict.outcome == "retry" for verdict in verdicts):
            raise sending.errors[0]
        return verdicts

    def send(self, index: int, row: Row) -> Verdict:
        """Write one row and judge the answer."""
        creates = self.may_create(row)
        answer = self._request(row, creates=creates)
        if answer.status == Reply.OK:
            return of_member(index, answer.body)
        if answer.status != Reply.MISSING:
            return of_problem(index, row, answer.status, answer.body)
        if creates:
            raise StopConnection(
                f"Mailchimp no longer knows the list {self.list_id}.", hint="Run again; if it was deleted, mend target."
            )
        return Verdict(index, "rejected", "not_in_list" if self.new_contacts == "never" else "no_consent")

    def may_create(self, row: Row) -> bool:
        """Say whether this person may be put on the list when they are not there."""
        return self.new_contacts != "never" and (row.consented or self.new_contacts not in _NEEDS_CONSENT)

    def _request(self, row: Row, *, creates: bool) -> Reply:
        address = row.wire["email"]
        path, params = member_path(self.list_id, address), {"skip_merge_validation": "true"}
        values: Json = encode(row.fields, self.types)
        if creates:
            body = {"email_address": address, "status_if_new": self.new_contacts, "merge_fields": values}
            return self.client.write("PUT", path, body, params)
        if values:
            return self.client.write("PATCH", path, {"merge_fields": values}, params)
        return self.client.read(path, {"fields": "contact_id,status,last_changed"})


@dataclass(slots=True)
class _Sending:
    """Rows on their way; the first request that fails for all of them halts the rest."""

    contacts: Contacts
    halt: Event = field(default_factory=Event)
    errors: list[HubError] = field(default_factory=list)

    def one(self, index: int, row: Row) -> Verdict:
        if self.halt.is_set():
            return Verdict(index, "retry", "not_sent")
        try:
            return self.contacts.send(index, row)
        except RetryLater as error:
            return self._halted(error, Verdict(index, "retry", "throttled", after=error.after))
        except Unanswered as error:
            return self._halted(error, Verdict(index, "unknown", "no_answer"))
        except StopConnection as error:
            return self._halted(error, Verdict(index, "retry", "refused"))

    def _halted(self, error: HubError, verdict: Verdict) -> Verdict:
        self.errors.append(error)
        self.halt.set()
        return verdict
