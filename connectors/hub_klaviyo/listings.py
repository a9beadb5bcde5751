"""What is listed at Klaviyo, by what it is ordered, and what becomes of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from hub.sdk.records import Json, Page
from hub.sdk.tables import quarantine, refusal, table_of
from hub_klaviyo.campaigns import CHANNELS, campaign
from hub_klaviyo.messages import message
from hub_klaviyo.profiles import consents, person
from hub_klaviyo.settings import KlaviyoSourceSettings
from hub_klaviyo.values import Misfit, Object, moment, part

_SECOND = timedelta(seconds=1)
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Listing:
    """One list in the order of a time.

    `key` names its place in the cursor; `kind` is the path. `time` is the attribute that it is ordered by. `make`:
    stream -> how its records are made of an object. `only`: a filter that always holds.
    """

    key: str
    kind: str
    time: str
    params: Mapping[str, str | int]
    make: Mapping[str, Callable[[Object], Iterable[Row]]]
    only: str = ""

    def asked(self, start: datetime | None) -> Mapping[str, str | int]:
        """Return the parameters for everything from `start` on; of profiles the instant itself is not to be had."""
        filters = [self.only] if self.only else []
        if start is not None:
            stamp = (start - _SECOND).astimezone(UTC).replace(microsecond=0, tzinfo=None)
            filters.append(f"greater-than({self.time},{stamp.isoformat()}Z)")
        return {**self.params, "sort": self.time, **({"filter": ",".join(filters)} if filters else {})}

    def newest(self, found: Sequence[Json]) -> datetime | None:
        """Return the latest time in a page."""
        return max((when for each in found if (when := self._when(each))), default=None)

    def page(self, found: Sequence[Json], cursor: Json) -> Page:
        """Make records of a page's objects; what does not fit is in quarantine, its neighbours land."""
        rows: dict[str, list[Row]] = {}
        refused: list[Row] = []
        for each in found:
            for stream, make in self.make.items():
                try:
                    rows.setdefault(stream, []).extend(_made(each, make))
                except Misfit as misfit:
                    refused.append(refusal(stream, each, misfit.field, str(misfit)))
        tables = {stream: table_of(stream, made) for stream, made in rows.items() if made}
        return Page(tables, quarantine=quarantine(refused), cursor=cursor)

    def _when(self, found: Json) -> datetime | None:
        try:
            return moment(part(found, "attributes"), self.time, self.time) if isinstance(found, Mapping) else None
        except Misfit:
            return None


def profiles(entry: KlaviyoSourceSettings, streams: Sequence[str]) -> Listing:
    """Return the list of profiles, for people and consents."""
    making: dict[str, Callable[[Object], Iterable[Row]]] = {
        "people": lambda found: [person(found, entry)],
        "consents": lambda found: consents(found, entry),
    }
    params: dict[str, str | int] = {"page[size]": 100, "additional-fields[profile]": "subscriptions"}
    wanted = {stream: make for stream, make in making.items() if stream in streams}
    return Listing("profiles", "profiles", "updated", params, wanted)


def events(metric: str, happening: str) -> Listing:
    """Return the list of one metric's events, for messages; `happening` is channel and kind."""
    params: dict[str, str | int] = {"page[size]": 200, "include": "profile", "fields[profile]": "id"}
    make = {"messages": lambda found: [message(found, happening)]}
    return Listing(f"events/{metric}", "events", "datetime", params, make, f'equals(metric_id,"{metric}")')


def campaigns() -> Sequence[Listing]:
    """Return the lists of campaigns, one for each channel: Klaviyo has no list of all."""
    return [
        Listing(
            f"campaigns/{channel}",
            "campaigns",
            "updated_at",
            {"page[size]": 100},
            {"campaigns": partial(_campaign, named)},
            f"equals(messages.channel,'{channel}')",
        )
        for channel, named in CHANNELS.items()
    ]


def _campaign(channel: str, found: Object) -> Iterable[Row]:
    return [campaign(found, channel)]


def _made(found: Json, make: Callable[[Object], Iterable[Row]]) -> Sequence[Row]:
    if not isinstance(found, Mapping):
        raise Misfit("attributes", "an object")
    return list(make(found))
