"""What a run was asked and what it says in the end; the shapes of `hub run --json`."""

from datetime import datetime
from typing import Literal, Self, TypeAlias

from pydantic import BaseModel, Field

from hub.outbox.plan import AudiencePlan, AudienceReport
from hub.sdk.records import Json
from hub.sdk.redact import redact
from hub.settings import Share

Step: TypeAlias = Literal["extract", "land", "identify", "profile", "segment", "audience", "deliver"]
STEPS: tuple[Step, ...] = ("extract", "land", "identify", "profile", "segment", "audience", "deliver")
Status: TypeAlias = Literal["green", "amber", "red", "cancelled"]


class RunRequest(BaseModel):
    """What one pass should do.

    `until`: the last step. `source`: read this connection alone. `audience`: plan and deliver this one alone.
    `extract`: False leaves the sources alone. `full`: compute everybody anew. `cut_points`: draw ranks anew.
    `rebuild`: drop everything derived first. `reread`: read sources from their beginning.
    `as_of`: the instant; naive means the shop's time zone; None is now.
    """

    until: Step = "deliver"
    source: str | None = None
    audience: str | None = None
    extract: bool = True
    full: bool = False
    cut_points: bool = False
    rebuild: bool = False
    reread: bool = False
    as_of: datetime | None = None

    def reaches(self, step: Step) -> bool:
        """Whether `step` is part of the pass."""
        return STEPS.index(step) <= STEPS.index(self.until)


class Progress(BaseModel):
    """A sign of life. `what` names a source, stream or audience; `done` counts its rows, of `total` where known."""

    step: Step
    message: str = ""
    what: str = ""
    done: int = 0
    total: int | None = None


class StreamCount(BaseModel):
    """Rows of one stream of one source: read = landed + quarantined."""

    source: str
    stream: str
    read: int
    landed: int
    quarantined: int

    @property
    def gap(self) -> str:
        """Say which rows neither landed nor are in quarantine; empty where all is well."""
        if self.read == self.landed + self.quarantined:
            return ""
        return (
            f"{self.source}: read {self.read:,} rows of {self.stream}, but {self.landed:,} landed and "
            f"{self.quarantined:,} are in quarantine. The connector counts wrongly or loses rows."
        )


class SegmentCount(BaseModel):
    """People in a segment, and how many came and went in this run."""

    name: str
    size: int
    entered: int
    left: int


class StageCount(BaseModel):
    """People in a lifecycle stage."""

    name: str
    size: int


class AudienceCount(BaseModel):
    """What became of one audience. `planned` counts adds, updates and removes; `held` waits for a person's word."""

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
    approved: bool = False

    @classmethod
    def of(cls, report: AudienceReport) -> Self:
        """Take over what a delivery came to."""
        return cls(**{name: getattr(report, name) for name in cls.model_fields})

    @classmethod
    def planned_only(cls, plan: AudiencePlan) -> Self:
        """Take over what would be sent."""
        names = ("name", "destination", "wanted", "planned", "held", "approved")
        return cls(**{name: getattr(plan, name) for name in names})


class RunReport(BaseModel):
    """The outcome of a run. `warnings` do not colour it; `concerns` make it amber, `failures` red."""

    run: int
    status: Status = "green"
    as_of: datetime
    streams: list[StreamCount] = Field(default_factory=list)
    profiles: int = 0
    known: int = 0
    segments: list[SegmentCount] = Field(default_factory=list)
    stages: list[StageCount] = Field(default_factory=list)
    audiences: list[AudienceCount] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    concerns: list[str] = Field(default_factory=list)
    failures: list[str] = Field(default_factory=list)
    seconds: float = 0.0

    def settle(self, quarantine: Share) -> Status:
        """Decide and return the status: red when something failed, amber when something is held, unknown or lost."""
        if self.status == "cancelled":
            return self.status
        read = sum(stream.read for stream in self.streams)
        refused = sum(stream.quarantined for stream in self.streams)
        unfinished = any(audience.unknown or (audience.approved and audience.held) for audience in self.audiences)
        self.failures += [stream.gap for stream in self.streams if stream.gap]
        if refused > quarantine.of(read):
            self.concerns.append(
                f"{refused:,} of {read:,} rows are in quarantine; the limit is {quarantine}. See: hub quarantine"
            )
        self.status = "red" if self.failures else "amber" if self.concerns or unfinished else "green"
        return self.status

    def redact(self) -> None:
        """Take secrets and personal data out of every sentence: connectors and plugins write some of them."""
        for sentences in (self.warnings, self.concerns, self.failures):
            sentences[:] = map(redact, sentences)

    def as_json(self) -> Json:
        """Return the report as JSON data."""
        return self.model_dump(mode="json")
