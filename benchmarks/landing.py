"""Landing a CSV file of orders against DuckDB's own copy of the same file, and identifiers against the libraries.

    python -m benchmarks.landing --rows 1000000 --times 5 --out landing.json

Goals: at most 1.5 times `COPY (SELECT * FROM read_csv(file, all_varchar = true)) TO parquet` of the same file in the
same run; normalising identifiers, which is measured apart, at most 1.3 times what the libraries take over the distinct
values.
"""

import tempfile
from pathlib import Path

import duckdb

from benchmarks.generate import generate
from benchmarks.measure import Taken, by_rows, child, middle

_WAYS = ("copy", "land", "land-with-identifiers")


def make_file(folder: Path, rows: int) -> Path:
    """Write the first `rows` orders of the generated shop."""
    generate(folder / "shop", max(rows // 5, 1), rows)
    path = folder / "orders.csv"
    read = f"select * from read_csv('{folder / 'shop' / 'orders.csv'}', all_varchar = true) limit {rows}"
    duckdb.connect().execute(f"copy ({read}) to '{path}' (header)").fetchall()
    return path


def measure(rows: int, times: int) -> dict[str, Taken]:
    """Medians by way; the ways take turns, so that a busy minute disturbs all of them."""
    goes: dict[str, list[Taken]] = {way: [] for way in _WAYS}
    with tempfile.TemporaryDirectory() as name:
        path = make_file(Path(name), rows)
        for number in range(times):
            for way in _WAYS:
                goes[way].append(child("benchmarks.landing_ways", way, path, Path(name) / f"{way}-{number}"))
    found = {way: middle(each) for way, each in goes.items()}
    identifiers = [child("benchmarks.landing_ways", "identifiers", str(min(rows, 100_000)), ".") for _ in range(times)]
    return {**found, "identifiers": middle(identifiers)}


def rows_of(found: dict[str, Taken]) -> list[dict[str, object]]:
    """One row per way: the work alone, without starting Python; ratios to the copy, and to the libraries."""
    rows: list[dict[str, object]] = []
    for name, each in found.items():
        base = found["copy"].said if name in _WAYS else {"wall": each.said["library"], "cpu": each.said["library"]}
        wall, cpu = each.said["wall"], each.said["cpu"]
        ratios = {"wall ratio": wall / base["wall"], "CPU ratio": cpu / base["cpu"]}
        rows.append({"way": name, "s": wall, "CPU s": cpu, "peak MB": round(each.rss), **ratios})
    return rows


if __name__ == "__main__":
    by_rows(__doc__, measure, rows_of, times=5)
