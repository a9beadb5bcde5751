"""Audience exports: who is a member of an audience, the one thing of the Data API that names people.

An export is a snapshot that Google prepares; it costs tokens and may be asked for again while it lives, so one that is
there already is taken, whoever ordered it.
https://developers.google.com/analytics/devguides/reporting/data/v1/audience-list-basics
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from hub.sdk.errors import BadData, RetryLater, StopConnection
from hub.sdk.records import Json, Page
from hub.sdk.tables import quarantine, raw, refusal, table_of
from hub_google_analytics.client import Client, Object

_DIMENSIONS = ("deviceId", "userId", "isAdsPersonalizationAllowed")
_UNSET = ("", "(not set)")
_FRESH = timedelta(hours=20)  # a daily read orders a new one each day
_SOON = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Export:
    """A snapshot: its resource name, its state (CREATING, ACTIVE, FAILED) and when it was begun (aware)."""

    name: str
    state: str
    begun: datetime


def members(client: Client, event: str, audience: str, namespace: str, now: datetime) -> Iterator[Page]:
    """Yield the members of an audience as events, each known by its device, or by its user where it has none.

    Raises:
        RetryLater: Google prepares the snapshot yet.
        StopConnection: Google could not make one.
    """
    export = _ready(client, audience, now)
    for rows in client.members(export.name):
        made: list[Mapping[str, object]] = []
        refused: list[Mapping[str, object]] = []
        for row in rows:
            device, user, ads = _values(row)
            if device or user:
                known = {"ga_client": device, namespace: user}
                made.append(
                    {
                        "event_id": f"audience/{audience}/{device or user}",
                        "name": event,
                        "occurred_at": export.begun.replace(tzinfo=None),
                        "identifiers": {name: value for name, value in known.items() if value},
                        "attributes": json.dumps({"ads_personalization": ads == "true"}),
                        "_raw": raw(row).decode(),
                    }
                )
            else:
                refused.append(refusal("events", row, "identifiers", "expected a deviceId or a userId"))
        yield Page({"events": table_of("events", made)}, quarantine=quarantine(refused))


def _ready(client: Client, audience: str, now: datetime) -> Export:
    """Return the newest snapshot that is young enough; order one where there is none."""
    wanted = [each for found in client.exports() if (each := _export(found, audience))]
    young = [each for each in wanted if now - each.begun < _FRESH and each.state != "FAILED"]
    best = max(young, key=lambda each: (each.state == "ACTIVE", each.begun), default=None)
    if best and best.state == "ACTIVE":
        return best
    if best is None:
        if any(each.state == "FAILED" and now - each.begun < timedelta(hours=1) for each in wanted):
            raise StopConnection(f"Google could not export audience {audience}.", hint="It tries again in an hour.")
        client.order_export(audience, _DIMENSIONS)
    raise RetryLater(
        f"Google prepares the export of audience {audience}.", after=_SOON, hint="The next read takes it from there."
    )


def _export(found: Json, audience: str) -> Export | None:
    """Return an export of this audience with our dimensions, None for another one. Raises BadData."""
    told: Object = found if isinstance(found, Mapping) else {}
    names = [each.get("dimensionName") for each in _objects(told.get("dimensions"))]
    if not str(told.get("audience", "")).endswith(f"/audiences/{audience}") or names != [*_DIMENSIONS]:
        return None
    try:
        begun = datetime.fromisoformat(str(told.get("beginCreatingTime"))).astimezone(UTC)
    except ValueError:
        raise BadData("An audience export does not say when it was begun.") from None
    return Export(str(told.get("name")), str(told.get("state")), begun)


def _objects(value: Json) -> Sequence[Object]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _values(row: Json) -> tuple[str, str, str]:
    """Return device, user and whether ads may be made for them, "" for what is not set: then they may not."""
    held = _objects(row.get("dimensionValues")) if isinstance(row, Mapping) else []
    texts = [each.get("value", "") for each in held]
    if len(texts) != len(_DIMENSIONS) or not all(isinstance(each, str) for each in texts):
        return "", "", ""
    device, user, ads = ("" if each in _UNSET else cast("str", each).strip() for each in texts)
    return device, user, ads
