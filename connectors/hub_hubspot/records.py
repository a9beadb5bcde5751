"""What a read makes of objects: asks for what belongs to them, and collects their records."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from hub.sdk.records import Json, Page
from hub_hubspot import accounts, people
from hub_hubspot.client import Client, Forbidden, Linked, ids_of
from hub_hubspot.collector import Collector
from hub_hubspot.consents import Word, word_of, words
from hub_hubspot.settings import HubspotSourceSettings
from hub_hubspot.values import Misfit, Object, identity, moment, properties

_STREAMS = {"contacts": "people", "companies": "companies", "deals": "deals"}


class Recorder:
    """Fills `streams` from objects. `warnings` are for the operator; `partial`: something was not read at all."""

    def __init__(self, client: Client, entry: HubspotSourceSettings, streams: Sequence[str]) -> None:
        self._client = client
        self._entry = entry
        self._streams = frozenset(streams)
        self.warnings: list[str] = []
        self.partial = False

    def wanted(self, kind: str) -> Sequence[str]:
        """Return the names of the properties to ask for."""
        return people.wanted(self._entry) if kind == "contacts" else accounts.wanted(kind, self._entry)

    def has_words(self, kind: str) -> bool:
        """Whether objects of this kind say something of consent that is wanted."""
        return kind == "contacts" and "consents" in self._streams

    def warn(self, warning: str) -> None:
        """Tell the operator once of something that cannot be read."""
        self.partial = True
        if warning not in self.warnings:
            self.warnings.append(warning)

    def page(self, kind: str, found: Sequence[Json], cursor: Json) -> Page:
        """Return the page of some objects."""
        collector = Collector()
        self._take(kind, found, collector)
        return collector.page(cursor)

    def named(self, kind: str, ids: Sequence[str], collector: Collector) -> frozenset[str]:
        """Collect the objects of some ids; return the ids of those that are there."""
        found = self._client.some(kind, ids, self.wanted(kind))
        self._take(kind, found, collector)
        return frozenset(ids_of(found))

    def archived(self, kind: str, found: Sequence[Json], since: datetime | None) -> Page:
        """Return the page of archived objects: they are gone. Those of contacts archived since then have words still.

        None: only the words, of all of them; what is gone from a full read needs no naming.
        """
        collector = Collector()
        if self.has_words(kind):
            self._words([each for each in found if since is None or _is_archived_since(each, since)], collector)
        stream = _STREAMS[kind]
        if since is not None and stream in self._streams:
            collector.lose(stream, ids_of(found))
        return collector.page()

    @staticmethod
    def last_id(found: Sequence[Json], before: int) -> int:
        """Return the highest id of a page, or the one before it."""
        return max(map(int, ids_of(found)), default=before)

    @cached_property
    def _currency(self) -> str | None:
        """The account's currency, which goes with amounts that name none."""
        currency = self._client.account().get("companyCurrency")
        return currency if isinstance(currency, str) and currency else None

    def _take(self, kind: str, found: Sequence[Json], collector: Collector) -> None:
        take = {"contacts": self._contacts, "companies": self._companies, "deals": self._deals}[kind]
        if found:
            take(found, collector)

    def _contacts(self, found: Sequence[Json], collector: Collector) -> None:
        if "people" in self._streams:
            for each in found:
                collector.take("people", each, lambda contact: self._person(contact, collector))
        if "consents" in self._streams:
            self._words(found, collector)

    def _person(self, contact: Object, collector: Collector) -> Iterable[Mapping[str, object]]:
        row = people.person(contact, self._entry)
        losers = people.merged(contact)
        collector.merged += [(loser, str(row["record_id"])) for loser in losers]
        collector.lose("people", losers)
        return [row]

    def _words(self, found: Sequence[Json], collector: Collector) -> None:
        told = self._told(found, collector)
        for each in found:
            collector.take("consents", each, lambda contact: words(contact, told, self._entry))

    def _told(self, found: Sequence[Json], collector: Collector) -> Mapping[str, Sequence[Word]]:
        """What the addresses of some contacts are subscribed to, by address in lower case."""
        addresses = list(dict.fromkeys(address for each in found for address in _addresses(each)))
        try:
            answers, untold = self._client.statuses(addresses)
        except Forbidden as refusal:
            self.warn(f"Subscriptions are not read, only opt-outs of all e-mail. {refusal.hint}")
            return {}
        if untold:
            self.warn("HubSpot did not tell what some addresses are subscribed to.")
        told: dict[str, list[Word]] = {}
        for status in (status for answer in answers for status in _statuses(answer, collector)):
            try:
                word = word_of(status, self._entry)
                told.setdefault(word.address.lower(), []).append(word)
            except Misfit as misfit:
                collector.refuse("consents", status, misfit)
        return told

    def _companies(self, found: Sequence[Json], collector: Collector) -> None:
        for each in found:
            collector.take("companies", each, lambda company: self._company(company, collector))

    def _company(self, company: Object, collector: Collector) -> Iterable[Mapping[str, object]]:
        row = accounts.company(company, self._currency, self._entry)
        collector.lose("companies", accounts.merged(company))
        return [row]

    def _deals(self, found: Sequence[Json], collector: Collector) -> None:
        ids = ids_of(found)
        contacts, companies = self._linked("contacts", ids), self._linked("companies", ids)
        for each in found:
            collector.take("deals", each, lambda deal: self._deal(deal, contacts, companies, collector))

    def _deal(
        self,
        deal: Object,
        contacts: Mapping[str, Sequence[Linked]] | None,
        companies: Mapping[str, Sequence[Linked]] | None,
        collector: Collector,
    ) -> Iterable[Mapping[str, object]]:
        key = identity(deal.get("id"), "deal_id")
        mine = [None if linked is None else linked.get(key, ()) for linked in (contacts, companies)]
        row = accounts.deal(deal, mine[0], mine[1], self._currency, self._entry)
        collector.lose("deals", accounts.merged(deal))
        return [row]

    def _linked(self, target: str, ids: Sequence[str]) -> Mapping[str, Sequence[Linked]] | None:
        try:
            return self._client.linked("deals", target, ids)
        except Forbidden as refusal:
            self.warn(f"The {target} of deals are not read. {refusal.hint}")
            return None


def _addresses(found: Json) -> Sequence[str]:
    """The addresses of a contact; none where they cannot be read, which is told where its record is made."""
    try:
        return people.emails(properties(found)) if isinstance(found, Mapping) else ()
    except Misfit:
        return ()


def _statuses(answer: Json, collector: Collector) -> Sequence[Json]:
    """The subscriptions of one address, each with the address; an answer that is none goes to quarantine."""
    found = answer.get("statuses") if isinstance(answer, Mapping) else None
    if isinstance(answer, Mapping) and isinstance(found, list):
        whose = {"subscriberIdString": answer.get("subscriberIdString")}
        return [{**whose, **each} if isinstance(each, Mapping) else each for each in found]
    collector.refuse("consents", answer, Misfit("state", "a list of statuses"))
    return ()


def _is_archived_since(found: Json, since: datetime) -> bool:
    try:
        when = moment(found.get("archivedAt"), "occurred_at") if isinstance(found, Mapping) else None
    except Misfit:
        when = None
    return when is None or when >= since
