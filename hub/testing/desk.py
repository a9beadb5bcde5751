"""Where a destination is checked: a vendor with one list, and people who are put on it and taken off."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from hub.sdk.connector import Context, Destination
from hub.sdk.http.retry import pace
from hub.sdk.records import Accepted, Answer, Batch, Json, NotApplied, Op, Row, Target, Verdict
from hub.sdk.sandbox import DestinationSandbox, Fault
from hub.sdk.settings import AudienceSettings
from hub.testing.registry import must

AnyDestination: TypeAlias = Destination[Any, Any]

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_HURRY, _MOST_POLLS = 0.01, 100


@dataclass
class Desk:
    """A sandbox that serves, and the destination that writes to it, each time made anew as the hub does.

    `ids`: what the vendor called people, as the ledger remembers it. `number`: batches so far.
    """

    made: type[AnyDestination]
    box: DestinationSandbox
    ids: dict[str, str] = field(default_factory=dict)
    number: int = 0

    def destination(self, connection: Mapping[str, Json] | None = None) -> AnyDestination:
        """Make the destination, with good credentials unless others are given."""
        settings = self.made.settings_model.model_validate(self.box.connection() if connection is None else connection)
        return self.made(settings, Context("desk", Path(), _NOW))

    def audience(self) -> AudienceSettings:
        """Return the audience that is delivered."""
        target = self.made.target_model.model_validate(self.box.target())
        return AudienceSettings(name="everyone", segment="everyone", target=target, match_on=(self.box.address,))

    def deliver(self, op: Op, wires: Sequence[str]) -> dict[str, Verdict]:
        """Send people to each target in turn, in full batches, and close; return the last verdict on each."""
        destination, audience = self.destination(), self.audience()
        said: dict[str, Verdict] = {}
        for target in destination.targets(audience):
            if op != "remove" or target.may_remove:
                handle = destination.open(target, audience, f"plan-{self.number}", len(wires))
                for batch in self._batches(op, wires):
                    said |= self.verdicts(destination, target, handle, batch)
                destination.close(target, handle)
                destination.close(target, handle)  # as after a crash
        return said

    def verdicts(self, destination: AnyDestination, target: Target, handle: Json, batch: Batch) -> dict[str, Verdict]:
        """Push a batch and follow it to its end; return what is known of whom."""
        answer = destination.push(target, handle, batch)
        if isinstance(answer, NotApplied):
            return self._without(destination, target, handle, batch, answer)
        rows, place = batch.rows, self.box.address
        said = {rows[each.index].wire[place]: each for each in self._settled(destination, answer, batch)}
        self.ids |= {wire: each.vendor_id for wire, each in said.items() if each.vendor_id}
        return said

    def _without(
        self, destination: AnyDestination, target: Target, handle: Json, batch: Batch, answer: NotApplied
    ) -> dict[str, Verdict]:
        """Send the rows that were not blamed again, or the halves where nobody was."""
        blamed = {each.index: each for each in answer.blamed}
        must(blamed or len(batch.rows) > 1, "one row was not applied, and the destination does not say why")
        good = [row for index, row in enumerate(batch.rows) if index not in blamed]
        half = len(good) if blamed else len(good) // 2
        said = {batch.rows[index].wire[self.box.address]: each for index, each in blamed.items()}
        for number, rows in enumerate(part for part in (good[:half], good[half:]) if part):
            smaller = replace(batch, id=f"{batch.id}-{number}", rows=rows)
            said |= self.verdicts(destination, target, handle, smaller)
        return said

    def _settled(self, destination: AnyDestination, answer: Answer | None, batch: Batch) -> Sequence[Verdict]:
        for _ in range(_MOST_POLLS):
            if isinstance(answer, Accepted) and answer.job is not None:
                answer = destination.poll(answer.job, batch) or answer
            else:
                break
        must(not (isinstance(answer, Accepted) and answer.job is not None), "a job did not end")
        return _checked(answer, batch) if isinstance(answer, Sequence) else ()

    def _batches(self, op: Op, wires: Sequence[str]) -> Iterator[Batch]:
        most, address = self.made.capabilities.batch_rows, self.box.address
        for start in range(0, len(wires), most):
            self.number += 1
            part = wires[start : start + most]
            rows = [Row(f"row-{wire}", {address: wire}, {}, self.ids.get(wire), consented=True) for wire in part]
            yield Batch(f"batch-{self.number}", start // most + 1, start + most >= len(wires), op, rows)

    def wrote(self) -> int:
        """How many requests that change the list have come."""
        rule = Fault(kind="status", method=self.box.writes[0], path=self.box.writes[1])
        return sum(rule.matches(each.request.method, each.request.path) for each in self.box.requests)

    @contextmanager
    def fault(self, **keys: object) -> Iterator[None]:
        """Let writes go wrong, and take away what is left of that."""
        method, path = self.box.writes
        self.box.faults.add(Fault.model_validate({"method": method, "path": path, **keys}))
        try:
            yield
        finally:
            self.box.faults.clear()


def _checked(verdicts: Sequence[Verdict], batch: Batch) -> Sequence[Verdict]:
    places = [each.index for each in verdicts]
    must(len(set(places)) == len(places), f"a row has two verdicts: {sorted(places)[:20]}")
    must(set(places) <= set(range(len(batch.rows))), f"a verdict is about no row: {sorted(places)[:20]}")
    return verdicts


@contextmanager
def desk(made: type[AnyDestination], sandbox: type[DestinationSandbox]) -> Iterator[Desk]:
    """Serve a vendor with an empty list. Our own pauses between tries are cut to a hundredth."""
    hurry = pace.set(_HURRY)
    try:
        with sandbox() as box:
            yield Desk(made, box)
    finally:
        pace.reset(hurry)
