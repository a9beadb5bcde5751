"""The source `example`: customers in the order in which they changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from hub.scaffold.source.client import Client
from hub.scaffold.source.people import Misfit, key, person, when
from hub.scaffold.source.settings import ExampleSettings
from hub.sdk.connector import Source
from hub.sdk.errors import HubError
from hub.sdk.records import Fact, Json, Page
from hub.sdk.settings import SourceSettings
from hub.sdk.tables import quarantine, refusal, table_of


class ExampleSource(Source[ExampleSettings, SourceSettings]):
    """Reads customers."""

    name = "example"
    streams = ("people",)
    settings_model = ExampleSettings
    source_model = SourceSettings

    def check(self) -> Iterable[Fact]:
        """Say who we are, and that customers can be read."""
        try:
            client = Client(self.settings)
            yield Fact("ok", f"authenticated as {client.account()}")
            next(client.customers(None, limit=1))
            yield Fact("ok", "customers can be read")
        except HubError as error:
            yield Fact("error", str(error))

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Read all customers the first time, then those that changed; a read that was cut off goes on where it was."""
        del streams
        last = datetime.fromisoformat(str(since["changed"])) if isinstance(since, Mapping) else None
        start = last - self.settings.lookback if last else None
        for found in Client(self.settings).customers(start):
            last = self._later(last, found)
            yield _page(found, cursor={"changed": last.isoformat()} if last else None)
        if since is None:  # a read that goes on did not see what came before, and cannot say what is missing
            yield Page(complete=True)

    def _later(self, last: datetime | None, found: Sequence[Mapping[str, Json]]) -> datetime | None:
        """Return the latest change that was seen, never one that is yet to come: it would hide all until then."""
        seen = [each for each in (last, *map(_changed, found)) if each]
        return min(max(seen), self.context.now) if seen else None


def _changed(found: Mapping[str, Json]) -> datetime | None:
    try:
        return when(found, "updated_at")
    except Misfit:
        return None


def _page(found: Sequence[Mapping[str, Json]], cursor: Json) -> Page:
    rows, gone, refused = list[Mapping[str, object]](), list[str](), list[Mapping[str, object]]()
    for each in found:
        try:
            if each.get("deleted") is True:
                gone.append(key(each))
            else:
                rows.append(person(each))
        except Misfit as misfit:
            refused.append(refusal("people", each, misfit.field, str(misfit)))
    return Page(
        {"people": table_of("people", rows)} if rows else {},
        quarantine=quarantine(refused),
        deleted={"people": gone} if gone else {},
        cursor=cursor,
    )
