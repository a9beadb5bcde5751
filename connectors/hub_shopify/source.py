"""The source `shopify`: everything by jobs the first time, then what changed, and what Shopify pushes."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import TypeAlias

from hub.sdk.connector import Source
from hub.sdk.errors import HubError, StopConnection
from hub.sdk.records import Delivery, Fact, Json, Page
from hub_shopify import bulk, pushed
from hub_shopify.checking import facts, scopes_of
from hub_shopify.client import Client, Denied, TooLong
from hub_shopify.documents import ALL_ORDERS, KINDS, WHO, Kind, job
from hub_shopify.pages import Rules, page_of
from hub_shopify.settings import ShopifySettings, ShopifySourceSettings
from hub_shopify.values import Misfit, Object, when

Places: TypeAlias = dict[str, datetime]
"""Kind of object -> the latest change that has landed."""

_NEVER = datetime.min  # noqa: DTZ901 - naive UTC, as everywhere in the hub
_TOGETHER = 500  # objects of a job in one page


class ShopifySource(Source[ShopifySettings, ShopifySourceSettings]):
    """Reads customers, orders, products and abandoned checkouts, and takes events."""

    name = "shopify"
    streams = (*(stream for kind in KINDS.values() for stream in kind.streams), "erasures")
    settings_model = ShopifySettings
    source_model = ShopifySourceSettings

    def check(self) -> Iterable[Fact]:
        """Say who we are, which scopes are missing, and what is newest."""
        try:
            yield from facts(self._client)
        except HubError as error:
            yield Fact("error", str(error))
        if self.settings.signing_secrets:
            yield Fact("ok", f"takes events at /hooks/{self.context.connection} while hub serve runs")
        else:
            yield Fact("warning", "takes no events, erasure requests among them: webhook_secret is missing")

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Read each kind of object from where the cursor stands; a kind that it does not name is read whole."""
        places = _places(since)
        wanted = [kind for kind in KINDS.values() if set(kind.streams) & set(streams)]
        refused, whole = list[str](), since is None and self._sees_all(wanted)
        for kind in wanted:
            try:
                yield from self._one(kind, streams, places)
            except Denied:
                refused.append(f"{kind.name} cannot be read, scope {kind.scope} is missing: {kind.lost}.")
        if wanted and len(refused) == len(wanted):
            raise StopConnection(" ".join(refused), hint="Grant the scopes to the app, and install it anew.")
        warnings = [*refused, *self._client.notices.warnings]
        yield Page(cursor=_cursor(places), complete=whole and bool(wanted) and not refused, warnings=warnings)

    def _one(self, kind: Kind, streams: Sequence[str], places: Places) -> Generator[Page, None, None]:
        """Read one kind: what changed page by page, everything or too much of it by a job."""
        try:
            if kind.name in places:
                yield from self._changes(kind, streams, places)
                return
        except TooLong:
            pass
        yield from self._everything(kind, streams, places)

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Prove that an event is genuine; raises `Refused`."""
        return pushed.proven(self.settings, headers, body, datetime.now(UTC))

    def unpack(self, delivery: Delivery) -> Page:
        """Make records of a pushed object, the same as a read makes, or an erasure request. Raises BadData."""
        return pushed.page(delivery, self.source)

    @cached_property
    def _client(self) -> Client:
        return Client(self.settings, self.source, self.context.project, self.context.now)

    @property
    def _now(self) -> datetime:
        return self.context.now.astimezone(UTC).replace(tzinfo=None, microsecond=0)

    def _sees_all(self, wanted: Sequence[Kind]) -> bool:
        """Say whether a full read could see all orders: without a scope of its own it sees those of 60 days."""
        if KINDS["orders"] not in wanted:
            return True
        return ALL_ORDERS in scopes_of(self._client.ask(WHO).data)

    def _metafields(self, kind: Kind) -> Sequence[str]:
        return self.source.metafields.of(kind.name)

    def _rules(self, kind: Kind, streams: Sequence[str], denied: frozenset[str]) -> Rules:
        return Rules(kind, streams, self._metafields(kind), denied)

    def _page(self, found: Iterable[Object], rules: Rules, cursor: Json = None) -> Page:
        return page_of(found, rules, test_orders=self.source.test_orders, cursor=cursor)

    def _everything(self, kind: Kind, streams: Sequence[str], places: Places) -> Generator[Page, None, None]:
        """Read all objects of a kind by a job, or all that changed; its place moves when all have landed.

        One object is looked at first: what we may not see is left out of the job, which it would end.
        """
        place = places.get(kind.name)
        denied = self._client.found(kind, 1).denied
        self._warn_of(kind, denied)
        query = self._client.query(kind, place and self._start(place))
        found = yield from bulk.everything(self._client, kind, job(kind, self._metafields(kind), denied, query))
        newest = place or _NEVER
        for some in _chunks(found):
            newest = self._later(newest, some)
            yield self._page(some, self._rules(kind, streams, denied))
        places[kind.name] = self._now if newest == _NEVER else newest
        yield Page(cursor=_cursor(places))

    def _changes(self, kind: Kind, streams: Sequence[str], places: Places) -> Generator[Page, None, None]:
        """Read what changed; where Shopify cannot sort by that, the place moves behind the last page."""
        newest = places[kind.name]
        start = self._start(newest)
        for found in self._client.pages(kind, start):
            self._warn_of(kind, found.denied)
            newest = self._later(newest, found.nodes)
            if kind.sort:
                places[kind.name] = newest
            recent = [each for each in found.nodes if not _older(each, start)]
            yield self._page(recent, self._rules(kind, streams, found.denied), _cursor(places))
        places[kind.name] = newest

    def _start(self, place: datetime) -> datetime:
        """Where to read from: a look-back before the place."""
        return place - self.settings.lookback

    def _later(self, last: datetime, found: Sequence[Object]) -> datetime:
        """Return the latest change that was seen, none behind the start of the read: what it says may come again."""
        return max([last, *(min(moment, self._now) for each in found if (moment := _changed(each)))])

    def _warn_of(self, kind: Kind, denied: frozenset[str]) -> None:
        if denied:
            names = ", ".join(sorted(denied))
            self._client.notices.warnings[f"Shopify does not show {names} of {kind.name}; what is known stays."] = None


def _places(since: Json) -> Places:
    found = since if isinstance(since, Mapping) else {}
    return {name: datetime.fromisoformat(str(place)) for name, place in found.items()}


def _cursor(places: Mapping[str, datetime]) -> Json:
    return {name: place.isoformat() for name, place in places.items()}


def _changed(node: Object) -> datetime | None:
    try:
        return when(node, "updatedAt", "updated_at")
    except Misfit:
        return None


def _older(node: Object, start: datetime) -> bool:
    moment = _changed(node)
    return moment is not None and moment < start


def _chunks(found: Iterator[Object]) -> Iterator[Sequence[Object]]:
    while some := list(islice(found, _TOGETHER)):
        yield some
