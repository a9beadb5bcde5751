import os
import socket
import stat
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from hub.store.errors import LockHeld
from hub.store.lock import ProjectLock
from tests.support.store import fork_server

RACES = 100


def race(data: Path, gate: Barrier, results: Connection) -> None:
    """Try for the lock again and again, together with the other process; report None or the pid that has it."""
    lock = ProjectLock(data)
    for _ in range(RACES):
        gate.wait()
        try:
            lock.acquire()
            results.send(None)
        except LockHeld as error:
            results.send(error.pid)
        gate.wait()
        lock.release()


def hold(data: Path, ready: Connection) -> None:
    """Take the lock and keep it until killed."""
    with ProjectLock(data):
        ready.send(os.getpid())
        ready.recv()


def test_one_of_two_wins_and_the_other_names_it(tmp_path: Path) -> None:
    """In every race exactly one process gets the lock, and the loser's error holds the winner's pid."""
    context = fork_server()
    gate = context.Barrier(2)
    pipes = [context.Pipe(duplex=False) for _ in range(2)]
    racers = [context.Process(target=race, args=(tmp_path, gate, sender)) for _, sender in pipes]
    for racer in racers:
        racer.start()
    pids = [racer.pid for racer in racers]
    outcomes = [[receiver.recv() for receiver, _ in pipes] for _ in range(RACES)]
    for racer in racers:
        racer.join()
    assert {tuple(outcome) for outcome in outcomes} <= {(None, pids[0]), (pids[1], None)}


def test_killed_owner_leaves_no_lock(tmp_path: Path) -> None:
    """SIGKILL frees the lock; until then the error says who has it, where, since when and what to do."""
    context = fork_server()
    here, there = context.Pipe()
    owner = context.Process(target=hold, args=(tmp_path / "data", there))
    owner.start()
    pid = here.recv()
    expected = rf"Another hub \(pid {pid}, {socket.gethostname()}, since \d{{4}}-\d\d-\d\d \d\d:\d\d UTC\) owns data/\."
    with pytest.raises(LockHeld, match=expected + " Ask it: hub status. To take over, stop it."):
        ProjectLock(tmp_path / "data").acquire()
    owner.kill()
    owner.join()
    with ProjectLock(tmp_path / "data") as lock:
        current = lock.owner()
        assert current is not None
        assert current.pid == os.getpid()


def test_released_lock_is_free_and_names_nobody(tmp_path: Path) -> None:
    """After release the file is private, empty and still there, and a second acquire works."""
    lock = ProjectLock(tmp_path)
    with lock:
        pass
    assert lock.owner() is None
    assert lock.path.stat().st_size == 0
    assert stat.S_IMODE(lock.path.stat().st_mode) == 0o600
    with lock:
        pass


def test_releasing_what_is_not_held_is_harmless(tmp_path: Path) -> None:
    """Clean-up code may release in any case."""
    ProjectLock(tmp_path).release()


def test_owner_that_wrote_nothing_is_still_the_owner(tmp_path: Path) -> None:
    """A holder whose name cannot be read is reported without one."""
    with ProjectLock(tmp_path):
        (tmp_path / "lock").write_text("{")
        with pytest.raises(LockHeld, match="Another hub owns") as caught:
            ProjectLock(tmp_path).acquire()
    assert caught.value.pid is None


def test_link_in_place_of_the_lock_is_refused(tmp_path: Path) -> None:
    """The lock file is never reached through a link, so that nobody else's file is emptied."""
    (tmp_path / "other").write_text("precious")
    (tmp_path / "lock").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic links"):
        ProjectLock(tmp_path).acquire()
    assert (tmp_path / "other").read_text() == "precious"
