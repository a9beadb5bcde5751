# ruff: noqa: ARG002 - the tool takes the arguments of the contract
"""A small shop with profiles and segments, and a tool that keeps lists in memory and can be told to misbehave."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import ClassVar

from hub.engine import DuckEngine
from hub.flow.audience import describe_reach, find_reach, plan_audience, plan_target
from hub.flow.deliver import Delivered, Recovered, Tools, create_ledger, deliver, recover, released_keys
from hub.lake.delivery import DeliveryLog
from hub.outbox.plan import AudienceJob, AudiencePlan, Policy
from hub.sdk.connector import Capabilities, Context, Destination
from hub.sdk.records import Accepted, Answer, Batch, Fact, Json, Observed, Outcome, Row, Target, Verdict
from hub.sdk.settings import AudienceSettings, ConsentNeeded, Settings
from hub.store.control import Store
from hub.store.journal import Journal
from tests.support.store import leased_store

KEY = b"an installation key of 32 bytes!"
START = datetime(2026, 11, 2, 9, 0)  # noqa: DTZ001 - naive UTC, as everywhere in the hub
EMAIL_CONSENT = ConsentNeeded(channel="email")

_TABLES = (
    "person(profile_id varchar, first_name varchar, spent double)",
    "segment_members(segment varchar, profile_id varchar)",
    "identifiers(profile_id varchar, namespace varchar, value varchar, rank integer)",
    "consent(profile_id varchar, channel varchar, purpose varchar, granted boolean)",
    "denied_addresses(namespace varchar, value varchar, channel varchar, purpose varchar)",
    "erased(namespace varchar, value varchar)",
)


def derived() -> DuckEngine:
    """Return a derived database with empty tables."""
    engine = DuckEngine()
    for table in _TABLES:
        engine.run(f"create table {table}")
    create_ledger(engine)
    return engine


def add_people(engine: DuckEngine, segment: str, names: Iterable[str], *, consent: bool | None = True) -> None:
    """Add people called by one word, each with an e-mail address, to a segment; `consent` None: nobody asked them."""
    for name in names:
        engine.run("insert into person values (?, ?, 10)", (name, name.title()))
        engine.run("insert into identifiers values (?, 'email', ?, 1)", (name, f"{name}@example.com"))
        engine.run("insert into segment_members values (?, ?)", (segment, name))
        if consent is not None:
            engine.run("insert into consent values (?, 'email', 'marketing', ?)", (name, consent))


def set_members(engine: DuckEngine, segment: str, names: Iterable[str]) -> None:
    """Replace the members of a segment."""
    engine.run("delete from segment_members where segment = ?", (segment,))
    for name in names:
        engine.run("insert into segment_members values (?, ?)", (segment, name))


class Tool(Destination[Settings, Settings]):
    """A list of people in memory. `faults` are taken one per push, before the batch is applied.

    A fault is called with the batch and a function that applies it; it returns an answer or raises.
    """

    name: ClassVar[str] = "tool"
    capabilities: ClassVar[Capabilities] = Capabilities(
        address_by=("email",), batch_rows=2, settles_within=timedelta(minutes=10), evidence="row"
    )

    def __init__(self, *, targets: Sequence[Target] = (), capabilities: Capabilities | None = None) -> None:
        super().__init__(Settings(), Context("tool", Path(), START))
        self.where = tuple(targets) or (Target("list", "membership"),)
        if capabilities:
            self.capabilities = capabilities  # type: ignore[misc]  # each test has its own
        self.members: dict[str, dict[frozenset[tuple[str, str]], Mapping[str, Json]]] = {}
        self.faults: list[Callable[[Batch, Callable[[Batch], Answer]], Answer]] = []
        self.requests: list[tuple[str, Batch]] = []
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.jobs: dict[str, Sequence[Verdict] | Accepted | None] = {}

    def check(self) -> Iterable[Fact]:
        """Nothing to check."""
        return ()

    def targets(self, audience: AudienceSettings) -> Sequence[Target]:
        """Return the targets that the test asked for; `{name}` in a key stands for the audience."""
        return [
            Target(
                target.key.format(name=audience.name), target.kind, target.fields, target.depends_on, target.may_remove
            )
            for target in self.where
        ]

    def open(self, target: Target, audience: AudienceSettings, plan_id: str, total: int) -> Json:
        """Remember that the plan was opened."""
        self.opened.append(target.key)
        return {"list": target.key, "total": total}

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        """Apply a batch, or do what the next fault says."""
        self.requests.append((target.key, batch))
        apply = partial(self.apply, target.key)
        return self.faults.pop(0)(batch, apply) if self.faults else apply(batch)

    def apply(self, key: str, batch: Batch) -> Answer:
        """Do what the batch asks for."""
        held = self.members.setdefault(key, {})
        for row in batch.rows:
            if batch.op == "remove":
                held.pop(wire_of(row), None)
            else:
                held[wire_of(row)] = row.fields
        outcome: Outcome = "absent" if batch.op == "remove" else "present"
        return [Verdict(place, outcome, vendor_id=f"id-{row.wire['email']}") for place, row in enumerate(batch.rows)]

    def close(self, target: Target, handle: Json) -> None:
        """Remember that the plan was closed."""
        self.closed.append(target.key)

    def poll(self, job: Json, batch: Batch) -> Sequence[Verdict] | Accepted | None:
        """Answer as the test set it up."""
        return self.jobs[str(job)]

    def read_back(self, target: Target, handle: Json) -> Iterator[Observed]:
        """Tell everybody on the list."""
        return iter([Observed(dict(wire), "present") for wire in self.members.get(target.key, {})])

    def emails(self, key: str = "list") -> list[str]:
        """Return the names on a list, sorted."""
        return sorted(dict(wire)["email"].removesuffix("@example.com") for wire in self.members.get(key, {}))

    @property
    def sent(self) -> int:
        """How many rows were pushed so far."""
        return sum(len(batch.rows) for _, batch in self.requests)


def wire_of(row: Row) -> frozenset[tuple[str, str]]:
    """Return what identifies a row in the tool."""
    return frozenset(row.wire.items())


def job(tool: Tool, name: str = "vips", segment: str = "vip", *, approved: bool = True, **keys: object) -> AudienceJob:
    """Return an audience of a tool; `fields`, `split`, `incomplete` are the job's, other keys the audience's."""
    own: dict[str, object] = {
        key: keys.pop(key) for key in ("fields", "split", "incomplete", "connection") if key in keys
    }
    usual: dict[str, object] = {"name": name, "segment": segment, "consent": EMAIL_CONSENT}
    audience = AudienceSettings.model_validate({**usual, **keys})
    given: dict[str, object] = {"connection": "tool", "config_hash": "c1", **own}
    return AudienceJob(audience=audience, destination=tool, approved=approved, **given)  # type: ignore[arg-type]


@dataclass
class Shop:
    """A project directory with store, logs and derived database, and a clock that only sleeping and `wait` move."""

    folder: Path
    engine: DuckEngine = field(default_factory=derived)
    clock: datetime = START
    cancelled: bool = False
    policy: Policy = field(default_factory=lambda: Policy(START))

    def __post_init__(self) -> None:
        """Open the stores."""
        self.store: Store = leased_store(self.folder / "control.sqlite")
        self.journal = Journal(self.folder / "delivery" / "epoch")
        self.log = DeliveryLog(self.folder / "delivery", KEY)

    def wait(self, pause: timedelta) -> None:
        """Let time pass."""
        self.clock += pause

    def plan(self, *jobs: AudienceJob) -> list[AudiencePlan]:
        """Plan and send nothing."""
        policy = self._policy(jobs)
        find_reach(self.engine, jobs, policy, KEY)
        return [plan_audience(self.engine, jobs, each, policy) for each in jobs]

    def run(self, *jobs: AudienceJob) -> Delivered:
        """Recover, plan and deliver, as the pipeline does."""
        self.recovered: Recovered = recover(self.tools(jobs), jobs)
        find_reach(self.engine, jobs, self._policy(jobs), KEY)
        return deliver(self.tools(jobs), jobs)

    def tools(self, jobs: Sequence[AudienceJob]) -> Tools:
        """Return what delivering needs."""
        policy = self._policy(jobs)
        return Tools(
            engine=self.engine,
            store=self.store,
            journal=self.journal,
            log=self.log,
            plan=lambda each, target: plan_target(self.engine, jobs, each, target, policy),
            dry_run=lambda each: plan_audience(self.engine, jobs, each, policy),
            reached=lambda each: describe_reach(self.engine, each),
            now=lambda: self.clock,
            sleep=lambda seconds: self.wait(timedelta(seconds=seconds)),
            cancelled=lambda: self.cancelled,
        )

    def _policy(self, jobs: Sequence[AudienceJob]) -> Policy:
        old = self.policy
        releases = released_keys(self.store, self.log, jobs, self.clock)
        return Policy(self.clock, old.safety, old.limits, releases, old.resync)
