"""Lists: finding and making one, who is on it, and putting records on it and taking them off."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from hub.sdk.errors import RetryLater, StopConnection
from hub.sdk.http import Response, pages
from hub.sdk.records import Json
from hub_hubspot.client import LISTS, LISTS_WRITE, Client, code, following, rows_of

CONTACT = "0-1"  # HubSpot's number for contacts, as a kind of object
_STATIC = frozenset({"MANUAL", "SNAPSHOT"})  # lists whose members may be written
_DUPLICATE = "ILS.DUPLICATE_LIST_NAMES"
_PAGE = 100


@dataclass(frozen=True, slots=True)
class ContactList:
    """One list of any kind of object. `size` is None where HubSpot does not say."""

    key: str
    name: str
    processing: str
    kind: str
    size: int | None = None

    @property
    def usable(self) -> bool:
        """Whether contacts can be put on it."""
        return self.kind == CONTACT and self.processing in _STATIC


class Lists:
    """The lists of an account."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def all(self) -> Iterator[ContactList]:
        """Yield every list. Raises BadData where the pages lead nowhere."""
        offset: Json = 0
        while True:
            body: Json = {"query": "", "count": _PAGE, "offset": offset, "additionalProperties": ["hs_list_size"]}
            response = self._ask("POST", "/search", body)
            found, begun = response.json_list("lists"), offset
            yield from (_list(each) for each in found if isinstance(each, Mapping))
            if response.json_object().get("hasMore") is not True:
                return
            offset = response.json_object().get("offset")
            if offset == begun or not found:
                raise response.unreadable("says that there is more, and leads nowhere")

    def wanted(self, named: str) -> ContactList:
        """Return the list of a name or id; a name that does not exist is made.

        Raises:
            StopConnection: the id does not exist, or contacts cannot be put on this list.
        """
        found = self._found(named) or self._made(named)
        if not found.usable:
            raise StopConnection(
                f'HubSpot\'s list "{named}" is {found.processing.lower()}, of objects {found.kind}.',
                hint="Name a static list of contacts: the members of others cannot be written.",
            )
        return found

    def members(self, key: str) -> Iterator[Sequence[str]]:
        """Yield the record ids on a list, page by page. Raises BadData where a page leads back."""

        def ask(place: str | None) -> Response:
            after = f"&after={quote(place, safe='')}" if place else ""
            return self._ask("GET", f"/{key}/memberships?limit={_PAGE}{after}")

        for response in pages(ask, following):
            yield [str(each.get("recordId")) for each in rows_of(response) if isinstance(each, Mapping)]

    def change(self, key: str, add: Sequence[str], remove: Sequence[str]) -> frozenset[str]:
        """Put records on a list and take others off; return those that do not exist.

        Raises:
            StopConnection: the list is gone, or its members cannot be written.
        """
        body: Json = {"recordIdsToAdd": [*add], "recordIdsToRemove": [*remove]}
        path = self._client.paths.lists(f"/{key}/memberships/add-and-remove")
        response = self._client.write("PUT", path, LISTS_WRITE, body)
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise StopConnection(
                f"HubSpot does not change list {key} ({response.status} {code(response)}).",
                hint="If it was deleted, run again: a list that is named is made anew.",
            )
        answer = response.json_object()
        told = [answer.get(name) for name in ("recordsIdsAdded", "recordIdsRemoved", "recordIdsMissing")]
        if not any(isinstance(each, list) for each in told):
            raise response.unreadable("does not say who was added and removed")
        missing = told[2] if isinstance(told[2], list) else []
        return frozenset(map(str, missing))

    def _found(self, named: str) -> ContactList | None:
        rest = f"/{named}" if named.isdigit() else f"/object-type-id/{CONTACT}/name/{quote(named, safe='')}"
        response = self._ask("GET", rest, ok=(HTTPStatus.NOT_FOUND,))
        return None if response.status == HTTPStatus.NOT_FOUND else _within(response)

    def _made(self, named: str) -> ContactList:
        if named.isdigit():
            raise StopConnection(f"HubSpot has no list {named}.", hint="`hub check` names those there are.")
        body: Json = {"name": named, "objectTypeId": CONTACT, "processingType": "MANUAL"}
        response = self._client.make(self._client.paths.all_lists, LISTS_WRITE, body)
        if response.status < HTTPStatus.BAD_REQUEST:
            return _within(response)
        if response.json_object().get("subCategory") == _DUPLICATE:
            raise RetryLater(f'HubSpot says that the list "{named}" exists, and does not show it.')
        raise StopConnection(
            f'HubSpot does not make the list "{named}" ({response.status} {code(response)}).', hint="Make it there."
        )

    def _ask(self, method: str, rest: str, body: Json = None, ok: Sequence[int] = ()) -> Response:
        return self._client.ask(method, self._client.paths.lists(rest), LISTS, body, ok)


def _within(response: Response) -> ContactList:
    found = response.json_object().get("list")
    if isinstance(found, Mapping) and str(found.get("listId")).isdigit():
        return _list(found)
    raise response.unreadable("holds no list")


def _list(found: Mapping[str, Json]) -> ContactList:
    more = found.get("additionalProperties")
    size = str(more.get("hs_list_size")) if isinstance(more, Mapping) else str(found.get("size"))
    key, name, processing, kind = (
        str(found.get(each)) for each in ("listId", "name", "processingType", "objectTypeId")
    )
    return ContactList(key, name, processing, kind, int(size) if size.isdigit() else None)
