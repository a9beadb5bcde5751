"""Profiles become records of people, and words of consent."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from hub.sdk.records import Json
from hub.sdk.tables import raw
from hub_klaviyo.settings import KlaviyoSourceSettings
from hub_klaviyo.values import Misfit, Object, country, identity, moment, part, text

NAMESPACE = "klaviyo_profile"
_TEXTS = {"first_name": "first_name", "last_name": "last_name", "job_title": "title"}
_PLACE = {"city": "city", "region": "region", "postcode": "zip", "timezone": "timezone", "street": "address1"}
_YES, _NO = "SUBSCRIBED", "UNSUBSCRIBED"
_NAMESPACES = {"email": "email", "sms": "phone"}
_ADDRESSES = {"email": "email", "sms": "phone_number"}


def person(found: Object, entry: KlaviyoSourceSettings) -> Mapping[str, object]:
    """Return the columns of a profile. Raises Misfit where a value is not what Klaviyo documents."""
    held = part(found, "attributes")
    place = part(held, "location", "country")
    language = (text(held, "locale", "language") or "")[:2].lower()
    return {
        **{column: text(held, name, column) for column, name in _TEXTS.items()},
        **{column: text(place, name, column) for column, name in _PLACE.items()},
        "record_id": identity(found, "record_id"),
        "language": language if language.isalpha() else None,
        "country": country(place),
        "created_at": moment(held, "created", "created_at"),
        "updated_at": moment(held, "updated", "updated_at"),
        "identifiers": _identifiers(found, held, entry),
        "attributes": _attributes(held, place, entry),
        "_raw": raw(found),
    }


def consents(found: Object, entry: KlaviyoSourceSettings) -> Iterator[Mapping[str, object]]:
    """Yield what a profile's subscriptions say: a no where it unsubscribed or is suppressed, a yes where it subscribed.

    A profile that never subscribed has said nothing.

    Raises:
        Misfit: a value is not what Klaviyo documents.
    """
    held = part(found, "attributes")
    subscriptions = part(held, "subscriptions", "state")
    for channel, name in _ADDRESSES.items():
        address, told = text(held, name, "identifiers"), part(subscriptions, channel, "state")
        said = _word(part(told, "marketing", "state"))
        if address is None or said is None:
            continue
        state, when, evidence = said
        yield {
            "identifiers": {NAMESPACE: identity(found, "identifiers"), _NAMESPACES[channel]: address},
            "channel": channel,
            "purpose": entry.purpose,
            "state": state,
            "occurred_at": when,
            "source": "klaviyo",
            "evidence": evidence,
            "_raw": raw(told),
        }


def _word(told: Object) -> tuple[str, datetime | None, str] | None:
    """State, time and evidence. Whoever is suppressed gets nothing, whatever the subscription says."""
    suppressed = _suppressions(told.get("suppression"))
    if suppressed:
        latest, reason = max(suppressed)
        return "denied", latest, f"suppressed: {reason}"
    state = text(told, "consent", "state")
    when = moment(told, "consent_timestamp", "occurred_at") or moment(told, "last_updated", "occurred_at")
    named = [text(told, name, "evidence") for name in ("method", "method_detail")]
    evidence = ", ".join(each for each in named if each)
    if state == _NO:
        return "denied", when, evidence
    if state != _YES:
        return None
    if when is None:
        raise Misfit("occurred_at", "the time of a consent")
    return "granted", when, evidence


def _suppressions(found: Json) -> list[tuple[datetime, str]]:
    """When and why a profile was suppressed everywhere; suppressions of single lists say nothing about the others."""
    if found is None:
        return []
    if not isinstance(found, list):
        raise Misfit("state", "a list of suppressions")
    return [_suppression(each) for each in found]


def _suppression(found: Json) -> tuple[datetime, str]:
    held = found if isinstance(found, Mapping) else {}
    when = moment(held, "timestamp", "occurred_at")
    if when is None:
        raise Misfit("occurred_at", "the time of a suppression")
    return when, text(held, "reason", "evidence") or "unknown"


def _identifiers(found: Object, held: Object, entry: KlaviyoSourceSettings) -> Mapping[str, str | None]:
    own = part(held, "properties")
    return {
        **{namespace: _scalar(own, name) for namespace, name in entry.identifiers.items()},
        entry.external_id: text(held, "external_id", "identifiers"),
        "email": text(held, "email", "identifiers"),
        "phone": text(held, "phone_number", "identifiers"),
        NAMESPACE: identity(found, "record_id"),
    }


def _scalar(held: Object, name: str) -> str | None:
    value = held.get(name)
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Misfit("identifiers", f"text or a whole number in {name}")


def _attributes(held: Object, place: Object, entry: KlaviyoSourceSettings) -> bytes | None:
    own = part(held, "properties")
    chosen: dict[str, Json] = {name: own[name] for name in entry.properties if own.get(name) is not None}
    named = {"organization": text(held, "organization"), "country": text(place, "country", "country")}
    chosen = {**{name: value for name, value in named.items() if value}, **chosen}
    return raw(chosen) if chosen else None
