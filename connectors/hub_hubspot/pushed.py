"""Webhooks: proof that they are genuine, and what they name. What changed is read anew, so that order is no matter."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.sdk.errors import BadData, Refused
from hub.sdk.http import Response
from hub.sdk.records import Json
from hub_hubspot.settings import HubspotSettings
from hub_hubspot.values import Misfit, Object, identity, moment

SIGNATURE, TIMESTAMP = "x-hubspot-signature-v3", "x-hubspot-request-timestamp"
_OLDEST = timedelta(minutes=5)
_KINDS = {"contact": "contacts", "company": "companies", "deal": "deals"}
_TYPES = {"0-1": "contacts", "0-2": "companies", "0-3": "deals"}
_CHANGES = frozenset({"creation", "propertyChange", "restore"})


def signature(secret: str, url: str, timestamp: str, body: bytes) -> str:
    """Return what the header must say for an event that was posted to `url`."""
    signed = b"POST" + url.encode() + body + timestamp.encode(errors="replace")
    return base64.b64encode(hmac.digest(secret.encode(), signed, "sha256")).decode()


def prove(settings: HubspotSettings, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return for a genuine event.

    Raises:
        Refused: the signature is missing or wrong, the event is older than five minutes, or no secret is known.
    """
    if settings.webhook_url is None or not settings.webhook_secrets:
        raise Refused("The connection has no webhook_url and webhook_secret to prove events with.")
    sent = {name.lower(): value for name, value in headers.items()}
    timestamp, given = sent.get(TIMESTAMP, ""), sent.get(SIGNATURE, "").encode(errors="replace")
    matches = [
        hmac.compare_digest(signature(each, settings.webhook_url, timestamp, body).encode(), given)
        for each in settings.webhook_secrets
    ]
    if not any(matches):
        raise Refused("The signature does not match. It covers webhook_url: it must be what is entered at HubSpot.")
    if not _is_recent(timestamp, now):
        raise Refused("The event was signed more than five minutes ago.")


@dataclass(slots=True)
class Named:
    """What events name: ids by kind, pairs of contacts (losing, winning), and who is to be forgotten since when."""

    changed: dict[str, dict[str, None]] = field(default_factory=dict)
    gone: dict[str, dict[str, None]] = field(default_factory=dict)
    merged: list[tuple[str, str]] = field(default_factory=list)
    erased: dict[str, datetime | None] = field(default_factory=dict)
    refused: list[tuple[Json, Misfit]] = field(default_factory=list)

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds that are named."""
        return [kind for kind in _KINDS.values() if kind in self.changed or kind in self.gone]


def named(body: bytes) -> Named:
    """Return what a delivery names; events of other kinds are passed over. Raises BadData for what is no list."""
    events = Response(200, {}, body, "a pushed event").json()
    if not isinstance(events, list):
        raise BadData("Expected a list of events.")
    found = Named()
    for event in events:
        try:
            _add(found, event)
        except Misfit as misfit:
            found.refused.append((event, misfit))
    return found


def _add(found: Named, event: Json) -> None:
    if not isinstance(event, Mapping):
        raise Misfit("record_id", "an event")
    subject, _, what = str(event.get("subscriptionType")).partition(".")
    kind = _KINDS.get(subject) or _TYPES.get(str(event.get("objectTypeId")))
    if what == "associationChange":
        _associated(found, event)
    elif kind is None:
        return
    elif what == "privacyDeletion":
        found.erased[_id(event, "objectId")] = moment(event.get("occurredAt"), "requested_at")
    elif what == "merge":
        _merged(found, kind, event)
    elif what in _CHANGES:
        _put(found.changed, kind, _id(event, "objectId"))
    elif what == "deletion":
        _put(found.gone, kind, _id(event, "objectId"))


def _merged(found: Named, kind: str, event: Object) -> None:
    """A merge may leave the primary object, or make a new one that replaces it too."""
    primary = _id(event, "primaryObjectId")
    new, others = event.get("newObjectId"), event.get("mergedObjectIds")
    if not isinstance(others, list):
        raise Misfit("record_id", "a list of ids that were merged")
    winner = primary if new in (None, "", 0) else identity(new, "record_id")
    losers = {each for each in (primary, *(identity(each, "record_id") for each in others)) if each != winner}
    _put(found.changed, kind, winner)
    for loser in sorted(losers, key=int):
        _put(found.gone, kind, loser)
        if kind == "contacts":
            found.merged.append((loser, winner))


def _associated(found: Named, event: Object) -> None:
    names = str(event.get("associationType")).lower().split("_to_")
    for place, side in enumerate(("from", "to")):
        word = names[place] if place < len(names) else ""
        kind = _KINDS.get(word) or _TYPES.get(str(event.get(f"{side}ObjectTypeId")))
        if kind is not None:
            _put(found.changed, kind, _id(event, f"{side}ObjectId"))


def _put(ids: dict[str, dict[str, None]], kind: str, key: str) -> None:
    ids.setdefault(kind, {})[key] = None


def _id(event: Object, name: str) -> str:
    return identity(event.get(name), "record_id")


def _is_recent(timestamp: str, now: datetime) -> bool:
    try:
        sent = moment(timestamp, "occurred_at") if timestamp.isascii() and timestamp.isdigit() else None
    except Misfit:
        return False
    return sent is not None and abs(now - sent) <= _OLDEST
