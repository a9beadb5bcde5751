"""Objects as they are shown, compared and linked; and requests as they are read."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request
from hub_hubspot.sandbox.held import PROPERTIES, SHOWN, Held, stamp

_COMPARES: Mapping[str, Callable[[int], bool]] = {
    "EQ": lambda order: order == 0,
    "NEQ": lambda order: order != 0,
    "GT": lambda order: order > 0,
    "GTE": lambda order: order >= 0,
    "LT": lambda order: order < 0,
    "LTE": lambda order: order <= 0,
}
_TIMES = frozenset({"createdate", "lastmodifieddate", "hs_lastmodifieddate"})


def view(kind: str, held: Held, names: Sequence[str], hidden: set[str], own: Collection[str] = ()) -> Json:
    """Show an object with the properties that were asked for and may be seen; null where one is empty.

    `own`: properties that the account made itself.
    """
    known = (PROPERTIES[kind] | {*SHOWN[kind], *own}) - hidden
    asked = [name for name in dict.fromkeys([*SHOWN[kind], *names]) if name in known]
    shown: dict[str, Json] = {
        "id": held.key,
        "properties": {name: _property(kind, held, name) for name in asked},
        "createdAt": stamp(held.created),
        "updatedAt": stamp(held.modified),
        "archived": held.archived is not None,
    }
    return shown if held.archived is None else {**shown, "archivedAt": stamp(held.archived)}


def value(kind: str, held: Held, name: str) -> str | float:
    """Return a property as it is compared: times as milliseconds, ids as numbers."""
    if name in _TIMES:
        return int((held.created if name == "createdate" else held.modified).timestamp() * 1000)
    return int(held.key) if name == "hs_object_id" else _property(kind, held, name) or ""


def passes(kind: str, held: Held, groups: Sequence[Sequence[Mapping[str, Json]]]) -> bool:
    """Say whether an object meets all filters of a group. Raises ValueError for filters that make no sense."""
    return not groups or any(all(_meets(kind, held, each) for each in group) for group in groups)


def link(other: int, *, primary: bool) -> Json:
    """Show an association; a primary one is an ordinary one as well."""
    plain: Json = {"category": "HUBSPOT_DEFINED", "typeId": 341, "label": None}
    first: Json = {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary"}
    return {"toObjectId": str(other), "associationTypes": [first, plain] if primary else [plain]}


def paging(after: str | None) -> dict[str, Json]:
    """Say where the next page begins, if there is one."""
    return {"paging": {"next": {"after": after, "link": "?"}}} if after is not None else {}


def error(status: int, category: str, message: str, **more: Json) -> Reply:
    """Return an error in HubSpot's form."""
    body = {"status": "error", "message": message, "correlationId": "00000000-0000-0000-0000-000000000000"}
    return Reply(status=status, json={**body, "category": category, **more})


def names_of(request: Request) -> Sequence[str]:
    """Return the properties that a list is asked for: joined by commas, or one by one."""
    return [name for each in request.query.get("properties", []) for name in each.split(",") if name]


def body_of(request: Request) -> Mapping[str, Json]:
    """Return a JSON object. Raises ValueError for anything else."""
    body = request.json()
    if not isinstance(body, Mapping):
        raise ValueError("Invalid input JSON")  # noqa: TRY004 - answered as malformed
    return body


def objects_of(body: Mapping[str, Json], name: str) -> Sequence[Mapping[str, Json]]:
    """Return a list of objects, empty where it is left out. Raises ValueError for anything else."""
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise ValueError(f"Invalid input JSON: {name}")
    return [each for each in found if isinstance(each, Mapping)]


def texts_of(found: Json) -> Sequence[str]:
    """Return a list of texts, empty for anything else."""
    return [str(each) for each in found] if isinstance(found, list) else ()


def properties_of(body: Mapping[str, Json]) -> Mapping[str, str]:
    """Return properties that are to be set. Raises ValueError where there are none."""
    found = body.get("properties")
    if not isinstance(found, Mapping):
        raise ValueError("Invalid input JSON: properties")  # noqa: TRY004 - answered as malformed
    return {name: "" if each is None else str(each) for name, each in found.items()}


def _property(kind: str, held: Held, name: str) -> str | None:
    """A property's value; what HubSpot keeps of itself is no property that was set."""
    own = {
        "hs_object_id": held.key,
        "createdate": stamp(held.created),
        "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate": stamp(held.modified),
    }
    return own.get(name) or held.properties.get(name)


def _meets(kind: str, held: Held, wanted: Mapping[str, Json]) -> bool:
    name, operator, given = str(wanted.get("propertyName")), str(wanted.get("operator")), str(wanted.get("value"))
    if name not in PROPERTIES[kind] and name not in SHOWN[kind]:
        raise ValueError(f"There was a problem with the request: property {name}")
    if operator in {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}:
        return (_property(kind, held, name) is not None) == (operator == "HAS_PROPERTY")
    if operator not in _COMPARES:
        raise ValueError(f"There was a problem with the request: operator {operator}")
    mine = value(kind, held, name)
    if isinstance(mine, str):
        return _COMPARES[operator]((mine > given) - (mine < given))
    other = _number(given)
    return _COMPARES[operator]((mine > other) - (mine < other))


def _number(given: str) -> float:
    """A number, or a time in either form."""
    if "-" in given[1:]:
        return int(datetime.fromisoformat(given).astimezone(UTC).timestamp() * 1000)
    return int(given)
