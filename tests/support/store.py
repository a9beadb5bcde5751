"""Control stores for tests: a leased one in a folder, and a private PostgreSQL where its binaries are installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from hub.store.control import Store
from hub.store.models import BatchRow, LandedFile, PlanRow

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
    subprocess.run([*prefix, *map(str, command)], check=check, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
