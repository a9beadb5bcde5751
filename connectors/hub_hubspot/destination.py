"""What the hub calls to keep contacts and static lists equal to audiences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from functools import cached_property
from http import HTTPStatus
from typing import ClassVar

from hub.sdk.connector import ANY_ADDRESS, Capabilities, Context, Destination
from hub.sdk.errors import ConfigError, RetryLater, StopConnection, Unanswered
from hub.sdk.records import Answer, Batch, Fact, Json, Observed, Row, Target, Verdict
from hub.sdk.settings import AudienceSettings
from hub_hubspot.client import CONTACTS_WRITE, Client, whole
from hub_hubspot.contacts import EMAIL, Contact, Contacts, Rules
from hub_hubspot.facts import writing
from hub_hubspot.fields import Fields, check_names
from hub_hubspot.lists import Lists
from hub_hubspot.settings import HubspotSettings, HubspotTarget
from hub_hubspot.writing import BATCH, GONE, Sorted, Stale, sort, write

_GONE = (HTTPStatus.NO_CONTENT, HTTPStatus.OK, HTTPStatus.NOT_FOUND)


class HubspotDestination(Destination[HubspotSettings, HubspotTarget]):
    """Contacts with their properties, and one static list per audience."""

    name = "hubspot"
    settings_model = HubspotSettings
    target_model = HubspotTarget
    capabilities: ClassVar = Capabilities(
        address_by=(EMAIL, ANY_ADDRESS),
        wire={EMAIL: "lower(value)"},
        batch_rows=BATCH,
        evidence="row",
        settles_within=timedelta(minutes=5),
        read_back="full",
    )

    def __init__(self, settings: HubspotSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._matched = {EMAIL: EMAIL}  # namespace -> the property that holds it, for `resolve`

    def check(self) -> Iterable[Fact]:
        """Say who we are, what may be written, and which lists and properties there are."""
        return writing(self._client, self.settings)

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """Name the contacts as objects, and the list as a membership of them."""
        target = _target(audience)
        by, namespaces = target.id_property, audience.match_on
        check_names(audience.fields, by, audience.name)
        if len(namespaces) != 1 or (by == EMAIL) != (namespaces[0] == EMAIL):
            raise ConfigError(
                f'audience "{audience.name}" matches on {", ".join(namespaces)} by the property {by}.',
                hint='Give match_on = ["email"], or another single namespace with the id_property that holds it.',
            )
        self._matched[namespaces[0]] = by
        contact = Target("contacts" if by == EMAIL else f"contacts/{by}", "object", fields=True, may_remove=False)
        if target.list is None:
            return [contact]
        return [contact, Target(f"list/{target.list}", "membership", depends_on=contact.key)]

    @whole()
    def open(self, target: Target, audience: AudienceSettings, plan_id: str, total: int) -> Json:  # noqa: ARG002 - the contract
        """Find the list, which is made when its name is missing, or see that properties can be written."""
        wanted = _target(audience)
        listed = None
        if target.kind == "membership":
            listed = Lists(self._client).wanted(str(wanted.list)).key
        else:
            self._fields.check(audience.fields, wanted.id_property, create=wanted.create_properties)
        purpose = audience.consent.purpose if audience.consent else "marketing"
        rules = Rules(
            wanted.id_property, audience.match_on[0], wanted.new_contacts, purpose, wanted.subscription, listed
        )
        return asdict(rules)

    @whole()
    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        """Write contacts, or change the list."""
        rules = _rules(handle)
        contacts = Contacts(self._client, rules)
        if target.kind == "membership":
            return (
                self._removed(contacts, rules, batch) if batch.op == "remove" else self._added(contacts, rules, batch)
            )
        if batch.op == "remove":
            raise StopConnection("Contacts of HubSpot are never removed.", hint="This is an error of the hub.")
        todo = sort(batch.rows, contacts.by_value(batch.rows), rules, self._fields.ready(batch.rows))
        return self._written(batch.rows, todo)

    def read_back(self, target: Target, handle: Json) -> Iterator[Observed]:
        """Yield all contacts, or those on the list, by each value they are matched by, opted out or not."""
        rules = _rules(handle)
        contacts = Contacts(self._client, rules)
        with whole():
            if target.kind == "object":
                for found, _ in self._client.listed("contacts", contacts.shown):
                    yield from _observed(contacts.of(found), rules)
            else:
                for ids in Lists(self._client).members(str(rules.list)):
                    there = contacts.by_id(ids)
                    yield from _observed({each.key: each for each in there.values()}.values(), rules)

    @whole()
    def resolve(self, rows: Sequence[Row]) -> Mapping[str, str]:
        """Find record ids by what people are matched by."""
        found: dict[str, str] = {}
        for namespace, by in self._matched.items():
            mine = [row for row in rows if namespace in row.wire]
            there = Contacts(self._client, Rules(by, namespace)).by_value(mine)
            found |= {mine[index].key: contact.key for index, contact in there.items()}
        return found

    def erase(self, rows: Sequence[Row]) -> Sequence[Verdict]:
        """Delete contacts for good, by record id and by address; HubSpot blocks one that it does not know, too."""
        known = self.resolve([row for row in rows if not row.vendor_id and EMAIL not in row.wire])
        return [self._erased(index, row, row.vendor_id or known.get(row.key)) for index, row in enumerate(rows)]

    @cached_property
    def _client(self) -> Client:
        return Client(self.settings, self.context.connection)

    @cached_property
    def _fields(self) -> Fields:
        return Fields(self._client)

    def _written(self, rows: Sequence[Row], todo: Sorted) -> Answer:
        """Write contacts; where a property is gone, the next batch looks for it and makes it anew."""
        try:
            answer = write(self._client, rows, todo)
        except Stale:
            self._fields.forget()
            raise
        if isinstance(answer, Sequence) and any(each.code == GONE for each in answer):
            self._fields.forget()
        return answer

    def _added(self, contacts: Contacts, rules: Rules, batch: Batch) -> Sequence[Verdict]:
        """Put on the list who is there and did not opt out; a record that was merged away is who is left."""
        there = contacts.by_id([row.vendor_id for row in batch.rows if row.vendor_id])
        found = [there.get(row.vendor_id or "") for row in batch.rows]
        keys = list(dict.fromkeys(each.key for each in found if each and not each.out))
        missing = Lists(self._client).change(str(rules.list), keys, []) if keys else frozenset[str]()
        return [_listed(index, each, missing, rules) for index, each in enumerate(found)]

    def _removed(self, contacts: Contacts, rules: Rules, batch: Batch) -> Sequence[Verdict]:
        """Take records off the list by the ids that are remembered, and by those they were merged into."""
        ids = [row.vendor_id for row in batch.rows if row.vendor_id]
        left = [each.key for each in contacts.by_id(ids, asking=False).values()]
        keys = list(dict.fromkeys([*ids, *left]))
        if keys:
            Lists(self._client).change(str(rules.list), [], keys)
        return [Verdict(index, "absent", vendor_id=row.vendor_id) for index, row in enumerate(batch.rows)]

    def _erased(self, index: int, row: Row, key: str | None) -> Verdict:
        named: list[Json] = [{"objectId": key}] if key else []
        named += [{"objectId": row.wire[EMAIL], "idProperty": EMAIL}] if EMAIL in row.wire else []
        if not named and not row.wire.keys() & self._matched.keys():
            return Verdict(index, "rejected", "no_address")
        path = self._client.paths.objects("contacts", "/gdpr-delete")
        try:
            statuses = [self._client.write("POST", path, CONTACTS_WRITE, body).status for body in named]
        except RetryLater as error:
            return Verdict(index, "retry", "throttled", after=error.after)
        except Unanswered:
            return Verdict(index, "unknown", "no_answer")
        refused = next((status for status in statuses if status not in _GONE), None)
        return Verdict(index, "rejected", f"http_{refused}") if refused else Verdict(index, "absent", vendor_id=key)


def _listed(index: int, found: Contact | None, missing: frozenset[str], rules: Rules) -> Verdict:
    if found is None or found.key in missing:
        return Verdict(index, "rejected", "no_such_contact")
    return found.suppressed(index, rules) if found.out else Verdict(index, "present", vendor_id=found.key)


def _observed(contacts: Iterable[Contact], rules: Rules) -> Iterator[Observed]:
    for each in contacts:
        for name in each.names:
            wire = {rules.namespace: rules.form(name)}
            if each.out:
                yield Observed(wire, "suppressed", each.key, each.suppression(rules))
            else:
                yield Observed(wire, "present", each.key)


def _rules(handle: Json) -> Rules:
    if not isinstance(handle, Mapping):
        raise StopConnection("HubSpot got no handle from open().", hint="This is an error of the hub.")
    texts = {name: None if value is None else str(value) for name, value in handle.items()}
    return Rules(
        str(texts["id_property"]),
        str(texts["namespace"]),
        str(texts["new_contacts"]),
        str(texts["purpose"]),
        texts["subscription"],
        texts["list"],
    )


def _target(audience: AudienceSettings) -> HubspotTarget:
    if isinstance(audience.target, HubspotTarget):
        return audience.target
    raise ConfigError(f'audience "{audience.name}" has no target for HubSpot.', hint='Give { list = "..." }.')
