"""A simulated Google Analytics property: token endpoint, reports, metadata, the Admin API's property. See README.md."""

import base64
import json
import random
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from http import HTTPStatus
from typing import ClassVar, cast
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from hub.sdk.records import Json
from hub.sdk.sandbox import Change, Reply, Request, SourceSandbox, route

_TOKEN, _GRANT = "/token", "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPES = {f"https://www.googleapis.com/auth/analytics{end}" for end in ("", ".readonly")}
_DIMENSIONS = (
    "date", "dateHour", "dateHourMinute", "eventName", "transactionId", "sessionSource", "sessionMedium",
    "sessionCampaignName", "deviceCategory", "customUser:crm_id",
)  # fmt: skip
_METRICS = ("eventCount", "sessions", "purchaseRevenue", "activeUsers")
_MOST_ROWS, _MOST_DIMENSIONS, _AN_HOUR = 250_000, 9, 3600
_FEW, _MANY = 2, 1_000
Hit = dict[str, str]


@cache
def _private(name: str) -> rsa.RSAPrivateKey:
    del name  # one for each
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class GoogleAnalyticsSandbox(SourceSandbox):
    """One property.

    `zone`: its time zone. `metadata`: what reports say of themselves beside it. `quota`: name -> what remains, and
    `cost` what a report takes of each. `granted`: whether the service account may see the property.
    """

    name = "google_analytics"
    kinds: ClassVar[Mapping[str, frozenset[Change]]] = {"events": frozenset({"touch", "remove"})}
    renews: ClassVar[bool] = True
    one_page: ClassVar[int] = 20

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.zone = "America/New_York"
        self.property = "123456789"
        self.granted = True
        self.start = date(2026, 2, 1)
        self.metadata: dict[str, Json] = {}
        self.quota = {"tokensPerDay": 200_000, "tokensPerHour": 40_000, "tokensPerProjectPerHour": 14_000}
        self.cost = 1
        self.tokens: set[str] = set()
        self.hits: dict[str, Hit] = {}
        self.audiences: dict[str, list[tuple[str, str]]] = {}  # id -> (deviceId, userId)
        self.exports: dict[str, dict[str, Json]] = {}
        self.export_state = "ACTIVE"  # of those that are ordered
        self._number = 0
        self._shuffle = random.Random(seed)  # noqa: S311 - an order that nobody may rely on
        self.make("events", size)

    # -- what the suite and tests do ----------------------------------------------------------------------------------

    def hit(self, event: str = "purchase", *, at: datetime | None = None, **told: str) -> str:
        """Let an event happen, now or as of another time; return the id of the record that the source lands."""
        self._number += 1
        local = (at or self.now()).astimezone(ZoneInfo(self.zone))
        own = {
            "date": f"{local:%Y%m%d}", "dateHour": f"{local:%Y%m%d%H}", "dateHourMinute": f"{local:%Y%m%d%H%M}",
            "eventName": event, "transactionId": f"T{self._number:06}" if event == "purchase" else "(not set)",
            "sessionSource": "google", "sessionMedium": "cpc", "sessionCampaignName": "Spring",
            "deviceCategory": "mobile", "customUser:crm_id": "(not set)", "purchaseRevenue": "19.9",
        }  # fmt: skip
        held = {**own, **told}
        key = f"order_source/{held['dateHourMinute']}/{held['transactionId']}"
        self.hits[key] = held
        return key

    def service_key(self, name: str = "good") -> str:
        """Return the JSON file of a service account's key."""
        pem = _private(name).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return json.dumps({
            "type": "service_account", "project_id": "sandbox", "private_key_id": name, "private_key": pem.decode(),
            "client_email": "reader@sandbox.example.com", "client_id": "1", "token_uri": f"{self.url}{_TOKEN}",
        })  # fmt: skip

    def connection(self) -> Mapping[str, Json]:
        """Return a key that may read the property."""
        return self._connection("good")

    def refused(self) -> Mapping[str, Json]:
        """Return a key that Google does not know."""
        return self._connection("wrong")

    def expire(self) -> None:
        """Revoke all tokens; new ones are to be had."""
        self.tokens.clear()

    def make(self, stream: str, count: int = 1) -> Sequence[str]:
        """Let orders be placed now."""
        del stream
        return [self.hit() for _ in range(count)]

    def touch(self, stream: str, key: str, text: str) -> None:
        """Restate an order's campaign."""
        del stream
        self.hits[key]["sessionCampaignName"] = text

    def remove(self, stream: str, key: str) -> None:
        """Take an order back."""
        del stream, self.hits[key]

    def keys(self, stream: str) -> Sequence[str]:
        """Return the ids of all orders."""
        del stream
        return [*self.hits]

    # -- what is asked ------------------------------------------------------------------------------------------------

    def state(self) -> Json:
        """Return all events."""
        return {"hits": [*self.hits.values()], "quota": dict(self.quota)}

    def rows(self, body: Json) -> list[Json] | None:
        """Return a report's rows; a total is no record."""
        found = body if isinstance(body, dict) and body.get("dimensionHeaders") else {}
        return cast("list[Json] | None", found.get("rows"))

    def authenticate(self, request: Request) -> Reply | None:
        """Refuse tokens that are not current, and properties that the account may not see."""
        if request.path == _TOKEN:
            return None
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _error(HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if not self.granted or f"properties/{self.property}" not in request.path:
            text = "User does not have sufficient permissions for this property."
            return _error(HTTPStatus.FORBIDDEN, "PERMISSION_DENIED", text)
        return None

    def malformed(self, request: Request, problem: ValueError) -> Reply:
        """Answer as for an argument that is wrong."""
        del request
        return _error(HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT", str(problem))

    @route("POST", "/token")
    def token(self, request: Request) -> Reply:
        """Exchange a signed statement for a token."""
        try:
            problem = self._problem(request.form())
        except (ValueError, KeyError):
            problem = "Invalid JWT: it cannot be read."
        if problem:
            return Reply(400, json={"error": "invalid_grant", "error_description": problem})
        value = f"ya29.{secrets.token_hex(16)}"
        self.tokens.add(value)
        return Reply(json={"access_token": value, "expires_in": 3599, "token_type": "Bearer"})

    @route("GET", "/v1beta/properties/{number}/metadata")
    def names(self, _request: Request, number: str) -> Reply:
        """List dimensions and metrics."""
        lists = {"dimensions": _DIMENSIONS, "metrics": _METRICS}
        told = {kind: [{"apiName": each, "uiName": each} for each in names] for kind, names in lists.items()}
        return Reply(json={"name": f"properties/{number}/metadata", **told})

    @route("GET", "/v1beta/properties/{number}")
    def about(self, _request: Request, number: str) -> Reply:
        """Describe the property, as the Admin API does."""
        told = {"displayName": "Sandbox shop", "timeZone": self.zone, "currencyCode": "EUR"}
        return Reply(json={"name": f"properties/{number}", "propertyType": "PROPERTY_TYPE_ORDINARY", **told})

    @route("POST", "/v1beta/properties/{number}:runReport")
    def run_report(self, request: Request, number: str) -> Reply:
        """Run a report. Without a total order its rows come in another one each time."""
        del number
        if spent := next((name for name, left in self.quota.items() if left < self.cost), ""):
            span = "day" if spent.endswith("Day") else "hour"
            return _error(HTTPStatus.TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED", f"Exhausted property tokens per {span}.")
        self.quota = {name: left - self.cost for name, left in self.quota.items()}
        asked = request.json()
        if not isinstance(asked, dict):
            raise ValueError("Expected an object.")  # noqa: TRY004 - answered as a 400
        return Reply(json=self._report(asked))

    @route("POST", "/v1beta/properties/{number}/audienceExports")
    def order_export(self, request: Request, number: str) -> Reply:
        """Order a snapshot; the answer is an operation, which this sandbox has done already or never does."""
        body = request.json()
        asked: Mapping[str, Json] = body if isinstance(body, dict) else {}
        audience = str(asked.get("audience")).rpartition("/")[2]
        if audience not in self.audiences or not asked.get("dimensions"):
            raise ValueError(f"Audience {audience} was not found, or no dimensions are named.")
        name = f"properties/{number}/audienceExports/{len(self.exports) + 1}"
        begun = f"{self.now():%Y-%m-%dT%H:%M:%S.%fZ}"
        self.exports[name] = {
            "name": name, "audience": asked["audience"], "audienceDisplayName": f"Audience {audience}",
            "dimensions": asked["dimensions"], "state": self.export_state, "beginCreatingTime": begun,
            "rowCount": len(self.audiences[audience]),
        }  # fmt: skip
        return Reply(json={"name": f"{name}/operations/1", "metadata": {}, "done": False})

    @route("GET", "/v1beta/properties/{number}/audienceExports")
    def list_exports(self, request: Request, number: str) -> Reply:
        """List snapshots, one a page."""
        del number
        place = int(request.query.get("pageToken", ["0"])[-1])
        names = [*self.exports]
        told: dict[str, Json] = {"audienceExports": [self.exports[name] for name in names[place : place + 1]]}
        if place + 1 < len(names):
            told["nextPageToken"] = str(place + 1)
        return Reply(json=_without_zeros(told))

    @route("POST", "/v1beta/properties/{number}/audienceExports/{export}:query")
    def query_export(self, request: Request, number: str, export: str) -> Reply:
        """Give a part of a snapshot's rows."""
        found = self.exports[f"properties/{number}/audienceExports/{export}"]
        body = request.json()
        asked: Mapping[str, Json] = body if isinstance(body, dict) else {}
        first, most = int(str(asked.get("offset", 0))), min(int(str(asked.get("limit", 10_000))), _MOST_ROWS)
        members = self.audiences[str(found["audience"]).rpartition("/")[2]]
        names = [str(each["dimensionName"]) for each in cast("list[dict[str, str]]", found["dimensions"])]
        held = [dict(zip(("deviceId", "userId"), each, strict=True)) for each in members[first : first + most]]
        rows: list[Json] = [{"dimensionValues": [{"value": each[name]} for name in names]} for each in held]
        return Reply(json=_without_zeros({"audienceExport": found, "audienceRows": rows, "rowCount": len(members)}))

    # -- how ----------------------------------------------------------------------------------------------------------

    def _connection(self, name: str) -> Mapping[str, Json]:
        urls = {"base_url": self.url, "admin_url": self.url}
        rows = _FEW if len(self.hits) < _MANY else _MANY  # a few orders a day are several pages, too
        reading: dict[str, Json] = {"start": self.start.isoformat(), "lookback": "60 days", "page_rows": rows}
        return {"key": self.service_key(name), "property": self.property, **reading, **urls}

    def _problem(self, form: Mapping[str, str]) -> str:
        """Say what is wrong with a statement, nothing where it is good."""
        signed, _, signature = form["assertion"].rpartition(".")
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        now = datetime.now(UTC).timestamp()
        if form["grant_type"] != _GRANT or header["alg"] != "RS256":
            return "Invalid JWT: unsupported."
        try:
            key = _private("good").public_key()
            key.verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return "Invalid JWT Signature."
        if not claims["iat"] - 60 <= now < claims["exp"] <= claims["iat"] + _AN_HOUR:
            return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
        good = claims["iss"] == "reader@sandbox.example.com" and claims["aud"] == "https://oauth2.googleapis.com/token"
        return "" if good and set(claims["scope"].split()) & _SCOPES else "Invalid JWT: claims."

    def _report(self, asked: dict[str, Json]) -> dict[str, Json]:
        dimensions, metrics = _names(asked, "dimensions", _DIMENSIONS), _names(asked, "metrics", _METRICS)
        groups = self._groups(asked, dimensions)
        offset, limit = int(str(asked.get("offset", 0))), min(int(str(asked.get("limit", 10_000))), _MOST_ROWS)
        page = groups[offset : offset + limit]
        rows = [_row(key, [_measured(name, hits) for name in metrics]) for key, hits in page]
        told: dict[str, Json] = {
            "dimensionHeaders": [{"name": name} for name in dimensions],
            "metricHeaders": [{"name": name, "type": "TYPE_FLOAT"} for name in metrics],
            "rows": rows, "rowCount": len(groups),
            "metadata": {"currencyCode": "EUR", "timeZone": self.zone, **self.metadata},
            "kind": "analyticsData#runReport",
        }  # fmt: skip
        if asked.get("returnPropertyQuota"):
            left = {name: {"consumed": self.cost, "remaining": each} for name, each in self.quota.items()}
            told["propertyQuota"] = {name: _without_zeros(each) for name, each in left.items()}
        return _without_zeros(told)

    def _groups(self, asked: dict[str, Json], dimensions: Sequence[str]) -> list[tuple[tuple[str, ...], list[Hit]]]:
        """Return each row's dimensions with its events; without a total order they come in another one each time."""
        orders = cast("list[dict[str, dict[str, str]]]", asked.get("orderBys", []))
        grouped: dict[tuple[str, ...], list[Hit]] = {}
        for each in self._within(asked):
            grouped.setdefault(tuple(each[name] for name in dimensions), []).append(each)
        groups = [*grouped.items()]
        self._shuffle.shuffle(groups)
        for order in reversed(orders):
            place = dimensions.index(order["dimension"]["dimensionName"])
            groups.sort(key=lambda group: group[0][place], reverse=bool(order.get("desc")))
        return groups

    def _within(self, asked: dict[str, Json]) -> list[Hit]:
        [span] = cast("list[dict[str, str]]", asked["dateRanges"])
        if span["startDate"] == "yesterday":
            return [*self.hits.values()]  # good enough for a total
        first, last = (span[name].replace("-", "") for name in ("startDate", "endDate"))
        condition = asked.get("dimensionFilter")
        return [each for each in self.hits.values() if first <= each["date"] <= last and _holds(each, condition)]


def _holds(hit: Hit, condition: Json) -> bool:
    if not isinstance(condition, dict):
        return True
    match next(iter(condition.items())):
        case "andGroup", {"expressions": [*each]}:
            return all(_holds(hit, one) for one in each)
        case "notExpression", inner:
            return not _holds(hit, inner)
        case "filter", {"fieldName": name, "inListFilter": {"values": [*values]}}:
            return hit[name] in values
        case "filter", {"fieldName": name, "stringFilter": {"value": value}}:
            return bool(hit[name] == value)
    raise ValueError("The filter cannot be read.")


def _names(asked: Mapping[str, Json], kind: str, known: Sequence[str]) -> list[str]:
    names = [str(each["name"]) for each in cast("list[dict[str, str]]", asked.get(kind, []))]
    wrong = next((name for name in names if name not in known), "")
    if wrong or len(names) > _MOST_DIMENSIONS:
        raise ValueError(f"Field {wrong} is not a valid name in {kind}." if wrong else "Requests are limited to 9.")
    return names


def _measured(name: str, hits: Sequence[Hit]) -> str:
    return str(sum(float(hit["purchaseRevenue"]) for hit in hits) if name == "purchaseRevenue" else len(hits))


def _row(key: Sequence[str], metrics: Sequence[str]) -> Json:
    return {
        "dimensionValues": [{"value": each} for each in key],
        "metricValues": [{"value": each} for each in metrics],
    }


def _without_zeros(told: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in told.items() if value not in (0, [], "")}


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, json={"error": {"code": int(status), "message": message, "status": code}})
