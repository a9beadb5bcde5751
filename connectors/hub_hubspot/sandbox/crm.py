"""Lists, searches, batches, associations and merges, at the addresses with dates and at those with numbers."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from http import HTTPStatus

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request, route
from hub_hubspot.sandbox.held import Account, Held, stamp
from hub_hubspot.sandbox.views import (
    body_of,
    error,
    link,
    names_of,
    objects_of,
    paging,
    passes,
    properties_of,
    texts_of,
    value,
    view,
)

_VERSION = re.compile(r"v3|\d{4}-(03|09)")
_MOST, _DEFAULT, _MOST_SEARCHED, _CAP = 100, 10, 200, 10_000
_MOST_FILTERS, _MOST_GROUPS, _MOST_LINKED = 6, 5, 1_000
_LONGEST_QUERY = 16_000


class Crm(Account, ABC):
    """The CRM. `linked_page`: associations of one object in an answer."""

    linked_page = 500

    @abstractmethod
    def answer_with(self, body: Json, status: int = HTTPStatus.OK, *, counted: bool = True) -> Reply:
        """Return an answer, with how many calls are left unless it is not `counted`."""

    @route("GET", "/crm/v3/objects/{kind}")
    @route("GET", "/crm/objects/{version}/{kind}")
    def listed(self, request: Request, kind: str, version: str = "v3") -> Reply:
        """List by id, behind `after`, archived ones or others."""
        self._known(kind, version)
        limit, after = int(request.param("limit", str(_DEFAULT))), int(request.param("after", "0"))
        if not 1 <= limit <= _MOST:
            raise ValueError(f"limit must be between 1 and {_MOST}")
        names = names_of(request)
        if len(",".join(names)) > _LONGEST_QUERY:
            return Reply(status=HTTPStatus.REQUEST_URI_TOO_LONG)
        archived = request.param("archived", "false").lower() == "true"
        all_of = self.crm[kind].objects.values()
        found = [each for each in all_of if (each.archived is not None) == archived and int(each.key) > after]
        following = found[limit - 1].key if len(found) > limit else None
        return self.answer_with({"results": self._views(kind, found[:limit], names), **paging(following)})

    @route("POST", "/crm/v3/objects/{kind}/search")
    @route("POST", "/crm/objects/{version}/{kind}/search")
    def searched(self, request: Request, kind: str, version: str = "v3") -> Reply:
        """Search what the index knows; nothing beyond 10,000 results."""
        self._known(kind, version)
        body = body_of(request)
        limit, start = int(str(body.get("limit") or _DEFAULT)), int(str(body.get("after") or 0))
        if not 1 <= limit <= _MOST_SEARCHED or start + limit > _CAP:
            raise ValueError(f"at most {_MOST_SEARCHED} results a page and {_CAP} in all")
        groups = [objects_of(each, "filters") for each in objects_of(body, "filterGroups")]
        if len(groups) > _MOST_GROUPS or any(len(group) > _MOST_FILTERS for group in groups):
            raise ValueError("too many filters")
        found = [each for each in map(self._indexed, self.crm[kind].live()) if each and passes(kind, each, groups)]
        for sort in reversed(objects_of(body, "sorts")):
            name, down = str(sort.get("propertyName")), sort.get("direction") == "DESCENDING"
            found = [each for _, each in _sorted([(value(kind, each, name), each) for each in found], down=down)]
        shown = self._views(kind, found[start : start + limit], texts_of(body.get("properties")))
        following = str(start + limit) if len(found) > start + limit else None
        return self.answer_with({"total": len(found), "results": shown, **paging(following)}, counted=False)

    @route("POST", "/crm/v3/objects/{kind}/batch/read")
    @route("POST", "/crm/objects/{version}/{kind}/batch/read")
    def batch(self, request: Request, kind: str, version: str = "v3") -> Reply:
        """Return objects by id; one that was merged away is answered by who is left."""
        self._known(kind, version)
        body = body_of(request)
        ids, by = [str(each.get("id")) for each in objects_of(body, "inputs")], body.get("idProperty")
        if len(ids) > _MOST:
            raise ValueError(f"at most {_MOST} inputs")
        named = {key: self._named(kind, key, None if by is None else str(by)) for key in ids}
        there = {each.key: each for each in named.values() if each}
        lost: list[Json] = [key for key, each in named.items() if each is None]
        return self._batched(self._views(kind, [*there.values()], texts_of(body.get("properties"))), lost)

    @route("POST", "/crm/v4/associations/{kind}/{target}/batch/read")
    @route("POST", "/crm/associations/{version}/{kind}/{target}/batch/read")
    def associated(self, request: Request, kind: str, target: str, version: str = "v3") -> Reply:
        """Return what objects are associated with; one with nothing is among the errors."""
        self._known(kind, version)
        inputs = objects_of(body_of(request), "inputs")
        if not 1 <= len(inputs) <= _MOST_LINKED:
            raise ValueError(f"between 1 and {_MOST_LINKED} inputs")
        asked = {str(each.get("id")): int(str(each.get("after") or 0)) for each in inputs}
        having = {key for key in asked if self.linked(kind, target).get(key)}
        found: list[Json] = [self._links(kind, target, key, asked[key]) for key in asked if key in having]
        return self._batched(found, [key for key in asked if key not in having])

    @route("GET", "/crm/v3/properties/{kind}")
    @route("GET", "/crm/properties/{version}/{kind}")
    def described(self, _request: Request, kind: str, version: str = "v3") -> Reply:
        """Describe the properties of a kind."""
        self._known(kind, version)
        return self.answer_with({"results": [*self.defined[kind].values()]})

    @route("POST", "/crm/v3/objects/{kind}")
    @route("POST", "/crm/objects/{version}/{kind}")
    def created(self, request: Request, kind: str, version: str = "v3") -> Reply:
        """Create an object."""
        self._known(kind, version)
        return self._shown(kind, self.create(kind, properties_of(body_of(request))), HTTPStatus.CREATED)

    @route("GET", "/crm/v3/objects/{kind}/{key}")
    @route("GET", "/crm/objects/{version}/{kind}/{key}")
    def one(self, request: Request, kind: str, key: str, version: str = "v3") -> Reply:
        """Return one object; of one that was merged away, who is left."""
        self._known(kind, version)
        held = self.crm[kind].objects.get(self._left(kind, key))
        if held is None or (held.archived is not None) != (request.param("archived", "false").lower() == "true"):
            return error(HTTPStatus.NOT_FOUND, "OBJECT_NOT_FOUND", "Object not found.")
        return self.answer_with(view(kind, held, names_of(request), self.hidden, self.defined[kind]))

    @route("PATCH", "/crm/v3/objects/{kind}/{key}")
    @route("PATCH", "/crm/objects/{version}/{kind}/{key}")
    def changed(self, request: Request, kind: str, key: str, version: str = "v3") -> Reply:
        """Change an object."""
        self._known(kind, version)
        if key not in self.crm[kind].objects:
            return error(HTTPStatus.NOT_FOUND, "OBJECT_NOT_FOUND", "Object not found.")
        self.change(kind, key, properties_of(body_of(request)))
        return self._shown(kind, key)

    @route("DELETE", "/crm/v3/objects/{kind}/{key}")
    @route("DELETE", "/crm/objects/{version}/{kind}/{key}")
    def archived(self, _request: Request, kind: str, key: str, version: str = "v3") -> Reply:
        """Archive an object."""
        self._known(kind, version)
        if key in self.crm[kind].objects:
            self.archive(kind, key)
        return Reply(status=HTTPStatus.NO_CONTENT)

    @route("POST", "/crm/v3/objects/{kind}/merge")
    @route("POST", "/crm/objects/{version}/{kind}/merge")
    def merge_two(self, request: Request, kind: str, version: str = "v3") -> Reply:
        """Merge two objects."""
        self._known(kind, version)
        body = body_of(request)
        primary, other = str(body.get("primaryObjectId")), str(body.get("objectIdToMerge"))
        if not {primary, other} <= self.crm[kind].objects.keys():
            return error(HTTPStatus.NOT_FOUND, "OBJECT_NOT_FOUND", "Object not found.")
        return self._shown(kind, self.merge(kind, primary, other))

    @route("POST", "/crm/v3/objects/{kind}/gdpr-delete")
    @route("POST", "/crm/objects/{version}/{kind}/gdpr-delete")
    def erased(self, request: Request, kind: str, version: str = "v3") -> Reply:
        """Delete a contact for good."""
        self._known(kind, version)
        body = body_of(request)
        key, address = str(body.get("objectId")), ""
        if body.get("idProperty") == "email":
            found, address = self.contact_of(key), key.lower()
            key = found.key if found else ""
        if key in self.crm["contacts"].objects:
            self.forget(key)
        if address:
            self.blocked.add(address)
        return Reply(status=HTTPStatus.NO_CONTENT)

    def _known(self, kind: str, version: str) -> None:
        if kind not in self.crm or not _VERSION.fullmatch(version):
            raise ValueError("Unable to infer object type, or unknown version")

    def _named(self, kind: str, name: str, by: str | None) -> Held | None:
        """An object that is not archived, by its id or by a unique property."""
        if by is None:
            held = self.crm[kind].objects.get(self._left(kind, name))
            return held if held and held.archived is None else None
        if kind != "contacts" or not (by == "email" or self.defined[kind].get(by, {}).get("hasUniqueValue")):
            raise ValueError(f"Unable to read by non-unique property {by}")
        return self.contact_of(name, by)

    def _left(self, kind: str, key: str) -> str:
        while key in self.crm[kind].merged:
            key = self.crm[kind].merged[key]
        return key

    def _indexed(self, held: Held) -> Held | None:
        """An object as the search index knows it."""
        if not self.lag:
            return held
        known = [each for each in held.history if each[0] <= self.now() - self.lag]
        return Held(held.key, held.created, known, held.archived) if known else None

    def _links(self, kind: str, target: str, key: str, after: int) -> Json:
        others = sorted((int(other), primary) for other, primary in self.linked(kind, target)[key].items())
        rest = [pair for pair in others if pair[0] > after]
        shown: list[Json] = [link(other, primary=primary) for other, primary in rest[: self.linked_page]]
        more = str(rest[self.linked_page - 1][0]) if len(rest) > self.linked_page else None
        return {"from": {"id": key}, "to": shown, **paging(more)}

    def _views(self, kind: str, found: Sequence[Held], names: Sequence[str]) -> list[Json]:
        return [view(kind, each, names, self.hidden, self.defined[kind]) for each in found]

    def _shown(self, kind: str, key: str, status: int = HTTPStatus.OK) -> Reply:
        return self.answer_with(view(kind, self.crm[kind].objects[key], (), self.hidden), status)

    def _batched(self, found: list[Json], lost: list[Json]) -> Reply:
        """Answer a batch, with errors for those that are not there."""
        now = stamp(self.now())
        answer: dict[str, Json] = {"status": "COMPLETE", "results": found, "startedAt": now, "completedAt": now}
        if not lost:
            return self.answer_with(answer)
        one = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some objects."}
        errors: list[Json] = [{**one, "context": {"ids": lost}, "errors": [], "links": {}}]
        return self.answer_with({**answer, "numErrors": len(errors), "errors": errors}, HTTPStatus.MULTI_STATUS)


def _sorted(found: list[tuple[str | float, Held]], *, down: bool) -> list[tuple[str | float, Held]]:
    return sorted(found, key=lambda pair: pair[0], reverse=down)
