"""Lists: finding and making one, who is on it, and putting records on it and taking them off."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from hub.sdk.errors import BadData, StopConnection
from hub.sdk.http import Response
from hub.sdk.records import Json
from hub_hubspot.client import Client, code, rows_of

READ, WRITE = "crm.lists.read", "crm.lists.write"
CONTACT = "0-1"  # HubSpot's number for the kind of object
STATIC = frozenset({"MANUAL", "SNAPSHOT"})  # lists whose members may be written
_DUPLICATE = "ILS.DUPLICATE_LIST_NAMES"
_PAGE = 100


@dataclass(frozen=True, slots=True)
class ListOf:
    """One list. `size` is None where HubSpot does not say."""

    key: str
    name: str
    processing: str
    kind: str
    size: int | None = None

    @property
    def usable(self) -> bool:
        """Whether contacts can be put on it."""
        return self.kind == CONTACT and self.processing in STATIC


class Lists:
    """The lists of an account."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def all(self) -> Iterator[ListOf]:
        """Yield every list. Raises BadData where the pages lead nowhere."""
        offset: Json = 0
        while True:
            body: Json = {"query": "", "count": _PAGE, "offset": offset, "additionalProperties": ["hs_list_size"]}
            response = self._ask("POST", "/search", READ, body)
            answer = response.json_object()
            found = answer.get("lists")
            if not isinstance(found, list):
                raise response.unreadable("is no list of lists")
            yield from (_list(each) for each in found if isinstance(each, Mapping))
            following = answer.get("offset")
            if answer.get("hasMore") is not True:
                return
            if following == offset or not found:
                raise response.unreadable("says that there is more, and leads nowhere")
            offset = following

    def wanted(self, named: str) -> ListOf:
        """Return the list of a name or id; a name that does not exist is made.

        Raises:
            StopConnection: the id does not exist, or contacts cannot be put on this list.
        """
        found = self._found(named) or self._made(named)
        if not found.usable:
            raise StopConnection(
                f'HubSpot\'s list "{named}" is {found.processing} of objects {found.kind}.',
                hint="Name a static list of contacts: the members of others cannot be written.",
            )
        return found

    def members(self, key: str) -> Iterator[str]:
        """Yield the record ids on a list. Raises BadData where a page leads back."""
        after, seen = "", set[str]()
        while after not in seen:
            seen.add(after)
            place = f"&after={quote(after, safe='')}" if after else ""
            response = self._ask("GET", f"/{key}/memberships?limit={_PAGE}{place}", READ)
            yield from (str(each.get("recordId")) for each in rows_of(response) if isinstance(each, Mapping))
            paging = response.json_object().get("paging")
            following = paging.get("next") if isinstance(paging, Mapping) else None
            if not isinstance(following, Mapping) or not following.get("after"):
                return
            after = str(following["after"])
        raise BadData(f"The members of list {key} lead back to a page that was read.")

    def change(self, key: str, add: Sequence[str], remove: Sequence[str]) -> frozenset[str]:
        """Put records on a list and take others off; return those that do not exist.

        Raises:
            StopConnection: the list is gone, or its members cannot be written.
        """
        body: Json = {"recordIdsToAdd": list(add), "recordIdsToRemove": list(remove)}
        response = self._client.sent("PUT", self._client.paths.lists(f"/{key}/memberships/add-and-remove"), WRITE, body)
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise StopConnection(
                f"HubSpot does not change list {key} ({response.status} {code(response)}).",
                hint="If it was deleted, run again: a list that is named is made anew.",
            )
        answer = response.json_object()
        missing = answer.get("recordIdsMissing", [])
        told = [answer.get("recordsIdsAdded"), answer.get("recordIdsRemoved"), missing]
        if not isinstance(missing, list) or not any(isinstance(each, list) for each in told[:2]):
            raise response.unreadable("does not say who was added and removed")
        return frozenset(str(each) for each in missing)

    def _found(self, named: str) -> ListOf | None:
        rest = f"/{named}" if named.isdigit() else f"/object-type-id/{CONTACT}/name/{quote(named, safe='')}"
        response = self._ask("GET", rest, READ)
        if response.status == HTTPStatus.NOT_FOUND:
            return None
        return _within(response)

    def _made(self, named: str) -> ListOf:
        if named.isdigit():
            raise StopConnection(f"HubSpot has no list {named}.", hint="`hub check` names those there are.")
        body: Json = {"name": named, "objectTypeId": CONTACT, "processingType": "MANUAL"}
        response = self._ask("POST", "", WRITE, body)
        if response.status < HTTPStatus.BAD_REQUEST:
            return _within(response)
        found = self._found(named) if response.json_object().get("subCategory") == _DUPLICATE else None
        if found is None:
            raise StopConnection(f'HubSpot does not make the list "{named}" ({code(response)}).')
        return found

    def _ask(self, method: str, rest: str, scope: str, body: Json = None) -> Response:
        """Ask what may be asked again: making a list twice is refused by its name."""
        return self._client.sent(method, self._client.paths.lists(rest), scope, body, idempotent=True)


def _within(response: Response) -> ListOf:
    found = response.json_object().get("list")
    if isinstance(found, Mapping) and found.get("listId"):
        return _list(found)
    raise response.unreadable("holds no list")


def _list(found: Mapping[str, Json]) -> ListOf:
    more = found.get("additionalProperties")
    size = str(more.get("hs_list_size")) if isinstance(more, Mapping) else str(found.get("size"))
    texts = (str(found.get(name)) for name in ("listId", "name", "processingType", "objectTypeId"))
    return ListOf(*texts, size=int(size) if size.isdigit() else None)
