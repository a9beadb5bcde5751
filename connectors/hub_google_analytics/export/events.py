"""An event of GA4's BigQuery export, as JSON, becomes a row of `events`.

The export has no id of an event, types its parameters one by one, and writes 64-bit numbers as text in JSON.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from hub.sdk.records import Json

COLUMNS = (
    "event_timestamp", "event_name", "event_params", "event_value_in_usd", "event_bundle_sequence_id", "user_id",
    "user_pseudo_id", "privacy_info", "user_properties", "device", "geo", "stream_id", "platform", "ecommerce",
    "collected_traffic_source", "session_traffic_source_last_click", "batch_event_index", "batch_page_id",
    "batch_ordering_id",
)  # fmt: skip
"""What is read of a table, where it has it: every other column would be billed for nothing."""
REQUIRED = frozenset({"event_timestamp", "event_name"})
_ORDER = ("event_bundle_sequence_id", "stream_id", "batch_page_id", "batch_ordering_id", "batch_event_index")
_KINDS = ("string_value", "int_value", "double_value", "float_value")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING: Mapping[str, Json] = {}


class Misfit(Exception):
    """A value that does not fit; `field` is the event's column. The text holds no value."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}. Look at the event in the export.")
        self.field = field


def event_of(found: Json, user: str, orders: str | None) -> Mapping[str, object]:
    """Return an exported event as a row of `events`; `user` is the namespace of `user_id`, `orders` a connection.

    Raises:
        Misfit: it has no name or no time, or a column of it is of another type.
    """
    if not isinstance(found, Mapping):
        raise Misfit("event", "an object")
    params = values_of(found, "event_params")
    source = _traffic(found)
    return {
        "event_id": event_id(found),
        "name": _required(found, "event_name"),
        "occurred_at": _instant(found, "event_timestamp"),
        "session": _session(found, params),
        "page": _plain(params.get("page_location")),
        "campaign": _plain(source.get("manual_campaign_name") or source.get("campaign_name")),
        "source": _plain(source.get("manual_source") or source.get("source")),
        "medium": _plain(source.get("manual_medium") or source.get("medium")),
        "device": _text(_part(found, "device"), "category"),
        "value": _number(params.get("value"), "event_params.value"),
        "order_id": _order_id(found, params),
        "order_connection": orders,
        "identifiers": {user: _text(found, "user_id"), "ga_client": _text(found, "user_pseudo_id")},
        "attributes": json.dumps(_attributes(found, params), ensure_ascii=False),
        "_raw": json.dumps(found, ensure_ascii=False),
    }


def event_id(found: Mapping[str, Json]) -> str:
    """Return an id made of what tells an event from others.

    Without `user_pseudo_id` (consent was denied) many people share an instant, so that the whole event has to speak for
    itself; two that are the same in every column are one.
    """
    client = _text(found, "user_pseudo_id")
    order = [str(_whole(found, name)) if found.get(name) is not None else "" for name in _ORDER]
    body = "" if client else json.dumps(found, sort_keys=True)
    parts = [client or "", str(_whole(found, "event_timestamp")), _required(found, "event_name"), *order, body]
    return hashlib.blake2b(json.dumps(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def values_of(found: Mapping[str, Json], column: str) -> Mapping[str, Json]:
    """Return parameters or properties of an event: key -> the one value that is set, in its type.

    Raises:
        Misfit: the column is no list of keys and values.
    """
    listed = found.get(column)
    if listed is None:
        return {}
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        raise Misfit(column, "a list")
    return dict(_pair(each, column) for each in listed)


def _pair(each: Json, column: str) -> tuple[str, Json]:
    if not isinstance(each, Mapping) or not isinstance(key := each.get("key"), str):
        raise Misfit(column, "a key with a value")
    value = each.get("value")
    if value is not None and not isinstance(value, Mapping):
        raise Misfit(column, "a key with a value")
    return key, _typed(value or _NOTHING, f"{column}.value")


def _typed(value: Mapping[str, Json], field: str) -> Json:
    """The value that is set, in this order: text, whole number, double, float. The one place where it is decided."""
    kind = next((kind for kind in _KINDS if value.get(kind) is not None), None)
    if kind is None:
        return None
    if kind == "string_value":
        return _text(value, kind)
    return _whole(value, kind) if kind == "int_value" else _number(value[kind], field)


def _traffic(found: Mapping[str, Json]) -> Mapping[str, Json]:
    """Where the event came from; else what the session's last click was credited to. Never the user's first touch."""
    collected = _part(found, "collected_traffic_source")
    if any(collected.get(name) for name in ("manual_source", "manual_medium", "manual_campaign_name")):
        return collected
    return _part(_part(found, "session_traffic_source_last_click"), "manual_campaign")


def _session(found: Mapping[str, Json], params: Mapping[str, Json]) -> str | None:
    """`ga_session_id` is unique with `user_pseudo_id` alone."""
    client, session = _text(found, "user_pseudo_id"), params.get("ga_session_id")
    return f"{client}.{session}" if client and session is not None else None


def _order_id(found: Mapping[str, Json], params: Mapping[str, Json]) -> str | None:
    told = _part(found, "ecommerce").get("transaction_id") or params.get("transaction_id")
    return None if told == "(not set)" else _plain(told)


def _attributes(found: Mapping[str, Json], params: Mapping[str, Json]) -> Mapping[str, Json]:
    privacy, geo = _part(found, "privacy_info"), _part(found, "geo")
    named = {
        "analytics_storage": privacy.get("analytics_storage"),
        "ads_storage": privacy.get("ads_storage"),
        "country": geo.get("country"),
        "platform": found.get("platform"),
        "value_in_usd": found.get("event_value_in_usd"),
        "user_properties": values_of(found, "user_properties") or None,
    }
    return {**params, **{name: value for name, value in named.items() if value is not None}}


def _part(found: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    part = found.get(name)
    if part is None:
        return _NOTHING
    if not isinstance(part, Mapping):
        raise Misfit(name, "an object")
    return part


def _text(found: Mapping[str, Json], name: str) -> str | None:
    value = found.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise Misfit(name, "text")


def _plain(value: Json) -> str | None:
    """The same parameter comes as text and as a number."""
    return None if value is None or value == "" else value if isinstance(value, str) else json.dumps(value)


def _required(found: Mapping[str, Json], name: str) -> str:
    value = _text(found, name)
    if value is None:
        raise Misfit(name, "text")
    return value


def _whole(found: Mapping[str, Json], name: str) -> int | str:
    """A whole number, of which JSON makes text; `stream_id` is text that may be none."""
    value = found.get(name)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Misfit(name, "a whole number")
    if name == "stream_id":
        return str(value)
    try:
        return int(value)
    except ValueError:
        raise Misfit(name, "a whole number") from None


def _number(value: Json, field: str) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Misfit(field, "a number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise Misfit(field, "a number") from None
    return number if math.isfinite(number) else None


def _instant(found: Mapping[str, Json], name: str) -> datetime:
    """Microseconds since 1970, UTC."""
    try:
        return (_EPOCH + timedelta(microseconds=int(_whole(found, name)))).replace(tzinfo=None)
    except OverflowError:
        raise Misfit(name, "microseconds since 1970") from None
