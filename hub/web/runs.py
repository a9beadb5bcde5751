"""Runs as the API sees them: started, watched through events, cancelled. One thread does everything that writes."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock
from time import monotonic
from typing import Literal, TypeAlias, TypeVar

from pydantic import BaseModel

from hub.pipeline import run
from hub.project import Project
from hub.report import Progress, RunReport, RunRequest
from hub.sdk.errors import ConfigError, HubError
from hub.sdk.redact import redact
from hub.web.failure import log_bug

T = TypeVar("T")
State: TypeAlias = Literal["running", "finished", "failed"]

PAUSE = 0.2  # seconds between two events of the same work: a person cannot read faster, and each is a commit
PROGRESS = "progress"
REMEMBERED = 100  # ended runs; older ones are in the store


class RunEvent(BaseModel):
    """Progress of a run; `n` grows from event to event."""

    n: int
    progress: Progress


class Failure(BaseModel):
    """Why a run ended without a report. `config`: a file has to be mended."""

    error: str
    hint: str = ""
    config: bool = False


class RunState(BaseModel):
    """Where a run stands."""

    run: int
    state: State
    report: RunReport | None = None
    failure: Failure | None = None


@dataclass
class Job:
    """A run that waits or works in this process."""

    id: int
    request: RunRequest
    cancelled: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)
    failure: Failure | None = None
    report: RunReport | None = None


class Runs:
    """Executes runs, and whatever else writes, one after the other."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._jobs: dict[int, Job] = {}
        self._lock = Lock()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    def start(self, request: RunRequest) -> int:
        """Queue a run and return its number."""
        return self._queue(request).id

    def _queue(self, request: RunRequest) -> Job:
        as_of = self.project.instant(request.as_of)
        job = Job(self.project.store.start_run("run", as_of, request.model_dump(mode="json")), request)
        with self._lock:
            ended = [each for each, known in self._jobs.items() if known.ended.is_set()]
            for each in ended[:-REMEMBERED]:
                del self._jobs[each]
            self._jobs[job.id] = job
        self._writer.submit(self._execute, job)
        return job

    def perform(self, request: RunRequest) -> None:
        """Queue a run and wait for its end."""
        self._queue(request).ended.wait()

    def write(self, work: Callable[[], T]) -> T:
        """Do other work that writes, in its turn, and wait for it."""
        future: Future[T] = self._writer.submit(work)
        return future.result()

    def busy(self) -> bool:
        """Whether a run waits or works."""
        with self._lock:
            return any(not job.ended.is_set() for job in self._jobs.values())

    def state(self, run_id: int) -> RunState:
        """Where a run stands; raises `StoreError` when there is none."""
        with self._lock:
            job = self._jobs.get(run_id)
        if job is None:
            return _past(self.project, run_id)
        state: State = "running" if not job.ended.is_set() else "failed" if job.failure else "finished"
        return RunState(run=run_id, state=state, report=job.report, failure=job.failure)

    def events(self, run_id: int, after: int) -> list[RunEvent]:
        """Progress of a run after event number `after`."""
        found = self.project.store.events(run_id, after)
        return [
            RunEvent(n=event.id, progress=Progress.model_validate(event.data))
            for event in found
            if event.kind == PROGRESS
        ]

    def cancel(self, run_id: int) -> bool:
        """Ask a run to stop before its next page or batch; False when it is not in this process."""
        with self._lock:
            job = self._jobs.get(run_id)
        if job is not None:
            job.cancelled.set()
        return job is not None

    def stop(self, seconds: float) -> bool:
        """Cancel everything and wait; False when something still works after that time."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.cancelled.set()
        idle = Event()
        self._writer.submit(idle.set)
        self._writer.shutdown(wait=False)
        return idle.wait(seconds)

    def _execute(self, job: Job) -> None:
        try:
            job.report = run(
                self.project,
                job.request,
                run_id=job.id,
                tell=_Recorder(self.project, job.id),
                cancelled=job.cancelled.is_set,
            )
        except HubError as error:
            told = redact(error.message), redact(error.hint)
            job.failure = Failure(error=told[0], hint=told[1], config=isinstance(error, ConfigError))
        except Exception as error:  # noqa: BLE001 - a bug in one run must not stop the daemon
            log_bug("run failed", error, run=job.id)
            job.failure = Failure(error=f"internal error: {type(error).__name__}", hint="See the log.")
        finally:
            job.ended.set()


class _Recorder:
    """Stores progress, at most once in `PAUSE` seconds for the same work, its end always."""

    def __init__(self, project: Project, run_id: int) -> None:
        self._store = project.store
        self._run = run_id
        self._what = ""
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        what = f"{progress.step} {progress.what}"
        complete = progress.total is not None and progress.done >= progress.total
        if what == self._what and not complete and monotonic() < self._next:
            return
        self._what, self._next = what, monotonic() + PAUSE
        self._store.event(self._run, PROGRESS, progress.model_dump(mode="json"))


def _past(project: Project, run_id: int) -> RunState:
    """A run of an earlier process, from the store."""
    row = project.store.run(run_id)
    if row.report is None:
        failure = Failure(error=f"Run {run_id} left no report ({row.status}).", hint="Run again: hub run.")
        return RunState(run=run_id, state="failed", failure=failure)
    return RunState(run=run_id, state="finished", report=RunReport.model_validate(row.report))
