"""A simulated Klaviyo: one account's profiles, metrics, events and campaigns. See README.md."""

import base64
import json
import re
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import ClassVar, cast
from urllib.parse import urlencode

from hub.sdk.records import Json
from hub.sdk.sandbox import Change, Reply, Request, SourceSandbox, people, route

_TYPES = {"profiles": "profile", "events": "event", "campaigns": "campaign", "metrics": "metric"}
_STREAMS = {"people": "profiles", "messages": "events", "campaigns": "campaigns"}
_SIZES = {"profiles": (20, 100), "events": (200, 1_000), "campaigns": (100, 100), "metrics": (200, 200)}
_ORDERS = {
    "profiles": ("id", "created", "updated", "email"),
    "events": ("datetime", "timestamp"),
    "campaigns": ("id", "name", "created_at", "scheduled_at", "updated_at"),
}
_CONDITION = re.compile(r"([a-z-]+)\(([\w.]+),(\"[^\"]*\"|'[^']*'|[^()]*)\)")
_OPERATORS = {
    ("profiles", "updated"): ("greater-than", "less-than"),
    ("profiles", "created"): ("greater-than", "less-than"),
    ("events", "datetime"): ("greater-or-equal", "greater-than", "less-or-equal", "less-than"),
    ("events", "metric_id"): ("equals",),
    ("campaigns", "updated_at"): ("greater-or-equal", "greater-than", "less-or-equal", "less-than"),
    ("campaigns", "messages.channel"): ("equals",),
}
_SCOPES = frozenset(f"{kind}:read" for kind in (*_TYPES, "accounts"))
_DATED = re.compile(r"\d{4}-\d\d-\d\d")
_CONTACT: Json = {
    "default_sender_name": "Sandbox", "default_sender_email": "shop@shop.example", "website_url": "https://shop.example",
    "organization_name": "Sandbox",
    "street_address": {
        "address1": "1 High Street", "address2": "", "city": "Bristol", "region": "", "country": "United Kingdom",
        "zip": "BS1 4DJ",
    },
}  # fmt: skip
Held = dict[str, Json]


class KlaviyoSandbox(SourceSandbox):
    """One account.

    `scopes`: what the key may do. `per_second`: requests that are answered, None for any number.
    """

    name = "klaviyo"
    kinds: ClassVar[Mapping[str, frozenset[Change]]] = {
        "people": frozenset({"touch"}),
        "messages": frozenset(),
        "campaigns": frozenset({"touch"}),
    }
    one_page: ClassVar[int] = 200

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.key = "pk_sandbox"
        self.scopes = set(_SCOPES)
        self.per_second: int | None = None
        self.held: dict[str, dict[str, Held]] = {kind: {} for kind in _TYPES}
        self._number = 0
        self._people = 0
        self._asked: deque[float] = deque()
        self.received = self.metric("Received Email")
        self.opened = self.metric("Opened Email")
        self.make("people", size)
        for profile in self.keys("people"):
            self.event(self.received, profile)
        if size:
            self.make("campaigns")

    # -- what the suite and tests do ----------------------------------------------------------------------------------

    def metric(self, name: str, integration: str = "Klaviyo") -> str:
        """Make a metric; return its id."""
        return self._add("metrics", "M", {"name": name, "integration": {"object": "integration", "name": integration}})

    def profile(self, **attributes: Json) -> str:
        """Let a profile come into being now; return its id."""
        [person] = people(1, seed=self.seed, start=self._people)
        self._people += 1
        now = self._stamp()
        own: Held = {
            "email": person.email, "phone_number": person.phone, "external_id": None, "first_name": person.first_name,
            "last_name": person.last_name, "organization": None, "locale": "en-GB", "title": None, "image": None,
            "created": now, "updated": now, "last_event_date": None, "properties": {},
            "location": {"address1": None, "city": "Bristol", "country": person.country, "region": None, "zip": None},
            "subscriptions": {"email": {"marketing": said("NEVER_SUBSCRIBED")}, "sms": {"marketing": None}},
        }  # fmt: skip
        return self._add("profiles", "01SANDBOX", {**own, **attributes})

    def change(self, key: str, **attributes: Json) -> None:
        """Change a profile now."""
        self._attributes("profiles", key).update({**attributes, "updated": self._stamp()})

    def event(self, metric: str, profile: str, *, at: datetime | None = None, properties: Json = None) -> str:
        """Let an event happen, now or as of another time; return its id."""
        when = at or self.now()
        held: Held = {
            "timestamp": int(when.timestamp()), "datetime": when.isoformat(), "event_properties": properties or {},
            "uuid": f"{self._number:032x}",
        }  # fmt: skip
        related: Held = {
            name: {"data": {"type": name, "id": key}} for name, key in (("profile", profile), ("metric", metric))
        }
        return self._add("events", "E", held, related)

    def campaign(self, name: str, channel: str = "email") -> str:
        """Let a campaign come into being now; return its id."""
        now = self._stamp()
        return self._add("campaigns", "01CAMPAIGN", {
            "name": name, "status": "Sent", "archived": False, "audiences": {"included": [], "excluded": []},
            "send_options": {"use_smart_sending": True}, "tracking_options": None,
            "send_strategy": {"method": "immediate"},
            "created_at": now, "scheduled_at": now, "updated_at": now, "send_time": now, "_channel": channel,
        })  # fmt: skip

    def connection(self) -> Mapping[str, Json]:
        """Return the good key."""
        return {"api_key": self.key, "base_url": self.url}

    def refused(self) -> Mapping[str, Json]:
        """Return a key that nobody knows."""
        return {"api_key": "pk_wrong_key", "base_url": self.url}

    def expire(self) -> None:
        """Revoke the key; there is a new one."""
        self.key = f"pk_sandbox_{secrets.token_hex(4)}"

    def make(self, stream: str, count: int = 1) -> Sequence[str]:
        """Let profiles, received e-mails or campaigns come into being now."""
        making: dict[str, Callable[[], str]] = {
            "people": self.profile,
            "messages": self._received,
            "campaigns": lambda: self.campaign("Spring"),
        }
        return [making[stream]() for _ in range(count)]

    def touch(self, stream: str, key: str, text: str) -> None:
        """Give a profile another last name, a campaign another name."""
        if stream == "people":
            self.change(key, last_name=text)
        else:
            self._attributes(_STREAMS[stream], key).update({"name": text, "updated_at": self._stamp()})

    def remove(self, stream: str, key: str) -> None:
        """Delete an object; of a profile its events too."""
        del self.held[_STREAMS[stream]][key]

    def keys(self, stream: str) -> Sequence[str]:
        """Return the ids of all objects."""
        return [*self.held[_STREAMS[stream]]]

    # -- what is asked ------------------------------------------------------------------------------------------------

    def state(self) -> Json:
        """Return all objects by kind and id."""
        return {kind: dict(found) for kind, found in self.held.items()}

    def rows(self, body: Json) -> list[Json] | None:
        """Return a page's objects; metrics and accounts are no records."""
        found = body.get("data") if isinstance(body, dict) else None
        types = {each.get("type") for each in found if isinstance(each, dict)} if isinstance(found, list) else set()
        return cast("list[Json]", found) if isinstance(found, list) and not types & {"metric", "account"} else None

    def authenticate(self, request: Request) -> Reply | None:
        """Refuse another key than the account's, requests without a revision, and what the scopes do not allow."""
        given = request.headers.get("authorization", "").encode()
        if not secrets.compare_digest(given, f"Klaviyo-API-Key {self.key}".encode()):
            return _error(HTTPStatus.UNAUTHORIZED, "not_authenticated", "Missing or invalid authorization token.")
        if not _DATED.match(request.headers.get("revision", "")):
            return _error(HTTPStatus.BAD_REQUEST, "invalid", "The API revision is missing.")
        scope = f"{request.path.removeprefix('/api/').split('/')[0]}:read"
        if scope in self.scopes:
            return None
        return _error(HTTPStatus.FORBIDDEN, "permission_denied", f"Missing scope {scope}.")

    def throttle(self, request: Request) -> Reply | None:
        """Refuse more requests than `per_second` within one."""
        del request
        now = time.monotonic()
        while self._asked and self._asked[0] <= now - 1:
            self._asked.popleft()
        if self.per_second is not None and len(self._asked) >= self.per_second:
            refusal = _error(HTTPStatus.TOO_MANY_REQUESTS, "throttled", "Request was throttled.")
            return Reply(refusal.status, json=refusal.json, headers={"Retry-After": "1"})
        self._asked.append(now)
        return None

    def malformed(self, request: Request, problem: ValueError) -> Reply:
        """Answer as for a parameter that is wrong."""
        del request
        return _error(HTTPStatus.BAD_REQUEST, "invalid", str(problem))

    @route("GET", "/api/accounts")
    def accounts(self, _request: Request) -> Reply:
        """Describe the account."""
        told: Json = {
            "test_account": True, "contact_information": _CONTACT, "industry": None,
            "timezone": "Europe/Berlin", "preferred_currency": "EUR", "public_api_key": "SaNdBx", "locale": "en-US",
        }  # fmt: skip
        link = f"{self.url}/api/accounts"
        one: Json = {"type": "account", "id": "SaNdBx", "attributes": told, "links": {"self": f"{link}/SaNdBx/"}}
        return _answer({"data": [one], "links": {"self": link}})

    @route("GET", "/api/metrics")
    def metrics(self, request: Request) -> Reply:
        """List metrics."""
        return self._page(request, "metrics", [*self.held["metrics"].values()])

    @route("GET", "/api/profiles")
    def profiles(self, request: Request) -> Reply:
        """List profiles; subscriptions only where they are asked for."""
        more = request.param("additional-fields[profile]").split(",")
        return self._page(request, "profiles", [_shown(each, more) for each in self._filtered(request, "profiles")])

    @route("GET", "/api/events")
    def events(self, request: Request) -> Reply:
        """List events."""
        return self._page(request, "events", self._filtered(request, "events"))

    @route("GET", "/api/campaigns")
    def campaigns(self, request: Request) -> Reply:
        """List the campaigns of one channel."""
        if "messages.channel" not in request.param("filter"):
            raise ValueError("A channel filter is required to list campaigns.")
        return self._page(request, "campaigns", [_shown(each, ()) for each in self._filtered(request, "campaigns")])

    # -- how ----------------------------------------------------------------------------------------------------------

    def _received(self) -> str:
        return self.event(
            self.received, next(iter(self.held["profiles"]), "01SANDBOX0"), properties={"Subject": "Hello"}
        )

    def _add(self, kind: str, prefix: str, attributes: Held, related: Held | None = None) -> str:
        self._number += 1
        key = f"{prefix}{self._number:08}"
        about: Held = {"type": _TYPES[kind], "id": key, "links": {"self": f"https://a.klaviyo.com/api/{kind}/{key}/"}}
        self.held[kind][key] = {**about, "attributes": attributes, "relationships": related or {}}
        return key

    def _attributes(self, kind: str, key: str) -> Held:
        return cast("Held", self.held[kind][key]["attributes"])

    def _stamp(self) -> str:
        return self.now().astimezone(UTC).isoformat()

    def _filtered(self, request: Request, kind: str) -> list[Held]:
        """Return what a filter lets through, in the order that is asked for."""
        order = request.param("sort") or _ORDERS[kind][0]
        field = order.removeprefix("-")
        if field not in _ORDERS[kind]:
            raise ValueError(f"{field} is not a valid sort")
        conditions = _conditions(kind, request.param("filter"))
        found = [each for each in self.held[kind].values() if all(_holds(each, *each_) for each_ in conditions)]
        return sorted(found, key=lambda each: _place(each, field), reverse=order.startswith("-"))

    def _page(self, request: Request, kind: str, found: list[Held]) -> Reply:
        """Return a page behind a cursor; objects that came in meanwhile do not move it."""
        default, most = _SIZES[kind]
        size = int(request.param("page[size]") or default)
        if not 1 <= size <= most:
            raise ValueError(f"page[size] must be between 1 and {most}")
        order = request.param("sort") or "id"
        places = [_place(each, order.removeprefix("-")) for each in found]
        begin = _behind(places, request.param("page[cursor]"), falling=order.startswith("-"))
        last = places[begin + size - 1] if begin + size < len(found) else None
        links = {"self": f"{self.url}{request.path}", "next": self._link(request, last), "prev": None}
        return _answer({"data": [*found[begin : begin + size]], "links": links})

    def _link(self, request: Request, last: tuple[str, str] | None) -> str | None:
        if last is None:
            return None
        cursor = base64.urlsafe_b64encode(json.dumps(last).encode()).decode().rstrip("=")
        asked = {**{name: values[-1] for name, values in request.query.items()}, "page[cursor]": cursor}
        return f"{self.url}{request.path}?{urlencode(asked)}"


def said(consent: str, when: str | None = None, *suppressions: Mapping[str, Json]) -> Json:
    """Return what a channel's marketing subscription looks like."""
    return {
        "can_receive_email_marketing": not suppressions, "consent": consent, "consent_timestamp": when,
        "last_updated": when, "method": "FORM", "method_detail": "shop.example", "custom_method_detail": None,
        "double_optin": True, "suppression": [*suppressions], "list_suppressions": [],
    }  # fmt: skip


def _conditions(kind: str, text: str) -> Sequence[tuple[str, str, str]]:
    """Return operator, field and value of each condition. Raises ValueError for what Klaviyo does not filter by."""
    found = _CONDITION.findall(text)
    if ",".join(f"{operator}({field},{value})" for operator, field, value in found) != text:
        raise ValueError("The filter cannot be read.")
    for operator, field, _ in found:
        if operator not in _OPERATORS.get((kind, field), ()):
            raise ValueError(f"{operator} is not supported for {field}")
    return [(operator, field, value.strip("\"'")) for operator, field, value in found]


def _holds(each: Held, operator: str, field: str, value: str) -> bool:
    if operator == "equals":
        return value == {"metric_id": _metric, "messages.channel": _channel}[field](each)
    own, wanted = datetime.fromisoformat(_place(each, field)[0]), datetime.fromisoformat(value)
    return {
        "greater-than": own > wanted,
        "greater-or-equal": own >= wanted,
        "less-than": own < wanted,
        "less-or-equal": own <= wanted,
    }[operator]


def _metric(each: Held) -> str:
    related = cast("dict[str, dict[str, dict[str, str]]]", each["relationships"])
    return related["metric"]["data"]["id"]


def _channel(each: Held) -> str:
    return str(cast("Held", each["attributes"])["_channel"])


def _place(each: Held, field: str) -> tuple[str, str]:
    key = str(each["id"])
    return (key if field == "id" else str(cast("Held", each["attributes"])[field])), key


def _behind(places: Sequence[tuple[str, str]], cursor: str, *, falling: bool) -> int:
    if not cursor:
        return 0
    try:
        last = tuple(json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))))
    except ValueError:
        raise ValueError("Invalid cursor.") from None
    return sum(1 for place in places if (place >= last if falling else place <= last))


def _shown(each: Held, more: Sequence[str]) -> Held:
    hidden = {"_channel"} if "subscriptions" in more else {"_channel", "subscriptions"}
    attributes = {name: value for name, value in cast("Held", each["attributes"]).items() if name not in hidden}
    return {**each, "attributes": attributes}


def _answer(body: Json) -> Reply:
    return Reply(json=body, content_type="application/vnd.api+json")


def _error(status: int, code: str, detail: str) -> Reply:
    one: Json = {"id": "sandbox", "status": int(status), "code": code, "title": detail, "detail": detail, "source": {}}
    return Reply(status, json={"errors": [one]}, content_type="application/vnd.api+json")
