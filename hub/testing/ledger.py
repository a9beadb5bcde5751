"""What the hub believes and does about one list, by its own rules (`hub.outbox`), in memory; it can be killed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from hub.outbox.belief import Belief, Entry, fold
from hub.outbox.decide import decide
from hub.outbox.parts import Part, Receipt, Result, Step, advance
from hub.sdk.errors import HubError, RetryLater, Unanswered
from hub.sdk.records import Accepted, Batch, Json, Observed, Op, Row, Target
from hub.sdk.settings import AudienceSettings
from hub.testing.desk import AnyDestination, Desk, checked
from hub.testing.registry import Violation
from hub.testing.wire import Points

_START = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - naive UTC, as in the hub's ledger
_ROUNDS, _POLLS = 12, 100
_REFUSED = ("rejected", "suppressed", "retry")
_OPS: tuple[Op, ...] = ("remove", "add", "update")


@dataclass
class _Plan:
    """An open plan: `handle` once it is opened, and what was sent last and has no answer on record."""

    target: Target
    uid: str
    handle: Json = None
    opened: bool = False
    op: Op = "add"
    rows: Sequence[Row] = ()
    part: Part | None = None
    job: Json = None
    sent: int = 0

    def request(self, *, last: bool) -> Batch:
        """Return what is pending as a batch; the same rows have the same id."""
        rows = [self.rows[row] for row in self.part.pending] if self.part else []
        name = blake2b(f"{self.uid} {self.op} {[row.key for row in rows]}".encode(), digest_size=8).hexdigest()
        return Batch(name, self.sent, last, self.op, rows)


@dataclass
class Ledger:
    """The hub's side of one list. `wanted`: wire -> text of its field. `points`: where it may be killed."""

    desk: Desk
    wanted: dict[str, str] = field(default_factory=dict)
    now: datetime = _START
    beliefs: dict[tuple[str, str], Belief] = field(default_factory=dict)
    points: Points = field(default_factory=Points)
    plans: int = 0
    _plan: _Plan | None = None

    def run(self) -> str:
        """End what an earlier run left open, then plan and send for each target; return why it stopped, or ""."""
        destination, audience = self.desk.destination(), self.desk.audience()
        try:
            self._recover(destination)
            for target in destination.targets(audience):
                due = self._due(target)
                if due:
                    stop = self._deliver(destination, audience, target, due)
                    if stop:
                        return stop
        except HubError as error:
            return str(error) or "stopped"
        except Violation:
            raise
        except Exception as crash:
            raise Violation(f"{self.desk.made.name}: {type(crash).__name__}: {crash}") from crash
        return ""

    def settle(self) -> None:
        """Let time pass and run until nothing is left to do. Raises Violation when that does not come."""
        why = ""
        for number in range(_ROUNDS):
            self.now += timedelta(days=2) + self.desk.made.capabilities.settles_within
            if number:
                self._compare()
            else:
                self._unpark()
            before = self.plans
            why = self.run()
            self.desk.box.catch_up()
            if number and not why and self.plans == before:
                return
        raise Violation(f"after {_ROUNDS} undisturbed runs there is still something to do: {why or 'unknown rows'}")

    def _due(self, target: Target) -> dict[Op, list[str]]:
        """Return who has to be removed, added and updated here."""
        due: dict[Op, list[str]] = {op: [] for op in _OPS}
        known = [wire for key, wire in self.beliefs if key == target.key]
        for wire in dict.fromkeys((*self.wanted, *known)):
            if wire in self.wanted and not self._has_object(target, wire):
                continue
            content = (self.wanted[wire] if target.fields else "-") if wire in self.wanted else None
            belief = self.beliefs.get((target.key, wire), Belief())
            op, _ = decide(belief, content, now=self.now, may_remove=target.may_remove)
            if op:
                due[op].append(wire)
        return {op: wires for op, wires in due.items() if wires}

    def _has_object(self, target: Target, wire: str) -> bool:
        if target.depends_on is None:
            return True
        return self.beliefs.get((target.depends_on, wire), Belief()).presence in ("present", "accepted")

    def _deliver(
        self, destination: AnyDestination, audience: AudienceSettings, target: Target, due: Mapping[Op, Sequence[str]]
    ) -> str:
        self.plans += 1
        plan = self._plan = _Plan(target, f"plan-{self.plans}")
        plan.handle = destination.open(target, audience, plan.uid, sum(map(len, due.values())))
        plan.opened = True
        self.points()
        stop = self._send_all(destination, plan, due)
        self._close(destination, plan)
        return stop

    def _send_all(self, destination: AnyDestination, plan: _Plan, due: Mapping[Op, Sequence[str]]) -> str:
        batches = [
            batch
            for op, wires in due.items()
            for batch in self.desk.batches(
                destination, plan.target, op, {wire: self.wanted.get(wire, "") for wire in wires}
            )
        ]
        for number, batch in enumerate(batches, 1):
            plan.op, plan.rows = batch.op, batch.rows
            queue = [Part(0, len(batch.rows))]
            while queue:
                part = queue.pop(0)
                step = self._once(destination, plan, part, last=number == len(batches) and not queue)
                if step.stop:
                    return step.stop
                queue[:0] = step.halves if step.next == "split" else [step.part] if step.next == "again" else []
        return ""

    def _once(self, destination: AnyDestination, plan: _Plan, part: Part, *, last: bool) -> Step:
        """Send what is pending of a part; what is certain then is on record."""
        plan.sent += part.attempt == 0
        plan.part, plan.job = replace(part, attempt=part.attempt + 1), None
        self.points()
        result = _pushed(destination, plan, last=last)
        self.points()
        step = advance(plan.part, result, type(destination).__name__)
        if step.next == "job":
            plan.job = step.job
            step = self._follow(destination, plan, plan.part)
        self._record(plan, step)
        return step

    def _follow(self, destination: AnyDestination, plan: _Plan, part: Part) -> Step:
        """Ask for a job until it has ended; a question that fails says nothing about the job."""
        batch = plan.request(last=False)
        for _ in range(_POLLS):
            self.points()
            try:
                answer = destination.poll(plan.job, batch)
            except (RetryLater, Unanswered):
                continue
            if isinstance(answer, Accepted) and answer.job is not None:
                plan.job, answer = answer.job, None
            if answer is not None:
                return advance(part, answer if isinstance(answer, Accepted) else checked(answer, batch), "poll")
        raise Violation("a job did not end")

    def _record(self, plan: _Plan, step: Step) -> None:
        """Fold what is known by now into the beliefs; the rows that go again stay open."""
        if step.next in ("done", "in_doubt", "not_applied"):
            for row, receipt in step.part.receipts.items():
                self._word(plan, plan.rows[row], receipt, doubted=step.part.doubted)
        plan.part = step.part if step.next == "again" else None

    def _word(self, plan: _Plan, row: Row, receipt: Receipt, *, doubted: bool) -> None:
        wire = row.wire[self.desk.box.address]
        content = str(row.fields.get(self.desk.box.field, "")) if plan.target.fields else "-"
        entry = Entry(plan.op, receipt.outcome, content, receipt.code, receipt.vendor_id)
        if doubted or receipt.outcome in ("unknown", "accepted"):
            entry = replace(entry, settle_until=self.now + self.desk.made.capabilities.settles_within)
        if receipt.outcome == "rejected" and plan.op == "remove":
            entry = replace(entry, retry_at=self.now + timedelta(days=1))
        if doubted and receipt.outcome in _REFUSED:
            self._fold(plan.target, wire, replace(entry, outcome="unknown", code=""))
        self._fold(plan.target, wire, entry)
        if receipt.vendor_id:
            self.desk.ids[wire] = receipt.vendor_id

    def _fold(self, target: Target, wire: str, entry: Entry) -> None:
        key = (target.key, wire)
        self.beliefs[key] = fold(self.beliefs.get(key, Belief()), entry)

    def _recover(self, destination: AnyDestination) -> None:
        """What was sent and has no answer is unknown; a job is asked for; the plan is closed."""
        plan = self._plan
        if plan and plan.opened:
            if plan.part and plan.job is not None:
                self._record(plan, self._follow(destination, plan, plan.part))
            elif plan.part:
                self._record(plan, Step(replace(plan.part.settle("unknown"), doubted=True), "in_doubt"))
            self._close(destination, plan)
        self._plan = None

    def _close(self, destination: AnyDestination, plan: _Plan) -> None:
        self.points()
        destination.close(plan.target, plan.handle)
        self.points()
        self._read_unknown(destination, plan)
        self._plan = None

    def _read_unknown(self, destination: AnyDestination, plan: _Plan) -> None:
        """Settle unknown rows by what the tool says it holds, as the hub does."""
        key = plan.target.key
        doubtful = {wire: each for (at, wire), each in self.beliefs.items() if at == key and each.presence == "unknown"}
        if doubtful and self.desk.made.capabilities.read_back == "full":
            seen = self._seen(destination, plan.target, plan.handle)
            for wire, belief in doubtful.items():
                there = seen.get(wire)
                if there is None and belief.op == "remove":
                    self._fold(plan.target, wire, Entry("remove", "absent", "-"))
                elif there and there.state == "present" and belief.op == "add" and not plan.target.fields:
                    self._fold(plan.target, wire, Entry("add", "present", "-", vendor_id=there.vendor_id))

    def _compare(self) -> None:
        """Believe what the vendor shows of memberships, where it shows all: who is gone is gone."""
        if self.desk.made.capabilities.read_back != "full":
            return
        destination, audience = self.desk.destination(), self.desk.audience()
        for target in destination.targets(audience):
            mine = [
                wire for (key, wire), each in self.beliefs.items() if key == target.key and each.presence == "present"
            ]
            if target.kind == "membership" and mine:
                seen = self._seen(destination, target, destination.open(target, audience, "plan-compare", 0))
                for wire in mine:
                    if wire not in seen:
                        self._fold(target, wire, Entry("remove", "absent", "-"))

    def _seen(self, destination: AnyDestination, target: Target, handle: Json) -> Mapping[str, Observed]:
        return {each.wire[self.desk.box.address]: each for each in destination.read_back(target, handle)}

    def _unpark(self) -> None:
        """A row that a passing trouble had refused goes again, as when its content changes."""
        for key, belief in self.beliefs.items():
            if belief.parked == "rejected":
                self.beliefs[key] = replace(belief, parked="", refused_op=None, refused_hash="", tries=0)


def _pushed(destination: AnyDestination, plan: _Plan, *, last: bool) -> Result:
    try:
        return destination.push(plan.target, plan.handle, plan.request(last=last))
    except HubError as error:
        return error
