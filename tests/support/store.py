"""Control stores for tests: a leased one in a folder, and a private PostgreSQL where its binaries are installed."""

import multiprocessing
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from uuid import uuid4

import psycopg

from hub.store.control import Store
from hub.store.journal import Journal
from hub.store.landing import CursorMove
from hub.store.models import BatchRow, LandedFile, PlanRow, utcnow

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
NO_POSTGRES = "initdb and postgres not found under /usr/lib/postgresql/*/bin (Debian: apt-get install postgresql)"


def leased_store(where: str | Path, holder: str = "test") -> Store:
    """Open a store that may write; the caller closes it."""
    store = Store.open(where)
    store.take_lease(holder)
    return store


def landed(seq: int, *, uid: str = "", **columns: object) -> LandedFile:
    """Return a file of one row of `people` from `tills`, with any column replaced."""
    usual: dict[str, object] = {"connection": "tills", "source": "people", "stream": "people", "rows": 1}
    usual |= {"source_rows": 1, "path": f"landing/{seq}.parquet"}
    return LandedFile.model_validate({"seq": seq, "uid": uid or f"uid-{seq}", **usual, **columns})


def planned(uid: str = "plan-1", **columns: object) -> PlanRow:
    """Return a plan for the audience `vip` at `mailchimp`, with any column replaced."""
    usual = {"connection": "mailchimp", "audience": "vip", "target_key": "list/c1", "config_hash": "h1"}
    return PlanRow.model_validate({"uid": uid, "path": f"delivery/{uid}.parquet", **usual, **columns})


def batch(number: int = 1, **columns: object) -> BatchRow:
    """Return a batch of ten adds, with any column replaced."""
    usual = {"op": "add", "first_row": (number - 1) * 10, "row_count": 10}
    return BatchRow.model_validate({"number": number, **usual, **columns})


def fork_server() -> ForkServerContext:
    """Return a way to start processes that have the store imported already, so that killing many is quick."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hub.store.control", "psycopg"])
    return context


@dataclass(frozen=True)
class Reserved:
    """Two numbers from `seq` on were given out."""

    seq: int


@dataclass(frozen=True)
class Committed:
    """The page with the files `seq` and `seq + 1` was committed, then a batch was intended."""

    seq: int
    page: int
    epoch: int


def write_for_ever(where: str, journal: Path, reports: Connection) -> None:
    """Land pages of two files and intend a batch each time until killed; report every promise that was returned."""
    store, outside = leased_store(where), Journal(journal)
    run = store.start_run("full", utcnow())
    [waiting] = store.batches(store.add_plan(planned(uuid4().hex), [batch()]))
    while True:
        seq = store.next_seq(2)
        reports.send(Reserved(seq))
        done = store.cursor("tills", "people")
        page = done + 1 if isinstance(done, int) else 1
        files = [landed(number, uid=uuid4().hex) for number in (seq, seq + 1)]
        store.commit_page(files, CursorMove("tills", "people", page), run_id=run)
        store.intend(waiting.id, outside)
        reports.send(Committed(seq, page, outside.epoch()))


def postgres_is_installed() -> bool:
    """Tell whether a private PostgreSQL can be started here."""
    return bool(_BINARIES) and (os.geteuid() != 0 or shutil.which("runuser") is not None)


@contextmanager
def postgres_cluster() -> Iterator[Path]:
    """Run a PostgreSQL of our own, reachable by a socket in the yielded folder only; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="hub-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    control = _BINARIES[-1].with_name("pg_ctl")
    data = folder / "data"
    try:
        _as_postgres(_BINARIES[-1], "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}'"
        _as_postgres(control, "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        yield folder
    finally:
        _as_postgres(control, "-D", data, "-m", "immediate", "-w", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres_database(cluster: Path) -> Iterator[str]:
    """Create an empty database and yield its URL; it is dropped afterwards."""
    name = f"hub_{uuid4().hex[:12]}"
    with psycopg.connect(f"host={cluster} user=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield f"postgresql://postgres@/{name}?host={cluster}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _as_postgres(*command: str | Path, check: bool = True) -> None:
    """Run one of PostgreSQL's programs, which refuse to be run by root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run(
        [*prefix, *map(str, command)], check=check, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
