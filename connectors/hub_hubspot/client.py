"""HTTP to HubSpot: lists, searches, batches, associations, subscriptions, writes, and what an error means."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from hub.sdk.errors import BadData, RetryLater, StopConnection, Unanswered
from hub.sdk.http import Http, Rate, Response, pages
from hub.sdk.http.retry import asked_pause
from hub.sdk.records import Json
from hub_hubspot.access import access
from hub_hubspot.paths import PRIVATE_TOKEN_INFO, Paths
from hub_hubspot.settings import HubspotSettings
from hub_hubspot.values import Misfit, Object, identity

PAGE = 100  # the most that a list gives, and that a batch of ids may hold
SEARCH_PAGE = 200  # the most that a search gives
MODIFIED = {"contacts": "lastmodifieddate"}  # every other kind has hs_lastmodifieddate
_LONGEST_QUERY = 4_000  # characters of property names; a longer address is refused
_SEARCH_RATE = timedelta(milliseconds=250)  # of five a second that the account has, one is left to others
_DAILY_PAUSE = timedelta(hours=1)  # the day's end is in the account's time zone: ask again, seldom
_PAUSES = {"DAILY": _DAILY_PAUSE, "SECONDLY": timedelta(seconds=1), "TEN_SECONDLY_ROLLING": timedelta(seconds=10)}
_BUSY = frozenset({423, 477})  # locked; the account is being moved to another data centre
_SCOPES = {kind: f"crm.objects.{kind}.read" for kind in ("contacts", "companies", "deals")}
_NOTHING: Mapping[str, str] = {}
STATUS_SCOPE = "communication_preferences.statuses.batch.read"
CONTACTS, CONTACTS_WRITE = _SCOPES["contacts"], "crm.objects.contacts.write"
LISTS, LISTS_WRITE = "crm.lists.read", "crm.lists.write"
SCHEMAS_WRITE = "crm.schemas.contacts.write"
_CODE = re.compile(r"[A-Z][A-Z0-9_.]{0,59}|[a-z]+(_[a-z]+)+")  # what is written otherwise could be somebody's data
_OF_REQUEST = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


class Forbidden(StopConnection):
    """The token is good and lacks a scope."""


@dataclass(frozen=True, slots=True)
class Window:
    """Objects that were modified between two instants (naive UTC, both inclusive), behind an id."""

    begin: datetime
    end: datetime
    last: int = 0


@dataclass(frozen=True, slots=True)
class Linked:
    """An associated object's id, and whether it is the primary one."""

    key: str
    primary: bool


class Client:
    """One account. Raises as `hub.sdk.http.Http` does, and `Forbidden` where a scope is missing."""

    def __init__(self, settings: HubspotSettings, connection: str) -> None:
        self.paths = Paths(settings.api)
        self._token = settings.token
        self._auth, self.grant = access(settings, code)
        each = max(settings.calls_per_10_seconds // 10, 1)
        self._http = self._client(settings, Rate(f"hubspot/{connection}", each))
        self._searches = self._client(settings, Rate(f"hubspot/{connection}/search", 1, _SEARCH_RATE))
        self.budget: tuple[int, int] | None = None
        """Calls that are left today, and of how many; None where HubSpot does not say."""

    def listed(
        self, kind: str, names: Sequence[str], *, after: str | None = None, archived: bool = False
    ) -> Iterator[tuple[Sequence[Json], str | None]]:
        """Yield the pages of a list, each with what leads to the next one, None for the last.

        Raises:
            BadData: a page is no list, or leads back to one before.
        """
        wide = len(",".join(names)) > _LONGEST_QUERY
        shown = "" if wide else ",".join(names)
        asked: dict[str, str | int | bool] = {"limit": PAGE, "archived": archived, "properties": shown}

        def ask(place: str | None) -> Response:
            where = {"after": place} if place else {}
            return self._get(self.paths.objects(kind), _SCOPES[kind], {**asked, **where})

        for response in pages(ask, following, start=after):
            found = rows_of(response)
            yield self.some(kind, ids_of(found), names) if wide else found, following(response)

    def changed(self, kind: str, names: Sequence[str], window: Window) -> tuple[Sequence[Json], bool]:
        """Return the next objects of a window by their ids, and whether there are more.

        Each page is a search of its own behind the last id, so that neither the cap of 10,000 results nor any number
        of objects with one time of change stands in the way.

        Raises:
            BadData: the answer is no list of objects in the order of their ids.
        """
        modified = MODIFIED.get(kind, "hs_lastmodifieddate")
        wanted = [
            _filter(modified, "GTE", _milliseconds(window.begin)),
            _filter(modified, "LTE", _milliseconds(window.end)),
            _filter("hs_object_id", "GT", window.last),
        ]
        response = self._search(kind, wanted, "hs_object_id", names, SEARCH_PAGE)
        found = rows_of(response)
        ids = [int(each) for each in ids_of(found)]
        if [window.last, *ids] != sorted({window.last, *ids}):
            raise response.unreadable("is not in the order of ids that was asked for")
        more = following(response) is not None or bool(not found and _total(response))
        if more and not ids:
            raise response.unreadable("says that there is more, and holds no object with an id")
        return found, more

    def newest(self, kind: str) -> Json:
        """Return the object that changed last, None where there is none."""
        modified = MODIFIED.get(kind, "hs_lastmodifieddate")
        found = rows_of(self._search(kind, [], f"-{modified}", [modified], 1))
        return found[0] if found else None

    def some(self, kind: str, ids: Sequence[str], names: Sequence[str]) -> Sequence[Json]:
        """Return those objects that exist, in no order; who was merged away is answered by who is left."""
        found: list[Json] = []
        for part in _parts(ids, PAGE):
            body: Json = {"inputs": [{"id": each} for each in part], "properties": names}
            found += rows_of(self._post(self.paths.objects(kind, "/batch/read"), _SCOPES[kind], body))
        return found

    def linked(self, source: str, target: str, ids: Sequence[str]) -> Mapping[str, Sequence[Linked]]:
        """Return what objects of kind `source` are associated with; who has nothing is left out.

        Raises:
            BadData: the answer is no list of associations, or never ends.
        """
        found: dict[str, list[Linked]] = {}
        inputs: list[Json] = [{"id": each} for each in ids]
        asked = set[str]()
        while inputs:
            response = self._post(self.paths.associations(source, target), _SCOPES[target], {"inputs": inputs})
            inputs = []
            for key, linked, after in map(_links, rows_of(response)):
                found.setdefault(key, []).extend(linked)
                if after is not None:
                    inputs.append({"id": key, "after": after})
            if repr(inputs) in asked:
                raise response.unreadable("leads back to associations that were read")
            asked.add(repr(inputs))
        return found

    def statuses(self, addresses: Sequence[str]) -> tuple[Sequence[Json], int]:
        """Return what addresses are subscribed to, and how many HubSpot did not tell of."""
        found, untold = list[Json](), 0
        for part in _parts(addresses, PAGE):
            response = self._post(self.paths.statuses, STATUS_SCOPE, {"inputs": [*part]}, {"channel": "EMAIL"})
            found += rows_of(response)
            errors = response.json_object().get("numErrors")
            untold += errors if isinstance(errors, int) else 0
        return found, untold

    def account(self) -> Object:
        """Return what HubSpot says of the account: id, kind, currency, time zone."""
        return self._get(self.paths.account, "oauth", {}).json_object()

    def property_names(self, kind: str) -> frozenset[str]:
        """Return the names of all properties that a kind has."""
        found = rows_of(self._get(self.paths.properties(kind), _SCOPES[kind], {}))
        return frozenset(str(each.get("name")) for each in found if isinstance(each, Mapping))

    def scopes(self) -> Sequence[str] | None:
        """Return what the token may do; None where HubSpot does not tell, as of a service key."""
        if self.grant is not None:
            return self.grant.scopes or None
        body = {"tokenKey": self._token.reveal() if self._token else ""}
        missing = (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
        response = self._http.post(PRIVATE_TOKEN_INFO, json=body, idempotent=True, ok=missing)
        scopes = None if response.status in missing else response.json_object().get("scopes")
        return [str(scope) for scope in scopes] if isinstance(scopes, list) else None

    def ask(self, method: str, path: str, scope: str, body: Json = None, ok: Sequence[int] = ()) -> Response:
        """Read what a destination has to know; it is repeated like every read. `ok`: refusals that are an answer."""
        statuses = (*ok, HTTPStatus.FORBIDDEN)
        if body is None:
            return self._allowed(self._http.request(method, path, ok=statuses), scope)
        return self._allowed(self._http.request(method, path, json=body, idempotent=True, ok=statuses), scope)

    def write(self, method: str, path: str, scope: str, body: Json) -> Response:
        """Send a write once; a refusal of it comes back as an answer."""
        response = self._http.request(method, path, json=body, ok=(*_OF_REQUEST, HTTPStatus.FORBIDDEN))
        return self._allowed(response, scope)

    def make(self, path: str, scope: str, body: Json) -> Response:
        """Make something that is looked for before it is made, so that a lost answer does no harm.

        Raises:
            RetryLater: no answer came; next time it is found, or made.
        """
        try:
            response = self.write("POST", path, scope, body)
            response.json_object()
        except Unanswered as error:
            raise RetryLater(error.message, hint="Looked for again later.") from None
        return response

    def _client(self, settings: HubspotSettings, rate: Rate) -> Http:
        limit = None if settings.local else rate
        return Http(settings.base_url, auth=self._auth, rate=limit, throttle=_pause, describe=code)

    def _get(self, path: str, scope: str, params: Mapping[str, str | int | bool]) -> Response:
        return self._allowed(self._http.get(path, params=params, ok=(HTTPStatus.FORBIDDEN,)), scope)

    def _post(self, path: str, scope: str, body: Json, params: Mapping[str, str] = _NOTHING) -> Response:
        response = self._http.post(path, json=body, params=params, idempotent=True, ok=(HTTPStatus.FORBIDDEN,))
        return self._allowed(response, scope)

    def _search(self, kind: str, filters: Sequence[Json], order: str, names: Sequence[str], limit: int) -> Response:
        direction = "DESCENDING" if order.startswith("-") else "ASCENDING"
        body: Json = {
            "filterGroups": [{"filters": filters}] if filters else [],
            "sorts": [{"propertyName": order.removeprefix("-"), "direction": direction}],
            "properties": names,
            "limit": limit,
            "after": "0",
        }
        path = self.paths.objects(kind, "/search")
        response = self._searches.post(path, json=body, idempotent=True, ok=(HTTPStatus.FORBIDDEN,))
        return self._allowed(response, _SCOPES[kind])

    def _allowed(self, response: Response, scope: str) -> Response:
        left, most = (response.headers.get(f"x-hubspot-ratelimit-daily{end}", "") for end in ("-remaining", ""))
        if left.isdigit() and most.isdigit():
            self.budget = int(left), int(most)
        if response.status == HTTPStatus.FORBIDDEN:
            raise Forbidden(
                f"{response.request}: answered 403 {code(response)}.", hint=f"Give the app the scope {scope}."
            )
        return response


def rows_of(response: Response) -> Sequence[Json]:
    """Return the `results` of an answer. Raises BadData where there are none."""
    return response.json_list("results")


def ids_of(found: Sequence[Json]) -> Sequence[str]:
    """Return the ids of objects; one without a proper id is left out, and goes to quarantine elsewhere."""
    ids = []
    for each in found:
        try:
            ids.append(identity(each.get("id") if isinstance(each, Mapping) else None, "id"))
        except Misfit:
            continue
    return ids


@contextmanager
def whole() -> Iterator[None]:
    """Take a read that brought nothing usable for none: what hangs on it goes later. Raises RetryLater."""
    try:
        yield
    except BadData as error:
        raise RetryLater(error.message, hint="It is read again later.") from None
    except Misfit as misfit:
        raise RetryLater(f"HubSpot answered with what it does not document ({misfit}).") from None


def is_code(text: str) -> bool:
    """Whether a text is an error's code, not a sentence or a value that quotes somebody's data."""
    return _CODE.fullmatch(text) is not None


def code(response: Response) -> str:
    """Return an error's category, and the limit that was hit; neither holds data of people."""
    body = response.json_object()
    named = [body.get(name) for name in ("category", "policyName", "error")]
    return " ".join(each for each in named if isinstance(each, str) and is_code(each))


def _pause(response: Response) -> timedelta | None:
    """Say how long to wait where HubSpot wants that: seconds, or where the day's calls are used up until later."""
    if response.status in _BUSY:
        return asked_pause(response.headers) or timedelta(seconds=10)
    if response.status != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    policy = response.json_object().get("policyName")
    longest = _PAUSES.get(policy) if isinstance(policy, str) else None
    interval = response.headers.get("x-hubspot-ratelimit-interval-milliseconds", "")
    if policy == "TEN_SECONDLY_ROLLING" and interval.isdigit():
        longest = timedelta(milliseconds=int(interval))
    return asked_pause(response.headers) or longest


def following(response: Response) -> str | None:
    """Return what leads to the next page, None for the last. Raises BadData where one is promised and not named."""
    paging = response.json_object().get("paging")
    place = paging.get("next") if isinstance(paging, Mapping) else None
    if place is None:
        return None
    after = place.get("after") if isinstance(place, Mapping) else None
    if isinstance(after, str | int) and not isinstance(after, bool) and str(after):
        return str(after)
    raise response.unreadable("does not say where the next page begins")


def _total(response: Response) -> bool:
    return response.json_object().get("total") not in (None, 0)


def _filter(name: str, operator: str, value: int) -> Json:
    return {"propertyName": name, "operator": operator, "value": str(value)}


def _milliseconds(when: datetime) -> int:
    return (when.replace(tzinfo=UTC) - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def _parts(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (items[place : place + size] for place in range(0, len(items), size))


def _links(found: Json) -> tuple[str, Sequence[Linked], str | None]:
    """Return whose associations these are, the associations, and where more of them begin."""
    try:
        source = _part(found, "from")
        targets = found.get("to") if isinstance(found, Mapping) else None
        if not isinstance(targets, list):
            raise Misfit("to", "a list")  # noqa: TRY301 - one way out for all that is no association
        after = _part(_part(found, "paging"), "next").get("after")
        linked = [_link(each) for each in targets]
        return identity(source.get("id"), "from"), linked, str(after) if after else None
    except Misfit as misfit:
        raise BadData(f"HubSpot answered with an association that is none ({misfit}).") from None


def _link(target: Json) -> Linked:
    key = target.get("toObjectId") if isinstance(target, Mapping) else None
    types = target.get("associationTypes") if isinstance(target, Mapping) else None
    labels = [each.get("label") for each in types if isinstance(each, Mapping)] if isinstance(types, list) else []
    return Linked(identity(key, "toObjectId"), "Primary" in labels)


def _part(found: Json, name: str) -> Object:
    part = found.get(name) if isinstance(found, Mapping) else None
    return part if isinstance(part, Mapping) else {}
