"""Writing contacts: who is there is found first, and changed by their record id, so that nobody is ever renamed.

Who is not there is upserted by their id, together with their address, where they may be created: HubSpot takes no
partial upserts by e-mail. Opt-outs are read before anything is written.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from hub.sdk.errors import BadData, RetryLater
from hub.sdk.http import Response
from hub.sdk.records import Answer, Json, NotApplied, Row, Suppression, Verdict
from hub_hubspot.client import Client, code, rows_of
from hub_hubspot.fields import READ, Property, encode
from hub_hubspot.people import OPTED_OUT, emails, merged
from hub_hubspot.values import Misfit, Object, identity, properties

WRITE = "crm.objects.contacts.write"
BATCH = 100  # the most that a batch may hold
_LATER = frozenset({"RATE_LIMITS", "OBJECT_NOT_FOUND", "INTERNAL_ERROR", "CONFLICT"})
_NO = frozenset({"UNSUBSCRIBED", "NOT_SUBSCRIBED"})


@dataclass(frozen=True, slots=True)
class Rules:
    """How an audience matches, creates and keeps out; this is the handle of `open`."""

    id_property: str = "email"
    namespace: str = "email"
    new_contacts: str = "never"
    purpose: str = "marketing"
    subscription: str | None = None
    list: str | None = None

    def value(self, row: Row) -> str:
        """Return what identifies a person in HubSpot."""
        return row.wire[self.namespace]

    def may_create(self, row: Row) -> bool:
        """Whether this person may become a contact."""
        return self.new_contacts == "all" or (self.new_contacts == "consented" and row.consented)


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact that exists: its record id, its addresses, and whether it opted out of what the audience is for."""

    key: str
    addresses: Sequence[str]
    opted_out: bool


class Contacts:
    """The contacts of an account, for one audience's rules."""

    def __init__(self, client: Client, rules: Rules) -> None:
        self._client = client
        self._rules = rules

    def write(self, rows: Sequence[Row], known: Mapping[str, Property]) -> Answer:
        """Change who is there, create who may be, and say what became of each."""
        there = self.by_value([self._rules.value(row) for row in rows])
        verdicts, updates, creations = list[Verdict](), dict[int, Json](), dict[int, Json]()
        for index, row in enumerate(rows):
            found = there.get(self._rules.value(row).lower())
            try:
                values = encode(row.fields, known)
            except Misfit as misfit:
                verdicts.append(Verdict(index, "rejected", f"invalid_property:{misfit.field}"))
                continue
            if found and found.opted_out:
                verdicts.append(self.suppressed(index, found))
            elif found and not (values.keys() - {"email"}):
                verdicts.append(Verdict(index, "present", vendor_id=found.key))
            elif found:
                values.pop("email", None)  # a contact that exists is not renamed
                updates[index] = {"id": found.key, "properties": values, "objectWriteTraceId": _trace(index)}
            elif self._rules.may_create(row):
                creations[index] = self._creation(index, row, values)
            else:
                refused = "not_in_hubspot" if self._rules.new_contacts == "never" else "no_consent"
                verdicts.append(Verdict(index, "rejected", refused))
        for path, inputs in (("/batch/update", updates), ("/batch/upsert", creations)):
            answer = self._sent(path, inputs, rows)
            if isinstance(answer, NotApplied):  # what was written before goes again, which changes nothing
                return answer
            verdicts += answer
        return verdicts

    def by_value(self, values: Sequence[str]) -> Mapping[str, Contact]:
        """Find contacts by the property that people are matched by: value in lower case -> contact."""
        by = self._rules.id_property
        found = self._read([{"id": value} for value in values], by)
        named = ((emails(properties(each)) if by == "email" else [_value(each, by)], each) for each in found)
        pairs = [(value.lower(), each) for values_of, each in named for value in values_of]
        return dict(zip((value for value, _ in pairs), self._contacts([each for _, each in pairs]), strict=True))

    def by_id(self, ids: Sequence[str]) -> Mapping[str, Contact]:
        """Find contacts by record id; one that was merged away is who is left."""
        found = self._read([{"id": each} for each in dict.fromkeys(ids)], None)
        there: dict[str, Contact] = {}
        for each, contact in zip(found, self._contacts(found), strict=True):
            there |= dict.fromkeys([*merged(each), contact.key], contact)
        return there

    def suppressed(self, index: int, found: Contact) -> Verdict:
        """Say that HubSpot knows an opt-out."""
        told = Suppression("email", self._rules.purpose)
        return Verdict(index, "suppressed", "opted_out", vendor_id=found.key, suppression=told)

    def _creation(self, index: int, row: Row, values: Mapping[str, str]) -> Json:
        by, value = self._rules.id_property, self._rules.value(row)
        whole = {**values, by: value}
        return {"id": value, "idProperty": by, "properties": whole, "objectWriteTraceId": _trace(index)}

    def _sent(self, path: str, inputs: Mapping[int, Json], rows: Sequence[Row]) -> Sequence[Verdict] | NotApplied:
        if not inputs:
            return []
        response = self._client.sent(
            "POST", self._client.paths.objects("contacts", path), WRITE, {"inputs": list(inputs.values())}
        )
        blamed = dict(self._blamed(response, inputs, rows))
        if response.status >= HTTPStatus.BAD_REQUEST:
            if not blamed and len(inputs) == 1:
                blamed = {index: _verdict(index, rows[index], response.json_object()) for index in inputs}
            return NotApplied([*blamed.values()], code(response))
        there = dict(self._present(response, inputs))
        return [*blamed.values(), *(each for index, each in there.items() if index not in blamed)]

    def _present(self, response: Response, inputs: Mapping[int, Json]) -> Iterator[tuple[int, Verdict]]:
        """Match what was written: by trace id, by the record id that was sent, or by what people are matched by."""
        places = {_trace(index): index for index in inputs}
        for index, each in inputs.items():
            if isinstance(each, Mapping):
                places[str(each["id"]).lower()] = index
        for each in rows_of(response):
            if isinstance(each, Mapping):
                named = (str(each.get("objectWriteTraceId")), str(each.get("id")), _value(each, self._rules.id_property))
                index = next((places[name.lower()] for name in named if name.lower() in places), None)
                if index is not None:
                    yield index, Verdict(index, "present", vendor_id=identity(each.get("id"), "id"))

    def _blamed(
        self, response: Response, inputs: Mapping[int, Json], rows: Sequence[Row]
    ) -> Iterator[tuple[int, Verdict]]:
        places = {_trace(index): index for index in inputs}
        body = response.json_object()
        named = body.get("errors")
        for problem in named if isinstance(named, list) else []:
            if isinstance(problem, Mapping):
                for trace in _context(problem, "objectWriteTraceId"):
                    if trace in places:
                        yield places[trace], _verdict(places[trace], rows[places[trace]], problem)

    def _read(self, inputs: Sequence[Json], by: str | None) -> Sequence[Object]:
        """Read contacts that exist; raises RetryLater where HubSpot does not say of each whether it does."""
        names = ["email", "hs_additional_emails", OPTED_OUT, "hs_merged_object_ids", "hs_calculated_merged_vids"]
        body: dict[str, Json] = {"inputs": inputs, "properties": [*dict.fromkeys([*names, *([by] if by else [])])]}
        path = self._client.paths.objects("contacts", "/batch/read")
        try:
            response = self._client.sent(
                "POST", path, READ, {**body, **({"idProperty": by} if by else {})}, idempotent=True
            ) if inputs else None  # fmt: skip
            found = [each for each in rows_of(response) if isinstance(each, Mapping)] if response else []
            for each in found:
                identity(each.get("id"), "id")
                emails(properties(each))
        except (BadData, Misfit) as error:
            raise RetryLater(f"HubSpot's contacts could not be read: {error}") from None
        if response and _unread(response):
            raise RetryLater("HubSpot did not read all contacts that were asked for.")
        return found

    def _contacts(self, found: Sequence[Object]) -> Sequence[Contact]:
        out = self._unsubscribed([address for each in found for address in emails(properties(each))])
        return [
            Contact(
                identity(each.get("id"), "id"),
                addresses := emails(properties(each)),
                properties(each).get(OPTED_OUT) == "true" or any(address.lower() in out for address in addresses),
            )
            for each in found
        ]

    def _unsubscribed(self, addresses: Sequence[str]) -> frozenset[str]:
        """Addresses that unsubscribed from the audience's type of subscription. Raises RetryLater when untold."""
        if not self._rules.subscription or not addresses:
            return frozenset()
        try:
            told, untold = self._client.statuses(list(dict.fromkeys(addresses)))
        except BadData as error:
            raise RetryLater(error.message) from None
        if untold:
            raise RetryLater("HubSpot did not tell what all contacts are subscribed to.")
        listed = (each.get("statuses") for each in told if isinstance(each, Mapping))
        flat = (each for some in listed if isinstance(some, list) for each in some if isinstance(each, Mapping))
        return frozenset(str(each.get("subscriberIdString")).lower() for each in flat if self._is_no(each))

    def _is_no(self, status: Mapping[str, Json]) -> bool:
        wanted = (self._rules.subscription or "").casefold()
        named = {str(status.get("subscriptionId")), str(status.get("subscriptionName")).casefold()}
        return wanted in named and status.get("status") in _NO


def _trace(index: int) -> str:
    return f"row-{index}"


def _value(found: Object, name: str) -> str:
    held = found.get("properties")
    return str(held.get(name)) if isinstance(held, Mapping) else ""


def _unread(response: Response) -> bool:
    errors = response.json_object().get("errors")
    listed = [each for each in errors if isinstance(each, Mapping)] if isinstance(errors, list) else []
    return any(each.get("category") != "OBJECT_NOT_FOUND" for each in listed)


def _context(problem: Mapping[str, Json], name: str) -> Sequence[str]:
    context = problem.get("context")
    found = context.get(name) if isinstance(context, Mapping) else None
    return [str(each) for each in found] if isinstance(found, list) else [found] if isinstance(found, str) else []


def _verdict(index: int, row: Row, problem: Mapping[str, Json]) -> Verdict:
    """Judge by a refusal that concerns this row alone; its text echoes addresses and is not kept."""
    category = str(problem.get("category"))
    if category in _LATER:
        return Verdict(index, "retry", category.lower())
    inner = problem.get("errors")
    listed = [each for each in inner if isinstance(each, Mapping)] if isinstance(inner, list) else []
    codes = [str(each["code"]) for each in listed if each.get("code")]
    named = [name for each in (problem, *listed) for name in _context(each, "propertyName") if name in row.fields]
    return Verdict(index, "rejected", ":".join([(codes or [category])[0].lower()[:60], *named[:1]]))
