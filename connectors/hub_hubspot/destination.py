"""What the hub calls to keep contacts and static lists equal to audiences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from functools import cached_property
from http import HTTPStatus
from typing import ClassVar

from hub.sdk.connector import ANY_ADDRESS, Capabilities, Destination
from hub.sdk.errors import ConfigError, RetryLater, StopConnection, Unanswered
from hub.sdk.records import Answer, Batch, Fact, Json, Observed, Row, Suppression, Target, Verdict
from hub.sdk.settings import AudienceSettings
from hub_hubspot.client import Client
from hub_hubspot.contacts import BATCH, WRITE, Contact, Contacts, Rules
from hub_hubspot.facts import writing
from hub_hubspot.fields import check_names, check_writable, ensure, properties_of
from hub_hubspot.lists import Lists
from hub_hubspot.people import OPTED_OUT, emails
from hub_hubspot.settings import HubspotSettings, HubspotTarget
from hub_hubspot.values import identity, properties


class HubspotDestination(Destination[HubspotSettings, HubspotTarget]):
    """Contacts with their properties, and one static list per audience."""

    name = "hubspot"
    settings_model = HubspotSettings
    target_model = HubspotTarget
    capabilities: ClassVar = Capabilities(
        address_by=(ANY_ADDRESS,),
        wire={"email": "lower(value)"},
        batch_rows=BATCH,
        evidence="row",
        settles_within=timedelta(minutes=5),
        read_back="full",
    )

    def check(self) -> Iterable[Fact]:
        """Say who we are, what may be written, and which lists and properties there are."""
        return writing(self._client, self.settings)

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """Name the contacts as objects, and the list as a membership of them."""
        target = _target(audience)
        check_names(audience.fields, target.id_property, audience.name)
        if (target.id_property == "email") != (tuple(audience.match_on) == ("email",)) or len(audience.match_on) != 1:
            raise ConfigError(
                f'audience "{audience.name}" matches on {", ".join(audience.match_on)} by {target.id_property}.',
                hint='Give match_on = ["email"], or another single namespace with the id_property that holds it.',
            )
        key = "contacts" if target.id_property == "email" else f"contacts/{target.id_property}"
        contact = Target(key, "object", fields=True, may_remove=False)
        return [contact, Target(f"list/{target.list}", "membership", depends_on=contact.key)]

    def open(self, target: Target, audience: AudienceSettings, plan_id: str, total: int) -> Json:  # noqa: ARG002 - the contract
        """Find the list, which is made when its name is missing, or see that properties can be written."""
        wanted = _target(audience)
        if target.kind == "object":
            known = properties_of(self._client)
            check_writable(known, audience.fields, create=wanted.create_properties)
            by = wanted.id_property
            if by != "email" and not (by in known and known[by].unique):
                raise StopConnection(f"HubSpot has no property {by} with unique values.", hint="Mend id_property.")
        rules = Rules(
            wanted.id_property,
            audience.match_on[0],
            wanted.new_contacts,
            audience.consent.purpose if audience.consent else "marketing",
            wanted.subscription,
            None if target.kind == "object" else Lists(self._client).wanted(wanted.list).key,
        )
        return asdict(rules)

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        """Write contacts, or change the list."""
        rules = _rules(handle)
        contacts = Contacts(self._client, rules)
        if target.kind == "membership":
            return self._list(contacts, rules, batch)
        if batch.op == "remove":
            raise StopConnection("Contacts of HubSpot are never removed.", hint="This is an error of the hub.")
        return contacts.write(batch.rows, ensure(self._client, properties_of(self._client), batch.rows))

    def read_back(self, target: Target, handle: Json) -> Iterator[Observed]:
        """Yield all contacts, or those on the list, by each of their addresses, opted out or not."""
        rules = _rules(handle)
        if target.kind == "object":
            names = ["email", "hs_additional_emails", OPTED_OUT, rules.id_property]
            for found, _ in self._client.listed("contacts", names):
                keys = [identity(each.get("id"), "id") for each in found if isinstance(each, Mapping)]
                yield from self._observed(rules, keys)
            return
        part: list[str] = []
        for key in Lists(self._client).members(str(rules.list)):
            part.append(key)
            if len(part) == BATCH:
                yield from self._observed(rules, part)
                part = []
        yield from self._observed(rules, part)

    def resolve(self, rows: Sequence[Row]) -> Mapping[str, str]:
        """Find record ids by address."""
        named = [row for row in rows if "email" in row.wire]
        found: dict[str, str] = {}
        for place in range(0, len(named), BATCH):
            part = named[place : place + BATCH]
            there = Contacts(self._client, Rules()).by_value([row.wire["email"] for row in part])
            found |= {row.key: there[row.wire["email"].lower()].key for row in part if row.wire["email"].lower() in there}
        return found

    def erase(self, rows: Sequence[Row]) -> Sequence[Verdict]:
        """Delete contacts for good; HubSpot blocks an address that it does not know, too."""
        return [self._erased(index, row) for index, row in enumerate(rows)]

    @cached_property
    def _client(self) -> Client:
        return Client(self.settings, self.context.connection)

    def _list(self, contacts: Contacts, rules: Rules, batch: Batch) -> Sequence[Verdict]:
        there = _there(contacts, rules, batch.rows)
        removed = batch.op == "remove"
        ids = {index: contact.key for index, contact in there.items() if removed or not contact.opted_out}
        if removed:  # an id that no contact has any more may still be on the list
            ids |= {index: row.vendor_id for index, row in enumerate(batch.rows) if row.vendor_id and index not in ids}
        keys = list(dict.fromkeys(ids.values()))
        missing = Lists(self._client).change(str(rules.list), *(([], keys) if removed else (keys, []))) if keys else ()
        return [_listed(index, batch.op, contacts, there.get(index), missing) for index in range(len(batch.rows))]

    def _observed(self, rules: Rules, keys: Sequence[str]) -> Iterator[Observed]:
        names = ["email", "hs_additional_emails", rules.id_property]
        contacts = Contacts(self._client, rules).by_id(keys)
        for each in self._client.some("contacts", keys, names):
            if not isinstance(each, Mapping):
                continue
            held = properties(each)
            values = emails(held) if rules.id_property == "email" else [str(held.get(rules.id_property) or "")]
            key = identity(each.get("id"), "id")
            out = key in contacts and contacts[key].opted_out
            told = Suppression("email", rules.purpose) if out else None
            for value in values:
                wire = {rules.namespace: value.lower() if rules.id_property == "email" else value}
                if value:
                    yield Observed(wire, "suppressed" if out else "present", key, told)

    def _erased(self, index: int, row: Row) -> Verdict:
        if not row.vendor_id and "email" not in row.wire:
            return Verdict(index, "rejected", "no_address")
        body: Json = {"objectId": row.vendor_id} if row.vendor_id else {"objectId": row.wire["email"], "idProperty": "email"}
        try:
            response = self._client.sent("POST", self._client.paths.objects("contacts", "/gdpr-delete"), WRITE, body)
        except RetryLater as error:
            return Verdict(index, "retry", "later", after=error.after)
        except Unanswered:
            return Verdict(index, "unknown", "no_answer")
        if response.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT}:
            return Verdict(index, "rejected", f"http_{response.status}")
        return Verdict(index, "absent", vendor_id=row.vendor_id)


def _there(contacts: Contacts, rules: Rules, rows: Sequence[Row]) -> Mapping[int, Contact]:
    """Contacts of rows: by the record id that is remembered, else by what people are matched by."""
    by_id = contacts.by_id([row.vendor_id for row in rows if row.vendor_id])
    known = {index: by_id[row.vendor_id] for index, row in enumerate(rows) if row.vendor_id and row.vendor_id in by_id}
    rest = {index: rules.value(row) for index, row in enumerate(rows) if index not in known}
    by_value = contacts.by_value([*rest.values()])
    return known | {index: by_value[value.lower()] for index, value in rest.items() if value.lower() in by_value}


def _listed(index: int, op: str, contacts: Contacts, found: Contact | None, missing: Iterable[str]) -> Verdict:
    if op == "remove":
        return Verdict(index, "absent", vendor_id=found.key if found else None)
    if found is None or found.key in missing:
        return Verdict(index, "rejected", "no_such_contact")
    return contacts.suppressed(index, found) if found.opted_out else Verdict(index, "present", vendor_id=found.key)


def _rules(handle: Json) -> Rules:
    if isinstance(handle, Mapping):
        return Rules(**{str(name): None if value is None else str(value) for name, value in handle.items()})  # type: ignore[arg-type]
    raise StopConnection("HubSpot got no handle from open().", hint="This is an error of the hub.")


def _target(audience: AudienceSettings) -> HubspotTarget:
    if isinstance(audience.target, HubspotTarget):
        return audience.target
    raise ConfigError(f'audience "{audience.name}" has no target for HubSpot.', hint='Give { list = "..." }.')
