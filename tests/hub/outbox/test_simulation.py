"""The protocol against a tool that loses answers, lets writes land late and refuses rows, and against crashes."""

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from hub.outbox.belief import MAYBE_IN, Belief, Entry, Settled, fold
from hub.outbox.decide import decide
from hub.outbox.parts import Part, Receipt, Result, advance, give_up
from hub.sdk.errors import RetryLater, StopConnection, Unanswered
from hub.sdk.records import Answer, NotApplied, Op, Verdict

START = datetime(2026, 1, 1)  # noqa: DTZ001 - naive UTC
SETTLES = timedelta(minutes=10)
KEYS = [f"k{number}" for number in range(8)]
SUPPRESSED = frozenset({"k0"})  # opted out at the tool; nobody told us
FOREIGN = {"f0": "h", "f1": "h"}  # put there by others


@dataclass
class Late:
    """A write that was sent and will land at `lands`."""

    lands: datetime
    op: Op
    key: str
    payload: str


@dataclass
class World:
    """A tool, our log of entries, and a clock. Every choice comes from one seed."""

    seed: int
    quiet: bool = False
    now: datetime = START
    members: dict[str, str] = field(default_factory=lambda: dict(FOREIGN))
    late: list[Late] = field(default_factory=list)
    log: list[tuple[str, Entry]] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Seed the choices."""
        self.random = random.Random(self.seed)

    def happens(self, chance: float) -> bool:
        """Whether a fault strikes; never once the world is quiet."""
        return not self.quiet and self.random.random() < chance

    def pass_time(self, pause: timedelta) -> None:
        """Let late writes land in their order."""
        self.now += pause
        for write in sorted((write for write in self.late if write.lands <= self.now), key=lambda write: write.lands):
            self.late.remove(write)
            self.apply(write.op, write.key, write.payload)

    def apply(self, op: Op, key: str, payload: str) -> None:
        """Do one thing to one member."""
        if op == "remove":
            self.members.pop(key, None)
        elif key not in SUPPRESSED:
            self.members[key] = payload

    def beliefs(self) -> dict[str, Belief]:
        """Fold the log."""
        found: dict[str, Belief] = {}
        for key, entry in self.log:
            found[key] = fold(found.get(key, Belief()), entry)
        return found

    def push(self, op: Op, rows: Sequence[tuple[str, str]]) -> Answer:
        """Answer a request as a tool would on a bad day."""
        for key, _ in rows:
            assert not (op != "remove" and key in self.told), "somebody known to have opted out was added"
        if self.happens(0.05):
            raise RetryLater("busy", after=timedelta(seconds=self.random.choice((1, 90))))
        if self.happens(0.03):
            raise StopConnection("key refused")
        if self.happens(0.05):
            blames = len(rows) == 1 or self.happens(0.5)
            return NotApplied([Verdict(self.random.randrange(len(rows)), "retry", "later")] if blames else [])
        if self.happens(0.2):
            self.lose(op, rows)
            raise Unanswered("no answer")
        verdicts = [self.verdict(op, place, key, payload) for place, (key, payload) in enumerate(rows)]
        return [verdict for verdict in verdicts if not self.happens(0.05)]

    def lose(self, op: Op, rows: Sequence[tuple[str, str]]) -> None:
        """The answer never comes; each row is applied now, later within the bound, or never."""
        for key, payload in rows:
            chance = self.random.random()
            if chance < 0.4:
                self.apply(op, key, payload)
            elif chance < 0.8:
                self.late.append(Late(self.now + SETTLES * self.random.random(), op, key, payload))

    def verdict(self, op: Op, place: int, key: str, payload: str) -> Verdict:
        """Apply one row, or refuse it."""
        if op != "remove" and key in SUPPRESSED:
            return Verdict(place, "suppressed", "unsubscribed")
        if self.happens(0.05):
            return Verdict(place, "retry", "later")
        self.apply(op, key, payload)
        return Verdict(place, "absent" if op == "remove" else "present")


class Crash(Exception):
    """The process died here."""


@dataclass
class Hub:
    """The durable side of delivering: parts and their states, as the store keeps them."""

    world: World
    parts: dict[int, tuple[Part, str]] = field(default_factory=dict)
    rows: list[tuple[Op, str, str]] = field(default_factory=list)

    def deliver(self, wanted: dict[str, str]) -> None:
        """Plan and send one pass; a crash leaves what was durable."""
        self.rows = self.plan(wanted)
        self.parts = {}
        for number, op in enumerate(("remove", "update", "add")):
            places = [place for place, row in enumerate(self.rows) if row[0] == op]
            if places:
                self.parts[number + 1] = (Part(places[0], len(places)), "planned")
        for number in list(self.parts):
            if not self.send(number):
                return

    def plan(self, wanted: dict[str, str]) -> list[tuple[Op, str, str]]:
        """Return what is due, removals first."""
        beliefs = self.world.beliefs()
        due = []
        for key in sorted({*wanted, *beliefs}):
            op, _ = decide(beliefs.get(key, Belief()), wanted.get(key), now=self.world.now)
            if op:
                due.append((op, key, wanted.get(key, "")))
        return sorted(due, key=lambda row: ("remove", "update", "add").index(row[0]))

    def send(self, number: int) -> bool:
        """Send one part to its end; False when the connection must rest."""
        part, _ = self.parts[number]
        while part.pending:
            part = Part(part.first, part.count, part.attempt + 1, part.receipts, part.doubted)
            self.record(number, part, "intent")
            pending = [self.rows[row] for row in part.pending]
            result: Result
            try:
                result = self.world.push(pending[0][0], [(key, payload) for _, key, payload in pending])
            except (RetryLater, StopConnection, Unanswered) as error:
                result = error
            if self.world.happens(0.03):
                raise Crash
            step = advance(part, result, "Tool.push")
            if step.next == "split":
                return self.split(number, step.halves)
            self.record(number, step.part, step.next)
            if step.next != "again" or step.stop:
                return not step.stop
            self.world.pass_time(step.pause)
            part = step.part
        self.record(number, part, "done")
        return True

    def split(self, number: int, halves: Sequence[Part]) -> bool:
        """Replace a part by its halves in one transaction, and send them."""
        numbers = [number * 10 + place for place in range(1, len(halves) + 1)]
        if self.world.happens(0.01):
            raise Crash
        self.parts.pop(number)
        self.parts.update({place: (half, "planned") for place, half in zip(numbers, halves, strict=True)})
        return all(self.send(place) for place in numbers)

    def record(self, number: int, part: Part, state: str) -> None:
        """Make a state durable; the process may die right before or after."""
        if self.world.happens(0.01):
            raise Crash
        self.parts[number] = (part, state)
        if self.world.happens(0.01):
            raise Crash

    def close(self, *, lost: bool = False) -> None:
        """Turn what is durable into entries; `lost`: an older store was restored, so only the plan file is left."""
        if lost:
            self.parts = {0: (Part(0, len(self.rows)), "intent")}
        for part, state in self.parts.values():
            whole = give_up(part).part if state not in ("intent", "job") else part.settle("unknown")
            doubted = part.doubted or state in ("intent", "in_doubt")
            for row, receipt in sorted(whole.receipts.items()):
                self.enter(row, receipt, doubted=doubted)
        self.parts, self.rows = {}, []

    def enter(self, row: int, receipt: Receipt, *, doubted: bool) -> None:
        """Log one row's last word, after an unknown where an unseen attempt came before a refusal."""
        op, key, payload = self.rows[row]
        until = self.world.now + SETTLES if doubted or receipt.outcome == "unknown" else None
        outcomes: list[Settled] = [receipt.outcome]
        if doubted and receipt.outcome in ("rejected", "suppressed", "retry"):
            outcomes = ["unknown", receipt.outcome]
        for outcome in outcomes:
            if outcome == "suppressed":
                self.world.told.add(key)
            self.world.log.append((key, Entry(op, outcome, payload, receipt.code, settle_until=until)))


def live(seed: int) -> tuple[World, dict[str, str]]:
    """Live through one history of changes and faults, then let the faults stop and everything settle."""
    world = World(seed)
    hub = Hub(world)
    wanted: dict[str, str] = {}
    for _ in range(10):
        wanted = {key: world.random.choice("ab") for key in KEYS if world.random.random() < 0.6}
        with suppress(Crash):
            hub.deliver(wanted)
        hub.close(lost=world.happens(0.05))
        world.pass_time(timedelta(minutes=world.random.choice((0, 1, 5, 30))))
    world.quiet = True
    for _ in range(3):
        world.pass_time(SETTLES * 2)
        hub.deliver(wanted)
        hub.close()
    return world, wanted


def test_membership_converges_in_thousands_of_histories() -> None:
    """When faults stop, the list holds exactly the wanted people who did not opt out, and all foreign ones."""
    for seed in range(1_000):
        world, wanted = live(seed)
        allowed = {key: payload for key, payload in wanted.items() if key not in SUPPRESSED}
        assert {**FOREIGN, **allowed} == world.members, f"seed {seed}"


def test_nothing_is_left_to_do_after_converging() -> None:
    """A list that is right gets no further request: the last word on every key is definite."""
    for seed in range(300):
        world, wanted = live(seed)
        assert [] == Hub(world).plan(wanted), f"seed {seed}"


@pytest.mark.parametrize("seed", range(100))
def test_only_own_keys_are_ever_removed(seed: int) -> None:
    """A removal is sent only for keys that an add of ours may have put there."""
    world, _ = live(seed)
    added: set[str] = set()
    for key, entry in world.log:
        if entry.op == "add":
            added.add(key)
        assert entry.op != "remove" or key in added


def test_belief_never_claims_an_absent_person_present() -> None:
    """Whenever nothing is in flight, whoever we believe present is there, and whoever we believe absent is not."""
    for seed in range(300):
        world, _ = live(seed)
        for key, belief in world.beliefs().items():
            if belief.presence in ("present", "absent"):
                assert (belief.presence in MAYBE_IN) == (key in world.members), f"seed {seed}"
