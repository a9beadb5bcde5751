"""One pass of the hub over a project, as far as the segments: `python -m benchmarks.hub_run PROJECT`."""

import json
import sys
import time
from datetime import datetime
from pathlib import Path

from benchmarks.generate import AS_OF
from benchmarks.measure import own_cpu
from hub.pipeline import run
from hub.project import Project
from hub.report import RunReport, RunRequest


def go(root: Path) -> RunReport:
    """Open the project, run, close."""
    as_of = datetime.fromisoformat(AS_OF)
    project = Project.open(root)
    request = RunRequest(until="segment", as_of=as_of)
    try:
        number = project.store.start_run("full", as_of, {})
        return run(project, request, run_id=number, tell=lambda _: None, cancelled=lambda: False)
    finally:
        project.close()


def main() -> None:
    """Print sizes, and what the pass alone took (`wall`, `cpu`), without starting Python and importing."""
    cpu, started = own_cpu(), time.monotonic()
    report = go(Path(sys.argv[1]))
    if report.status not in {"green", "amber"} or report.failures:
        raise SystemExit(f"{report.status}: {report.failures}")
    sizes = {each.name: each.size for each in report.segments}
    taken = {"wall": time.monotonic() - started, "cpu": own_cpu() - cpu}
    print(json.dumps({**taken, "profiles": report.profiles, **sizes}))


if __name__ == "__main__":
    main()
