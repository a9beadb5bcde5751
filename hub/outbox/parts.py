"""One batch on its way: what an answer says about each row, and what has to be sent next.

A part is a range of a plan's rows together with the receipts got so far; rows without a receipt are pending. Receipts
only ever refer to the row's place in the plan, never to its place in one request.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal, TypeAlias

from hub.outbox.belief import Settled
from hub.sdk.errors import RetryLater, StopConnection, Unanswered
from hub.sdk.records import Accepted, Answer, Json, NotApplied, Suppression, Verdict

Result: TypeAlias = "Answer | Exception"
NEXT: TypeAlias = Literal["done", "again", "split", "job", "in_doubt", "not_applied"]

ATTEMPTS = 5  # requests for one part within a run, before the rest is left to the next run
ROW_ATTEMPTS = 3  # the same for rows that the tool asks to send later
BACKOFF = timedelta(seconds=1)  # doubled with each attempt, where the tool names no pause
PATIENCE = timedelta(seconds=60)  # a longer pause than this is left to the next run


@dataclass(frozen=True, slots=True)
class Receipt:
    """The last word on one row. `after`: a row that may go later, not before this pause."""

    outcome: Settled
    code: str = ""
    vendor_id: str | None = None
    after: timedelta | None = None
    suppression: Suppression | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Rows `first` to `first + count - 1` of a plan. `doubted`: an earlier attempt may have been applied unseen."""

    first: int
    count: int
    attempt: int = 0
    receipts: Mapping[int, Receipt] = field(default_factory=dict)
    doubted: bool = False

    @property
    def pending(self) -> tuple[int, ...]:
        """The rows that are still to be answered for, in order."""
        return tuple(row for row in range(self.first, self.first + self.count) if row not in self.receipts)

    def settle(self, outcome: Settled, code: str = "") -> "Part":
        """Return the part with one outcome for all pending rows."""
        return replace(self, receipts={**self.receipts, **{row: Receipt(outcome, code) for row in self.pending}})

    def halves(self) -> tuple["Part", "Part"]:
        """Return two parts that hold half of the rows each, with their receipts."""
        middle = self.first + self.count // 2
        return self._between(self.first, middle), self._between(middle, self.first + self.count)

    def _between(self, first: int, end: int) -> "Part":
        mine = {row: receipt for row, receipt in self.receipts.items() if first <= row < end}
        return Part(first, end - first, 0, mine, self.doubted)


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from an answer.

    `done`: every row has its receipt. `again`: send the pending rows once more after `pause`. `split`: send `halves`
    instead. `job`: ask for `job` later. `in_doubt`: nobody knows about the pending rows, their receipts say unknown.
    `not_applied`: nothing happened to the pending rows; the next plan decides anew.
    `stop`: the connection must not be used again in this run, and why. `messages` are for the operator.
    `refused`: rows that the tool did not take and does not name, by its reason.
    """

    part: Part
    next: NEXT
    pause: timedelta = timedelta()
    halves: tuple[Part, ...] = ()
    job: Json = None
    stop: str = ""
    messages: tuple[str, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)


def advance(part: Part, result: Result, who: str) -> Step:
    """Return what follows from the answer to one request for the pending rows, in their order.

    Args:
        part: the part that was sent, `attempt` counting this request.
        result: what the destination returned or raised.
        who: the destination's class and method, for messages to its author.
    """
    if isinstance(result, Exception):
        return _raised(part, result, who)
    if isinstance(result, NotApplied):
        return _not_applied(part, result, who)
    if isinstance(result, Accepted):
        return _accepted(part, result)
    return _verdicts(part, result, who)


def give_up(part: Part, *, stop: str = "", messages: tuple[str, ...] = ()) -> Step:
    """Leave the pending rows to the next plan: unknown if an earlier attempt is in doubt, else untouched."""
    if part.doubted:
        return Step(part.settle("unknown"), "in_doubt", stop=stop, messages=messages)
    return Step(part, "not_applied", stop=stop, messages=messages)


def _raised(part: Part, error: Exception, who: str) -> Step:
    if isinstance(error, RetryLater):
        pause = _pause(part, error.after)
        patient = part.attempt < ATTEMPTS and pause <= PATIENCE
        return Step(part, "again", pause) if patient else give_up(part, messages=(str(error),))
    if isinstance(error, StopConnection):
        return give_up(part, stop=str(error))
    if isinstance(error, Unanswered):
        return _doubt(part, part.pending, str(error))
    broken = f"{who} failed with {type(error).__name__}, so it is not known what was applied. This connection stops."
    return Step(part.settle("unknown"), "in_doubt", stop=broken)


def _doubt(part: Part, rows: Sequence[int], message: str) -> Step:
    """Send rows of unknown outcome once more, which does no harm to a set; after that they stay unknown."""
    if not part.doubted:
        return Step(replace(part, doubted=True), "again", BACKOFF, messages=(message,))
    unknown = {row: Receipt("unknown") for row in rows}
    return _proceed(replace(part, receipts={**part.receipts, **unknown}), messages=(message,))


def _proceed(part: Part, messages: tuple[str, ...] = ()) -> Step:
    if part.pending:
        return Step(part, "again", BACKOFF, messages=messages)
    outcomes = {receipt.outcome for receipt in part.receipts.values()}
    return Step(part, "in_doubt" if "unknown" in outcomes else "done", messages=messages)


def _pause(part: Part, after: timedelta | None) -> timedelta:
    return max(after, timedelta()) if after is not None else BACKOFF * 2 ** (part.attempt - 1)


def _accepted(part: Part, answer: Accepted) -> Step:
    if answer.job is not None:
        return Step(part, "job", job=answer.job)
    return replace(_proceed(part.settle("accepted")), refused=answer.refused)


def _not_applied(part: Part, answer: NotApplied, who: str) -> Step:
    """The blamed rows are settled and the rest goes again at once; without blame, halve until the bad row is alone."""
    named, messages = _by_row(part, answer.blamed, who, complete=False)
    blamed = {row: _refusal(receipt) for row, receipt in named.items()}
    if not blamed and len(part.pending) == 1:
        blamed = {part.pending[0]: Receipt("rejected", answer.code)}
    if not blamed:
        return Step(part, "split", halves=part.halves(), messages=messages)
    rest = replace(part, attempt=part.attempt - 1, receipts={**part.receipts, **blamed})
    return replace(_proceed(rest, messages), pause=timedelta())


def _refusal(receipt: Receipt) -> Receipt:
    """Nothing was applied, so whatever else a blamed row is said to be, it is refused."""
    return receipt if receipt.outcome in ("suppressed", "retry") else replace(receipt, outcome="rejected")


def _verdicts(part: Part, verdicts: Sequence[Verdict], who: str) -> Step:
    settled, messages = _by_row(part, verdicts, who, complete=True)
    unknown = [row for row in part.pending if row not in settled or settled[row].outcome == "unknown"]
    later = [row for row, receipt in settled.items() if receipt.outcome == "retry"]
    pause = max((_pause(part, settled[row].after) for row in later), default=timedelta())
    if part.attempt >= ROW_ATTEMPTS or pause > PATIENCE:
        later = []
    final = {row: receipt for row, receipt in settled.items() if row not in later and row not in unknown}
    rest = replace(part, receipts={**part.receipts, **final})
    if unknown:
        step = _doubt(rest, unknown, "; ".join(messages) or f"{len(unknown):,} rows got no clear answer.")
        return replace(step, pause=max(step.pause, pause))
    return replace(_proceed(rest, messages), pause=pause)


def _by_row(
    part: Part, verdicts: Sequence[Verdict], who: str, *, complete: bool
) -> tuple[dict[int, Receipt], tuple[str, ...]]:
    """Match verdicts to rows; an index that is out of range or there twice says nothing about any row."""
    pending = part.pending
    times = Counter(verdict.index for verdict in verdicts)
    good = [verdict for verdict in verdicts if times[verdict.index] == 1 and 0 <= verdict.index < len(pending)]
    settled = {pending[verdict.index]: _receipt(verdict) for verdict in good}
    if len(good) == len(verdicts) and (len(good) == len(pending) or not complete):
        return settled, ()
    return settled, (_complaint(who, len(verdicts), len(pending), times, complete=complete),)


def _complaint(who: str, given: int, rows: int, times: Mapping[int, int], *, complete: bool) -> str:
    for index, count in sorted(times.items()):
        if not 0 <= index < rows:
            fault = f"index {index} is outside the batch, so the verdict counts for nobody"
            break
        if count > 1:
            fault = f"row {index} has {count}, so it is recorded as unknown"
            break
    else:
        missing = next(index for index in range(rows) if index not in times)
        fault = f"row {missing} has none, so it is recorded as unknown"
    advice = " Yield one Verdict per row." if complete else " Blame each row once, by its place in Batch.rows."
    return f"{who} gave {given:,} verdicts for {rows:,} rows; {fault}.{advice}"


def _receipt(verdict: Verdict) -> Receipt:
    return Receipt(verdict.outcome, verdict.code, verdict.vendor_id, verdict.after, verdict.suppression)
