"""The source `stripe`: everything once, then what the event log names; objects have no time of change of their own."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from hub.sdk.connector import Source
from hub.sdk.errors import BadData, HubError
from hub.sdk.records import Fact, Json, Page
from hub.sdk.settings import SourceSettings
from hub.sdk.streams import QUARANTINE
from hub.sdk.tables import table_of
from hub_stripe.client import PAGE, Client, objects
from hub_stripe.objects import STREAMS, Misfit, record
from hub_stripe.settings import StripeSettings

_PATHS = {"customer": "/customers", "charge": "/charges", "subscription": "/subscriptions"}
_TYPES = (
    *(f"customer.{what}" for what in ("created", "updated", "deleted")),
    *(f"charge.{what}" for what in ("succeeded", "updated", "refunded", "captured")),
    *(f"refund.{what}" for what in ("updated", "failed")),
    *(f"customer.subscription.{what}" for what in ("created", "updated", "deleted", "paused", "resumed")),
)
_KEPT = timedelta(days=29)  # the event log holds 30 days
_RAW_LIMIT = 10_000


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
        last = datetime.fromisoformat(str(since["at"])) if isinstance(since, Mapping) else None
        if last is None:
            yield from self._everything(client, wanted, ())
        elif self._now - last > _KEPT:
            yield from self._everything(
                client, wanted, ("The last read is older than the event log: all was read again.",)
            )
        else:
            yield from self._changes(client, wanted, last)

    @property
    def _now(self) -> datetime:
        return self.context.now.astimezone(UTC).replace(tzinfo=None)

    def _everything(self, client: Client, wanted: Sequence[str], warnings: Sequence[str]) -> Iterator[Page]:
        """All lists; what changes meanwhile is in the event log from the start of the read on."""
        for kind in wanted:
            params = {"status": "all"} if kind == "subscription" else {}
            for found in client.pages(_PATHS[kind], params):
                yield _page([_whole(client, each) for each in found], self._now)
        yield Page(cursor={"at": self._now.isoformat()}, complete=True, warnings=warnings)

    def _changes(self, client: Client, wanted: Sequence[str], last: datetime) -> Iterator[Page]:
        """Read the objects that events name as they are now; only when all have landed the cursor moves.

        The log is read from the newest event on. Who reads it while it grows misses nothing: the cursor goes to the
        start of this read, and the next one looks back over it.
        """
        start = int((last - self.settings.lookback).replace(tzinfo=UTC).timestamp())
        named = dict[tuple[str, str], None]()
        for events in client.pages("/events", {"types[]": list(_TYPES), "created[gte]": start}):
            named |= dict.fromkeys(_named(event) for event in events)
        keys = [key for key in named if key[0] in wanted]
        for place in range(0, len(keys), PAGE):
            yield self._fetched(client, keys[place : place + PAGE])
        yield Page(cursor={"at": self._now.isoformat()})

    def _fetched(self, client: Client, keys: Sequence[tuple[str, str]]) -> Page:
        found = {key: client.one(f"{_PATHS[key[0]]}/{key[1]}") for key in keys}
        page = _page([_whole(client, each) for each in found.values() if each is not None], self._now)
        gone: dict[str, list[str]] = {}
        for (kind, key), each in found.items():
            if each is None:
                gone.setdefault(STREAMS[kind], []).append(key)
        return Page(page.rows, quarantine=page.quarantine, deleted=gone)


def _whole(client: Client, found: Mapping[str, Json]) -> Mapping[str, Json]:
    """A subscription shows its first items; the others are in a list of their own."""
    items = found.get("items")
    if not isinstance(items, Mapping) or items.get("has_more") is not True:
        return found
    pages = client.pages("/subscription_items", {"subscription": str(found["id"])})
    return {**found, "items": {"data": [item for page in pages for item in page]}}


def _named(event: Mapping[str, Json]) -> tuple[str, str]:
    """Kind and id of the object that an event changed; of a refund it is its charge."""
    data = event.get("data")
    [found] = objects([data.get("object") if isinstance(data, Mapping) else None])
    charge = found.get("charge")
    if found.get("object") == "refund":
        return "charge", str(charge.get("id") if isinstance(charge, Mapping) else charge)
    return str(found.get("object")), str(found["id"])


def _page(found: Sequence[Mapping[str, Json]], version: datetime) -> Page:
    rows: dict[str, list[Mapping[str, object]]] = {}
    refused = []
    for each in found:
        stream = STREAMS[str(each.get("object"))]
        try:
            row = record(each, version)
            rows.setdefault(stream, []).extend([row] if row else [])
        except (Misfit, BadData) as misfit:
            field = misfit.field if isinstance(misfit, Misfit) else None
            raw = json.dumps(each, ensure_ascii=False)[:_RAW_LIMIT]
            refused.append({"stream": stream, "field": field, "reason": str(misfit), "raw": raw})
    quarantine = pa.Table.from_pylist(refused, schema=QUARANTINE) if refused else None
    return Page({stream: table_of(stream, each) for stream, each in rows.items() if each}, quarantine=quarantine)
