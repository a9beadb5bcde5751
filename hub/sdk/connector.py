"""Base classes of everything that speaks to an outside system, and what each must declare.

A source is made once per `[[source]]` entry, a destination once per connection file. Both get their validated settings
and a `Context`; they keep no state of their own between runs: cursors, handles and ids live in the core.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Generic, Literal, TypeVar

from hub.sdk.errors import Refused
from hub.sdk.proposal import Proposal
from hub.sdk.records import Accepted, Answer, Batch, Delivery, Fact, Json, Observed, Page, Row, Target, Verdict
from hub.sdk.settings import AudienceSettings, NoTarget, Settings, SourceSettings

S = TypeVar("S", bound=Settings)
E = TypeVar("E", bound=SourceSettings)
T = TypeVar("T", bound=Settings)

ANY_ADDRESS = "*"


@dataclass(frozen=True, slots=True)
class Context:
    """What the core gives every connector beside its settings.

    `connection` is the config file's stem. `project` is the folder that relative paths in config are meant from.
    `now` is the start of the run (aware, UTC). `timezone` is the shop's, an IANA name.
    """

    connection: str
    project: Path
    now: datetime
    timezone: str = "UTC"
    country: str | None = None


class Source(ABC, Generic[S, E]):
    """Reads records out of one tool.

    Declare `name`, `streams` and the two settings models; write `check` and `read`.
    """

    name: ClassVar[str]
    streams: ClassVar[tuple[str, ...]]
    settings_model: ClassVar[type[Settings]] = Settings
    source_model: ClassVar[type[SourceSettings]] = SourceSettings

    def __init__(self, settings: S, source: E, context: Context) -> None:
        self.settings = settings
        self.source = source
        self.context = context

    @abstractmethod
    def check(self) -> Iterable[Fact]:
        """Make a cheap call or two and say what was found: reachable, who we are, what is missing, newest record."""

    @abstractmethod
    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Yield pages of `streams` from the saved cursor on; `since` is None on the first and on every full read.

        Raises `RetryLater`, `StopConnection` or `BadData`; pages yielded before stay landed. A full read ends with a
        page whose `complete` is True, and only a read that really saw everything may say so.
        """

    @classmethod
    def propose(cls, path: Path) -> Proposal | None:
        """Look at a file that nobody has described and propose how to read it; None when it is not of our kind.

        Raises `BadData` for a file of our kind that cannot be read.
        """
        return None

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Prove that a pushed event is genuine, before it is acknowledged; raise `Refused` when it is not."""
        raise Refused(f"{self.name} takes no pushed events.")

    def unpack(self, delivery: Delivery) -> Page:
        """Turn a stored event into a page."""
        raise Refused(f"{self.name} takes no pushed events.")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a destination can do. The core plans by it, and the conformance kit checks it.

    `address_by`: what people can be recognised by here; an audience's `match_on` must be a subset. `ANY_ADDRESS` in it
        allows every namespace.
    `wire`: for each of them, SQL over `value` giving the form the vendor wants; default is the normalised value.
    `wire_version`: raise it when a rule in `wire` changes, so that old entries are removed in their old form.
    `batch_rows`, `batch_bytes`: the most that one push may hold. `connections`: pushes that may run side by side.
    `partition_by_consent`: rows with and without proven consent must not share a batch (Google).
    `evidence`: what a successful push proves: each row, the request alone, or nothing.
    `settles_within`: the longest an accepted or unanswered write may stay invisible; then an unknown is re-asserted.
    `read_back`: what `read_back` can tell. `job_check_after`: pause before the first `poll` of a job.
    `min_to_remove`: the vendor refuses removals from smaller lists.
    """

    address_by: tuple[str, ...]
    batch_rows: int
    settles_within: timedelta
    evidence: Literal["row", "request", "none"]
    wire: Mapping[str, str] = field(default_factory=dict)
    wire_version: int = 1
    batch_bytes: int = 10_000_000
    connections: int = 1
    partition_by_consent: bool = False
    read_back: Literal["full", "lookup", "count", "none"] = "none"
    removal: Literal["membership", "tag", "archive", "none"] = "membership"
    job_check_after: timedelta = timedelta(seconds=10)
    min_to_remove: int = 0


class Destination(ABC, Generic[S, T]):
    """Keeps lists in one tool equal to what is wanted.

    Declare `name`, `capabilities` and the two settings models; write `check`, `targets` and `push`.
    """

    name: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    settings_model: ClassVar[type[Settings]] = Settings
    target_model: ClassVar[type[Settings]] = NoTarget

    def __init__(self, settings: S, context: Context) -> None:
        self.settings = settings
        self.context = context

    @abstractmethod
    def check(self) -> Iterable[Fact]:
        """As `Source.check`, for the account."""

    @abstractmethod
    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """Name the targets of an audience, objects before memberships that depend on them. No network."""

    def open(self, target: Target, audience: AudienceSettings, plan_id: str, total: int) -> Json:
        """Prepare a plan of `total` rows (create a list, start a session); the handle is durable before any push."""
        return None

    @abstractmethod
    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        """Send one batch, once, and say what became of its rows; rows without a verdict count as unknown.

        Raises `RetryLater` (definitely not applied), `Unanswered` (nobody knows) or `StopConnection`. Never retries a
        write that may have been applied: the core does that by its own rules.
        """

    def close(self, target: Target, handle: Json) -> None:
        """Finish a plan after its last batch; called again after a crash, so it must be harmless twice."""

    def poll(self, job: Json, batch: Batch) -> Sequence[Verdict] | Accepted | None:
        """Ask for the outcome of a job; None means that it is still running."""
        raise NotImplementedError(f"{self.name} answered with a job but has no poll().")

    def read_back(self, target: Target, handle: Json) -> Iterator[Observed]:
        """Yield what the tool says it holds; complete when `capabilities.read_back` is "full"."""
        return iter(())

    def resolve(self, rows: Sequence[Row]) -> Mapping[str, str]:
        """Find vendor ids that were lost: `Row.key` -> vendor id, for those that exist."""
        return {}

    def erase(self, rows: Sequence[Row]) -> Sequence[Verdict]:
        """Delete people for good, as the law demands."""
        raise NotImplementedError(f"{self.name} cannot erase.")
