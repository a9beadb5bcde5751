"""Events become records of messages: sent, opened, clicked, bounced, unsubscribed."""

from collections.abc import Mapping

from hub.sdk.records import Json
from hub.sdk.tables import raw
from hub_klaviyo.profiles import NAMESPACE
from hub_klaviyo.values import Misfit, Object, identity, linked, moment, part, text

METRICS = {
    "Received Email": "email sent",
    "Opened Email": "email opened",
    "Clicked Email": "email clicked",
    "Bounced Email": "email bounced",
    "Dropped Email": "email dropped",
    "Marked Email as Spam": "email complained",
    "Unsubscribed from Email Marketing": "email unsubscribed",
    "Received SMS": "sms sent",
    "Clicked SMS": "sms clicked",
    "Failed to Deliver SMS": "sms bounced",
    "Unsubscribed from SMS Marketing": "sms unsubscribed",
}
"""Klaviyo's own metrics, by channel and kind."""
_ATTRIBUTES = {"message": "$message", "flow": "$flow", "subject": "Subject", "url": "URL", "reason": "Bounce Type"}


def message(found: Object, happening: str) -> Mapping[str, object]:
    """Return the columns of an event; `happening` is channel and kind. Raises Misfit for what Klaviyo documents not."""
    held = part(found, "attributes", "message_id")
    told = part(held, "event_properties")
    when = moment(held, "datetime", "occurred_at")
    if when is None:
        raise Misfit("occurred_at", "a time")
    channel, _, kind = happening.partition(" ")
    return {
        "message_id": identity(found, "message_id"),
        "campaign": text(told, "Campaign Name", "campaign"),
        "channel": channel,
        "kind": kind,
        "occurred_at": when,
        "identifiers": {NAMESPACE: linked(found, "profile", "identifiers")},
        "attributes": _attributes(told),
        "_raw": raw(found),
    }


def _attributes(told: Object) -> bytes | None:
    chosen: dict[str, Json] = {own: told[name] for own, name in _ATTRIBUTES.items() if told.get(name) is not None}
    return raw(chosen) if chosen else None
