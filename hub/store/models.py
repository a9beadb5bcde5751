"""The tables of the control store. Rows are returned as they are: detached, typed, safe to keep.

Rows that callers hand in are validated when they are written (`fresh`), times are naive UTC, JSON is `hub.sdk` Json.
Only constructs that SQLite and PostgreSQL share; every change needs a migration (see `hub.store.migrations`).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias, TypeVar

from pydantic import ConfigDict, NaiveDatetime
from sqlalchemy import JSON, BigInteger, MetaData, String, TypeDecorator, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from hub.sdk.records import Json, Op

if TYPE_CHECKING:
    Document: TypeAlias = Json
else:
    Document = object  # Json is recursive, which pydantic cannot read; the serialiser below is the check

RunStatus: TypeAlias = Literal["running", "green", "amber", "red", "cancelled", "crashed"]
PlanState: TypeAlias = Literal["planned", "sending", "closed", "void"]
BatchState: TypeAlias = Literal["planned", "intent", "done", "not_applied", "in_doubt", "job", "parked"]
ApprovalKind: TypeAlias = Literal["audience", "removals", "source"]

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def utcnow() -> datetime:
    """Return the present as naive UTC, the only form of time in the store."""
    return datetime.now(UTC).replace(tzinfo=None)


def _plain(value: object) -> object:
    """Turn any mapping or sequence into the one that JSON knows."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"expected JSON, got {type(value).__name__}")


# NaN is refused here because PostgreSQL would refuse it and SQLite would keep it.
to_json = partial(json.dumps, default=_plain, allow_nan=False, separators=(",", ":"))


class JsonText(TypeDecorator[Json]):
    """A JSON document; None is NULL."""

    impl = JSON(none_as_null=True)
    cache_ok = True


_REGISTRY = registry(metadata=MetaData(naming_convention=_NAMES))


class Table(SQLModel, registry=_REGISTRY):
    """Base of all tables: own metadata, no unknown columns, no values in error messages."""

    # SQLModel narrows the type to one of its own that it does not export.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)  # type: ignore[assignment]


RowT = TypeVar("RowT", bound=Table)


def fresh(row: RowT, **changes: object) -> RowT:
    """Return a validated copy of `row` with `changes`, bound to no session.

    Raises:
        pydantic.ValidationError: a column has a value of the wrong type, or a time has a zone.
    """
    present = {name: value for name, value in row if value is not None}
    return type(row).model_validate({**present, **changes})


class NamedValue(Table, table=True):
    """One named JSON value."""

    __tablename__ = "named_value"
    key: str = Field(primary_key=True)
    value: Document = Field(default=None, sa_type=JsonText, nullable=True)


class Lease(Table, table=True):
    """The right to write (a single row, id 1). `token` tells two leases apart that a restored store gave one epoch."""

    __tablename__ = "lease"
    id: int = Field(default=1, primary_key=True)
    epoch: int = Field(default=0, sa_type=BigInteger)
    token: str = ""
    holder: str = ""
    taken_at: NaiveDatetime = Field(default_factory=utcnow)


class Run(Table, table=True):
    """One pass through the flow. `epoch` is the lease it was started under."""

    __tablename__ = "run"
    id: int = Field(default=None, primary_key=True)
    kind: str
    as_of: NaiveDatetime
    status: RunStatus = Field(default="running", sa_type=String, index=True)
    request: Document = Field(default=None, sa_type=JsonText, nullable=True)
    report: Document = Field(default=None, sa_type=JsonText, nullable=True)
    epoch: int = Field(default=0, sa_type=BigInteger)
    started_at: NaiveDatetime = Field(default_factory=utcnow)
    finished_at: NaiveDatetime | None = None


class RunEvent(Table, table=True):
    """Progress of a run; ids grow, so a reader asks for what came after the last one it saw."""

    __tablename__ = "run_event"
    id: int = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id", index=True)
    kind: str
    data: Document = Field(default=None, sa_type=JsonText, nullable=True)
    occurred_at: NaiveDatetime = Field(default_factory=utcnow)


class LandedFile(Table, table=True):
    """A finished Parquet file of the landing log.

    `source` is the key of the `[[source]]` entry it was read for, `path` relative to the data directory. `source_rows`
    were read at the source, `quarantined` of them did not land; `rows` are those in the file. `read_id` names the read
    it belongs to; `complete`: with this file that read has seen everything. `window_start` and `window_end` (both
    inclusive) for streams restated by day, current only from the file that says `window_complete`.
    """

    __tablename__ = "landed_file"
    seq: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    uid: str = Field(unique=True)
    run_id: int | None = Field(default=None, foreign_key="run.id", index=True)
    connection: str
    source: str
    stream: str
    path: str
    rows: int = Field(default=0, sa_type=BigInteger)
    source_rows: int = Field(default=0, sa_type=BigInteger)
    quarantined: int = Field(default=0, sa_type=BigInteger)
    bytes: int = Field(default=0, sa_type=BigInteger)
    read_id: str = ""
    complete: bool = False
    window_start: date | None = None
    window_end: date | None = None
    window_complete: bool = False
    schema_version: int = 1
    created_at: NaiveDatetime = Field(default_factory=utcnow)


class Cursor(Table, table=True):
    """How far a source was read; the value is the connector's own."""

    __tablename__ = "cursor"
    connection: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    value: Document = Field(default=None, sa_type=JsonText, nullable=True)
    moved_at: NaiveDatetime = Field(default_factory=utcnow)


class PlanRow(Table, table=True):
    """What one audience wants changed at one target; its rows are in the file `path` of the delivery log.

    `handle` is the tool's own state between open and close (an upload session, a list id). `intent_epoch` is set by the
    store: the epoch that the plan's latest intent raised. `receipts_path` names the file that took over the batches'
    receipts when the plan closed.
    """

    __tablename__ = "plan"
    __table_args__: ClassVar = (UniqueConstraint("uid", "target_key"),)
    id: int = Field(default=None, primary_key=True)
    uid: str
    run_id: int | None = Field(default=None, foreign_key="run.id", index=True)
    connection: str
    audience: str
    target_key: str
    config_hash: str
    path: str
    adds: int = 0
    updates: int = 0
    removes: int = 0
    held_removes: int = 0
    state: PlanState = Field(default="planned", sa_type=String, index=True)
    intent_epoch: int = Field(default=0, sa_type=BigInteger)
    handle: Document = Field(default=None, sa_type=JsonText, nullable=True)
    counts: Document = Field(default=None, sa_type=JsonText, nullable=True)
    receipts_path: str = ""
    created_at: NaiveDatetime = Field(default_factory=utcnow)
    closed_at: NaiveDatetime | None = None


class BatchRow(Table, table=True):
    """Rows `first_row` to `first_row + row_count - 1` of a plan, sent together. `parent` is the batch it is a half of.

    `receipts` is a blob in a form that belongs to the delivery step: exceptions, unmatched rows, vendor ids.
    """

    __tablename__ = "batch"
    __table_args__: ClassVar = (UniqueConstraint("plan_id", "number"),)
    id: int = Field(default=None, primary_key=True)
    plan_id: int = Field(default=None, foreign_key="plan.id")
    number: int
    op: Op = Field(sa_type=String)
    first_row: int
    row_count: int
    parent: int | None = Field(default=None, foreign_key="batch.id")
    state: BatchState = Field(default="planned", sa_type=String)
    attempt: int = 0
    not_before: NaiveDatetime | None = None
    settle_until: NaiveDatetime | None = None
    job: Document = Field(default=None, sa_type=JsonText, nullable=True)
    receipts: bytes | None = Field(default=None, repr=False)


class Approval(Table, table=True):
    """What a person allowed: an audience, a mass removal, an unusual read. Earlier approvals are in the audit."""

    __tablename__ = "approval"
    kind: ApprovalKind = Field(primary_key=True, sa_type=String)
    name: str = Field(primary_key=True)
    config_hash: str
    plan_uid: str | None = None
    who: str
    approved_at: NaiveDatetime = Field(default_factory=utcnow)


class AuditEntry(Table, table=True):
    """Who did what, when. Rows are only ever added; `detail` holds names, hashes and counts, never a person's data."""

    __tablename__ = "audit"
    id: int = Field(default=None, primary_key=True)
    who: str
    action: str
    detail: Document = Field(default=None, sa_type=JsonText, nullable=True)
    occurred_at: NaiveDatetime = Field(default_factory=utcnow)


__all__ = [
    "Approval", "ApprovalKind", "AuditEntry", "BatchRow", "BatchState", "Cursor", "LandedFile", "Lease", "NamedValue",
    "PlanRow", "PlanState", "Run", "RunEvent", "RunStatus", "Table", "fresh", "to_json", "utcnow",
]  # fmt: skip
