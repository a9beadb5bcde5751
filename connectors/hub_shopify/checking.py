"""What `hub check` says: who we are, what we may see and what is missing, and how fresh the shop's data is."""

from collections.abc import Iterator

from hub.sdk.errors import HubError
from hub.sdk.records import Fact
from hub_shopify.client import Client
from hub_shopify.documents import KINDS, SCOPES, VERSION, WHO, Kind, newest
from hub_shopify.values import Object, nodes, objects, part, text


def facts(client: Client) -> Iterator[Fact]:
    """Yield what was found. Raises as `Client.ask` does."""
    found = client.ask(WHO).data
    shop, app = part(found, "shop"), part(found, "currentAppInstallation")
    name, domain = text(shop, "name") or "?", text(shop, "myshopifyDomain") or "?"
    title = text(part(app, "app"), "title") or "?"
    yield Fact("ok", f'authenticated as the app "{title}" at "{name}" ({domain})')
    yield Fact("ok", f"the shop's time zone is {text(shop, 'ianaTimezone')}, its currency {text(shop, 'currencyCode')}")
    yield from _scopes(scopes_of(found))
    yield _version(client, found)
    for kind in KINDS.values():
        yield _newest(client, kind)
    budget = client.notices.budget
    yield Fact(
        "ok",
        f"{_points(budget, 'currentlyAvailable')} of {_points(budget, 'maximumAvailable')} points are left,"
        f" {_points(budget, 'restoreRate')} a second come back",
    )


def scopes_of(who: Object) -> frozenset[str]:
    """Return the scopes that the shop has granted; who may write may read."""
    found = objects(part(who, "currentAppInstallation").get("accessScopes"))
    handles = {text(each, "handle") or "" for each in found}
    return frozenset(handles | {each.replace("write_", "read_", 1) for each in handles if each.startswith("write_")})


def _scopes(granted: frozenset[str]) -> Iterator[Fact]:
    present = [scope for scope in SCOPES if scope in granted]
    yield Fact("ok", f"scopes: {', '.join(present) or 'none of those that are needed'}")
    for scope, lost in SCOPES.items():
        if scope not in granted:
            yield Fact("warning", f"scope {scope} is missing: {lost}")


def _version(client: Client, found: Object) -> Fact:
    known = {text(each, "handle"): each.get("supported") is True for each in objects(found.get("publicApiVersions"))}
    served = client.notices.version or VERSION
    if served != VERSION or not known.get(VERSION, False):
        return Fact("warning", f"version {VERSION} of the API is asked for, {served} answers: update the hub")
    return Fact("ok", f"version {VERSION} of the API answers")


def _newest(client: Client, kind: Kind) -> Fact:
    """The newest object; a kind that cannot be read spoils no other one."""
    try:
        answer = client.ask(newest(kind))
    except HubError as error:
        return Fact("error", f"{kind.name}: {error}")
    if answer.denied:
        return Fact("warning", f"{kind.name} cannot be read: {kind.lost}")
    moments = [moment for each in nodes(answer.data.get(kind.name)) if (moment := text(each, "updatedAt"))]
    what = f"the newest is of {moments[0][:16].replace('T', ' ')} UTC" if moments else "there are none yet"
    return Fact("ok", f"{kind.name} can be read; {what}")


def _points(budget: Object, key: str) -> str:
    value = budget.get(key)
    return f"{value:g}" if isinstance(value, int | float) else "?"
