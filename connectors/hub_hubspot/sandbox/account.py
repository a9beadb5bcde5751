"""Who may ask, how often, what the account says of itself, and what it pushes."""

import json
import re
import secrets
import time
from collections import deque
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request, route
from hub_hubspot.pushed import signature
from hub_hubspot.sandbox.lists import Lists
from hub_hubspot.sandbox.views import error

STATUSES = "communication_preferences.statuses.batch.read"
_SCOPES = frozenset(
    {
        *(f"crm.objects.{kind}.{way}" for kind in ("contacts", "companies", "deals") for way in ("read", "write")),
        *("crm.lists.read", "crm.lists.write", "crm.schemas.contacts.write", "oauth", STATUSES),
    }
)
_READS = re.compile(r".*/(search|batch/read)")
_LINKED = re.compile(r"/crm/(?:v4/associations|associations/[^/]+)/\w+/(\w+)/.*")
_OBJECTS = re.compile(r"/crm/(?:v3/objects|objects/[^/]+|v3/properties|properties/[^/]+)/(\w+).*")
_PUBLIC = re.compile(r"/oauth/(v1|v3|\d{4}-\d\d)/token|/oauth/v2/private-apps/get/access-token-info")
_DAILY, _MOST_ADDRESSES, _LIFETIME, _PORTAL = 250_000, 100, 1_800, 62_515


class HubspotSandbox(Lists):
    """One account, with a private app and an app of OAuth.

    `scopes`: what tokens may do. `left`: calls that are left today. `per_ten_seconds`, `searches_per_second`: how many
    are answered, None for any number. `tells_scopes`: whether the token's scopes can be asked for. `untold`: addresses
    that no subscriptions are told of.
    """

    name = "hubspot"
    one_page: ClassVar[int] = 200
    webhook_url = "https://hub.shop.example/hooks/crm"

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.scopes = set(_SCOPES)
        self.left = _DAILY
        self.per_ten_seconds: int | None = None
        self.searches_per_second: int | None = None
        self.tells_scopes = True
        self.client_secret = "sandbox-client-secret"  # noqa: S105 - a made-up one
        self.refresh_token = "sandbox-refresh-token"  # noqa: S105 - the same
        self.lifetime = _LIFETIME
        self.untold: set[str] = set()
        self.moods: dict[str, str] = {}
        self.grants = 0
        self._tokens = 1
        self._asked: dict[str, deque[float]] = {"all": deque(), "search": deque()}

    @property
    def token(self) -> str:
        """The private app's token."""
        return f"pat-sandbox-{self._tokens:04}"

    @property
    def access_token(self) -> str:
        """The last token that the app of OAuth was given."""
        return f"oauth-sandbox-{self._tokens:04}-{self.grants:04}"

    def connection(self) -> Mapping[str, Json]:
        """Return the private app's token, and the secret of pushed events."""
        pushed = {"webhook_url": self.webhook_url, "webhook_secret": self.client_secret}
        return {"token": self.token, "base_url": self.url, **pushed}

    def oauth(self) -> Mapping[str, Json]:
        """Return a connection by OAuth."""
        app = {"client_id": "sandbox-app", "client_secret": self.client_secret, "refresh_token": self.refresh_token}
        return {**app, "base_url": self.url}

    def refused(self) -> Mapping[str, Json]:
        """Return a token that nobody knows."""
        return {"token": "pat-wrong-token", "base_url": self.url}

    def expire(self) -> None:
        """Refuse all tokens; there are new ones."""
        self._tokens += 1

    def push(
        self, *events: Mapping[str, Json], secret: str | None = None, at: float | None = None
    ) -> tuple[Mapping[str, str], bytes]:
        """Return headers and body of what HubSpot posts for some events; `at`: when it was sent, in epoch seconds."""
        common: Mapping[str, Json] = {
            "eventId": 1, "subscriptionId": 2, "portalId": _PORTAL, "appId": 3, "attemptNumber": 0,
            "occurredAt": int(self.now().timestamp() * 1000), "changeSource": "CRM",
        }  # fmt: skip
        body = json.dumps([{**common, **event} for event in events]).encode()
        sent = str(int((time.time() if at is None else at) * 1000))
        given = signature(secret or self.client_secret, self.webhook_url, sent, body)
        return {"X-HubSpot-Signature-v3": given, "X-HubSpot-Request-Timestamp": sent}, body

    # -- what HubSpot does --------------------------------------------------------------------------------------------

    def authenticate(self, request: Request) -> Reply | None:
        """Refuse tokens that are not in use, and paths that the scopes do not allow."""
        if _PUBLIC.fullmatch(request.path):
            return None
        given = request.headers.get("authorization", "").encode()
        good = [f"Bearer {token}".encode() for token in (self.token, self.access_token)]
        if not any(secrets.compare_digest(given, each) for each in good):
            return error(HTTPStatus.UNAUTHORIZED, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
        scope = _scope(request)
        if scope in self.scopes:
            return None
        needed: Json = [{"message": "One or more scopes", "context": {"requiredGranularScopes": [scope]}}]
        text = "This app hasn't been granted all required scopes to make this call."
        return error(HTTPStatus.FORBIDDEN, "MISSING_SCOPES", text, errors=needed)

    def throttle(self, request: Request) -> Reply | None:
        """Say that there were too many, in seconds or today."""
        if _PUBLIC.fullmatch(request.path):
            return None
        if self.left <= 0:
            return _too_many("DAILY")
        if request.path.endswith("/search"):
            return _too_many("SECONDLY") if self._busy("search", 1.0, self.searches_per_second) else None
        return _too_many("TEN_SECONDLY_ROLLING") if self._busy("all", 10.0, self.per_ten_seconds) else None

    def malformed(self, request: Request, problem: ValueError) -> Reply:
        """Answer a request that makes no sense."""
        del request
        return error(HTTPStatus.BAD_REQUEST, "VALIDATION_ERROR", str(problem))

    def answer_with(self, body: Json, status: int = HTTPStatus.OK, *, counted: bool = True) -> Reply:
        """Return an answer, with how many calls are left; a search, and an app of OAuth, is not told."""
        self.left -= 1
        limits = {
            "X-HubSpot-RateLimit-Daily": str(_DAILY),
            "X-HubSpot-RateLimit-Daily-Remaining": str(self.left),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": "100",
        }
        return Reply(status=status, json=body, headers=limits if counted and not self.grants else {})

    @route("POST", "/oauth/{version}/token")
    def grant(self, request: Request, version: str) -> Reply:
        """Give a new access token for the refresh token, which stays."""
        del version
        form = request.form()
        if form.get("client_secret") != self.client_secret or form.get("refresh_token") != self.refresh_token:
            return error(HTTPStatus.BAD_REQUEST, "BAD_REFRESH_TOKEN", "missing or unknown refresh token")
        self.grants += 1
        scopes: Json = sorted(self.scopes)
        return Reply(json={
            "access_token": self.access_token, "refresh_token": self.refresh_token, "expires_in": self.lifetime,
            "token_type": "bearer", "hub_id": _PORTAL, "scopes": scopes,
        })  # fmt: skip

    @route("POST", "/oauth/v2/private-apps/get/access-token-info")
    def token_info(self, request: Request) -> Reply:
        """Say what a private app's token may do."""
        body = request.json()
        if not self.tells_scopes or not isinstance(body, Mapping) or body.get("tokenKey") != self.token:
            return error(HTTPStatus.NOT_FOUND, "OBJECT_NOT_FOUND", "no such token")
        return Reply(json={"userId": 1, "hubId": _PORTAL, "appId": 3, "scopes": sorted(self.scopes)})

    @route("GET", "/account-info/{version}/details")
    def details(self, _request: Request, version: str) -> Reply:
        """Describe the account."""
        del version
        return self.answer_with({
            "portalId": _PORTAL, "accountType": "STANDARD", "timeZone": "Europe/Berlin", "companyCurrency": "EUR",
            "additionalCurrencies": [], "utcOffset": "+01:00", "utcOffsetMilliseconds": 3_600_000,
            "uiDomain": "app.hubspot.com", "dataHostingLocation": "eu1",
        })  # fmt: skip

    @route("POST", "/communication-preferences/{version}/statuses/batch/read")
    def subscribed(self, request: Request, version: str) -> Reply:
        """Say what addresses are subscribed to."""
        del version
        body = request.json()
        inputs = body.get("inputs") if isinstance(body, Mapping) else None
        if request.param("channel") != "EMAIL" or not isinstance(inputs, list) or len(inputs) > _MOST_ADDRESSES:
            raise ValueError("channel and at most 100 inputs are needed")
        asked = [str(address) for address in inputs]
        found: list[Json] = [
            {"subscriberIdString": each, "statuses": self._statuses(each)} for each in asked if each not in self.untold
        ]
        errors = {"numErrors": len(asked) - len(found)} if len(found) < len(asked) else {}
        return self.answer_with({"status": "COMPLETE", "results": found, **errors})

    def _statuses(self, address: str) -> list[Json]:
        silent: Json = {
            "channel": "EMAIL", "source": None, "status": "NOT_SPECIFIED", "subscriberIdString": address,
            "subscriptionId": 1, "subscriptionName": "Newsletter", "timestamp": None, "legalBasis": None,
        }  # fmt: skip
        told = self.subscriptions.get(address.lower())
        return [*told.values()] if told else [silent]

    def _busy(self, name: str, seconds: float, most: int | None) -> bool:
        asked, now = self._asked[name], time.monotonic()
        while asked and asked[0] <= now - seconds:
            asked.popleft()
        if most is not None and len(asked) >= most:
            return True
        asked.append(now)
        return False


def _scope(request: Request) -> str:
    path = request.path
    way = "read" if request.method == "GET" or _READS.fullmatch(path) else "write"
    if path.startswith("/communication-preferences/"):
        return STATUSES
    if path.startswith(("/crm/lists/", "/crm/v3/lists")):
        return f"crm.lists.{way}"
    if linked := _LINKED.fullmatch(path):
        return f"crm.objects.{linked[1]}.read"
    match = _OBJECTS.fullmatch(path)
    part = "schemas" if match and way == "write" and "/properties/" in path else "objects"
    return f"crm.{part}.{match[1]}.{way}" if match else "oauth"


def _too_many(policy: str) -> Reply:
    text = f"You have reached your {policy.lower()} limit."
    return error(HTTPStatus.TOO_MANY_REQUESTS, "RATE_LIMITS", text, policyName=policy)
