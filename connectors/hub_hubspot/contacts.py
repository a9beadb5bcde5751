"""Contacts: whom an audience's people are in HubSpot, and who of them opted out. Everything here reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.sdk.errors import RetryLater
from hub.sdk.records import Json, Row, Suppression, Verdict
from hub_hubspot.client import CONTACTS, PAGE, Client, rows_of
from hub_hubspot.people import OPTED_OUT, emails, merged
from hub_hubspot.values import Misfit, Object, identity, moment, properties, text

EMAIL = "email"
_SHOWN = (EMAIL, "hs_additional_emails", OPTED_OUT, "hs_merged_object_ids", "hs_calculated_merged_vids")
_NO = frozenset({"UNSUBSCRIBED", "NOT_SUBSCRIBED"})


@dataclass(frozen=True, slots=True)
class Rules:
    """How an audience matches people, creates them and keeps them out; `list` is the list's id. What `open` returns."""

    id_property: str = EMAIL
    namespace: str = EMAIL
    new_contacts: str = "never"
    purpose: str = "marketing"
    subscription: str | None = None
    list: str | None = None

    def value(self, row: Row) -> str:
        """Return what a person is matched by."""
        return row.wire[self.namespace]

    def form(self, value: str) -> str:
        """Return a value as it is compared; addresses are the same in upper and lower case."""
        return value.lower() if self.id_property == EMAIL else value

    def may_create(self, row: Row) -> bool:
        """Say whether this person may become a contact."""
        return self.new_contacts == "all" or (self.new_contacts == "consented" and row.consented)


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact that exists. `names`: what it is matched by; `ids`: its own id, and those of who was merged into it.

    `out`: whether it opted out, and if so `when` at the latest.
    """

    key: str
    names: Sequence[str]
    addresses: Sequence[str]
    ids: Sequence[str]
    out: bool
    when: datetime | None = None

    def suppressed(self, index: int, rules: Rules) -> Verdict:
        """Say of a row that HubSpot knows an opt-out."""
        return Verdict(index, "suppressed", "opted_out", vendor_id=self.key, suppression=self.suppression(rules))

    def suppression(self, rules: Rules) -> Suppression:
        """Return the opt-out, which is one of e-mail."""
        return Suppression(EMAIL, rules.purpose, self.when)


class Contacts:
    """The contacts of an account, by one audience's rules. Raises RetryLater where HubSpot does not tell of all."""

    def __init__(self, client: Client, rules: Rules) -> None:
        self._client = client
        self._rules = rules

    def by_value(self, rows: Sequence[Row]) -> Mapping[int, Contact]:
        """Find the contacts of rows by what people are matched by: index of a row -> contact."""
        values = dict.fromkeys(self._rules.form(self._rules.value(row)) for row in rows)
        found: dict[str, Contact] = {}
        for contact in self._read([*values], self._rules.id_property):
            found |= {self._rules.form(name): contact for name in contact.names}
        forms = [self._rules.form(self._rules.value(row)) for row in rows]
        return {index: found[form] for index, form in enumerate(forms) if form in found}

    def by_id(self, ids: Sequence[str], *, asking: bool = True) -> Mapping[str, Contact]:
        """Find contacts by record id, a merged-away one as who is left. `asking`: what they unsubscribed from, too."""
        found = self._read(list(dict.fromkeys(ids)), None)
        return {key: contact for contact in (self._told(found) if asking else found) for key in contact.ids}

    def of(self, found: Sequence[Json]) -> Sequence[Contact]:
        """Return the contacts of objects that were read otherwise, without what they unsubscribed from."""
        return [self._contact(each) for each in found if isinstance(each, Mapping)]

    @property
    def shown(self) -> Sequence[str]:
        """Names of the properties that a contact is made of."""
        return list(dict.fromkeys((*_SHOWN, self._rules.id_property, "lastmodifieddate")))

    def _read(self, ids: Sequence[str], by: str | None) -> Sequence[Contact]:
        return [contact for start in range(0, len(ids), PAGE) for contact in self._part(ids[start : start + PAGE], by)]

    def _part(self, ids: Sequence[str], by: str | None) -> Sequence[Contact]:
        inputs: list[Json] = [{"id": each} for each in ids]
        body: dict[str, Json] = {"inputs": inputs, "properties": self.shown, **({"idProperty": by} if by else {})}
        response = self._client.ask("POST", self._client.paths.objects("contacts", "/batch/read"), CONTACTS, body)
        errors = response.json_object().get("errors")
        problems = errors if isinstance(errors, list) else []
        if any(not isinstance(each, Mapping) or each.get("category") != "OBJECT_NOT_FOUND" for each in problems):
            raise RetryLater("HubSpot did not read all contacts that were asked for.")
        return self.of(rows_of(response))

    def _contact(self, found: Object) -> Contact:
        held, key = properties(found), identity(found.get("id"), "id")
        addresses = emails(held)
        own = text(held, self._rules.id_property)
        return Contact(
            key,
            addresses if self._rules.id_property == EMAIL else [own] if own else [],
            addresses,
            [*merged(found), key],
            held.get(OPTED_OUT) == "true",
            moment(held.get("lastmodifieddate"), "updated_at"),
        )

    def _told(self, contacts: Sequence[Contact]) -> Sequence[Contact]:
        """Ask what contacts unsubscribed from, where the audience is of a type of subscription."""
        asked = [address for each in contacts for address in each.addresses]
        if not self._rules.subscription or not asked:
            return contacts
        answers, untold = self._client.statuses(list(dict.fromkeys(asked)))
        if untold:
            raise RetryLater("HubSpot did not tell what all contacts are subscribed to.")
        said = dict(noes(answers, self._rules.subscription))
        return [_with_no(each, said) for each in contacts]


def noes(answers: Sequence[Json], subscription: str) -> Iterator[tuple[str, datetime | None]]:
    """Yield the addresses, in lower case, that unsubscribed from a type (name or id), and when.

    Raises:
        Misfit: an answer is not what HubSpot documents, so that somebody's no could be in it.
    """
    for answer in answers:
        statuses = answer.get("statuses") if isinstance(answer, Mapping) else None
        if not isinstance(answer, Mapping) or not isinstance(statuses, list):
            raise Misfit("statuses", "a list")
        for each in statuses:
            if not isinstance(each, Mapping):
                raise Misfit("statuses", "objects")
            named = {str(each.get("subscriptionId")), str(each.get("subscriptionName")).casefold()}
            if subscription.casefold() in named and each.get("status") in _NO:
                address = each.get("subscriberIdString") or answer.get("subscriberIdString")
                yield str(address).lower(), moment(each.get("timestamp"), "occurred_at")


def _with_no(contact: Contact, said: Mapping[str, datetime | None]) -> Contact:
    mine = [address.lower() for address in contact.addresses if address.lower() in said]
    if contact.out or not mine:
        return contact
    return Contact(contact.key, contact.names, contact.addresses, contact.ids, out=True, when=said[mine[0]])
