"""What delivering needs from outside: handed in by the pipeline, made of simple parts by tests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock

from hub.engine import Engine
from hub.lake.delivery import DeliveryLog
from hub.outbox.plan import AudienceJob, AudiencePlan, Reached, TargetPlan
from hub.sdk.records import Target
from hub.store.control import Store
from hub.store.journal import Journal


@dataclass(frozen=True, slots=True)
class Tools:
    """What delivering needs.

    `plan`, `dry_run`, `reached`: `plan_target`, `plan_audience` and `describe_reach` of `hub.flow.audience`, with
    engine, audiences and policy filled in.
    `now` gives naive UTC. `sleep` takes seconds. `cancelled` is asked before every batch. `progress` gets an audience's
    name, the rows answered for and all rows of the plan. `heard` makes opt-outs (rows of `consents`) durable; it gets
    them before the plan that told them is closed, since a closed plan is never asked again.
    `lock` guards the engine: connections are served by threads.
    """

    engine: Engine
    store: Store
    journal: Journal
    log: DeliveryLog
    plan: Callable[[AudienceJob, Target], TargetPlan]
    dry_run: Callable[[AudienceJob], AudiencePlan]
    reached: Callable[[AudienceJob], Reached]
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    cancelled: Callable[[], bool] = lambda: False
    progress: Callable[[str, int, int], None] = lambda _name, _done, _total: None
    heard: Callable[[Sequence[Mapping[str, object]]], None] = lambda _rows: None
    run_id: int | None = None
    lock: RLock = field(default_factory=RLock)
