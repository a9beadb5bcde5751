"""What the account holds, and what the suite and tests do to it."""

from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from hub.sdk.records import Json
from hub.sdk.sandbox import Change, SourceSandbox, people

KINDS = {"people": "contacts", "companies": "companies", "deals": "deals"}
NAMES = {"contacts": "lastname", "companies": "name", "deals": "dealname"}
SHOWN = {
    "contacts": ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    "companies": ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    "deals": ("amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", "hs_object_id"),
}  # what comes back where nothing is asked for
PROPERTIES = {
    "contacts": frozenset(
        "address associatedcompanyid card_number city company country date_of_birth gender hs_additional_emails"  # noqa: SIM905
        " hs_calculated_merged_vids hs_country_region_code hs_email_optout hs_language hs_lead_status"
        " hs_merged_object_ids jobtitle lifecyclestage marital_status mobilephone num_associated_deals phone state"
        " zip".split()
    ),
    "companies": frozenset(
        "annualrevenue country hs_country_code hs_merged_object_ids industry lifecyclestage numberofemployees"  # noqa: SIM905
        " num_associated_deals type".split()
    ),
    "deals": frozenset(
        "deal_currency_code dealtype hs_is_closed hs_is_closed_won hs_merged_object_ids num_associated_companies"  # noqa: SIM905
        " num_associated_contacts pipeline".split()
    ),
}
_TIMES = frozenset({"createdate", "lastmodifieddate", "hs_lastmodifieddate"})
_TYPES = {
    ("datetime", "date"): frozenset({*_TIMES, "closedate"}),
    ("number", "number"): frozenset(
        {"hs_object_id", "annualrevenue", "numberofemployees", "amount", "num_associated_deals"}
        | {"num_associated_companies", "num_associated_contacts"}
    ),
    ("enumeration", "select"): frozenset({"lifecyclestage", "hs_lead_status", "industry", "dealtype"}),
    ("bool", "booleancheckbox"): frozenset({"hs_email_optout", "hs_is_closed", "hs_is_closed_won"}),
    ("phone_number", "phonenumber"): frozenset({"phone", "mobilephone"}),
}  # (type, fieldType) -> properties
_OPTIONS = {
    "lifecyclestage": ("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer",
                       "evangelist", "other"),
    "hs_lead_status": ("NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "CONNECTED", "BAD_TIMING"),
}  # fmt: skip
NEWSLETTER = 1
SUBSCRIPTIONS = {NEWSLETTER: "Newsletter", 2: "One to One"}


@dataclass
class Held:
    """One object. `history`: when it changed, and what its properties were from then on."""

    key: str
    created: datetime
    history: list[tuple[datetime, dict[str, str]]]
    archived: datetime | None = None

    @property
    def properties(self) -> dict[str, str]:
        """What it holds now."""
        return self.history[-1][1]

    @property
    def modified(self) -> datetime:
        """When it changed last."""
        return self.history[-1][0]


@dataclass
class Kind:
    """All objects of a kind, by id; `merged`: who was merged away, and into whom."""

    objects: dict[str, Held] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)

    def live(self) -> Iterator[Held]:
        """Yield those that are not archived, in the order of their ids."""
        return (each for each in self.objects.values() if each.archived is None)


@dataclass
class StaticList:
    """A list. `members`: record id -> when it was put on."""

    key: str
    name: str
    kind: str
    processing: str
    created: datetime
    members: dict[str, datetime] = field(default_factory=dict)


class Account(SourceSandbox, ABC):
    """The account. `lag`: how long the search index does not know of a change.

    `merge_makes_new`: a merge makes a new object in place of both. `hidden`: properties that the token may not see.
    """

    kinds: ClassVar[Mapping[str, frozenset[Change]]] = {
        "people": frozenset({"touch", "remove"}),
        "companies": frozenset({"touch", "remove"}),
        "deals": frozenset({"touch", "remove"}),
        "consents": frozenset(),
    }

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.crm = {kind: Kind() for kind in SHOWN}
        self.links: dict[tuple[str, str], dict[str, dict[str, bool]]] = {}
        self.subscriptions: dict[str, dict[int, dict[str, Json]]] = {}
        self.lag = timedelta(0)
        self.merge_makes_new = False
        self.hidden: set[str] = set()
        self.defined: dict[str, dict[str, dict[str, Json]]] = {kind: defined(kind) for kind in SHOWN}
        self.lists: dict[str, StaticList] = {}
        self.blocked: set[str] = set()
        self._number = 100
        self._people = 0
        self.make("people", size)
        for stream in ("companies", "deals", "consents"):
            self.make(stream, -(-size // 10))

    # -- what the suite asks ------------------------------------------------------------------------------------------

    def make(self, stream: str, count: int = 1) -> Sequence[str]:
        """Let objects come into being; for consents, contacts that subscribe to the newsletter."""
        making = {"people": self.contact, "companies": self._company, "deals": self._deal, "consents": self._consent}
        return [making[stream]() for _ in range(count)]

    def touch(self, stream: str, key: str, text: str) -> None:
        """Give an object another name."""
        self.change(KINDS[stream], key, {NAMES[KINDS[stream]]: text})

    def remove(self, stream: str, key: str) -> None:
        """Archive an object."""
        self.archive(KINDS[stream], key)

    def keys(self, stream: str) -> Sequence[str]:
        """Return the ids of all that is not archived; of consents address and purpose."""
        if stream != "consents":
            return [each.key for each in self.crm[KINDS[stream]].live()]
        said = ((address, number) for address, told in self.subscriptions.items() for number in told)
        return [_word(address, number) for address, number in said]

    def rows(self, body: Json) -> list[Json] | None:
        """Return the objects of a page, or what its addresses are subscribed to."""
        found = body.get("results") if isinstance(body, Mapping) else None
        if isinstance(found, list) and all(isinstance(each, dict) and "from" not in each for each in found):
            return found
        return None

    # -- what tests do ------------------------------------------------------------------------------------------------

    def contact(self, **properties: str) -> str:
        """Let a contact come into being now; return its id."""
        [person] = people(1, seed=self.seed, start=self._people)
        self._people += 1
        own = {"firstname": person.first_name, "lastname": person.last_name, "email": person.email}
        more = {"phone": person.phone or "", "hs_country_region_code": person.country, "country": person.country}
        return self.create("contacts", {**own, **more, **properties})

    def create(self, kind: str, properties: Mapping[str, str]) -> str:
        """Let an object come into being now; return its id."""
        self._number += 1
        key, now = str(self._number), self.now()
        self.crm[kind].objects[key] = Held(key, now, [(now, {name: each for name, each in properties.items() if each})])
        return key

    def change(self, kind: str, key: str, properties: Mapping[str, str]) -> None:
        """Change properties now; an empty text clears one."""
        held = self.crm[kind].objects[key]
        values = {name: value for name, value in {**held.properties, **properties}.items() if value}
        held.history.append((self.now(), values))

    def archive(self, kind: str, key: str) -> None:
        """Archive an object; those that it was associated with lose it, which is a change of them."""
        self.crm[kind].objects[key].archived = self.now()
        if kind == "contacts":
            self._leave_lists(key)
        for other in self.crm:
            for linked in [near for near, found in self.linked(other, kind).items() if key in found]:
                self.unlink(other, linked, kind, key)

    def restore(self, kind: str, key: str) -> None:
        """Take an object back out of the archive; that is no change of it."""
        self.crm[kind].objects[key].archived = None

    def forget(self, key: str) -> None:
        """Delete a contact for good, as the law demands: no list shows it, and its address is never taken again."""
        self.blocked.add(self.crm["contacts"].objects[key].properties.get("email", "").lower())
        del self.crm["contacts"].objects[key]
        self._leave_lists(key)

    def contact_of(self, address: str, by: str = "email") -> Held | None:
        """Return the contact of an address, main or other, or of another property's value."""
        wanted = address.lower()
        for held in self.crm["contacts"].live():
            others = held.properties.get("hs_additional_emails", "").lower().split(";") if by == "email" else ()
            if wanted == held.properties.get(by, "").lower() or wanted in others:
                return held
        return None

    def define(self, name: str, *, unique: bool = False) -> None:
        """Make a property of contacts that holds a text."""
        own = {"hubspotDefined": False, "hasUniqueValue": unique}
        self.defined["contacts"][name] = {**_definition(name), **own}

    def on_list(self, name: str) -> set[str]:
        """Return the ids of records on a list; none where there is no such list."""
        return next((set(each.members) for each in self.lists.values() if each.name == name), set())

    def merge(self, kind: str, primary: str, other: str) -> str:
        """Merge an object into another; return the id of who is left."""
        self._number += 1
        winner = str(self._number) if self.merge_makes_new else primary
        held = self.crm[kind]
        one, two = held.objects.pop(primary), held.objects.pop(other)
        losers = [each for each in (primary, other) if each != winner]
        values = {**two.properties, **one.properties}
        values["hs_additional_emails"] = _joined(
            one.properties.get("hs_additional_emails"), two.properties.get("email")
        )
        values["hs_merged_object_ids"] = _joined(one.properties.get("hs_merged_object_ids"), *losers)
        held.objects[winner] = Held(winner, one.created, [*one.history, (self.now(), values)])
        held.objects = dict(sorted(held.objects.items(), key=lambda pair: int(pair[0])))
        held.merged |= dict.fromkeys(losers, winner)
        for each in self.lists.values() if kind == "contacts" else ():
            if each.members.keys() & {*losers}:
                each.members[winner] = self.now()
        self._leave_lists(*(losers if kind == "contacts" else ()))
        return winner

    def link(self, source: str, key: str, target: str, other: str, *, primary: bool = False) -> None:
        """Associate two objects, in both directions, which is a change of the first."""
        self.linked(source, target).setdefault(key, {})[other] = primary
        self.linked(target, source).setdefault(other, {})[key] = primary
        self._count_anew(source, key, target, other if primary else None)

    def unlink(self, source: str, key: str, target: str, other: str) -> None:
        """Take an association away."""
        self.linked(source, target)[key].pop(other)
        self.linked(target, source)[other].pop(key)
        self._count_anew(source, key, target, "")

    def linked(self, source: str, target: str) -> dict[str, dict[str, bool]]:
        """Return the associations from a kind to another: id -> id -> whether it is the primary one."""
        return self.links.setdefault((source, target), {})

    def subscribe(
        self,
        address: str,
        number: int = NEWSLETTER,
        status: str = "SUBSCRIBED",
        basis: str | None = "CONSENT_WITH_NOTICE",
    ) -> None:
        """Say now what an address is subscribed to, which is a change of its contact."""
        self.subscriptions.setdefault(address.lower(), {})[number] = {
            "channel": "EMAIL", "source": "PUBLIC_STATUS_API", "status": status, "subscriberIdString": address.lower(),
            "subscriptionId": number, "subscriptionName": SUBSCRIPTIONS[number], "timestamp": stamp(self.now()),
            "legalBasis": basis, "legalBasisExplanation": None,
        }  # fmt: skip
        for held in self.crm["contacts"].live():
            if held.properties.get("email", "").lower() == address.lower():
                self.change("contacts", held.key, {})

    def state(self) -> Json:
        """Return every object by kind and id, and all subscriptions."""
        found: dict[str, Json] = {
            kind: {each.key: dict(each.properties) for each in held.live()} for kind, held in self.crm.items()
        }
        told: Json = {address: [*numbers.values()] for address, numbers in self.subscriptions.items()}
        lists: Json = {each.name: [*each.members] for each in self.lists.values()}
        return {**found, "subscriptions": told, "lists": lists}

    def _leave_lists(self, *keys: str) -> None:
        for each in self.lists.values():
            for key in keys:
                each.members.pop(key, None)

    def _company(self) -> str:
        number = self._number + 1
        return self.create("companies", {
            "name": f"Company {number}", "domain": f"c{number}.example", "industry": "RETAIL",
            "annualrevenue": "1250000", "numberofemployees": "50", "hs_country_code": "DE", "country": "Germany",
        })  # fmt: skip

    def _deal(self) -> str:
        key = self.create("deals", {
            "dealname": f"Deal {self._number + 1}", "amount": "1200.50", "dealstage": "closedwon",
            "pipeline": "default", "hs_is_closed": "true", "hs_is_closed_won": "true", "closedate": stamp(self.now()),
        })  # fmt: skip
        for target in ("contacts", "companies"):
            other = next(self.crm[target].live(), None)
            if other is not None:
                self.link("deals", key, target, other.key, primary=target == "companies")
        return key

    def _consent(self) -> str:
        address = self.crm["contacts"].objects[self.contact()].properties["email"]
        self.subscribe(address)
        return _word(address, NEWSLETTER)

    def _count_anew(self, source: str, key: str, target: str, company: str | None) -> None:
        if (source, target) == ("contacts", "companies") and company is not None:
            self.change(source, key, {"associatedcompanyid": company})
        else:
            self.change(source, key, {f"num_associated_{target}": str(len(self.linked(source, target)[key]))})


def defined(kind: str) -> dict[str, dict[str, Json]]:
    """Return the definitions of the properties that every account has, by name."""
    return {name: _definition(name) for name in sorted({*PROPERTIES[kind], *SHOWN[kind]})}


def _definition(name: str) -> dict[str, Json]:
    kind, form = next((typed for typed, names in _TYPES.items() if name in names), ("string", "text"))
    options: list[Json] = [
        {"label": value, "value": value, "displayOrder": place, "hidden": False}
        for place, value in enumerate(_OPTIONS.get(name, ()))
    ]
    fixed = name.startswith(("hs_object", "hs_merged", "hs_calculated", "num_")) or name in _TIMES
    return {
        "name": name, "label": name, "type": kind, "fieldType": form, "groupName": "contactinformation",
        "description": "", "options": options, "displayOrder": -1, "calculated": name.startswith("hs_calculated"),
        "externalOptions": False, "hasUniqueValue": name == "hs_object_id", "hidden": False, "hubspotDefined": True,
        "formField": True, "archived": False,
        "modificationMetadata": {"archivable": False, "readOnlyDefinition": True, "readOnlyValue": fixed},
    }  # fmt: skip


def stamp(when: datetime) -> str:
    """Write an instant as HubSpot does, to the millisecond."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _joined(*parts: str | None) -> str:
    return ";".join(each for each in parts if each)


def _word(address: str, number: int) -> str:
    """The key of a word of consent, as the suite writes it."""
    return f"{('email', address.lower())}/email/{SUBSCRIPTIONS[number].lower()}"
