"""The source `klaviyo`: lists in the order in which their objects changed or happened."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TypeAlias

from hub.sdk.connector import Source
from hub.sdk.records import Fact, Json, Page
from hub_klaviyo.client import Client, Forbidden
from hub_klaviyo.facts import facts
from hub_klaviyo.listings import Listing, campaigns, events, profiles
from hub_klaviyo.messages import METRICS
from hub_klaviyo.settings import KlaviyoSettings, KlaviyoSourceSettings

Lists: TypeAlias = Callable[[], Sequence[Listing]]


class KlaviyoSource(Source[KlaviyoSettings, KlaviyoSourceSettings]):
    """Reads profiles, consents, messages and campaigns."""

    name = "klaviyo"
    streams = ("people", "consents", "messages", "campaigns")
    settings_model = KlaviyoSettings
    source_model = KlaviyoSourceSettings

    def check(self) -> Iterable[Fact]:
        """Say who we are, what may be read, and what was changed last."""
        return facts(self._client, self.settings, self._metrics)

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Read all the first time, then what changed; a read that was cut off goes on where it was."""
        places = dict(since) if isinstance(since, Mapping) else {}
        warnings: list[str] = []
        for kind, lists in self._wanted(streams):
            try:
                for listing in lists():
                    yield from self._one(listing, places)
            except Forbidden as refusal:
                if kind == "profiles":  # what everything else hangs on
                    raise
                warnings.append(f"{kind} are not read. {refusal.hint}")
        yield Page(cursor=dict(places), complete=since is None and not warnings, warnings=warnings)

    @cached_property
    def _client(self) -> Client:
        return Client(self.settings, self.context.connection)

    @property
    def _metrics(self) -> Mapping[str, str]:
        return {**METRICS, **self.source.metrics}

    def _wanted(self, streams: Sequence[str]) -> Sequence[tuple[str, Lists]]:
        wanted: list[tuple[str, Lists]] = []
        if {"people", "consents"} & set(streams):
            wanted.append(("profiles", lambda: [profiles(self.source, streams)]))
        if "messages" in streams:
            wanted.append(("events", self._events))
        if "campaigns" in streams:
            wanted.append(("campaigns", campaigns))
        return wanted

    def _events(self) -> Sequence[Listing]:
        known = self._client.metrics()
        return [events(known[name], happening) for name, happening in self._metrics.items() if name in known]

    def _one(self, listing: Listing, places: dict[str, Json]) -> Iterator[Page]:
        """Yield a list's pages; its place moves to the latest time seen, never one that is yet to come."""
        now = self.context.now.astimezone(UTC)
        last = datetime.fromisoformat(str(places[listing.key])) if listing.key in places else None
        start = last - self.settings.lookback if last else None
        for found in self._client.listed(listing.kind, listing.asked(start)):
            newest = min(listing.newest(found) or now, now)
            last = newest if last is None else max(last, newest)
            places[listing.key] = last.isoformat()
            yield listing.page(found, dict(places))
