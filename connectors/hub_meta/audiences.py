"""Custom audiences of the account: found by id or name, made when missing."""

from collections.abc import Mapping

from hub.sdk.errors import StopConnection
from hub.sdk.records import Json
from hub_meta.client import Client
from hub_meta.settings import MetaTarget

_FIELDS = "id,name,operation_status"
_FLAGGED = 471


def audience_id(client: Client, account: str, target: MetaTarget) -> str:
    """Return the id of a custom audience; one that is given by name is made when it is missing.

    Raises:
        StopConnection: it is not there, it was flagged, there are several of this name, or Meta does not make it.
    """
    if target.id:
        return _usable(client.get(f"/{target.id}", {"fields": _FIELDS}).json_object())
    found = [
        each
        for each in client.listed(f"/{account}/customaudiences", {"fields": _FIELDS, "limit": "200"})
        if each.get("name") == target.audience
    ]
    if len(found) > 1:
        ids = ", ".join(str(each.get("id")) for each in found)
        raise StopConnection(f'Meta has {len(found)} audiences named "{target.audience}": {ids}.', hint="Give the id.")
    return _usable(found[0]) if found else _made(client, account, target)


def _usable(found: Mapping[str, Json]) -> str:
    status, name = found.get("operation_status"), str(found.get("id") or "")
    if isinstance(status, Mapping) and status.get("code") == _FLAGGED:
        raise StopConnection(f"Meta has flagged audience {name} and takes nothing.", hint="See it in Ads Manager.")
    if not name.isdecimal():
        raise StopConnection("Meta's audience has no id.", hint="Give the id in target.audience.")
    return name


def _made(client: Client, account: str, target: MetaTarget) -> str:
    fields = {"name": target.audience, "subtype": "CUSTOM", "customer_file_source": target.customer_file_source}
    return _usable(client.write("POST", f"/{account}/customaudiences", fields).json_object())
