"""A private MariaDB for tests, where its binaries are installed."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pymysql
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

NO_MARIADB = "mariadbd and mariadb-install-db not found (Debian: apt-get install mariadb-server)"
_PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"


def _binary(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=_PATH)


def mariadb_is_installed() -> bool:
    """Tell whether a private MariaDB can be started here."""
    return _binary("mariadbd") is not None and _binary("mariadb-install-db") is not None


@contextmanager
def mariadb_server() -> Iterator[Path]:
    """Run a MariaDB of our own with a database `shop`; the yielded socket alone reaches it, and it is gone afterwards."""
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
        for attempt in Retrying(
            stop=stop_after_delay(60), wait=wait_fixed(0.1), retry=retry_if_exception_type(pymysql.Error)
        ):
            with attempt, pymysql.connect(unix_socket=str(socket), user="root") as connection:
                connection.cursor().execute("create database shop character set utf8mb4")
        yield socket
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(20)
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)
