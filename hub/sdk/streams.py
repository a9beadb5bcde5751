"""The canonical streams: the fixed columns that every connector maps its vendor's records onto.

Flat; timestamps naive UTC; money DECIMAL(18, 4) with an ISO 4217 currency; countries ISO 3166-1 alpha-2; languages
ISO 639-1. What has no canonical place goes into `attributes`, a JSON object as text. Identifiers go into `identifiers`
as (namespace, value) pairs; the hub normalises them before they land.

Schemas are never inferred. A change of a stream's columns raises `SCHEMA_VERSION`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import pyarrow as pa

SCHEMA_VERSION = 2

TEXT = pa.string()
WHEN = pa.timestamp("us")
DAY = pa.date32()
MONEY = pa.decimal128(18, 4)
COUNT = pa.int64()
NUMBER = pa.float64()
FLAG = pa.bool_()
IDENTIFIERS = pa.list_(pa.struct([("namespace", TEXT), ("value", TEXT)]))


@dataclass(frozen=True, slots=True)
class Stream:
    """One canonical stream.

    `key`: columns that identify a record within a connection; empty where every row is a fact of its own.
    `mode`: how the current content follows from the log: `upsert` keeps the newest version of each key, `append` keeps
    every row, once by its key. `time`: the column that says when it happened, for windows. `event`: the name under
    which `did()` finds it; None: the row's own `name` (events) or not an activity at all.
    `version`: the column that orders versions of a key, before the order of reading.
    """

    name: str
    key: tuple[str, ...]
    columns: pa.Schema
    mode: Literal["upsert", "append"] = "upsert"
    time: str | None = None
    event: str | None = None
    version: str | None = None

    @property
    def has_person(self) -> bool:
        """Whether its rows belong to people."""
        return "identifiers" in self.columns.names


def _stream(
    name: str,
    key: str,
    columns: dict[str, pa.DataType],
    *,
    person: bool = True,
    mode: Literal["upsert", "append"] = "upsert",
    time: str | None = None,
    event: str | None = None,
    version: str | None = None,
) -> Stream:
    fields = dict(columns)
    if person:
        fields["identifiers"] = IDENTIFIERS
    fields["attributes"] = TEXT
    return Stream(name, tuple(key.split()), pa.schema(list(fields.items())), mode, time, event, version)


_ALL = (
    _stream(
        "people",
        "record_id",
        {
            "record_id": TEXT,
            "first_name": TEXT,
            "last_name": TEXT,
            "birthday": DAY,
            "age": COUNT,
            "age_band": TEXT,
            "gender": TEXT,
            "language": TEXT,
            "marital_status": TEXT,
            "household_size": TEXT,
            "children": TEXT,
            "home_ownership": TEXT,
            "income": TEXT,
            "education": TEXT,
            "occupation": TEXT,
            "company_id": TEXT,
            "job_title": TEXT,
            "street": TEXT,
            "city": TEXT,
            "region": TEXT,
            "postcode": TEXT,
            "country": TEXT,
            "timezone": TEXT,
            "device": TEXT,
            "tags": TEXT,
            "created_at": WHEN,
            "updated_at": WHEN,
        },
        version="updated_at",
    ),
    _stream(
        "companies",
        "company_id",
        {
            "company_id": TEXT,
            "name": TEXT,
            "domain": TEXT,
            "industry": TEXT,
            "employees": COUNT,
            "revenue": MONEY,
            "currency": TEXT,
            "country": TEXT,
            "updated_at": WHEN,
        },
        person=False,
        version="updated_at",
    ),
    _stream(
        "orders",
        "order_id",
        {
            "order_id": TEXT,
            "number": TEXT,  # by which the customer knows it, where that is another than the id
            "placed_at": WHEN,
            "status": TEXT,
            "channel": TEXT,
            "store": TEXT,
            "currency": TEXT,
            "total": MONEY,
            "discount": MONEY,
            "refunded": MONEY,
            "coupon": TEXT,
            "gift": FLAG,
            "items": NUMBER,
            "updated_at": WHEN,
        },
        time="placed_at",
        event="order_placed",
        version="updated_at",
    ),
    _stream(
        "order_lines",
        "order_id line_id",
        {
            "order_id": TEXT,
            "line_id": TEXT,
            "placed_at": WHEN,
            "product_id": TEXT,
            "sku": TEXT,
            "name": TEXT,
            "category": TEXT,
            "quantity": NUMBER,
            "price": MONEY,
            "discount": MONEY,
            "cost": MONEY,
            "currency": TEXT,
        },
        time="placed_at",
        event="product_bought",
    ),
    _stream(
        "products",
        "product_id",
        {
            "product_id": TEXT,
            "name": TEXT,
            "category": TEXT,
            "brand": TEXT,
            "price": MONEY,
            "cost": MONEY,
            "currency": TEXT,
            "updated_at": WHEN,
        },
        person=False,
        version="updated_at",
    ),
    _stream(
        "carts",
        "cart_id",
        {
            "cart_id": TEXT,
            "started_at": WHEN,
            "updated_at": WHEN,
            "recovered_at": WHEN,
            "total": MONEY,
            "currency": TEXT,
        },
        time="started_at",
        event="cart_started",
        version="updated_at",
    ),
    _stream(
        "subscriptions",
        "subscription_id",
        {
            "subscription_id": TEXT,
            "plan": TEXT,
            "started_at": WHEN,
            "ended_at": WHEN,
            "status": TEXT,
            "amount": MONEY,
            "currency": TEXT,
            "interval": TEXT,
            "updated_at": WHEN,
        },
        time="started_at",
        event="subscription_started",
        version="updated_at",
    ),
    _stream(
        "deals",
        "deal_id",
        {
            "deal_id": TEXT,
            "company_id": TEXT,
            "stage": TEXT,
            "amount": MONEY,
            "currency": TEXT,
            "created_at": WHEN,
            "closed_at": WHEN,
            "won": FLAG,
            "updated_at": WHEN,
        },
        time="created_at",
        event="deal_created",
        version="updated_at",
    ),
    _stream(
        "events",
        "event_id",
        {
            "event_id": TEXT,
            "name": TEXT,
            "occurred_at": WHEN,
            "session": TEXT,
            "page": TEXT,
            "campaign": TEXT,
            "source": TEXT,
            "medium": TEXT,
            "device": TEXT,
            "value": NUMBER,
            "order_id": TEXT,  # id or number of the order that it led to: its customer's, where nobody else is named
            "order_connection": TEXT,  # whose order that is, where it is not the event's own connection's
        },
        mode="append",
        time="occurred_at",
    ),
    _stream(
        "messages",
        "message_id",
        {
            "message_id": TEXT,
            "campaign": TEXT,
            "channel": TEXT,
            "kind": TEXT,
            "occurred_at": WHEN,
        },
        mode="append",
        time="occurred_at",
    ),
    _stream(
        "campaigns",
        "campaign_id",
        {
            "campaign_id": TEXT,
            "name": TEXT,
            "channel": TEXT,
            "started_at": WHEN,
            "ended_at": WHEN,
            "cost": MONEY,
            "currency": TEXT,
        },
        person=False,
    ),
    _stream(
        "responses",
        "response_id",
        {
            "response_id": TEXT,
            "survey": TEXT,
            "question": TEXT,
            "kind": TEXT,
            "score": NUMBER,
            "answer": TEXT,
            "occurred_at": WHEN,
        },
        time="occurred_at",
        event="survey_answered",
    ),
    _stream(
        "tickets",
        "ticket_id",
        {
            "ticket_id": TEXT,
            "opened_at": WHEN,
            "closed_at": WHEN,
            "topic": TEXT,
            "satisfaction": NUMBER,
        },
        time="opened_at",
        event="ticket_opened",
    ),
    _stream(
        "consents",
        "",
        {
            "channel": TEXT,
            "purpose": TEXT,
            "state": TEXT,
            "occurred_at": WHEN,
            "source": TEXT,
            "evidence": TEXT,
        },
        mode="append",
        time="occurred_at",
    ),
    _stream("erasures", "", {"requested_at": WHEN, "request_id": TEXT}, mode="append", time="requested_at"),
)

STREAMS = {stream.name: stream for stream in _ALL}

# Optional columns that any table of a page may carry beside the stream's own.
OPTIONAL = pa.schema(
    [
        ("_raw", TEXT),  # the vendor's record as it came, so that a mapping can be mended later
        ("_known", pa.list_(TEXT)),  # columns that could be read; a null elsewhere never overwrites. Null: all of them
        ("_version", WHEN),  # the source's own version, where it is not the stream's `version` column
        ("_file", TEXT),  # where it came from: file name ...
        ("_line", COUNT),  # ... and line, instead of `_raw`
        ("_source_rows", COUNT),  # how many rows of the source made this record; null: one
    ]
)

QUARANTINE = pa.schema(
    [
        ("stream", TEXT),
        ("file", TEXT),
        ("line", COUNT),
        ("field", TEXT),  # the column that did not fit, if one did
        ("reason", TEXT),  # a sentence without personal data: expected, got (kind, not value), what to do
        ("raw", TEXT),  # the row as it came, cut at 10,000 characters
        ("rows", COUNT),  # how many rows of the source this entry stands for; null: one
    ]
)


@cache
def arriving(stream: str) -> pa.Schema:
    """Return the columns that a table of a page may have: those of its stream, and the optional ones."""
    return pa.schema([*STREAMS[stream].columns, *OPTIONAL])
