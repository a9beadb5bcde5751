"""The source `stripe`: everything once, then what the event log names; objects have no time of change of their own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.sdk.connector import Source
from hub.sdk.errors import HubError
from hub.sdk.records import Fact, Json, Page
from hub.sdk.settings import SourceSettings
from hub.sdk.tables import quarantine, refusal, table_of
from hub_stripe.client import PAGE, Client, LostPlace
from hub_stripe.objects import STREAMS, Misfit, key, record
from hub_stripe.settings import StripeSettings

_PATHS = {"customer": "/customers", "charge": "/charges", "subscription": "/subscriptions"}
_ALL = {"subscription": {"status": "all"}}  # without it, canceled ones are not listed
_KINDS = {"customer": "customer", "charge": "charge", "refund": "charge", "customer.subscription": "subscription"}
_TYPES = (
    *(f"customer.{what}" for what in ("created", "updated", "deleted")),
    *(f"charge.{what}" for what in ("succeeded", "updated", "refunded", "captured")),
    *(f"refund.{what}" for what in ("updated", "failed")),
    *(f"customer.subscription.{what}" for what in ("created", "updated", "deleted", "paused", "resumed")),
)
_KEPT = timedelta(days=29)  # the event log holds 30 days


class StripeSource(Source[StripeSettings, SourceSettings]):
    """Reads customers, successful charges and subscriptions."""

    name = "stripe"
    streams = tuple(STREAMS.values())
    settings_model = StripeSettings
    source_model = SourceSettings

    def check(self) -> Iterable[Fact]:
        """Read one object of each kind."""
        try:
            client = Client(self.settings)
            for path in _PATHS.values():
                next(iter(client.pages(path)))
                yield Fact("ok", f"{path.removeprefix('/')} can be read")
            next(iter(client.pages("/events")))
            yield Fact("ok", "events can be read, so that changes are seen")
        except HubError as error:
            yield Fact("error", str(error))
        if "_test_" in self.settings.api_key.reveal():
            yield Fact("warning", "this is a key of the test mode: it shows no real customer")

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Read all lists the first time, and when the cursor is older than the event log; else what changed."""
        client, wanted = Client(self.settings), [kind for kind, stream in STREAMS.items() if stream in streams]
        if not isinstance(since, Mapping):
            yield from self._everything(client, wanted)
        elif self._now - _at(since) > _KEPT:
            yield Page(warnings=("The last read is older than the event log: all is read again.",))
            yield from self._everything(client, wanted)
        elif "list" in since:
            yield from self._rest(client, wanted, since)
            yield Page(cursor={"at": since["at"]})
        else:
            yield from self._changes(client, wanted, _at(since))

    @property
    def _now(self) -> datetime:
        return self.context.now.astimezone(UTC).replace(tzinfo=None)

    def _everything(self, client: Client, wanted: Sequence[str]) -> Iterator[Page]:
        """All lists; what changes meanwhile is in the event log from the start of the read on."""
        at = {"at": self._now.isoformat()}
        yield from self._rest(client, wanted, at)
        yield Page(cursor=at, complete=True)

    def _rest(self, client: Client, wanted: Sequence[str], since: Mapping[str, Json]) -> Iterator[Page]:
        """The lists from where a read of all of them was cut off, from the first one without such a place."""
        at, kinds = {"at": since["at"]}, [*_PATHS]
        first, behind = str(since.get("list", kinds[0])), since.get("behind")
        for kind in kinds[kinds.index(first) :]:
            if kind in wanted:
                start = str(behind) if kind == first and behind else None
                for place, page in self._listed(client, kind, start):
                    yield replace(page, cursor={**at, "list": kind, "behind": place} if place else None)

    def _listed(self, client: Client, kind: str, behind: str | None) -> Iterator[tuple[str | None, Page]]:
        """Yield the pages of a list, each with the id behind which it goes on."""
        path, params = _PATHS[kind], _ALL.get(kind, {})
        try:
            for found in client.pages(path, params, behind):
                yield _place(found), self._page(client, [(kind, each) for each in found])
        except LostPlace:  # deleted since: from the newest one on again
            for found in client.pages(path, params):
                yield _place(found), self._page(client, [(kind, each) for each in found])

    def _changes(self, client: Client, wanted: Sequence[str], last: datetime) -> Iterator[Page]:
        """Read the objects that events name as they are now; only when all have landed the cursor moves.

        The log is read from the newest event on. Who reads it while it grows misses nothing: the cursor goes to the
        start of this read, and the next one looks back over it.
        """
        start = int((last - self.settings.lookback).replace(tzinfo=UTC).timestamp())
        named, strange = dict[tuple[str, str], None](), list[Mapping[str, object]]()
        for events in client.pages("/events", {"types[]": list(_TYPES), "created[gte]": start}):
            for event in events:
                try:
                    named[_named(event)] = None
                except Misfit as misfit:
                    strange.append(_refused(_kind(event) or "customer", event, misfit))
        yield Page(quarantine=quarantine(strange))
        keys = [each for each in named if each[0] in wanted]
        for place in range(0, len(keys), PAGE):
            yield self._fetched(client, keys[place : place + PAGE])
        yield Page(cursor={"at": self._now.isoformat()})

    def _fetched(self, client: Client, keys: Sequence[tuple[str, str]]) -> Page:
        """Return the objects as they are now; those that are there no more are gone."""
        found, gone = list[tuple[str, Mapping[str, Json]]](), dict[str, list[str]]()
        for kind, name in keys:
            if (each := client.one(f"{_PATHS[kind]}/{name}")) is None:
                gone.setdefault(STREAMS[kind], []).append(name)
            else:
                found.append((kind, each))
        return replace(self._page(client, found), deleted=gone)

    def _page(self, client: Client, found: Sequence[tuple[str, Mapping[str, Json]]]) -> Page:
        rows, refused = dict[str, list[Mapping[str, object]]](), list[Mapping[str, object]]()
        for kind, each in found:
            try:
                row = record(kind, _whole(client, each), self._now)
                rows.setdefault(STREAMS[kind], []).extend([row] if row else [])
            except Misfit as misfit:
                refused.append(_refused(kind, each, misfit))
        tables = {stream: table_of(stream, each) for stream, each in rows.items() if each}
        return Page(tables, quarantine=quarantine(refused))


def _at(since: Mapping[str, Json]) -> datetime:
    return datetime.fromisoformat(str(since["at"]))


def _place(found: Sequence[Mapping[str, Json]]) -> str | None:
    """Return the id behind which a list goes on."""
    return next((each["id"] for each in reversed(found) if isinstance(each.get("id"), str)), None)  # type: ignore[return-value]


def _whole(client: Client, found: Mapping[str, Json]) -> Mapping[str, Json]:
    """A subscription shows its first items; the others are in a list of their own."""
    items = found.get("items")
    if not isinstance(items, Mapping) or items.get("has_more") is not True:
        return found
    pages = client.pages("/subscription_items", {"subscription": key(found)})
    return {**found, "items": {"data": [item for page in pages for item in page]}}


def _kind(event: Mapping[str, Json]) -> str | None:
    """Return the kind of object that an event is about: `customer.subscription.updated` of a subscription."""
    return _KINDS.get(str(event.get("type")).rpartition(".")[0])


def _named(event: Mapping[str, Json]) -> tuple[str, str]:
    """Kind and id of the object that an event changed; of a refund it is its charge. Raises Misfit without them."""
    kind, data = _kind(event), event.get("data")
    found = data.get("object") if isinstance(data, Mapping) else None
    if kind is None or not isinstance(found, Mapping):
        raise Misfit("type")
    charge = found.get("charge")
    if str(event["type"]).startswith("refund."):
        return kind, key(charge if isinstance(charge, Mapping) else {"id": charge}, "order_id")
    return kind, key(found)


def _refused(kind: str, found: Mapping[str, Json], misfit: Misfit) -> Mapping[str, object]:
    return refusal(STREAMS[kind], found, misfit.field, str(misfit))
