"""What travels between planning, delivering and reporting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from hub.sdk.connector import Destination
from hub.sdk.records import Op, Target
from hub.sdk.settings import AudienceSettings, Settings
from hub.settings.models import Limits, Safety

SAMPLE = 10  # profile ids shown per operation

# Rows of a plan, in the order in which they are sent; held removals come last and are not sent.
PLAN = pa.schema(
    [
        ("op", pa.string()),
        ("held", pa.bool_()),
        ("key", pa.string()),  # HMAC of connection, target and wire
        ("wire", pa.string()),  # JSON: what identifies the person in the tool
        ("address", pa.string()),  # JSON: the normalised identifiers behind it; null for removals
        ("payload", pa.string()),  # JSON: the fields; null for removals
        ("payload_hash", pa.string()),
        ("profile_id", pa.string()),
        ("consented", pa.bool_()),
        ("vendor_id", pa.string()),
        ("wire_version", pa.int32()),
    ]
)

# What became of them: one line per row and outcome, folded into the ledger in the order of `ord`.
RECEIPTS = pa.schema(
    [
        ("ord", pa.int64()),
        ("key", pa.string()),
        ("wire", pa.string()),
        ("profile_id", pa.string()),
        ("op", pa.string()),
        ("outcome", pa.string()),
        ("payload_hash", pa.string()),
        ("code", pa.string()),
        ("vendor_id", pa.string()),
        ("sent_at", pa.timestamp("us")),
        ("settle_until", pa.timestamp("us")),
        ("retry_at", pa.timestamp("us")),
    ]
)


@dataclass(frozen=True, slots=True)
class AudienceJob:
    """One `[[audience]]` entry with all that planning and delivering need.

    `fields`: field in the tool -> compiled SQL over the columns of `person`, and `split_arm`.
    `relation`: table, view or query in parentheses with one row per profile that offers every column `fields` read.
    `split`: the segment's arms and weights. `approved`: whether this very config may be sent.
    `incomplete`: sentences about reads that did not see everything, so that nobody is removed.
    """

    connection: str
    audience: AudienceSettings
    destination: Destination[Settings, Settings]
    config_hash: str
    fields: Mapping[str, str] = field(default_factory=dict)
    relation: str = "person"
    split: Mapping[str, int] = field(default_factory=dict)
    approved: bool = False
    incomplete: Sequence[str] = ()

    @property
    def name(self) -> str:
        """The audience's name, unique in the project."""
        return self.audience.name

    @property
    def targets(self) -> Sequence[Target]:
        """Where it stands, objects before the memberships that depend on them."""
        return self.destination.targets(self.audience)

    @property
    def standing(self) -> str:
        """Key of the target that counts as being in the audience: the last one."""
        return self.targets[-1].key


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for all audiences. `as_of` and `now` are naive UTC; `now` is when the plan is made.

    `releases`: audience -> keys whose held removal a person has approved. `resync`: send what was only accepted again.
    """

    now: datetime
    safety: Safety = field(default_factory=Safety)
    limits: Limits = field(default_factory=Limits)
    releases: Mapping[str, frozenset[str]] = field(default_factory=dict)
    resync: bool = False


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """What one audience wants changed at one target.

    `rows`: in the columns of `PLAN`. `believed`: keys that may stand there now. `waiting`: reason -> keys that are
    wanted otherwise than believed and cannot be sent now: `unknown` and `settling` (an earlier attempt may still land),
    `rejected`, `suppressed`, `retry`, `blocked` (a removal that the tool refused), `too_few` (under `min_size`).
    `held`: why the held removals are held.
    """

    target: Target
    rows: pa.Table
    wanted: int
    believed: int
    counts: Mapping[Op, int]
    held_removes: int = 0
    held: str = ""
    waiting: Mapping[str, int] = field(default_factory=dict)
    samples: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def sendable(self) -> int:
        """Rows that may be sent: the first so many of `rows`."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Reach:
    """From a segment to the people who can be sent: how many each filter took, in this order.

    `outranked`: in an audience of the same group that goes first. `duplicates`: further profiles with the address of
    one that is sent. `over_max`: beyond the audience's `max_size`.
    """

    segment: int = 0
    no_consent: int = 0
    no_address: int = 0
    excluded: int = 0
    capped: int = 0
    outranked: int = 0
    holdout: int = 0
    duplicates: int = 0
    over_max: int = 0
    wanted: int = 0


@dataclass(frozen=True, slots=True)
class Reached:
    """Who an audience reaches, and sentences about it for the operator."""

    reach: Reach
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AudiencePlan:
    """An honest dry run of one audience, in people: what would be sent now, what would wait, and why.

    A person counts once: by what happens where the audience stands, else (fields of a contact alone) as an update.
    """

    name: str
    destination: str
    approved: bool
    wanted: int
    planned: int
    adds: int
    updates: int
    removes: int
    held: int
    reach: Reach
    held_reason: str = ""
    waiting: Mapping[str, int] = field(default_factory=dict)
    samples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that the tool refused for good; kept in quarantine until its content changes."""

    connection: str
    audience: str
    target: str
    profile_id: str
    op: str
    code: str


@dataclass(frozen=True, slots=True)
class AudienceReport:
    """What one delivery of an audience came to, in people.

    `accepted`: the tool took them and tells no more. `held`: removals that wait for approval, and rows that wait for
    their time. `rejected` and `suppressed`: known to the ledger, kept out. `unknown`: may or may not stand there.
    `failure`: why the connection stopped.
    """

    name: str
    destination: str
    wanted: int = 0
    planned: int = 0
    added: int = 0
    updated: int = 0
    removed: int = 0
    accepted: int = 0
    held: int = 0
    rejected: int = 0
    suppressed: int = 0
    unknown: int = 0
    approved: bool = True
    reach: Reach = field(default_factory=Reach)
    held_reason: str = ""
    failure: str = ""
    warnings: Sequence[str] = ()
    refused: Sequence[Refusal] = ()
