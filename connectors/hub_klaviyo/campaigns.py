"""Campaigns become records."""

from collections.abc import Mapping

from hub.sdk.tables import raw
from hub_klaviyo.values import Misfit, Object, identity, moment, part, text

CHANNELS = {"email": "email", "sms": "sms", "mobile_push": "push"}
"""Klaviyo's channels, and the hub's names for them."""


def campaign(found: Object, channel: str) -> Mapping[str, object]:
    """Return the columns of a campaign. Raises Misfit where a value is not what Klaviyo documents.

    Klaviyo tells no cost, and no end: a campaign is sent once.
    """
    held = part(found, "attributes", "name")
    changed = moment(held, "updated_at", "_version")
    if changed is None:
        raise Misfit("_version", "a time of change in updated_at")
    status = text(held, "status")
    return {
        "campaign_id": identity(found, "campaign_id"),
        "name": text(held, "name", "name"),
        "channel": channel,
        "started_at": moment(held, "send_time", "started_at") or moment(held, "scheduled_at", "started_at"),
        "attributes": raw({"status": status}) if status else None,
        "_version": changed,
        "_raw": raw(found),
    }
