"""Runs and what happened in them."""

from datetime import datetime
from typing import Literal, TypeAlias

from sqlmodel import Session, col, select

from hub.sdk.records import Json
from hub.store.database import Database, append_audit
from hub.store.errors import StoreError
from hub.store.models import Run, RunEvent, RunStatus, fresh, utcnow

FinalStatus: TypeAlias = Literal["green", "amber", "red", "cancelled", "crashed"]


class Runs(Database):
    """The history of runs."""

    def start_run(self, kind: str, as_of: datetime, request: Json = None) -> int:
        """Record that a run begins, and return its id."""
        with self._writing() as session:
            run = fresh(Run(kind=kind, as_of=as_of, request=request, epoch=self._held.epoch))
            session.add(run)
            session.flush()
            append_audit(session, self._held.holder, "run.started", {"run": run.id, "kind": kind})
        return run.id

    def finish_run(self, run_id: int, status: FinalStatus, report: Json = None) -> None:
        """Record how a run ended.

        Raises:
            StoreError: there is no such run, or it has ended already.
        """
        with self._writing() as session:
            run = _require(session, run_id)
            if run.status != "running":
                raise StoreError(f"Run {run_id} has already ended ({run.status}).")
            _end(run, status)
            run.report = report

    def recover_runs(self) -> list[Run]:
        """Mark the runs that an earlier process left running as crashed, and return them."""
        with self._writing() as session:
            left = select(Run).where(Run.status == "running", Run.epoch != self._held.epoch).order_by(col(Run.id))
            runs = list(session.exec(left))
            for run in runs:
                _end(run, "crashed")
                append_audit(session, self._held.holder, "run.crashed", {"run": run.id})
        return runs

    def run(self, run_id: int) -> Run:
        """Return one run.

        Raises:
            StoreError: there is no such run.
        """
        with self._reading() as session:
            return _require(session, run_id)

    def runs(self, limit: int = 20) -> list[Run]:
        """Return the latest runs, newest first."""
        with self._reading() as session:
            return list(session.exec(select(Run).order_by(col(Run.id).desc()).limit(limit)))

    def event(self, run_id: int, kind: str, data: Json = None) -> int:
        """Record progress of a run, and return the event's id. No personal data."""
        with self._writing() as session:
            event = fresh(RunEvent(run_id=run_id, kind=kind, data=data))
            session.add(event)
        return event.id

    def events(self, run_id: int, after: int = 0) -> list[RunEvent]:
        """Return the events of a run that came after the event with id `after`, oldest first."""
        with self._reading() as session:
            found = select(RunEvent).where(RunEvent.run_id == run_id, col(RunEvent.id) > after)
            return list(session.exec(found.order_by(col(RunEvent.id))))


def _require(session: Session, run_id: int) -> Run:
    run = session.get(Run, run_id)
    if run is None:
        raise StoreError(f"There is no run {run_id}.", hint="List them: hub status.")
    return run


def _end(run: Run, status: RunStatus) -> None:
    run.status, run.finished_at = status, utcnow()
