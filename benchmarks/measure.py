"""Run a piece of work in a process of its own and say what it took.

Machines are shared and noisy, so what counts are ratios of medians within one run: of the time on the clock, and of
the CPU seconds of the whole process, which a busy neighbour disturbs less.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

from pydantic import BaseModel

ROOT = Path(__file__).parent.parent


class Taken(BaseModel):
    """What a process took: seconds on the clock, CPU seconds (user and system), peak memory in MB; and what it said."""

    wall: float
    cpu: float
    rss: float
    said: dict[str, float] = {}


def child(module: str, *arguments: str | Path) -> Taken:
    """Run `python -m module arguments`; the last line that it prints is a JSON object of numbers.

    Raises:
        SystemExit: it failed.
    """
    command = [sys.executable, "-c", _WRAPPED, module, *map(str, arguments)]
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    wall = time.monotonic() - started
    if done.returncode:
        raise SystemExit(f"{module} failed:\n{done.stderr[-3000:]}")
    said, used = (json.loads(line) for line in done.stdout.splitlines()[-2:])
    return Taken(wall=wall, cpu=used["cpu"], rss=used["rss"], said=said)


# Each child measures itself at its end: what the parent can ask for is the greatest of all its children so far.
_WRAPPED = """
import json, resource, runpy, sys
module, sys.argv = sys.argv[1], sys.argv[1:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "rss": used.ru_maxrss / 1024}))
"""


def middle(taken: Sequence[Taken]) -> Taken:
    """The medians of several goes; memory is the greatest seen."""
    numbers = {name: median(each.said[name] for each in taken) for name in taken[0].said}
    return Taken(
        wall=median(each.wall for each in taken),
        cpu=median(each.cpu for each in taken),
        rss=max(each.rss for each in taken),
        said=numbers,
    )


def own_cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Write rows as a Markdown table."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([_cell(row[name]) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def publish(result: Mapping[str, object], rows: Sequence[Mapping[str, object]], out: Path | None) -> None:
    """Print the table, and write everything as JSON where asked to."""
    print(table(rows))
    if out:
        out.write_text(json.dumps(result, indent=1, default=str), encoding="utf-8")


def by_rows(
    about: str | None,
    measure: Callable[[int, int], dict[str, Taken]],
    rows_of: Callable[[dict[str, Taken]], list[dict[str, object]]],
    times: int,
) -> None:
    """Read the command line of a benchmark that has so many rows, and goes over them so many times; publish it."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=times)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    found = measure(asked.rows, asked.times)
    medians = {name: each.model_dump() for name, each in found.items()}
    publish({"rows": asked.rows, "times": asked.times, "median": medians}, rows_of(found), asked.out)
