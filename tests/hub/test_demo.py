"""The demo: its data, its project, and the whole flow through it."""

import csv
import gzip
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from hub.demo.projects import HERE, MARK, make_demo, make_project, write_env
from hub.demo.scene import load_scene
from hub.project import load_settings
from hub.sdk.errors import ConfigError
from tests.support.cli import hub

TOP = Path(__file__).parent.parent.parent
MOST_BYTES = 3_000_000


def lines(name: str) -> list[dict[str, str]]:
    """The rows of one of the demo's data files."""
    content = (HERE / "data" / name).read_bytes()
    return list(csv.DictReader((gzip.decompress(content) if name.endswith(".gz") else content).decode().splitlines()))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, Any]]:
    """A demo that ran: its folder and its report."""
    root = tmp_path_factory.mktemp("demo") / "hub-demo"
    ended = hub("demo", str(root), "--json")
    assert ended.code == 0, ended.err
    return root, ended.json


def test_data_is_small_and_says_what_is_synthetic() -> None:
    """The data fits into the wheel; every made-up row says so, and no address can receive mail."""
    assert sum(path.stat().st_size for path in (HERE / "data").iterdir()) <= MOST_BYTES
    households = lines("households.csv")
    assert {row["source"] for row in households + lines("consents.csv")} == {"synthetic"}
    assert {row["email"] for row in households} == {
        f"household-{row['household_id']}@shop.example" for row in households
    }


def test_data_is_whole() -> None:
    """75,000 lines, and every household in any file has an address."""
    known = {row["household_id"] for row in lines("households.csv")}
    assert len(lines("transactions.csv.gz")) == 75_000
    for name in (
        "transactions.csv.gz",
        "demographics.csv",
        "mailings.csv.gz",
        "coupon_redemptions.csv",
        "consents.csv",
    ):
        assert {row["household_id"] for row in lines(name)} <= known


def test_top_folder_is_what_the_demo_writes(tmp_path: Path) -> None:
    """`config/` at the top of the repository is the demo's example, file by file."""
    make_demo(tmp_path / "demo")
    ours = {path.name: path.read_text() for path in (TOP / "config").glob("*.toml")}
    assert ours == {path.name: path.read_text() for path in (tmp_path / "demo/config").glob("*.toml")}


@pytest.mark.parametrize("starter", ["demo", "empty"])
def test_configs_load(tmp_path: Path, starter: str) -> None:
    """Both projects that the hub writes are valid as they come."""
    root = tmp_path / "project"
    if starter == "demo":
        make_demo(root)
        played = load_scene().sandbox[0].env
        write_env(root, {name: value.replace("{url}", "http://127.0.0.1:9") for name, value in played.items()})
    else:
        make_project(root)
    settings, _ = load_settings(root)
    assert settings.warnings == ()


def test_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    """A folder that holds something else is not touched."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="not empty"):
        make_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_again_keeps_config_and_forgets_data(tmp_path: Path) -> None:
    """A second demo keeps edited config; what the hub believed of a tool that is gone goes with it."""
    root = tmp_path / "demo"
    assert make_demo(root) is False
    (root / "config/segments.toml").write_text("# mine\n")
    (root / "data").mkdir()
    (root / "data/derived.duckdb").touch()
    (root / "data/key").write_bytes(b"k")
    assert make_demo(root) is True
    assert (root / "config/segments.toml").read_text() == "# mine\n"
    assert [path.name for path in (root / "data").iterdir()] == ["key"]
    assert (root / MARK).exists()


def rows(report: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    """A list of the report."""
    found: Sequence[Mapping[str, Any]] = report[key]
    return found


@pytest.mark.slow
def test_demo_fills_lists(demo: tuple[Path, Mapping[str, Any]]) -> None:
    """The whole flow is green: every row landed, every person consenting in a segment is on its list."""
    report = demo[1]
    assert (report["status"], report["profiles"]) == ("green", 2379)
    assert all(row["read"] == row["landed"] for row in rows(report, "streams"))
    assert all(row["size"] > 0 for row in rows(report, "segments"))
    assert sum(row["size"] for row in rows(report, "stages")) == 2379
    delivered = {row["name"]: (row["wanted"], row["added"], row["removed"]) for row in rows(report, "audiences")}
    assert {"win-back", "champions", "welcome"} <= set(delivered)
    assert all(wanted == added > 0 and removed == 0 for wanted, added, removed in delivered.values())


@pytest.mark.slow
def test_what_the_demo_suggests_works(demo: tuple[Path, Mapping[str, Any]]) -> None:
    """The commands that it prints at the end answer, with the simulated tool gone."""
    root = str(demo[0])
    assert hub("segments", "-C", root).code == 0
    assert hub("preview", "-C", root, "orders >= 5 and discount_share > 0.3").code == 0
    assert "champions" in hub("why", "-C", root, "household@journey:1", "champions").out
    assert hub("run", "-C", root, "--until", "segment", "--as-of", "2018-01-01").code == 0
    plans = json.loads(hub("plan", "-C", root, "--as-of", "2018-01-01", "--json").out)["audiences"]
    assert {plan["planned"] for plan in plans} == {0}


@pytest.mark.slow
def test_lapsed_households_agree_with_plain_python(demo: tuple[Path, Mapping[str, Any]]) -> None:
    """Households with four baskets and more in December's last four weeks, counted by hand, are the segment."""
    baskets: dict[str, set[str]] = {}
    for row in lines("transactions.csv.gz"):
        if "2017-12-04 05:00:00" <= row["transaction_timestamp"] < "2018-01-01 05:00:00":
            baskets.setdefault(row["household_id"], set()).add(row["basket_id"])
    expected = sum(len(found) >= 4 for found in baskets.values())
    sizes = {row["name"]: row["size"] for row in rows(demo[1], "segments")}
    assert expected == sizes["weekly_shoppers"]


@pytest.mark.slow
def test_demo_again_in_the_same_folder(demo: tuple[Path, Mapping[str, Any]]) -> None:
    """Running the demo once more gives the same lists; nothing in its files is open to other users."""
    root, first = demo
    again = hub("demo", str(root), "--json").json
    assert first["segments"] == again["segments"]
    assert first["audiences"] == again["audiences"]
    assert os.stat(root / ".env").st_mode & 0o077 == 0  # noqa: PTH116
