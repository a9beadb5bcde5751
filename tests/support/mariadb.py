"""A MariaDB of our own, reachable by a socket in a folder of its own; it is gone afterwards."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_MARIADB = "mariadbd and mariadb-install-db not found (Debian: apt-get install mariadb-server)"
_SERVER, _INSTALL = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin"), shutil.which("mariadb-install-db")
_PATIENCE = 60  # seconds


def mariadb_is_installed() -> bool:
    """Tell whether a private MariaDB can be started here."""
    return bool(_SERVER and _INSTALL)


@contextmanager
def mariadb_server() -> Iterator[Path]:
    """Run one whose user `root` has no password; yield its socket."""
    folder = Path(tempfile.mkdtemp(prefix="hub-maria-"))
    data, socket = folder / "data", folder / "socket"
    who = ["--user=root"] if os.geteuid() == 0 else []
    plain = ["--no-defaults", f"--datadir={data}"]
    made = [str(_INSTALL), *plain, *who, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    options = [*plain, *who, f"--socket={socket}", "--skip-networking", "--skip-log-bin", "--sql-mode="]
    server = subprocess.Popen(
        [str(_SERVER), *options], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(server, socket)
        yield socket
    finally:
        server.terminate()
        server.wait(_PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: "subprocess.Popen[bytes]", socket: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and server.poll() is None:
        if socket.exists():
            return
        time.sleep(0.05)
    raise RuntimeError(f"MariaDB did not start within {_PATIENCE} seconds")
