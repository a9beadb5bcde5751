"""What `hub check` says: the account, what the key may do and what each missing scope costs, newest objects."""

from collections.abc import Iterator, Mapping

from hub.sdk.errors import HubError
from hub.sdk.records import Fact, Json
from hub_klaviyo.client import Client, Forbidden
from hub_klaviyo.settings import KlaviyoSettings
from hub_klaviyo.values import Misfit, moment, part, text

_ORDER = {"profiles": "updated", "events": "datetime", "campaigns": "updated_at"}
_COSTS = {
    "profiles": "nothing is read",
    "events": "no messages are read",
    "campaigns": "no campaigns are read",
}


def facts(client: Client, settings: KlaviyoSettings, metrics: Mapping[str, str]) -> Iterator[Fact]:
    """Yield what was found; an error of Klaviyo's ends it."""
    try:
        yield _account(client)
        yield Fact("ok", f"API revision {settings.revision}")
        for kind in _ORDER:
            yield _newest(client, kind)
        yield _metrics(client, metrics)
    except HubError as error:
        yield Fact("error", str(error))


def _account(client: Client) -> Fact:
    try:
        found = client.first("accounts", {})
    except Forbidden:
        return Fact("warning", "scope missing: accounts:read; the account cannot be named")
    held = found if isinstance(found, Mapping) else {}
    try:
        told = part(held, "attributes")
        said = ", ".join(each for each in (text(told, "preferred_currency"), text(told, "timezone")) if each)
    except Misfit:
        said = ""
    return Fact("ok", f"authenticated as account {held.get('id')}{f' ({said})' if said else ''}")


def _newest(client: Client, kind: str) -> Fact:
    order = _ORDER[kind]
    filtered = {"filter": "equals(messages.channel,'email')"} if kind == "campaigns" else {}
    try:
        found = client.first(kind, {"sort": f"-{order}", "page[size]": 1, **filtered})
    except Forbidden:
        return Fact("error" if kind == "profiles" else "warning", f"scope missing: {kind}:read; {_COSTS[kind]}")
    if not isinstance(found, Mapping):
        return Fact("ok", f"{kind} can be read; there are none yet")
    return Fact("ok", f"{kind} can be read; the newest is of {_time(found, order)}")


def _time(found: Mapping[str, Json], name: str) -> str:
    try:
        when = moment(part(found, "attributes"), name, name)
    except Misfit:
        when = None
    return f"{when:%Y-%m-%d %H:%M %Z}" if when else "an unknown time"


def _metrics(client: Client, wanted: Mapping[str, str]) -> Fact:
    try:
        known = client.metrics()
    except Forbidden:
        return Fact("warning", "scope missing: metrics:read; no messages are read")
    there = [name for name in wanted if name in known]
    return Fact("ok", f"metrics of messages that the account has: {', '.join(there) or 'none yet'}")
