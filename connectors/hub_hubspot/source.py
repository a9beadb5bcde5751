"""The source `hubspot`: lists at first, then windows of changes; pushed events as they come."""

import hashlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property

from hub.sdk.connector import Source
from hub.sdk.errors import HubError
from hub.sdk.records import Delivery, Fact, Json, Page
from hub_hubspot.client import Client, Forbidden, Window
from hub_hubspot.collector import Collector
from hub_hubspot.facts import facts
from hub_hubspot.people import NAMESPACE
from hub_hubspot.places import Listing, Place, Until, json_of, places_of
from hub_hubspot.pushed import Named, named, prove
from hub_hubspot.records import Recorder
from hub_hubspot.settings import HubspotSettings, HubspotSourceSettings

KINDS = {"contacts": ("people", "consents"), "companies": ("companies",), "deals": ("deals",)}


class HubspotSource(Source[HubspotSettings, HubspotSourceSettings]):
    """Reads contacts, companies, deals and consents, and takes events."""

    name = "hubspot"
    streams = ("people", "companies", "deals", "consents", "erasures")
    settings_model = HubspotSettings
    source_model = HubspotSourceSettings

    def check(self) -> Iterable[Fact]:
        """Say who we are, what may be read, and what was changed last."""
        entry = self.source
        chosen = {
            "contacts": (*entry.contact_properties, *entry.phones, *entry.identifiers.values()),
            "companies": entry.company_properties,
            "deals": entry.deal_properties,
        }
        yield from facts(self._client, self.settings, chosen)
        if self.settings.webhook_url is not None:
            yield Fact("ok", f"takes events at /hooks/{self.context.connection} while hub serve runs")

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Read all lists the first time, then what changed, and each time what was archived."""
        places = places_of(since)
        recorder = Recorder(self._client, self.source, streams)
        kinds = [kind for kind, filled in KINDS.items() if set(filled) & set(streams)]
        for kind in kinds:
            try:
                yield from self._one(kind, places, recorder)
            except Forbidden as refusal:
                if kind == kinds[0]:  # what everything else hangs on, or all that is wanted
                    raise
                recorder.warn(f"{kind} are not read. {refusal.hint}")
        complete = since is None and not recorder.partial
        yield Page(cursor=_cursor(places), complete=complete, warnings=recorder.warnings)

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Prove that events are genuine; raises `Refused`."""
        now = datetime.now(UTC)
        prove(self.settings, headers, body, now.replace(tzinfo=None))
        return Delivery(hashlib.sha256(body).hexdigest(), "events", now, body)

    def unpack(self, delivery: Delivery) -> Page:
        """Read what events name as it is now; what they say themselves lands though HubSpot does not answer.

        Raises:
            BadData: it is no list of events.
        """
        found, collector = named(delivery.body), Collector()
        recorder = Recorder(self._client, self.source, self.streams)
        collector.rows["erasures"] = [_erasure(key, when) for key, when in found.erased.items()]
        collector.lose("people", found.erased)
        collector.merged += found.merged
        for event, misfit in found.refused:
            collector.refuse("people", event, misfit)
        for kind in found.kinds:
            _pushed(kind, found, recorder, collector)
        return collector.page(warnings=recorder.warnings)

    @cached_property
    def _client(self) -> Client:
        return Client(self.settings, self.context.connection)

    @property
    def _now(self) -> datetime:
        return self.context.now.astimezone(UTC).replace(tzinfo=None)

    def _one(self, kind: str, places: dict[str, Place], recorder: Recorder) -> Iterator[Page]:
        """Read on with one kind from its place to now; a full read ends with its list."""
        place = places.get(kind)
        full = place is None
        if place is None or isinstance(place, Listing):
            place = yield from self._list(kind, place or Listing(self._now), places, recorder)
            if full:
                return
        if isinstance(place, Window):
            place = yield from self._changes(kind, place, places, recorder)
            if place.instant == self._now:
                return
        yield from self._changes(kind, place.window(self._now, self.settings.lookback), places, recorder)

    def _list(
        self, kind: str, place: Listing, places: dict[str, Place], recorder: Recorder
    ) -> Generator[Page, None, Until]:
        """Yield a list's pages. What was archived still has words of consent; they are behind the list."""
        places[kind] = place
        for found, after in self._client.listed(kind, recorder.wanted(kind), after=place.after):
            if after is not None:  # behind the last page the cursor stays, until all is read
                places[kind] = Listing(place.begun, after)
            yield recorder.page(kind, found, _cursor(places))
        yield from self._archived(kind, recorder, None)
        places[kind] = done = Until(place.begun)
        yield Page(cursor=_cursor(places))
        return done

    def _changes(
        self, kind: str, window: Window, places: dict[str, Place], recorder: Recorder
    ) -> Generator[Page, None, Until]:
        """Yield a window's pages, then what was archived; only then the window is done."""
        more = True
        while more:
            found, more = self._client.changed(kind, recorder.wanted(kind), window)
            window = Window(window.begin, window.end, recorder.last_id(found, window.last))
            places[kind] = window
            yield recorder.page(kind, found, _cursor(places))
        yield from self._archived(kind, recorder, window.begin)
        places[kind] = done = Until(window.end)
        yield Page(cursor=_cursor(places))
        return done

    def _archived(self, kind: str, recorder: Recorder, since: datetime | None) -> Iterator[Page]:
        """Yield what is archived; None: only the words of consent of a list's archived contacts."""
        if since is None and not recorder.has_words(kind):
            return
        for found, _ in self._client.listed(kind, recorder.wanted(kind), archived=True):
            yield recorder.archived(kind, found, since)


def _pushed(kind: str, found: Named, recorder: Recorder, collector: Collector) -> None:
    changed, gone = found.changed.get(kind, {}), found.gone.get(kind, {})
    try:
        there = recorder.named(kind, [*(changed | gone)], collector)
    except HubError:  # the next read brings what changed
        there = frozenset()
    collector.lose(KINDS[kind][0], (key for key in gone if key not in there))


def _erasure(key: str, when: datetime | None) -> Mapping[str, object]:
    return {"requested_at": when, "request_id": f"hubspot-{key}", "identifiers": {NAMESPACE: key}}


def _cursor(places: Mapping[str, Place]) -> Json:
    return {kind: json_of(place) for kind, place in places.items()}
