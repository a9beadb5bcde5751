"""Companies and deals become records."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from hub.sdk.tables import raw
from hub_hubspot.client import Linked
from hub_hubspot.people import NAMESPACE, attributes
from hub_hubspot.settings import HubspotSourceSettings
from hub_hubspot.values import (
    Misfit,
    Object,
    count,
    country,
    flag,
    identity,
    known,
    moment,
    money,
    parts,
    properties,
    text,
)

_COMPANY_TEXTS = {"name": "name", "domain": "domain", "industry": "industry"}
_COMPANY_COUNTRY = ("hs_country_code", "country")
_COMPANY_ATTRIBUTES = ("lifecyclestage", "country", "type")
_DEAL_ATTRIBUTES = ("dealname", "pipeline", "dealtype")
_MERGED = "hs_merged_object_ids"
_MODIFIED = "hs_lastmodifieddate"


def wanted(kind: str, entry: HubspotSourceSettings) -> Sequence[str]:
    """Return the names of all properties that are asked for of a company or a deal."""
    if kind == "companies":
        own = (*_COMPANY_TEXTS.values(), *_COMPANY_COUNTRY, *_COMPANY_ATTRIBUTES, "numberofemployees", "annualrevenue")
        chosen = entry.company_properties
    else:
        own = ("dealstage", "amount", "deal_currency_code", "closedate", "hs_is_closed", "hs_is_closed_won")
        own, chosen = (*own, *_DEAL_ATTRIBUTES), entry.deal_properties
    return list(dict.fromkeys((*own, "createdate", _MODIFIED, _MERGED, *chosen)))


def company(found: Object, currency: str | None, entry: HubspotSourceSettings) -> Mapping[str, object]:
    """Return the columns of a company; its revenue is in the account's currency.

    Raises:
        Misfit: a value is not what HubSpot documents.
    """
    held = properties(found)
    revenue = money(held, "annualrevenue", "revenue")
    sources = {
        **{column: (name,) for column, name in _COMPANY_TEXTS.items()},
        "employees": ("numberofemployees",),
        "revenue": ("annualrevenue",),
        "country": _COMPANY_COUNTRY,
        **dict.fromkeys(("company_id", "currency", "updated_at", "attributes"), ()),
    }
    return {
        **{column: text(held, name, column) for column, name in _COMPANY_TEXTS.items()},
        "company_id": identity(found.get("id"), "company_id"),
        "employees": count(held, "numberofemployees", "employees"),
        "revenue": revenue,
        "currency": currency if revenue is not None else None,
        "country": country(held, *_COMPANY_COUNTRY),
        "updated_at": _modified(found, held),
        "attributes": attributes(held, (*_COMPANY_ATTRIBUTES, *entry.company_properties)),
        "_known": known(sources, held),
        "_raw": raw(found),
    }


def deal(
    found: Object,
    contacts: Sequence[Linked] | None,
    companies: Sequence[Linked] | None,
    currency: str | None,
    entry: HubspotSourceSettings,
) -> Mapping[str, object]:
    """Return the columns of a deal; None for what it is associated with where that could not be read.

    It belongs to one person: the contact with the lowest id, whom HubSpot knows longest. Two in one record would be
    taken for one person by the hub.

    Raises:
        Misfit: a value is not what HubSpot documents.
    """
    held = properties(found)
    amount, closed = money(held, "amount", "amount"), flag(held, "hs_is_closed", "won")
    closing = moment(held.get("closedate"), "closed_at")
    own_currency = text(held, "deal_currency_code", "currency") or currency
    people = sorted((each.key for each in contacts or ()), key=int)
    return {
        "deal_id": identity(found.get("id"), "deal_id"),
        "company_id": _first(companies or ()),
        "stage": text(held, "dealstage", "stage"),
        "amount": amount,
        "currency": own_currency if amount is not None else None,
        "created_at": moment(held.get("createdate") or found.get("createdAt"), "created_at"),
        "closed_at": closing if closed else None,
        "won": flag(held, "hs_is_closed_won", "won") if closed else None,
        "updated_at": _modified(found, held),
        "identifiers": {NAMESPACE: people[0] if people else None},
        "attributes": _deal_attributes(held, people, None if closed else closing, entry),
        "_known": known(_deal_sources(contacts is not None, companies is not None), held),
        "_raw": raw(found),
    }


def merged(found: Object) -> Sequence[str]:
    """Return the ids that were merged into a company or a deal. Raises Misfit for other things than ids."""
    return [identity(each, "record_id") for each in parts(properties(found), _MERGED, "record_id")]


def _deal_sources(contacts: bool, companies: bool) -> Mapping[str, Sequence[str]]:  # noqa: FBT001 - named at the call
    unread = ("",)  # no property has this name: what could not be read
    return {
        "stage": ("dealstage",),
        "amount": ("amount",),
        "currency": ("amount",),
        "closed_at": ("closedate", "hs_is_closed"),
        "won": ("hs_is_closed", "hs_is_closed_won"),
        "identifiers": () if contacts else unread,
        "company_id": () if companies else unread,
        **dict.fromkeys(("deal_id", "created_at", "updated_at", "attributes"), ()),
    }


def _deal_attributes(
    held: Object, people: Sequence[str], expected: datetime | None, entry: HubspotSourceSettings
) -> str | None:
    """What has no column: of an open deal when it is expected to close, and all contacts where there are several."""
    chosen = json.loads(attributes(held, (*_DEAL_ATTRIBUTES, *entry.deal_properties)) or "{}")
    if len(people) > 1:
        chosen["contacts"] = [*people]
    if expected:
        chosen["expected_close"] = expected.isoformat()
    return json.dumps(chosen, ensure_ascii=False) if chosen else None


def _first(companies: Sequence[Linked]) -> str | None:
    """The primary company, else the one that HubSpot knows longest."""
    ranked = sorted(companies, key=lambda each: (not each.primary, int(each.key)))
    return ranked[0].key if ranked else None


def _modified(found: Object, held: Object) -> datetime:
    when = moment(held.get(_MODIFIED) or found.get("updatedAt"), "updated_at")
    if when is None:
        raise Misfit("updated_at", "a time of change")
    return when
