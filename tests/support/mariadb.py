"""A private MariaDB for tests, where its binaries are installed."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pymysql

NO_MARIADB = "mariadbd and mariadb-install-db not found (Debian: apt-get install mariadb-server)"
_PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"


def _binary(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=_PATH)


def mariadb_is_installed() -> bool:
    """Tell whether a private MariaDB can be started here."""
    return _binary("mariadbd") is not None and _binary("mariadb-install-db") is not None


@contextmanager
def mariadb_server() -> Iterator[Path]:
    """Run a MariaDB of our own with a database `shop`; only the yielded socket reaches it; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="hub-maria-"))
    data, socket = folder / "data", folder / "socket"
    usual = ["--no-defaults", f"--datadir={data}"]
    made = [_binary("mariadb-install-db"), *usual, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run([*map(str, made)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    small = ["--skip-networking", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0"]
    command = [str(_binary("mariadbd")), *usual, f"--socket={socket}", f"--pid-file={folder}/pid", *small]
    command += ["--user=root", "--sql-mode=", f"--log-error={folder}/log"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with _first_connection(socket, server) as connection:
            connection.cursor().execute("create database shop character set utf8mb4")
        yield socket
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(20)
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _first_connection(socket: Path, server: "subprocess.Popen[bytes]") -> "pymysql.Connection[pymysql.cursors.Cursor]":
    for _ in range(600):
        try:
            return pymysql.connect(unix_socket=str(socket), user="root")
        except pymysql.Error:
            assert server.poll() is None, "mariadbd did not start"
            time.sleep(0.1)
    raise TimeoutError("mariadbd did not answer within a minute")
