"""Deliver plans: intent before send, a receipt for every row, a ledger folded from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from hub.engine import Engine
from hub.lake.delivery import DeliveryLog
from hub.outbox.plan import AudienceJob, AudiencePlan, AudienceReport, TargetPlan
from hub.sdk.records import Target
from hub.store.control import Store
from hub.store.journal import Journal


@dataclass(frozen=True, slots=True)
class Tools:
    """What delivering needs. `plan` is `hub.flow.audience.plan_target` with engine and policy filled in."""

    engine: Engine
    store: Store
    journal: Journal
    log: DeliveryLog
    plan: Callable[[AudienceJob, Target], TargetPlan]
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    cancelled: Callable[[], bool]
    progress: Callable[[str, int, int], None]


def sync_ledger(engine: Engine, store: Store, log: DeliveryLog) -> None:
    """Make `ledger` say what all closed plans say: fold what is missing, or all anew after a rebuild or a restore."""
    raise NotImplementedError


def recover(tools: Tools, jobs: Sequence[AudienceJob]) -> Sequence[str]:
    """Bring plans of a killed run to an end before anything is planned; returns sentences for the operator."""
    raise NotImplementedError


def deliver(
    tools: Tools, jobs: Sequence[AudienceJob], dry: Sequence[AudiencePlan], run_id: int | None
) -> tuple[list[AudienceReport], pa.Table]:
    """Send approved audiences, connections side by side; returns reports and rows for the stream `consents`."""
    raise NotImplementedError
