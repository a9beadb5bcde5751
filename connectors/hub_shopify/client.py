"""One GraphQL request, what its errors mean, and pages of objects.

Shopify says with status 200 that it was too fast, too costly or not allowed, and may give data and errors together.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from hub.sdk.errors import BadData, RetryLater, StopConnection
from hub.sdk.http import Http, Response
from hub.sdk.records import Json
from hub.sdk.redact import redact
from hub_shopify.documents import VERSION, Kind, listing, more_lines
from hub_shopify.settings import ShopifySettings, ShopifySourceSettings
from hub_shopify.tokens import auth_of
from hub_shopify.values import Object, nodes, objects, part, text

_DENIED, _COSTLY, _THROTTLED = "ACCESS_DENIED", "MAX_COST_EXCEEDED", "THROTTLED"
_PASSING = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})
_LONGEST = 200  # characters of a vendor's sentence that fit into a warning


class Denied(Exception):
    """Shopify does not show a whole list to us."""


class TooLong(Exception):
    """A list is longer than can be paged through."""


class TooCostly(Exception):
    """The query costs more than one query may; a smaller page costs less."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request brought. `denied`: paths of fields that we may not see, without numbers."""

    data: Object
    denied: Collection[tuple[str, ...]] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A page of objects. `denied`: names of fields that are null because we may not see them."""

    nodes: Sequence[Object]
    after: str | None
    denied: frozenset[str] = frozenset()


@dataclass
class Notices:
    """What answers said beside their data: warnings, the version that answered, what is left of the budget."""

    warnings: dict[str, None] = field(default_factory=dict)
    version: str = ""
    budget: Object = field(default_factory=dict)


class Client:
    """One shop. Raises as `hub.sdk.http.Http` does."""

    most = 5_000
    """Objects that are paged through behind one query; more are quicker by a job, and beyond 25,000 Shopify refuses."""

    def __init__(self, settings: ShopifySettings, source: ShopifySourceSettings, project: Path, now: datetime) -> None:
        self.address = settings.address
        self.notices = Notices()
        self._source = source
        auth = auth_of(settings, project, now)
        self._http = Http(f"{self.address}/admin/api/{VERSION}", auth=auth, throttle=_pause, describe=_codes)

    def ask(self, document: str, variables: Mapping[str, Json] | None = None) -> Answer:
        """Run a document that changes no records; a job that is started twice reads twice.

        Raises:
            TooCostly: a smaller page may pass.
            RetryLater: Shopify is in trouble.
            StopConnection: a person has to mend something.
            BadData: the answer is no answer of GraphQL.
        """
        asked: Json = {"query": document, "variables": dict(variables or {})}
        response = self._http.post("/graphql.json", json=asked, idempotent=True)
        body = response.json_object()
        self._notice(response, body)
        data = body.get("data")
        denied = _judged(response, body.get("errors"))
        if not isinstance(data, Mapping) and not (denied and data is None):
            raise response.unreadable("has no data")
        return Answer(data if isinstance(data, Mapping) else {}, denied)

    def found(self, kind: Kind, first: int, after: str | None = None, query: str = "") -> Found:
        """Return one page of a kind.

        Raises:
            Denied: we may not see this kind at all.
            BadData: it is no page.
        """
        document = listing(kind, self._source.metafields.of(kind.name))
        answer = self.ask(document, {"first": first, "after": after, "query": query or None})
        connection = answer.data.get(kind.name)
        if connection is None and any(path[:1] == (kind.name,) or not path for path in answer.denied):
            raise Denied(kind.name)
        items, following = _page(connection, kind.name)
        denied = frozenset(_field(path) for path in answer.denied if len(path) > 1)
        return Found([self._with_lines(kind, each, denied) for each in items], following, denied)

    def pages(self, kind: Kind, since: datetime) -> Iterator[Found]:
        """Yield what changed at or after an instant, the one that changed longest ago first where Shopify can sort so.

        Raises:
            Denied: we may not see this kind at all.
            TooLong: more changed than can be paged through.
            BadData: the paging goes in a circle.
        """
        after, seen, first, count = None, set[str | None](), kind.page, 0
        while after not in seen:
            try:
                found = self.found(kind, first, after, self.query(kind, since))
            except TooCostly:
                first = _smaller(kind, first)
                continue
            yield found
            count += len(found.nodes)
            if found.after is None:
                return
            if count >= self.most:
                raise TooLong(kind.name)
            seen.add(after)
            after = found.after
        raise BadData(f"Shopify's paging of {kind.name} goes in a circle: a page leads back.")

    def query(self, kind: Kind, since: datetime | None = None) -> str:
        """Return the search for what changed since; where it matches whole days, since the start of the day."""
        start = since.replace(hour=0, minute=0, second=0) if since and kind.by_day else since
        changed = f"updated_at:>='{start:%Y-%m-%dT%H:%M:%S}Z'" if start else ""
        return " AND ".join(each for each in (changed, "" if self._source.test_orders else kind.filter) if each)

    def _with_lines(self, kind: Kind, node: Object, denied: Collection[str]) -> Object:
        """An order shows its first lines; the others are in pages of their own."""
        behind = part(part(node, "lineItems"), "pageInfo")
        if not kind.lines or behind.get("hasNextPage") is not True:
            return node
        lines, after, seen = list(nodes(node.get("lineItems"))), text(behind, "endCursor"), set[str]()
        while after is not None and after not in seen:
            seen.add(after)
            answer = self.ask(more_lines(denied), {"id": str(node.get("id")), "after": after})
            items, after = _page(part(answer.data, "node").get("lineItems"), "lineItems")
            lines += items
        return {**node, "lineItems": {"nodes": lines}}

    def _notice(self, response: Response, body: Object) -> None:
        """Keep what the answer says of itself; a version that is no longer served is answered by another one."""
        self.notices.version = response.headers.get("x-shopify-api-version", "") or self.notices.version
        self.notices.budget = part(part(part(body, "extensions"), "cost"), "throttleStatus") or self.notices.budget
        if self.notices.version not in {"", VERSION}:
            served = redact(self.notices.version)[:_LONGEST]
            self._warn(f"Shopify answered with version {served} of its API, {VERSION} was asked for: update the hub.")
        reason = response.headers.get("x-shopify-api-deprecated-reason", "")
        if reason:
            self._warn(f"Shopify calls what is asked deprecated: {redact(reason)[:_LONGEST]}")

    def _warn(self, sentence: str) -> None:
        self.notices.warnings[sentence] = None


def _smaller(kind: Kind, first: int) -> int:
    if first == 1:
        raise StopConnection(f"One object of {kind.name} costs more than a query may.", hint="Name fewer metafields.")
    return first // 2


def _page(connection: Json, name: str) -> tuple[Sequence[Object], str | None]:
    found = connection if isinstance(connection, Mapping) else {}
    items, info = found.get("nodes"), found.get("pageInfo")
    if not isinstance(items, list) or not isinstance(info, Mapping) or not isinstance(info.get("hasNextPage"), bool):
        raise BadData(f"Shopify answered with no page of {name}.")
    following = text(info, "endCursor") if info["hasNextPage"] else None
    if info["hasNextPage"] and following is None:
        raise BadData(f"Shopify's page of {name} has a next one and does not say where.")
    whole = objects(items)
    if len(whole) < len(items):
        raise BadData(f"Shopify's page of {name} holds something that is no object.")
    return whole, following


def _judged(response: Response, errors: Json) -> Collection[tuple[str, ...]]:
    """Return the paths that we may not see; raise what any other error means."""
    if not errors:
        return ()
    found = objects(errors)
    codes = {_code(each) for each in found} or {"no code"}
    if codes == {_DENIED}:
        return [_path(each.get("path")) for each in found]
    listed = ", ".join(sorted(codes))
    if _COSTLY in codes:
        raise TooCostly
    if codes & (_PASSING | {_THROTTLED}):
        raise RetryLater(f"{response.request}: Shopify answered {listed}.")
    raise StopConnection(
        f"{response.request}: Shopify refused the query ({listed}).",
        hint=f"Check that the shop is open and serves version {VERSION} of the API.",
    )


def _path(path: Json) -> tuple[str, ...]:
    """Return a path without places in lists and what only wraps them."""
    steps = path if isinstance(path, list) else []
    return tuple(each for each in steps if isinstance(each, str) and each not in {"nodes", "edges", "node"})


def _field(path: tuple[str, ...]) -> str:
    """Name the field of a kind that a path leads into; fields of lines have a name of their own."""
    return ".".join(path[1:3]) if path[1] == "lineItems" else path[1]


def _pause(response: Response) -> timedelta | None:
    """Say how long to wait where the bucket of points is empty: until it holds what the query asks for."""
    if b"THROTTLED" not in response.body:
        return None
    body = response.json_object()
    if not any(_code(each) == _THROTTLED for each in objects(body.get("errors"))):
        return None
    cost = part(part(body, "extensions"), "cost")
    status = part(cost, "throttleStatus")
    wanted, left, rate = (
        _points(each)
        for each in (cost.get("requestedQueryCost"), status.get("currentlyAvailable"), status.get("restoreRate"))
    )
    return timedelta(seconds=max(wanted - left, 0) / rate) if rate else timedelta(0)


def _points(value: Json) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _codes(response: Response) -> str:
    """Return the codes of errors, which hold no data of people."""
    return ", ".join(sorted({_code(each) for each in objects(response.json_object().get("errors"))}))


def _code(error: Object) -> str:
    code = text(part(error, "extensions"), "code") or ""
    return code if code.replace("_", "").isalnum() else "no code"
