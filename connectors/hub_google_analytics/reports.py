"""Which reports are asked for, and how their rows become events."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from hub.sdk.records import Json
from hub.sdk.tables import raw
from hub_google_analytics.client import Part
from hub_google_analytics.days import Window, instant
from hub_google_analytics.settings import GoogleAnalyticsSourceSettings

_SESSION = ("sessionSource", "sessionMedium", "sessionCampaignName", "deviceCategory")
_UNSET = ("", "(not set)")


class Misfit(Exception):
    """A row is not what Google documents; `field` is the canonical column that it was for."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Report:
    """One event for each minute and value of `subject`.

    `namespaces`: dimension -> namespace of the identifier that it holds. `happening`: Google's event that is counted.
    `orders`: the connection whose orders a `transactionId` names.
    """

    name: str
    happening: str
    subject: str
    metric: str
    namespaces: Mapping[str, str]
    orders: str | None = None

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Return the dimensions in the order of the rows' values."""
        more = tuple(each for each in self.namespaces if each != self.subject)
        return ("dateHourMinute", self.subject, *more, *_SESSION)

    def asked(self, window: Window) -> Mapping[str, Json]:
        """Return the request for a day in UTC, in an order that leaves nothing open."""
        first, last = window.range
        return {
            "dateRanges": [{"startDate": first, "endDate": last}],
            "dimensions": [{"name": name} for name in self.dimensions],
            "metrics": [{"name": self.metric}],
            "dimensionFilter": {"andGroup": {"expressions": [
                {"filter": {"fieldName": "dateHour", "inListFilter": {"values": [*window.hours]}}},
                {"filter": {"fieldName": "eventName", "stringFilter": {"matchType": "EXACT", "value": self.happening}}},
                {"notExpression": {"filter": {"fieldName": self.subject, "inListFilter": {"values": [*_UNSET]}}}},
            ]}},
            "orderBys": [{"dimension": {"dimensionName": name}} for name in self.dimensions],
        }  # fmt: skip

    def event(self, row: Json, window: Window, part: Part) -> Mapping[str, object] | None:
        """Return the event of a row, None where it is of the day before or after. Raises Misfit."""
        told = dict(zip(self.dimensions, _values(row, "dimensionValues", len(self.dimensions)), strict=True))
        when = _instant(told["dateHourMinute"], window)
        subject = told[self.subject]
        if subject in {*_UNSET, "(other)"}:
            raise Misfit("event_id", f"one value of {self.subject}, not the row that stands for many")
        if not window.holds(when):
            return None
        about = {"currency": part.currency, "quality": list(part.flags) or None}
        kept = {name: value for name, value in about.items() if value}
        return {
            "event_id": "/".join((self.name, told["dateHourMinute"], subject)),
            "name": self.name,
            "occurred_at": when,
            "source": _said(told["sessionSource"]),
            "medium": _said(told["sessionMedium"]),
            "campaign": _said(told["sessionCampaignName"]),
            "device": _said(told["deviceCategory"]),
            "value": _number(_values(row, "metricValues", 1)[0]),
            "order_id": subject if self.subject == "transactionId" else None,
            "order_connection": self.orders,
            "identifiers": {namespace: _said(told[name]) for name, namespace in self.namespaces.items()},
            "attributes": json.dumps(kept) if kept else None,
            "_raw": raw(row).decode(),
        }


def wanted(entry: GoogleAnalyticsSourceSettings) -> Sequence[Report]:
    """Return the reports: orders, and the sessions of known users where a dimension names these."""
    user = {entry.user_id: entry.user_namespace} if entry.user_id else {}
    orders = Report("order_source", "purchase", "transactionId", "purchaseRevenue", user, entry.orders)
    if entry.user_id is None:
        return [orders]
    return [orders, Report("session_started", "session_start", entry.user_id, "sessions", user)]


def _instant(minute: str, window: Window) -> datetime:
    try:
        when = instant(minute, window.zone)
    except (ValueError, OverflowError):
        raise Misfit("occurred_at", "a minute such as 202601312359") from None
    if not window.asked(minute):
        raise Misfit("occurred_at", "a minute of the day that was asked for")
    return when


def _values(row: Json, kind: str, count: int) -> Sequence[str]:
    found = row.get(kind) if isinstance(row, Mapping) else None
    texts = [each.get("value", "") if isinstance(each, Mapping) else None for each in found or ()] if isinstance(
        found, list
    ) else []  # fmt: skip
    if len(texts) != count or not all(isinstance(each, str) for each in texts):
        raise Misfit("attributes", f"{count} texts in {kind}")
    return [cast("str", each).strip() for each in texts]


def _said(value: str) -> str | None:
    return None if value in _UNSET else value


def _number(text: str) -> float:
    try:
        number = float(text or "0")
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        return number
    raise Misfit("value", "a number")
