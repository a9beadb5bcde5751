"""The source `typeform`: each form's responses from the newest back to the last read; pushed ones as they come."""

import hashlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property

from hub.sdk.connector import Source
from hub.sdk.errors import BadData, HubError, StopConnection
from hub.sdk.http import Response
from hub.sdk.records import Delivery, Fact, Json, Page
from hub.sdk.tables import quarantine, refusal, table_of
from hub_typeform.answers import Misfit, Rules, records
from hub_typeform.client import Client, Listing, seconds
from hub_typeform.forms import Form, form_of, part, text
from hub_typeform.settings import TypeformSettings, TypeformSourceSettings
from hub_typeform.signatures import prove

_STREAM = "responses"
_TOPIC = "form_response"
_MOST_FORMS = 2_000  # the cursor holds an instant for each, and at most 64 KB


class TypeformSource(Source[TypeformSettings, TypeformSourceSettings]):
    """Reads completed responses, a record for each answer, and takes them from webhooks."""

    name = "typeform"
    streams = (_STREAM,)
    settings_model = TypeformSettings
    source_model = TypeformSourceSettings

    def check(self) -> Iterable[Fact]:
        """Read each form's definition, where they are named, and the newest page of the first form's responses."""
        try:
            forms = self._forms()
            yield Fact("ok" if forms else "warning", f"{len(forms)} forms can be read")
            for form in self.source.forms:
                yield Fact("ok", f'form {form} is "{self._client.form(form).title}"')
            if forms:
                yield self._newest(forms[0])
        except HubError as error:
            yield Fact("error", str(error))
        if self.settings.webhook_secret is not None:
            yield Fact("ok", f"takes events at /hooks/{self.context.connection} while hub serve runs")

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Read form by form, the newest response first; after each form the cursor says how far that one was read."""
        if _STREAM not in streams:
            return
        known = {} if since is None else _places(since)
        places, doubts = dict[str, int](), list[str]()
        for form in self._forms():
            place, whole = yield from self._one(form, known.get(form))
            if whole:
                places[form] = place
                if place != known.get(form):
                    yield Page(cursor={"forms": {**known, **places}})
            else:
                places |= {form: known[form]} if form in known else {}
                doubts.append(f"Typeform counts more responses of form {form} than it lists; they are asked for again.")
        yield Page(cursor={"forms": places}, complete=since is None and not doubts, warnings=doubts)

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Prove that an event is genuine; raises `Refused`."""
        prove(self.settings, headers, body)
        return Delivery(hashlib.sha256(body).hexdigest(), _TOPIC, datetime.now(UTC), body)

    def unpack(self, delivery: Delivery) -> Page:
        """Make records of a pushed response, the same as a read makes; other events, and other forms', are none.

        Raises:
            BadData: it is no event of Typeform.
        """
        event = Response(200, {}, delivery.body, "a pushed event").json()
        if not isinstance(event, Mapping):
            raise BadData("expected a JSON object.")
        response = part(event, "form_response")
        form = text(response, "form_id")
        if text(event, "event_type") != _TOPIC or (self.source.forms and form not in self.source.forms):
            return Page()
        if form is None:
            raise BadData("expected an event with the id of its form.")
        return self._page([response], self._defined(form) or form_of(form, part(response, "definition")))

    @cached_property
    def _client(self) -> Client:
        return Client(self.settings, self.context.connection)

    @cached_property
    def _definitions(self) -> dict[str, Form | None]:
        return {}

    @property
    def _rules(self) -> Rules:
        return Rules(self.source.kinds, self.source.identifiers)

    def _forms(self) -> Sequence[str]:
        found = list(dict.fromkeys(self.source.forms or self._client.forms()))
        if len(found) > _MOST_FORMS:
            raise StopConnection(
                f"The account has {len(found)} forms; one source reads {_MOST_FORMS}.",
                hint="Name them by `forms`, in several [[source]] entries.",
            )
        return found

    def _since(self, place: int | None) -> int | None:
        """Where a read begins: a look-back before the newest response that was read; None: from the start."""
        return max(place - int(self.settings.lookback.total_seconds()), 0) if place else None

    def _one(self, form: str, place: int | None) -> Generator[Page, None, tuple[int, bool]]:
        """Yield a form's pages, twice where fewer came than were counted; return the newest instant, and if all came.

        An instant that is still to come does not count.
        """
        now, newest, definition = int(self.context.now.timestamp()), place or 0, None
        for _ in range(2):
            listing = Listing(self._client, form, self._since(place))
            for items in listing.pages():
                definition = definition or self._client.form(form)
                yield self._page(items, definition)
                moments = [moment for each in items if (moment := seconds(each)) is not None]
                newest = max(newest, min(max(moments, default=0), now))
            if listing.whole:
                return newest, True
        return newest, False

    def _page(self, items: Sequence[Json], form: Form) -> Page:
        rows, refused = list[Mapping[str, object]](), list[Mapping[str, object]]()
        for item in items:
            try:
                for each in records(item, form, self._rules):
                    if isinstance(each, tuple):
                        refused.append(_refused(*each))
                    else:
                        rows.append(each)
            except Misfit as misfit:
                refused.append(_refused(misfit, item))
        return Page({_STREAM: table_of(_STREAM, rows)} if rows else {}, quarantine=quarantine(refused))

    def _newest(self, form: str) -> Fact:
        items = next(Listing(self._client, form, None).pages(), ())
        moments = [moment for each in items if (moment := seconds(each)) is not None]
        if not moments:
            return Fact("ok", f"responses of form {form} can be read; there are none yet")
        newest = datetime.fromtimestamp(max(moments), UTC)
        return Fact("ok", f"responses of form {form} can be read; the newest is of {newest:%Y-%m-%d %H:%M} UTC")

    def _defined(self, form: str) -> Form | None:
        """The form's definition as a read would use it; None where it cannot be had, which is tried once in a run.

        An event's own definition has the titles, but not how many steps a scale has.
        """
        if form not in self._definitions:
            try:
                self._definitions[form] = self._client.form(form)
            except HubError:
                self._definitions[form] = None
        return self._definitions[form]


def _places(since: Json) -> dict[str, int]:
    found = since.get("forms") if isinstance(since, Mapping) else None
    return {form: int(str(place)) for form, place in found.items()} if isinstance(found, Mapping) else {}


def _refused(misfit: Misfit, found: Json) -> Mapping[str, object]:
    return refusal(_STREAM, found, misfit.field, str(misfit))
