"""Contacts become records of people, and say who was merged into them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from hub.sdk.tables import raw
from hub_hubspot.settings import HubspotSourceSettings
from hub_hubspot.values import Misfit, Object, country, day, identity, known, moment, parts, properties, text

_TEXTS = {
    "first_name": "firstname",
    "last_name": "lastname",
    "gender": "gender",
    "marital_status": "marital_status",
    "company_id": "associatedcompanyid",
    "job_title": "jobtitle",
    "street": "address",
    "city": "city",
    "region": "state",
    "postcode": "zip",
}
_COUNTRY = ("hs_country_region_code", "country")
_EMAILS = ("email", "hs_additional_emails")
_MERGED = ("hs_merged_object_ids", "hs_calculated_merged_vids")
_ATTRIBUTES = ("lifecyclestage", "hs_lead_status", "company", "country", "date_of_birth")
OPTED_OUT = "hs_email_optout"
NAMESPACE = "hubspot_contact"


def wanted(entry: HubspotSourceSettings) -> Sequence[str]:
    """Return the names of all properties that are asked for."""
    own = (*_TEXTS.values(), *_COUNTRY, *_EMAILS, *_MERGED, *_ATTRIBUTES, OPTED_OUT)
    times = ("createdate", "lastmodifieddate", "hs_language")
    chosen = (*entry.phones, *entry.identifiers.values(), *entry.contact_properties)
    return list(dict.fromkeys((*own, *times, *chosen)))


def person(found: Object, entry: HubspotSourceSettings) -> Mapping[str, object]:
    """Return the columns of a contact. Raises Misfit where a value is not what HubSpot documents."""
    held = properties(found)
    language = (text(held, "hs_language", "language") or "")[:2].lower()
    return {
        **{column: text(held, name, column) for column, name in _TEXTS.items()},
        "record_id": identity(found.get("id"), "record_id"),
        "birthday": day(text(held, "date_of_birth", "birthday")),
        "language": language if language.isalpha() else None,
        "country": country(held, *_COUNTRY),
        "created_at": moment(held.get("createdate") or found.get("createdAt"), "created_at"),
        "updated_at": modified(found),
        "identifiers": _identifiers(found, held, entry),
        "attributes": attributes(held, (*_ATTRIBUTES, *entry.contact_properties)),
        "_known": known(_sources(entry), held),
        "_raw": raw(found),
    }


def modified(found: Object) -> datetime:
    """Return when a contact changed last, naive UTC. Raises Misfit where it does not say so."""
    when = moment(properties(found).get("lastmodifieddate") or found.get("updatedAt"), "updated_at")
    if when is None:
        raise Misfit("updated_at", "a time of change")
    return when


def emails(held: Object) -> Sequence[str]:
    """Return a contact's addresses, the main one first. Raises Misfit for what is no text."""
    named = [(text(held, "email", "identifiers") or "").strip(), *parts(held, "hs_additional_emails", "identifiers")]
    return list(dict.fromkeys(each for each in named if each))


def merged(found: Object) -> Sequence[str]:
    """Return the ids that were merged into an object: `1;2`, and of older merges `1:1700000000000`.

    Raises:
        Misfit: there are other things than ids.
    """
    held, own = properties(found), identity(found.get("id"), "record_id")
    named = [each for name in _MERGED for each in parts(held, name, "record_id")]
    ids = [identity(each.partition(":")[0], "record_id") for each in named]
    return [each for each in dict.fromkeys(ids) if each != own]


def attributes(held: Object, names: Sequence[str]) -> str | None:
    """Return properties that have no column of their own as a JSON object. Raises Misfit for what is no text."""
    chosen = {name: value for name in names if (value := text(held, name)) is not None}
    return json.dumps(chosen, ensure_ascii=False) if chosen else None


def _identifiers(found: Object, held: Object, entry: HubspotSourceSettings) -> Sequence[Mapping[str, str]]:
    pairs = [(NAMESPACE, identity(found.get("id"), "record_id"))]
    pairs += [("email", address) for address in emails(held)]
    for namespace, name in [*(("phone", each) for each in entry.phones), *entry.identifiers.items()]:
        value = text(held, name, "identifiers")
        pairs += [(namespace, value)] if value else []
    return [{"namespace": namespace, "value": value} for namespace, value in dict.fromkeys(pairs)]


def _sources(entry: HubspotSourceSettings) -> Mapping[str, Sequence[str]]:
    """Every column, with the properties that it is made of."""
    return {
        **{column: (name,) for column, name in _TEXTS.items()},
        "birthday": ("date_of_birth",),
        "language": ("hs_language",),
        "country": _COUNTRY,
        "identifiers": (*_EMAILS, *entry.phones, *entry.identifiers.values()),
        **dict.fromkeys(("record_id", "created_at", "updated_at", "attributes"), ()),
    }
