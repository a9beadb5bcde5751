"""Send one plan: every request's intent is durable before it leaves, every answer is recorded before the next."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from threading import Lock

import pyarrow as pa

from hub.flow.deliver.batches import batch_id, decode, encode, rows_of
from hub.flow.deliver.tools import Tools
from hub.outbox.parts import Part, Result, Step, advance
from hub.outbox.plan import AudienceJob
from hub.sdk.errors import RetryLater, StopConnection, Unanswered
from hub.sdk.records import Batch, Json, Op, Row, Target
from hub.store.errors import StoreError
from hub.store.models import BatchRow, PlanRow

_JOB_PATIENCE = timedelta(seconds=60)  # a job that runs longer is asked for in the next run
_SLICE = 1.0  # seconds
_SILENCE = 3  # requests without an answer in a row: nobody is there, the rest would only be in doubt too


class Sending:
    """One plan on its way. `stop` says why the connection must not be used again, `messages` what went wrong."""

    def __init__(self, tools: Tools, job: AudienceJob, target: Target, plan: PlanRow, rows: pa.Table) -> None:
        self._tools, self._job, self._target, self._plan, self._rows = tools, job, target, plan, rows
        self._able = job.destination.capabilities
        self._queue: list[BatchRow] = []
        self._numbers = count(1)
        self._lock = Lock()
        self._silent = 0
        self._done = 0
        self.stop = ""
        self._messages: list[str] = []
        self._refused = Counter[str]()

    @property
    def messages(self) -> list[str]:
        """Sentences for the operator; of rows that the tool did not take and does not name there is one."""
        if not self._refused:
            return self._messages
        reasons = ", ".join(f"{reason} ({number:,})" for reason, number in self._refused.most_common())
        lost = f"{self._job.connection} did not take {self._refused.total():,} of those it accepted: {reasons}."
        return [*self._messages, f"{lost} It does not say who they are."]

    def push_all(self, batches: Sequence[BatchRow]) -> None:
        """Send batches until each is answered for, given up, or the run is cancelled; then ask for jobs."""
        self._queue = list(batches)
        self._numbers = count(1 + max((batch.number for batch in batches), default=0))
        with ThreadPoolExecutor(self._able.connections) as pool:
            self._push_queue(pool)
            give_up = self._tools.now() + _JOB_PATIENCE
            while self._poll_due(give_up):
                self._push_queue(pool)

    def poll_once(self) -> None:
        """Ask for every job of a plan that an earlier run left open."""
        for batch in self._jobs():
            self._poll(batch)

    def _push_queue(self, pool: ThreadPoolExecutor) -> None:
        while self._queue and not self._halted():
            wave = self._next_wave()
            last = len(self._queue) == len(wave) == 1
            sent = {batch.id for batch in wave}
            self._queue = [batch for batch in self._queue if batch.id not in sent]
            for follow_up in pool.map(lambda batch, flag=last: self._send(batch, last=flag), wave):
                self._queue = [*follow_up, *self._queue]

    def _halted(self) -> bool:
        return bool(self.stop) or self._tools.cancelled()

    def _next_wave(self) -> list[BatchRow]:
        """Return what may go now, or nothing after a short wait.

        The plan's final batch waits for all others, because it says that it is the last.
        """
        now = self._tools.now()
        waiting = self._queue[:-1] or self._queue
        due = [batch for batch in waiting if batch.not_before is None or batch.not_before <= now]
        if not due:
            self._wait(min(batch.not_before for batch in waiting if batch.not_before) - now)
        return due

    def _wait(self, pause: timedelta) -> None:
        """Sleep for a slice of a pause, so that a cancelled run ends soon."""
        self._tools.sleep(min(max(pause.total_seconds(), 0.0), _SLICE))

    def _send(self, batch: BatchRow, *, last: bool) -> list[BatchRow]:
        """Send one batch once and return what has to follow it."""
        part = decode(batch)
        if self._halted():
            return []
        if not part.pending:
            return self._record(batch, Step(part, "done"))
        part = replace(part, attempt=part.attempt + 1)
        self._tools.store.intend(
            batch.id, self._tools.journal, attempt=part.attempt, settle_until=self._settle(batch), receipts=encode(part)
        )
        result = self._push(batch, part, last=last)
        self._listen(result)
        return self._record(batch, advance(part, result, f"{type(self._job.destination).__name__}.push"))

    def _listen(self, result: Result) -> None:
        with self._lock:
            self._silent = self._silent + 1 if isinstance(result, Unanswered) else 0
            if self._silent >= _SILENCE:
                self.stop = self.stop or f"{_SILENCE} requests in a row got no answer. Sent again in the next run."

    def _settle(self, batch: BatchRow) -> datetime:
        """A second attempt that is lost may land as late as the first one could: count anew."""
        until = self._tools.now() + self._able.settles_within
        return max(until, batch.settle_until) if batch.settle_until else until

    def _push(self, batch: BatchRow, part: Part, *, last: bool) -> Result:
        destination = self._job.destination
        try:
            rows = self._with_vendor_ids(rows_of(self._rows, part.pending))
            request = self._request(batch.op, batch.number, rows, last=last)
            return destination.push(self._target, self._plan.handle, request)
        except Exception as error:  # noqa: BLE001 - whatever a connector raises, its rows must get a verdict
            return error

    def _request(self, op: Op, number: int, rows: Sequence[Row], *, last: bool) -> Batch:
        uid = f"{self._plan.uid}/{self._plan.target_key}"
        return Batch(id=batch_id(uid, op, rows), sequence=number, last=last, op=op, rows=tuple(rows))

    def _with_vendor_ids(self, rows: list[Row]) -> list[Row]:
        """Ask the tool for the ids of objects that got lost, where a membership needs them."""
        missing = [row for row in rows if row.vendor_id is None]
        if self._target.depends_on is None or not missing:
            return rows
        found = self._job.destination.resolve(missing)
        return [replace(row, vendor_id=row.vendor_id or found.get(row.key)) for row in rows]

    def _record(self, batch: BatchRow, step: Step) -> list[BatchRow]:
        """Make what came of a request durable, and return the batches that follow from it."""
        with self._lock:
            self._note(step)
        store, part = self._tools.store, step.part
        if step.next == "split":
            halves = [self._half(batch, half) for half in step.halves if half.pending or half.receipts]
            return store.split_batch(batch.id, halves, receipts=None)
        if step.next == "job":
            due = self._tools.now() + self._able.job_check_after
            store.set_batch(batch.id, "job", job=step.job, not_before=due, receipts=encode(part))
            return []
        if step.next == "again":
            state = "in_doubt" if part.doubted else "planned"
            due = self._tools.now() + step.pause
            return [
                store.set_batch(batch.id, state, attempt=part.attempt, not_before=due, receipts=encode(part))  # type: ignore[arg-type]
            ]
        store.set_batch(batch.id, step.next, attempt=part.attempt, receipts=encode(part))
        return []

    def _note(self, step: Step) -> None:
        self._messages += [message for message in step.messages if message not in self._messages]
        self._refused.update(step.refused)
        self.stop = self.stop or step.stop
        if step.next not in ("again", "split"):
            self._done += step.part.count
            self._tools.progress(self._job.name, self._done, self._rows.num_rows)

    def _half(self, batch: BatchRow, half: Part) -> BatchRow:
        with self._lock:
            number = next(self._numbers)
        return BatchRow(
            number=number,
            op=batch.op,
            first_row=half.first,
            row_count=half.count,
            settle_until=batch.settle_until,
            receipts=encode(half),
        )

    def _jobs(self) -> list[BatchRow]:
        return self._tools.store.batches(self._plan.id, ["job"])

    def _poll_due(self, give_up: datetime) -> bool:
        """Ask for the jobs that are due; False when none is left to wait for in this run."""
        jobs = self._jobs()
        if not jobs or self._halted():
            return False
        due = min(batch.not_before or give_up for batch in jobs)
        if due > give_up:
            return False
        self._wait(due - self._tools.now())
        for batch in jobs:
            if batch.not_before is None or batch.not_before <= self._tools.now():
                self._queue += self._poll(batch)
        return True

    def _poll(self, batch: BatchRow) -> list[BatchRow]:
        part = decode(batch)
        if self.stop:
            return []
        answer = self._ask(batch, part)
        if answer is not None:
            if not isinstance(answer, Exception):  # the tool has said how it ended: nothing of it can land later
                batch = self._tools.store.set_batch(batch.id, "job", settle_until=None)
            return self._record(batch, advance(part, answer, f"{type(self._job.destination).__name__}.poll"))
        now = self._tools.now()
        if batch.settle_until and now > batch.settle_until:
            late = f"A job of batch {batch.number} is still running after the time in which it should have settled."
            return self._record(batch, Step(part.settle("unknown"), "in_doubt", messages=(late,)))
        self._tools.store.set_batch(batch.id, "job", not_before=now + self._able.job_check_after)
        return []

    def _ask(self, batch: BatchRow, part: Part) -> "Result | None":
        """Ask once; None: not known yet. A question that fails says nothing about the job."""
        request = self._request(batch.op, batch.number, rows_of(self._rows, part.pending), last=False)
        try:
            return self._job.destination.poll(batch.job, request)
        except (RetryLater, Unanswered) as error:
            self._messages.append(str(error))
        except StopConnection as error:
            self.stop = str(error)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - a connector's bug must not leave its rows without a verdict
            return error
        return None


def open_handle(tools: Tools, job: AudienceJob, target: Target, plan: PlanRow, total: int) -> PlanRow:
    """Open the plan at the tool and make its handle durable before anything is sent."""
    handle: Json = job.destination.open(target, job.audience, f"{plan.uid}/{target.key}", total)
    return tools.store.set_plan(plan.id, state="sending", handle=handle)
