"""What travels between the core and a connector: pages in, batches out, verdicts back.

Everything is immutable. Tables are `pyarrow.Table`; see `hub.sdk.streams` for the columns of each stream.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias

import pyarrow as pa
from typing_extensions import TypeAliasType

# As a named alias, so that pydantic can follow the recursion wherever a model has a field of it.
Json = TypeAliasType("Json", "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None")

Op: TypeAlias = Literal["add", "update", "remove"]
Outcome: TypeAlias = Literal["present", "absent", "rejected", "retry", "suppressed", "unknown"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of `hub check`: a finding that a person should see. `level` decides colour and exit code."""

    level: Literal["ok", "warning", "error"]
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a source hands over at a time; everything in it becomes durable in one commit, with its cursor.

    `rows`: stream name -> table in that stream's columns (missing columns are filled with nulls).
    `read`: stream name -> source rows behind this page; default is the rows of each table. Landed plus quarantined
        must equal it. A table may carry `_source_rows` (int) when one record was made of several source rows.
    `quarantine`: rows that do not fit, in the columns of `hub.sdk.streams.QUARANTINE`.
    `cursor`: opaque JSON, at most 64 KB, valid once this page is landed; None leaves the saved cursor as it is.
    `complete`: this is the last page of a full read; only then may the absence of a record be read as a deletion.
    `window`: for streams that a vendor restates by day: this page belongs to those days (both inclusive), which become
        current only with a page that says `window_complete`. That page names every stream of the window, with an empty
        table where nothing is left.
    `deleted`: stream -> record keys that the source says are gone; a mapping of them to when they were deleted (aware)
        where it knows, so that neither a late deletion nor a late change of before wins.
    `merged`: (losing, winning) keys of `people`.
    `warnings`: sentences for the operator (sampled, thresholded, access denied); the run becomes amber.
    """

    rows: Mapping[str, pa.Table] = field(default_factory=dict)
    read: Mapping[str, int] = field(default_factory=dict)
    quarantine: pa.Table | None = None
    cursor: Json = None
    complete: bool = False
    window: tuple[date, date] | None = None
    window_complete: bool = False
    deleted: Mapping[str, Sequence[str] | Mapping[str, datetime]] = field(default_factory=dict)
    merged: Sequence[tuple[str, str]] = ()
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A pushed event after verification: stored as it came, unpacked into a page later."""

    id: str
    topic: str
    received_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """Where an audience stands in the tool.

    `key` names it durably within the connection (`list/c1`, `list/c1/tag/vip`) and is part of the ledger's key: never
    rename it. An `object` is a contact with fields; a `membership` may need one, named by `depends_on` (a target key).
    `fields` says whether rows of this target carry the audience's mapped fields.
    `may_remove`: False for objects that we never take away (a contact stays when it leaves a segment).
    """

    key: str
    kind: Literal["object", "membership"]
    fields: bool = False
    depends_on: str | None = None
    may_remove: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One person for one target. `key` is an opaque digest; `wire` is what identifies them in the tool."""

    key: str
    wire: Mapping[str, str]
    fields: Mapping[str, Json] = field(default_factory=dict)
    vendor_id: str | None = None
    consented: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows sent together. Their order is frozen: a vendor's error index points into `rows`.

    `id` is the same for every attempt of the same content (idempotency key); a part of a split batch has its own.
    `sequence` counts from 1 within a plan and target; `last` marks the final one (Meta's last_batch_flag).
    """

    id: str
    sequence: int
    last: bool
    op: Op
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Suppression:
    """An opt-out seen at a vendor; it lands as a row of `consents` before the next plan."""

    channel: str
    purpose: str
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one row. `index` is its place in `Batch.rows`.

    present/absent: definite, for this row. rejected: for good, with the vendor's code. retry: definitely not applied,
    may go again after `after`. suppressed: the vendor knows an opt-out. unknown: it may or may not have been applied.
    """

    index: int
    outcome: Outcome
    code: str = ""
    after: timedelta | None = None
    vendor_id: str | None = None
    suppression: Suppression | None = None


@dataclass(frozen=True, slots=True)
class NotApplied:
    """The vendor refused the whole request because of some rows; the others go again at once and burn no attempt.

    `blamed` may be empty when the vendor does not say which rows are bad: then the core halves the batch.
    """

    blamed: Sequence[Verdict] = ()
    code: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The vendor took the request. With `job`, ask `poll` later; without, counts are all that will ever be known.

    `refused`: the vendor's reason -> how many of the rows it did not take, where it does not say which. The run becomes
    amber and names them; the rows count as accepted, because nobody knows whose they are.
    """

    job: Json = None
    counts: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)


Answer: TypeAlias = Sequence[Verdict] | Accepted | NotApplied


@dataclass(frozen=True, slots=True)
class Observed:
    """One member that the tool itself reports. `wire` in the form of `Row.wire`."""

    wire: Mapping[str, str]
    state: Literal["present", "absent", "suppressed"]
    vendor_id: str | None = None
    suppression: Suppression | None = None
