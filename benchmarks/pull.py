"""Pulling customers of 1 KB from a paged server of this machine and landing them, against plain httpx and json.loads.

    python -m benchmarks.pull --rows 1000000 --times 3 --out pull.json

Goals: at most 1.5 times the floor over the same pages in the same run, never above twice, identifiers apart; peak
memory below 500 MB, and no more of it for more pages.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import ROOT, Taken, by_rows, child, middle

_WAYS = {"floor": "plain", "read": "plain", "land": "plain", "identifiers": "people"}


@contextmanager
def serving(rows: int) -> Iterator[str]:
    """Serve so many customers; the base address."""
    command = [sys.executable, "-m", "benchmarks.pull_server", str(rows)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None  # noqa: S101 - for the type checker
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


def measure(rows: int, times: int) -> dict[str, Taken]:
    """Medians by way; the ways take turns. `few` lands a tenth of the rows, for its memory.

    Raises:
        SystemExit: a way found another number of rows.
    """
    goes: dict[str, list[Taken]] = {way: [] for way in (*_WAYS, "few")}
    with tempfile.TemporaryDirectory() as name, serving(rows) as url, serving(max(rows // 10, 1)) as small:
        for number in range(times):
            for way, kind in _WAYS.items():
                goes[way].append(child("benchmarks.pull_ways", way, f"{url}/{kind}", Path(name) / f"{way}-{number}"))
            goes["few"].append(child("benchmarks.pull_ways", "land", f"{small}/plain", Path(name) / f"few-{number}"))
    found = {way: middle(each) for way, each in goes.items()}
    wrong = {way for way in _WAYS if found[way].said["rows"] != rows}
    if wrong:
        raise SystemExit(f"not all rows were read: {wrong}")
    return found


def rows_of(found: dict[str, Taken]) -> list[dict[str, object]]:
    """One row per way, with ratios to the floor."""
    rows: list[dict[str, object]] = []
    floor = found["floor"].said
    for name, each in found.items():
        said, peak = each.said, round(each.rss)
        ratios = {"wall ratio": said["wall"] / floor["wall"], "CPU ratio": said["cpu"] / floor["cpu"]}
        rows.append(
            {
                "way": name,
                "rows": round(said["rows"]),
                "s": said["wall"],
                "CPU s": said["cpu"],
                "peak MB": peak,
            }
            | (ratios if said["rows"] == floor["rows"] else dict.fromkeys(ratios, "-"))
        )
    return rows


if __name__ == "__main__":
    by_rows(__doc__, measure, rows_of, times=3)
