"""Where a destination is checked: a vendor with one list, and people who are put on it and taken off."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from hub.sdk.connector import Context, Destination
from hub.sdk.http.rate import forget_limits
from hub.sdk.http.retry import pace
from hub.sdk.records import Accepted, Answer, Batch, Json, NotApplied, Op, Row, Target, Verdict
from hub.sdk.sandbox import DestinationSandbox, Fault
from hub.sdk.settings import AudienceSettings, ConsentNeeded
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
    _keys: dict[str, str] = field(default_factory=dict)

    def people(self, count: int, start: int = 0) -> list[str]:
        """Return so many people, in the form in which the vendor knows them."""
        return [self.box.wire(f"person-{number:05}@mail.example") for number in range(start, start + count)]

    @property
    def by_row(self) -> bool:
        """Whether the vendor tells of each row."""
        return self.made.capabilities.evidence == "row"

    def destination(self, connection: Mapping[str, Json] | None = None) -> AnyDestination:
        """Make the destination, with good credentials unless others are given."""
        settings = self.made.settings_model.model_validate(self.box.connection() if connection is None else connection)
        return self.made(settings, Context("desk", Path(), _NOW))

    def audience(self) -> AudienceSettings:
        """Return the audience that is delivered."""
        target = self.made.target_model.model_validate(self.box.target())
        fields = {self.box.field: "first_name"} if self.box.field else {}
        match_on = (self.box.address,)
        consent = ConsentNeeded(channel=self.box.consent) if self.box.consent else None
        return AudienceSettings(
            name="everyone", segment="everyone", target=target, match_on=match_on, fields=fields, consent=consent
        )

    def deliver(self, op: Op, wires: Sequence[str], text: str = "") -> dict[str, Verdict]:
        """Send people to each target in turn, in full batches, and close; return the last verdict on each.

        A membership is sent for those whom its object's verdict calls present. `text` is what `field` holds.
        """
        destination, audience = self.destination(), self.audience()
        said: dict[str, Verdict] = {}
        for target in destination.targets(audience):
            if op != "remove" or target.may_remove:
                free = target.depends_on is None or op == "remove" or not self.by_row
                going = [wire for wire in wires if free or (wire in said and said[wire].outcome == "present")]
                handle = destination.open(target, audience, f"plan-{self.number}", len(going))
                for batch in self.batches(destination, target, op, dict.fromkeys(going, text)):
                    said |= self.verdicts(destination, target, handle, batch)
                destination.close(target, handle)
                destination.close(target, handle)  # as after a crash
        self.box.catch_up()
        return said

    def verdicts(self, destination: AnyDestination, target: Target, handle: Json, batch: Batch) -> dict[str, Verdict]:
        """Push a batch and follow it to its end; return what is known of whom."""
        answer = self.settled(destination, destination.push(target, handle, batch), batch)
        if isinstance(answer, NotApplied):
            return self._without(destination, target, handle, batch, answer)
        rows, place = batch.rows, self.box.address
        said = {rows[each.index].wire[place]: each for each in answer}
        self.ids |= {wire: each.vendor_id for wire, each in said.items() if each.vendor_id}
        return said

    def _without(
        self, destination: AnyDestination, target: Target, handle: Json, batch: Batch, answer: NotApplied
    ) -> dict[str, Verdict]:
        """Send the rows that were not blamed again, or the halves where nobody was."""
        blamed = {each.index: each for each in checked(answer.blamed, batch)}
        if not blamed and len(batch.rows) == 1:
            blamed = {0: Verdict(0, "rejected", answer.code)}
        good = [row for index, row in enumerate(batch.rows) if index not in blamed]
        half = len(good) if blamed else len(good) // 2
        said = {batch.rows[index].wire[self.box.address]: each for index, each in blamed.items()}
        for number, rows in enumerate(part for part in (good[:half], good[half:]) if part):
            smaller = replace(batch, id=f"{batch.id}-{number}", rows=rows)
            said |= self.verdicts(destination, target, handle, smaller)
        return said

    def settled(
        self, destination: AnyDestination, answer: Answer | None, batch: Batch
    ) -> Sequence[Verdict] | NotApplied:
        """Follow an answer's job to its end; no verdicts where counts are all that is known."""
        for _ in range(_MOST_POLLS):
            if isinstance(answer, Accepted) and answer.job is not None:
                answer = destination.poll(answer.job, batch) or answer
            else:
                break
        must(not (isinstance(answer, Accepted) and answer.job is not None), "a job did not end")
        if isinstance(answer, NotApplied):
            return answer
        return checked(answer, batch) if isinstance(answer, Sequence) else ()

    def batches(self, destination: AnyDestination, target: Target, op: Op, texts: Mapping[str, str]) -> Iterator[Batch]:
        """Yield full batches of people, wire -> text of their field, with the vendor's ids where they are known."""
        most, wires = self.made.capabilities.batch_rows, list(texts)
        for start in range(0, len(wires), most):
            self.number += 1
            rows = self.rows(destination, target, {wire: texts[wire] for wire in wires[start : start + most]})
            yield Batch(f"batch-{self.number}", start // most + 1, start + most >= len(wires), op, rows)

    def rows(self, destination: AnyDestination, target: Target, texts: Mapping[str, str]) -> list[Row]:
        """Return people as rows of a target; ids that were lost are asked for, as the hub does."""
        fields = {wire: {self.box.field: text} if text and target.fields else {} for wire, text in texts.items()}
        rows = [
            Row(self._key(wire), {self.box.address: wire}, fields[wire], self.ids.get(wire), consented=True)
            for wire in texts
        ]
        lost = [row for row in rows if row.vendor_id is None]
        found = destination.resolve(lost) if target.depends_on and lost else {}
        return [replace(row, vendor_id=row.vendor_id or found.get(row.key)) for row in rows]

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

    def _key(self, wire: str) -> str:
        return self._keys.setdefault(wire, f"row-{len(self._keys)}")


def checked(verdicts: Sequence[Verdict], batch: Batch) -> Sequence[Verdict]:
    """Return verdicts, each about another row of the batch. Raises Violation when they are not."""
    places = [each.index for each in verdicts]
    must(len(set(places)) == len(places), f"a row has two verdicts: {sorted(places)[:20]}")
    must(set(places) <= set(range(len(batch.rows))), f"a verdict is about no row: {sorted(places)[:20]}")
    return verdicts


@contextmanager
def desk(made: type[AnyDestination], sandbox: type[DestinationSandbox]) -> Iterator[Desk]:
    """Serve a vendor with an empty list. Our own pauses between tries are cut to a hundredth."""
    forget_limits()
    hurry = pace.set(_HURRY)
    try:
        with sandbox() as box:
            yield Desk(made, box)
    finally:
        pace.reset(hurry)
        forget_limits()
