"""How far each kind of object was read: within its list, within a window of changes, or up to an instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.sdk.records import Json
from hub_hubspot.client import Window


@dataclass(frozen=True, slots=True)
class Listing:
    """The list is being read since `begun`; the next page is behind `after`."""

    begun: datetime
    after: str | None = None

    def json(self) -> Json:
        """Return what is kept in the cursor."""
        return {"begun": self.begun.isoformat(), "after": self.after}


@dataclass(frozen=True, slots=True)
class Until:
    """All that changed until then was read."""

    instant: datetime

    def json(self) -> Json:
        """Return what is kept in the cursor."""
        return {"until": self.instant.isoformat()}

    def window(self, now: datetime, lookback: timedelta) -> Window:
        """Return what is to be read next; an instant that is still to come, by a clock that was wrong, is now."""
        return Window(min(self.instant, now) - lookback, now)


Place = Listing | Window | Until


def json_of(place: Place) -> Json:
    """Return a place as it is kept in the cursor."""
    if isinstance(place, Window):
        return {"from": place.begin.isoformat(), "to": place.end.isoformat(), "id": place.last}
    return place.json()


def places_of(since: Json) -> dict[str, Place]:
    """Return the places of a cursor, by kind of object; none for a first or a full read."""
    kinds = since if isinstance(since, Mapping) else {}
    return {kind: _place(each) for kind, each in kinds.items() if isinstance(each, Mapping)}


def _place(kept: Mapping[str, Json]) -> Place:
    if "until" in kept:
        return Until(_instant(kept["until"]))
    if "from" in kept:
        return Window(_instant(kept["from"]), _instant(kept["to"]), int(str(kept["id"])))
    after = kept.get("after")
    return Listing(_instant(kept["begun"]), None if after is None else str(after))


def _instant(kept: Json) -> datetime:
    return datetime.fromisoformat(str(kept))
