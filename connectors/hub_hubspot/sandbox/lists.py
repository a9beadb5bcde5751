"""Lists and who is on them, at the addresses with dates and at those with numbers."""

from abc import ABC
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request, route
from hub_hubspot.sandbox.batches import Batches
from hub_hubspot.sandbox.held import StaticList, stamp
from hub_hubspot.sandbox.views import body_of, error, paging, texts_of

_CONTACT = "0-1"
_MEMBERS, _MOST_LISTS = 250, 500
_KINDS = frozenset({"MANUAL", "SNAPSHOT", "DYNAMIC"})


class Lists(Batches, ABC):
    """The lists of contacts."""

    @route("POST", "/crm/v3/lists")
    @route("POST", "/crm/v3/lists/")
    @route("POST", "/crm/lists/{version}")
    def list_made(self, request: Request, version: str = "v3") -> Reply:
        """Make a list; its name is taken once."""
        self._known("contacts", version)
        body = body_of(request)
        name, kind, processing = (str(body.get(each) or "") for each in ("name", "objectTypeId", "processingType"))
        if not name or not kind or processing not in _KINDS:
            raise ValueError("name, objectTypeId and processingType are needed")
        if any(each.name.casefold() == name.casefold() for each in self.lists.values()):
            text = "A list with this name already exists."
            return error(
                HTTPStatus.BAD_REQUEST, "VALIDATION_ERROR", text, subCategory="ILS.DUPLICATE_LIST_NAMES", errors=[]
            )
        return self.answer_with({"list": self._shown_list(self.add_list(name, processing, kind))})

    def add_list(self, name: str, processing: str = "MANUAL", kind: str = _CONTACT) -> StaticList:
        """Make a list, as somebody does in HubSpot's pages."""
        self._number += 1
        made = StaticList(str(self._number), name, kind, processing, self.now())
        self.lists[made.key] = made
        return made

    @route("GET", "/crm/v3/lists/{key}")
    @route("GET", "/crm/lists/{version}/{key}")
    def list_by_id(self, _request: Request, key: str, version: str = "v3") -> Reply:
        """Show a list."""
        self._known("contacts", version)
        return self._list_or_404(self.lists.get(key))

    @route("GET", "/crm/v3/lists/object-type-id/{kind}/name/{name}")
    @route("GET", "/crm/lists/{version}/object-type-id/{kind}/name/{name}")
    def list_by_name(self, _request: Request, kind: str, name: str, version: str = "v3") -> Reply:
        """Find a list by its whole name."""
        self._known("contacts", version)
        found = (each for each in self.lists.values() if (each.kind, each.name) == (kind, name))
        return self._list_or_404(next(found, None))

    @route("DELETE", "/crm/v3/lists/{key}")
    @route("DELETE", "/crm/lists/{version}/{key}")
    def list_deleted(self, _request: Request, key: str, version: str = "v3") -> Reply:
        """Delete a list."""
        self._known("contacts", version)
        if self.lists.pop(key, None) is None:
            return _missing()
        return Reply(status=HTTPStatus.NO_CONTENT)

    @route("POST", "/crm/v3/lists/search")
    @route("POST", "/crm/lists/{version}/search")
    def lists_searched(self, request: Request, version: str = "v3") -> Reply:
        """Find lists by a part of their name; all of them for an empty one."""
        self._known("contacts", version)
        body = body_of(request)
        start, count = int(str(body.get("offset") or 0)), int(str(body.get("count") or 20))
        if not 1 <= count <= _MOST_LISTS:
            raise ValueError(f"count must be between 1 and {_MOST_LISTS}")
        query, wanted = str(body.get("query") or "").casefold(), texts_of(body.get("processingTypes"))
        found = [
            each
            for each in self.lists.values()
            if query in each.name.casefold() and (not wanted or each.processing in wanted)
        ]
        shown: list[Json] = [self._searched_list(each) for each in found[start : start + count]]
        end = start + len(shown)
        return self.answer_with({"lists": shown, "offset": end, "hasMore": end < len(found), "total": len(found)})

    @route("GET", "/crm/v3/lists/{key}/memberships")
    @route("GET", "/crm/lists/{version}/{key}/memberships")
    def list_members(self, request: Request, key: str, version: str = "v3") -> Reply:
        """Page through who is on a list, by record id."""
        self._known("contacts", version)
        if key not in self.lists:
            return _missing()
        limit, after = int(request.param("limit", "100")), int(request.param("after", "0"))
        if not 1 <= limit <= _MEMBERS:
            raise ValueError(f"limit must be between 1 and {_MEMBERS}")
        there = sorted((int(member), when) for member, when in self.lists[key].members.items() if int(member) > after)
        shown: list[Json] = [
            {"recordId": str(member), "membershipTimestamp": stamp(when)} for member, when in there[:limit]
        ]
        more = str(there[limit - 1][0]) if len(there) > limit else None
        return self.answer_with({"results": shown, "total": len(self.lists[key].members), **paging(more)})

    @route("PUT", "/crm/v3/lists/{key}/memberships/add")
    @route("PUT", "/crm/lists/{version}/{key}/memberships/add")
    def members_added(self, request: Request, key: str, version: str = "v3") -> Reply:
        """Put records on a list."""
        return self._changed_list(version, key, _ids(request.json()), [])

    @route("PUT", "/crm/v3/lists/{key}/memberships/remove")
    @route("PUT", "/crm/lists/{version}/{key}/memberships/remove")
    def members_removed(self, request: Request, key: str, version: str = "v3") -> Reply:
        """Take records off a list."""
        return self._changed_list(version, key, [], _ids(request.json()))

    @route("PUT", "/crm/v3/lists/{key}/memberships/add-and-remove")
    @route("PUT", "/crm/lists/{version}/{key}/memberships/add-and-remove")
    def members_changed(self, request: Request, key: str, version: str = "v3") -> Reply:
        """Put records on a list and take others off."""
        body = body_of(request)
        add, remove = (_ids(body.get(name, [])) for name in ("recordIdsToAdd", "recordIdsToRemove"))
        return self._changed_list(version, key, add, remove)

    def _changed_list(self, version: str, key: str, add: Sequence[str], remove: Sequence[str]) -> Reply:
        """Change members; ids that do not exist, are there already or were not there are passed over."""
        self._known("contacts", version)
        if key not in self.lists:
            return _missing()
        held = self.lists[key]
        if held.processing == "DYNAMIC":
            raise ValueError("Members of a DYNAMIC list cannot be written")
        live = {each.key for each in self.crm["contacts"].live()}
        missing: Json = [each for each in dict.fromkeys([*add, *remove]) if each not in live]
        added: Json = [each for each in dict.fromkeys(add) if each in live and each not in held.members]
        removed: Json = [each for each in dict.fromkeys(remove) if each in held.members]
        held.members |= {each: self.now() for each in add if each in live and each not in held.members}
        for each in remove:
            held.members.pop(each, None)
        return self.answer_with({"recordsIdsAdded": added, "recordIdsRemoved": removed, "recordIdsMissing": missing})

    def _list_or_404(self, found: StaticList | None) -> Reply:
        return _missing() if found is None else self.answer_with({"list": self._shown_list(found)})

    def _shown_list(self, held: StaticList) -> dict[str, Json]:
        return {
            "listId": held.key, "listVersion": 1, "name": held.name, "objectTypeId": held.kind,
            "processingType": held.processing, "processingStatus": "COMPLETE", "createdAt": stamp(held.created),
            "updatedAt": stamp(max([held.created, *held.members.values()])), "size": len(held.members),
        }  # fmt: skip

    def _searched_list(self, held: StaticList) -> Mapping[str, Json]:
        shown = self._shown_list(held)
        size = shown.pop("size")
        return {**shown, "additionalProperties": {"hs_list_size": str(size)}}


def _ids(found: Json) -> Sequence[str]:
    """Return record ids. Raises ValueError for anything else."""
    if not isinstance(found, list) or not all(str(each).isdigit() for each in found):
        raise ValueError("Invalid input JSON: record ids")
    return [str(each) for each in found]


def _missing() -> Reply:
    return error(HTTPStatus.NOT_FOUND, "OBJECT_NOT_FOUND", "List does not exist.", subCategory="ILS.LIST_NOT_FOUND")
