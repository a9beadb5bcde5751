"""`hub serve`: the daemon."""

from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from hub.cli.ask import require_free
from hub.cli.options import HERE, AsJson, Folder
from hub.cli.show import as_json, line
from hub.cli.stopping import signalled

if TYPE_CHECKING:
    from hub.web.endpoint import Endpoint


def serve(*, project: Folder = HERE, json: AsJson = False) -> None:
    """Run on the schedules in config and answer the other commands, until SIGTERM or Ctrl-C.

    It then finishes what it can in ten seconds and exits with 0; a batch on its way stays unknown and is settled by the
    next run.
    """
    require_free(project)
    _serve(project, signalled(), json=json)


def _serve(root: Path, stopped: SimpleQueue[int], *, json: bool) -> None:
    from hub import logs
    from hub.daemon import Daemon
    from hub.project import Project
    from hub.web.server import leave_if_busy, serving

    logs.configure("info")
    project = Project.open(root)
    try:
        host, _, port = project.settings.hub.web.listen.rpartition(":")
        with serving(project, host=host.strip("[]"), port=int(port)) as served:
            daemon = Daemon(project.settings, served.runs.perform, project.spool.due)
            daemon.start()
            _announce(served.endpoint, daemon.jobs(), json=json)
            stopped.get()
            daemon.stop()
        leave_if_busy(served.runs, 0)
    finally:
        project.close()


def _announce(endpoint: "Endpoint", jobs: list[str], *, json: bool) -> None:
    if json:
        as_json({"url": endpoint.url, "pid": endpoint.pid, "jobs": jobs})
    else:
        line(f"Serving at {endpoint.url} (pid {endpoint.pid}): {', '.join(jobs)}. Ctrl-C stops.")
