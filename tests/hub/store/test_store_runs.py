from datetime import datetime

import pytest

from hub.store.control import Store
from hub.store.errors import StoreError
from tests.support.store import leased_store

AS_OF = datetime(2018, 1, 1)  # noqa: DTZ001 - naive UTC is the form of time in the store


def test_run_is_recorded_from_start_to_end(store: Store) -> None:
    """A run keeps what was asked, for which moment, how it ended and its report."""
    run_id = store.start_run("full", AS_OF, {"until": "segment"})
    begun = store.run(run_id)
    store.finish_run(run_id, "amber", {"profiles": 3})
    ended = store.run(run_id)
    assert (begun.kind, begun.as_of, begun.status, begun.request) == ("full", AS_OF, "running", {"until": "segment"})
    assert (ended.status, ended.report) == ("amber", {"profiles": 3})
    assert begun.finished_at is None
    assert ended.finished_at is not None
    assert ended.finished_at >= ended.started_at


def test_start_is_in_the_audit(store: Store) -> None:
    """Who started which run can be read later."""
    run_id = store.start_run("full", AS_OF)
    entry = store.audit(1)[0]
    assert (entry.who, entry.action, entry.detail) == ("test", "run.started", {"run": run_id, "kind": "full"})


def test_run_ends_once(store: Store) -> None:
    """A verdict is not overwritten."""
    run_id = store.start_run("full", AS_OF)
    store.finish_run(run_id, "red")
    with pytest.raises(StoreError, match=r"already ended \(red\)"):
        store.finish_run(run_id, "green")


def test_unknown_run_is_an_error(store: Store) -> None:
    """Asking for a run that never was says so."""
    with pytest.raises(StoreError, match="no run 7"):
        store.run(7)


def test_latest_runs_come_first(store: Store) -> None:
    """The list is newest first and as long as asked."""
    ids = [store.start_run("full", AS_OF) for _ in range(3)]
    assert [run.id for run in store.runs(2)] == ids[:0:-1]


def test_events_after_the_last_seen(store: Store) -> None:
    """A reader that polls sees each event of its run once, in order."""
    run, other = store.start_run("full", AS_OF), store.start_run("full", AS_OF)
    first = store.event(run, "page", {"rows": 1})
    store.event(other, "page", {"rows": 99})
    store.event(run, "page", {"rows": 2})
    assert [event.data for event in store.events(run)] == [{"rows": 1}, {"rows": 2}]
    assert [event.data for event in store.events(run, after=first)] == [{"rows": 2}]


def test_runs_left_by_a_crash_are_marked(where: str) -> None:
    """The next process finds what the last one left running; its own runs and finished ones stay as they are."""
    crashed = leased_store(where)
    done, left = crashed.start_run("full", AS_OF), crashed.start_run("full", AS_OF)
    crashed.finish_run(done, "green")
    crashed.close()
    store = leased_store(where)
    own = store.start_run("full", AS_OF)
    assert [run.id for run in store.recover_runs()] == [left]
    assert [store.run(run).status for run in (done, left, own)] == ["green", "crashed", "running"]
    assert store.recover_runs() == []
    store.close()
