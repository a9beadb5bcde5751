"""`hub serve`: the daemon."""

import signal
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from hub.cli.ask import require_free
from hub.cli.options import HERE, AsJson, Folder
from hub.cli.show import as_json, line

if TYPE_CHECKING:
    from hub.web.endpoint import Endpoint


def serve(*, project: Folder = HERE, json: AsJson = False) -> None:
    """Run on the schedules in config and answer the other commands, until SIGTERM or Ctrl-C.

    It then finishes what it can in ten seconds and exits with 0; a batch on its way stays unknown and is settled by the
    next run.
    """
    require_free(project)
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    _serve(project, stopped, json=json)


def _serve(root: Path, stopped: Event, *, json: bool) -> None:
    from hub import logs
    from hub.daemon import Daemon
    from hub.project import Project
    from hub.web.server import leave_if_busy, serving

    logs.configure("info")
    project = Project.open(root)
    try:
        host, _, port = project.settings.hub.web.listen.rpartition(":")
        with serving(project, host=host.strip("[]"), port=int(port)) as served:
            daemon = Daemon(project.settings, served.runs.perform)
            daemon.start()
            _announce(served.endpoint, daemon.jobs(), json=json)
            stopped.wait()
            daemon.stop()
        leave_if_busy(served.runs, 0)
    finally:
        project.close()


def _announce(endpoint: "Endpoint", jobs: list[str], *, json: bool) -> None:
    if json:
        as_json({"url": endpoint.url, "pid": endpoint.pid, "jobs": jobs})
    else:
        line(f"Serving at {endpoint.url} (pid {endpoint.pid}): {', '.join(jobs)}. Ctrl-C stops.")
