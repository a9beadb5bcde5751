"""The benchmarks run, at a size that says nothing about speed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "size", "found"),
    [
        ("full_run", ["--customers", "300", "--orders", "1500"], {"floor", "first", "unchanged", "changed"}),
        ("landing", ["--rows", "500"], {"copy", "land", "land-with-identifiers", "identifiers"}),
        ("pull", ["--rows", "1050"], {"floor", "read", "land", "identifiers", "few"}),
    ],
)
def test_a_benchmark_measures_all_it_says(module: str, size: list[str], found: set[str], tmp_path: Path) -> None:
    """Each runs to its end, prints its table and writes its medians; hub and floor agree on whom they find."""
    out = tmp_path / "out.json"
    command = [sys.executable, "-m", f"benchmarks.{module}", *size, "--times", "1", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    assert found == set(json.loads(out.read_text(encoding="utf-8"))["median"])
    assert done.stdout.startswith("| ")
