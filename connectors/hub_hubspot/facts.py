"""What `hub check` says: the account, what the token may do and what each missing scope costs, newest objects."""

from collections.abc import Iterator, Mapping, Sequence

from hub.sdk.errors import HubError
from hub.sdk.records import Fact, Json
from hub_hubspot.client import (
    CONTACTS,
    CONTACTS_WRITE,
    LISTS,
    LISTS_WRITE,
    SCHEMAS_WRITE,
    STATUS_SCOPE,
    Client,
    Forbidden,
)
from hub_hubspot.fields import properties_of
from hub_hubspot.lists import Lists
from hub_hubspot.people import modified as contact_modified
from hub_hubspot.settings import HubspotSettings
from hub_hubspot.values import Misfit, Object, moment, properties

_COSTS = {
    "crm.objects.contacts.read": "no people and no consents are read",
    "crm.objects.companies.read": "no companies are read, and deals name none",
    "crm.objects.deals.read": "no deals are read",
    STATUS_SCOPE: "subscriptions are not read: HubSpot proves no consent, only opt-outs of all e-mail",
}
_WRITING = {
    CONTACTS: "nothing is delivered: contacts are read before they are written",
    CONTACTS_WRITE: "no contact is changed, created or erased",
    LISTS: "no list is found",
    LISTS_WRITE: "nobody is put on a list or taken off",
    SCHEMAS_WRITE: "properties are not created; make them in HubSpot",
    STATUS_SCOPE: "an audience with a subscription is not delivered; opt-outs of all e-mail are still respected",
}
_MOST_LISTS = 50
_STREAMS = {"contacts": "people", "companies": "companies", "deals": "deals"}


def facts(client: Client, settings: HubspotSettings, chosen: Mapping[str, Sequence[str]]) -> Iterator[Fact]:
    """Yield what was found; an error of HubSpot's ends it. `chosen`: properties by kind, as the config names them."""
    try:
        yield _account(client.account())
        yield Fact("ok", f"API {settings.api}, at most {settings.calls_per_10_seconds} calls in ten seconds")
        yield from _scopes(client, _COSTS)
        for kind in _STREAMS:
            yield _newest(client, kind)
        for kind, names in chosen.items():
            yield from _properties(client, kind, names)
        yield _budget(client)
    except HubError as error:
        yield Fact("error", str(error))


def writing(client: Client, settings: HubspotSettings) -> Iterator[Fact]:
    """Yield what a destination finds: account, scopes, lists that can be filled, properties that can be written."""
    try:
        yield _account(client.account())
        yield Fact("ok", f"API {settings.api}, at most {settings.calls_per_10_seconds} calls in ten seconds")
        yield from _scopes(client, _WRITING)
        yield from _lists(client)
        yield from _writable(client)
        yield _budget(client)
    except HubError as error:
        yield Fact("error", str(error))


def _lists(client: Client) -> Iterator[Fact]:
    try:
        usable = [each for each in Lists(client).all() if each.usable]
    except Forbidden as error:
        yield Fact("warning", f"lists cannot be read. {error.hint}")
        return
    if not usable:
        yield Fact("ok", "there is no static list of contacts yet; one that a target names is made")
    for each in usable[:_MOST_LISTS]:
        size = "" if each.size is None else f", {each.size:,} contacts"
        yield Fact("ok", f'list "{each.name}" ({each.key}{size})')
    if len(usable) > _MOST_LISTS:
        yield Fact("ok", f"and {len(usable) - _MOST_LISTS:,} more lists")


def _writable(client: Client) -> Iterator[Fact]:
    try:
        found = sorted((each.name, each) for each in properties_of(client).values() if not each.fixed)
    except Forbidden as error:
        yield Fact("warning", f"properties cannot be read. {error.hint}")
        return
    named = (f"{name} ({each.type}{', unique' if each.unique else ''})" for name, each in found)
    yield Fact("ok", f"properties of contacts that can be written: {', '.join(named)}")


def _account(found: Object) -> Fact:
    named = [found.get(name) for name in ("accountType", "companyCurrency", "timeZone")]
    said = ", ".join(each for each in named if isinstance(each, str))
    return Fact("ok", f"authenticated as account {found.get('portalId')} ({said})")


def _scopes(client: Client, costs: Mapping[str, str]) -> Iterator[Fact]:
    scopes = client.scopes()
    if scopes is None:
        yield Fact("warning", "HubSpot does not tell the scopes of this token; what cannot be read shows below")
        return
    present = [scope for scope in costs if scope in scopes]
    yield Fact("ok", f"scopes present: {', '.join(present) or 'none that is needed'}")
    for scope, cost in costs.items():
        if scope not in scopes:
            yield Fact("warning", f"scope missing: {scope}; {cost}")


def _newest(client: Client, kind: str) -> Fact:
    try:
        found = client.newest(kind)
    except Forbidden as error:
        return Fact("warning", f"{kind} cannot be read. {error.hint}")
    if not isinstance(found, Mapping):
        return Fact("ok", f"{kind} can be read; there are none yet")
    return Fact("ok", f"{kind} can be read; the newest change is of {_changed(kind, found)}")


def _changed(kind: str, found: Mapping[str, Json]) -> str:
    try:
        if kind == "contacts":
            return f"{contact_modified(found):%Y-%m-%d %H:%M} UTC"
        when = moment(properties(found).get("hs_lastmodifieddate"), "updated_at")
    except Misfit:
        when = None
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else "an unknown time"


def _properties(client: Client, kind: str, names: Sequence[str]) -> Iterator[Fact]:
    if not names:
        return
    missing = sorted(set(names) - client.property_names(kind))
    if missing:
        yield Fact("warning", f"{kind} have no property {', '.join(missing)}: check its internal name")


def _budget(client: Client) -> Fact:
    if client.budget is None:
        return Fact("ok", "HubSpot does not tell this kind of app how many calls are left today")
    left, most = client.budget
    return Fact("ok" if left * 10 > most else "warning", f"{left:,} of {most:,} calls are left today")
