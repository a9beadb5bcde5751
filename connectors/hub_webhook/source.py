"""The source `webhook`: reads nothing, takes events that are pushed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from hub.sdk.connector import Source
from hub.sdk.errors import BadData
from hub.sdk.records import Delivery, Fact, Json, Page
from hub.sdk.streams import STREAMS, Stream
from hub.sdk.tables import quarantine, table_of
from hub_webhook.mapping import Misfit, at, fits, loaded, record
from hub_webhook.settings import WebhookSettings, WebhookSourceSettings
from hub_webhook.signatures import event_id

_RAW_LIMIT = 10_000


class WebhookSource(Source[WebhookSettings, WebhookSourceSettings]):
    """Makes records of one stream from signed JSON, by a mapping in config."""

    name = "webhook"
    streams = tuple(STREAMS)
    settings_model = WebhookSettings
    source_model = WebhookSourceSettings

    def check(self) -> Iterable[Fact]:
        """Say where events are taken; a probe that signs as the sender does shows whether both secrets work."""
        yield Fact("ok", f"takes events at /hooks/{self.context.connection} while hub serve runs")
        if self.settings.scheme == "hmac" and self.settings.timestamp_header is None:
            yield Fact("warning", "no timestamp_header: an event that somebody recorded can be sent again")

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """There is nothing to read: events come by themselves."""
        del streams, since
        yield from ()

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Prove that an event is genuine; raises `Refused`."""
        now = datetime.now(UTC)  # not the run's instant: the daemon runs for weeks
        given = {name.lower(): value for name, value in headers.items()}
        return Delivery(event_id(self.settings, given, body, now), self.source.stream, now, body)

    def unpack(self, delivery: Delivery) -> Page:
        """Make records of an event; elements that do not fit are quarantined one by one.

        Raises:
            BadData: it is no JSON, or `items` names no list.
        """
        try:
            event = loaded(delivery.body)
        except ValueError:
            raise BadData("expected JSON in UTF-8.") from None
        if not fits(event, self.source.when):
            return Page()
        rows, refused = list[Mapping[str, object]](), list[Mapping[str, object]]()
        for item in self._items(event):
            try:
                rows.append(record(item, self.source))
            except Misfit as misfit:
                refused.append(self._refused(delivery, misfit))
        lines = quarantine(refused)
        stream = self.source.canonical
        if self.source.deleted_when and fits(event, self.source.deleted_when):
            return Page(deleted={stream.name: _gone(stream, rows, delivery.received_at)}, quarantine=lines)
        return Page({stream.name: table_of(stream.name, rows)} if rows else {}, quarantine=lines)

    def _items(self, event: Json) -> Sequence[object]:
        if self.source.items is None:
            return [event]
        found = at(event, self.source.items)
        if isinstance(found, list):
            return found
        raise BadData(f'expected a list at "{self.source.items}".')

    def _refused(self, delivery: Delivery, misfit: Misfit) -> Mapping[str, object]:
        raw = delivery.body.decode("utf-8", "replace")[:_RAW_LIMIT]
        return {"stream": self.source.stream, "field": misfit.field, "reason": str(misfit), "raw": raw}


def _gone(stream: Stream, rows: Sequence[Mapping[str, object]], received: datetime) -> Mapping[str, datetime]:
    """Keys of deleted records, and when: the record's own version where the event has it, else the event's receipt."""
    found = {}
    for row in rows:
        key, when = row[stream.key[0]], row.get(stream.version or "")
        if key is not None:
            found[str(key)] = when if isinstance(when, datetime) else received
    return found
