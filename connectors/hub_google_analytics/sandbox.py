"""A simulated Google Analytics property: token endpoint, reports, metadata, the Admin API's property. See README.md."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from http import HTTPStatus
from typing import ClassVar, cast
from zoneinfo import ZoneInfo

from hub.sdk.records import Json
from hub.sdk.sandbox import Change, Reply, Request, route
from hub_google_analytics.accounts import GoogleSandbox, failure

_DIMENSIONS = (
    "date", "dateHour", "dateHourMinute", "eventName", "transactionId", "sessionSource", "sessionMedium",
    "sessionCampaignName", "deviceCategory", "customUser:crm_id",
)  # fmt: skip
_METRICS = ("eventCount", "sessions", "purchaseRevenue", "activeUsers")
_MOST_ROWS, _MOST_DIMENSIONS = 250_000, 9
_FEW, _MANY = 2, 1_000
Hit = dict[str, str]


class GoogleAnalyticsSandbox(GoogleSandbox):
    """One property.

    `zone`: its time zone. `metadata`: what reports say of themselves beside it. `quota`: name -> what remains, and
    `cost` what a report takes of each. `granted`: whether the service account may see the property.
    """

    name = "google_analytics"
    kinds: ClassVar[Mapping[str, frozenset[Change]]] = {"events": frozenset({"touch", "remove"})}
    scopes = frozenset(
        {"https://www.googleapis.com/auth/analytics", "https://www.googleapis.com/auth/analytics.readonly"}
    )
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

    def connection(self) -> Mapping[str, Json]:
        """Return a key that may read the property."""
        return self._connection("good")

    def refused(self) -> Mapping[str, Json]:
        """Return a key that Google does not know."""
        return self._connection("wrong")

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
        if self.asks_for_token(request):
            return None
        if not self.knows(request):
            return failure(
                HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED", "Request had invalid authentication credentials."
            )
        if not self.granted or f"properties/{self.property}" not in request.path:
            text = "User does not have sufficient permissions for this property."
            return failure(HTTPStatus.FORBIDDEN, "PERMISSION_DENIED", text)
        return None

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
            return failure(HTTPStatus.TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED", f"Exhausted property tokens per {span}.")
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
        allowed = {"isAdsPersonalizationAllowed": "true"}
        held = [{**allowed, "deviceId": device, "userId": user} for device, user in members[first : first + most]]
        rows: list[Json] = [{"dimensionValues": [{"value": each[name]} for name in names]} for each in held]
        return Reply(json=_without_zeros({"audienceExport": found, "audienceRows": rows, "rowCount": len(members)}))

    # -- how ----------------------------------------------------------------------------------------------------------

    def _connection(self, name: str) -> Mapping[str, Json]:
        urls = {"base_url": self.url, "admin_url": self.url}
        rows = _FEW if len(self.hits) < _MANY else _MANY  # a few orders a day are several pages, too
        reading: dict[str, Json] = {"start": self.start.isoformat(), "lookback": "60 days", "page_rows": rows}
        return {"key": self.service_key(name), "property": self.property, **reading, **urls}

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
