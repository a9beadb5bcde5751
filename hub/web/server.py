"""Serve a project on a loopback port, in a thread of this process."""

import os
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread

import uvicorn

from hub.project import Project
from hub.sdk.errors import HubError
from hub.web.app import create_app
from hub.web.endpoint import Endpoint
from hub.web.guard import App, Guard
from hub.web.runs import Runs

LOOPBACK = "127.0.0.1"
HOSTS = frozenset({LOOPBACK, "localhost", "::1"})
START_SECONDS = 10
DRAIN_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Serving:
    """A project that can be asked."""

    endpoint: Endpoint
    runs: Runs


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, app: App) -> None:
        quiet = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2, server_header=False
        )
        super().__init__(quiet)
        self.ready = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@contextmanager
def serving(project: Project, *, host: str = LOOPBACK, port: int = 0) -> Iterator[Serving]:
    """Serve `project` while the block runs; port 0 takes a free one.

    At the end runs are cancelled and given `DRAIN_SECONDS` to stop between two pages or batches. A batch on its way
    then stays unknown in the store and is settled by the next run.
    """
    runs = Runs(project)
    token = secrets.token_urlsafe(32)
    listener = _listen(host, port)
    url = f"http://{_bracketed(host)}:{listener.getsockname()[1]}"
    server = _Server(Guard(create_app(project, runs), token=token, hosts=HOSTS))
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="http", daemon=True)
    thread.start()
    if not server.ready.wait(START_SECONDS):
        raise HubError(f"The HTTP server did not start within {START_SECONDS} seconds.", hint="See the log.")
    endpoint = Endpoint(url, token, os.getpid())
    endpoint.write(project.root / "data")
    try:
        yield Serving(endpoint, runs)
    finally:
        runs.stop(DRAIN_SECONDS)
        Endpoint.remove(project.root / "data")
        server.should_exit = True
        thread.join(START_SECONDS)


def leave_if_busy(runs: Runs, code: int) -> None:
    """End the process at once when a run did not stop in time: closing the stores under it would do more harm.

    Nothing is lost by it: a batch on its way is unknown, as after any crash, and the next run settles it.
    """
    if runs.busy():
        sys.stdout.flush()
        os._exit(code)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        problem = f"Cannot listen on {host}:{port}: {error.strerror}."
        raise HubError(problem, hint="Choose another port in hub.toml: [web] listen.") from None
    return listener
