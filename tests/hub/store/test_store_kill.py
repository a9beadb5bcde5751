import random
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from hub.store.control import Store
from hub.store.journal import Journal
from tests.support.store import Committed, Reserved, fork_server, leased_store, write_for_ever

KILLS = 15


def received(receiver: Connection) -> Iterator[Reserved | Committed]:
    """Yield what a writer reports, until it is gone."""
    try:
        while True:
            yield receiver.recv()
    except EOFError:
        receiver.close()


def reports_until_killed(where: str, journal: Path, chance: random.Random) -> list[Reserved | Committed]:
    """Run a writer, kill it after some reports at a random moment, and return everything that it reported."""
    context = fork_server()
    receiver, sender = context.Pipe(duplex=False)
    writer = context.Process(target=write_for_ever, args=(where, journal, sender))
    writer.start()
    sender.close()
    reports = received(receiver)
    first = [next(reports) for _ in range(chance.randrange(1, 8))]
    time.sleep(chance.uniform(0, 0.02))
    writer.kill()
    writer.join()
    return [*first, *reports]


def check(store: Store, journal: Journal, promised: list[Committed]) -> None:
    """Compare a store with what a killed writer was told."""
    seqs = {file.seq for file in store.files()}
    pages = store.cursor("tills", "people") or 0
    assert isinstance(pages, int)
    assert {report.seq for report in promised} <= seqs
    assert len(seqs) == 2 * pages, "files and cursor are one write"
    assert pages >= max((report.page for report in promised), default=0)
    assert store.intent_epoch() >= journal.epoch() >= max((report.epoch for report in promised), default=0)
    assert all(run.status == "crashed" for run in store.recover_runs())


@pytest.mark.slow
def test_kill_at_any_moment_loses_nothing_acknowledged(where: str, tmp_path: Path) -> None:
    """After any SIGKILL every promise holds, no page stands by half, no number was given twice."""
    chance, path = random.Random(7), tmp_path / "delivery" / "epoch"
    reserved: list[int] = []
    for _ in range(KILLS):
        reports = reports_until_killed(where, path, chance)
        reserved += [report.seq for report in reports if isinstance(report, Reserved)]
        store = leased_store(where)
        check(store, Journal(path), [report for report in reports if isinstance(report, Committed)])
        store.close()
    assert len(reserved) == len(set(reserved)) >= KILLS
