"""A whole run against the floor: everything first, then nothing new, then one customer in a hundred changed.

    python -m benchmarks.full_run --customers 1000000 --orders 5000000 --times 3 --out full_run.json

Goals: at most twice the floor (`floor.py`), under 4 GiB, and a run that finds nothing new under a tenth of the first.
Hub and floor must find the same people and (within one in a thousand, where a fifth ends between equal values) the
same segments, or the comparison is refused.
"""

import argparse
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.generate import generate
from benchmarks.measure import Taken, child, middle, publish

SHOP = Path(__file__).parent / "shop" / "config"
_TIMES = ("wall", "cpu")


def make_project(root: Path, data: Path) -> None:
    """Make a project that reads customers.csv and orders.csv of `data`."""
    shutil.copytree(SHOP, root / "config")
    (root / "plugins").mkdir()
    (root / "input").mkdir()
    for name in ("customers.csv", "orders.csv"):
        (root / "input" / name).symlink_to((data / name).resolve())


def bring_changes(root: Path, data: Path) -> None:
    """Put the files of the 1 % change beside the first ones."""
    for name in ("customers-1.csv", "orders-1.csv"):
        (root / "input" / name).symlink_to((data / f"{name}.later").resolve())


def once(data: Path, work: Path) -> dict[str, Taken]:
    """Measure the floor and the three runs of the hub."""
    shutil.rmtree(work, ignore_errors=True)
    taken = {"floor": child("benchmarks.floor", data, work / "floor")}
    project = work / "project"
    make_project(project, data)
    taken["first"] = child("benchmarks.hub_run", project)
    taken["unchanged"] = child("benchmarks.hub_run", project)
    bring_changes(project, data)
    taken["changed"] = child("benchmarks.hub_run", project)
    refuse_different(taken["floor"].said, taken["first"].said)
    shutil.rmtree(work)
    return taken


def refuse_different(floor: Mapping[str, float], hub: Mapping[str, float]) -> None:
    """Stop when the two did not do the same."""
    for name in floor.keys() - set(_TIMES):
        if abs(floor[name] - hub[name]) > max(1, floor[name] / 1000):
            raise SystemExit(f"{name}: the floor counts {floor[name]:,.0f}, the hub {hub[name]:,.0f}")


def rows_of(found: Mapping[str, Taken]) -> list[dict[str, object]]:
    """One row per run, with ratios to the floor and to the first run."""
    floor, first = found["floor"], found["first"]
    return [
        {
            "run": name,
            "s": each.wall,
            "CPU s": each.cpu,
            "peak MB": round(each.rss),
            "/ floor": each.wall / floor.wall,
            "/ floor, CPU": each.cpu / floor.cpu,
            "/ first": each.said["wall"] / first.said["wall"] if name != "floor" else "",
            "/ first, CPU": each.said["cpu"] / first.said["cpu"] if name != "floor" else "",
        }
        for name, each in found.items()
    ]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--orders", type=int, default=5_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        generate(data, asked.customers, asked.orders)
        goes = [once(data, Path(folder) / "work") for _ in range(asked.times)]
    found = {name: middle([go[name] for go in goes]) for name in goes[0]}
    size = {"customers": asked.customers, "orders": asked.orders, "times": asked.times}
    publish({**size, "median": {name: each.model_dump() for name, each in found.items()}}, rows_of(found), asked.out)


if __name__ == "__main__":
    main()
