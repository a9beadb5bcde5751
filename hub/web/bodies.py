"""What the API takes and gives, beside the models of pipeline and queries. Keys of people come in bodies only."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.outbox.plan import AudiencePlan
from hub.queries.check import ConnectionCheck
from hub.queries.quarantine import QuarantineRow
from hub.queries.segments import SegmentRow, StageRow
from hub.web.runs import RunEvent


class Body(BaseModel):
    """A request body; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")


class PreviewBody(Body):
    """`POST /preview`."""

    rule: str
    sample: int = Field(default=10, ge=0, le=100)


class PlanBody(Body):
    """`POST /plan`; without a name, all audiences."""

    audience: str | None = None
    as_of: datetime | None = None


class ApproveBody(Body):
    """`POST /approve`: an audience, its held removals, or a source whose emptiness is true."""

    name: str
    removals: bool = False
    who: str = ""


class CheckBody(Body):
    """`POST /check`; without a name, all connections."""

    connection: str | None = None


class PersonBody(Body):
    """`POST /person`: `key` is a profile id or `namespace:value`."""

    key: str = Field(min_length=1)


class WhyBody(PersonBody):
    """`POST /why`."""

    segment: str


class ExportBody(Body):
    """`POST /export`: `what` is `people`, `segment:NAME` or `audience:NAME`; `path`: absolute, on the hub's machine."""

    what: str
    path: Path


class Started(BaseModel):
    """Answer to `POST /runs`."""

    run: int


class Cancelled(BaseModel):
    """Answer to `POST /runs/{id}/cancel`; `cancelled` is False when no such run works here."""

    run: int
    cancelled: bool


class Events(BaseModel):
    """Answer to `GET /runs/{id}/events`; `finished` when no more will come."""

    events: list[RunEvent]
    finished: bool


class Plans(BaseModel):
    """Answer to `POST /plan`."""

    audiences: list[AudiencePlan]


class Checks(BaseModel):
    """Answer to `POST /check`."""

    connections: list[ConnectionCheck]


class Groups(BaseModel):
    """Answer to `GET /segments`."""

    segments: list[SegmentRow]
    stages: list[StageRow]


class Quarantined(BaseModel):
    """Answer to `GET /quarantine`."""

    rows: list[QuarantineRow]


class Exported(BaseModel):
    """Answer to `POST /export`."""

    path: Path
    rows: int


class Health(BaseModel):
    """Answer to `GET /health`."""

    status: Literal["ok"] = "ok"


class Problem(BaseModel):
    """Every refusal."""

    error: str
    hint: str = ""
