# ruff: noqa: ARG002 - the tool in here takes the arguments of the contract
"""Delivery after a killed process, a restored store, a lost key: the list ends equal to the segment."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from hub.outbox.plan import AudienceJob
from hub.sdk.connector import Destination
from hub.sdk.records import Accepted, Answer, Batch, Json, Target, Verdict
from hub.sdk.settings import Settings
from tests.support.delivery import Shop, Tool, add_people, job, set_members

TESTS = Path(__file__).parents[2]
NAMES = ["anna", "ben", "cleo", "dora", "emil"]
CONTACT = Target("contacts", "object", fields=True, may_remove=False)
LIST = Target("list", "membership", depends_on="contacts")


class FileTool(Tool):
    """A tool whose lists outlive the process, and which can kill it at a call: `("push", 2)` is the second push."""

    def __init__(self, folder: Path, kill: tuple[str, int] | None = None) -> None:
        super().__init__(targets=[CONTACT, LIST])
        self.file = folder / "tool.json"
        self.kill = kill
        self.calls: dict[str, int] = {}
        for key, members in json.loads(self.file.read_text()).items() if self.file.exists() else ():
            self.members[key] = {frozenset(map(tuple, wire)): fields for wire, fields in members}

    def reach(self, call: str) -> None:
        """Die where the test says."""
        self.calls[call] = self.calls.get(call, 0) + 1
        if self.kill == (call, self.calls[call]):
            os.kill(os.getpid(), signal.SIGKILL)

    def open(self, target: Target, audience: object, plan_id: str, total: int) -> Json:
        """Open, or die."""
        self.reach("open")
        return None

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        """Apply and keep, or die before or after."""
        self.reach("push")
        answer = super().push(target, handle, batch)
        lists = {key: [[sorted(wire), fields] for wire, fields in held.items()] for key, held in self.members.items()}
        self.file.write_text(json.dumps(lists))
        self.reach("applied")
        return answer

    def close(self, target: Target, handle: Json) -> None:
        """Close, or die."""
        self.reach("close")


def deliver_in(folder: Path, kill: tuple[str, int] | None = None) -> tuple[Shop, FileTool]:
    """Run one delivery of everybody in `vip`."""
    shop = Shop(folder)
    add_people(shop.engine, "vip", NAMES)
    tool = FileTool(folder, kill)
    shop.run(audience(tool))
    return shop, tool


def audience(tool: Destination[Settings, Settings]) -> AudienceJob:
    """Return the audience that all tests deliver."""
    return job(tool, fields={"FNAME": "first_name"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "point",
    ["open-1", "push-1", "applied-1", "push-2", "applied-3", "close-1", "open-2", "push-5", "applied-6", "close-2"],
)
def test_killed_process_ends_in_the_same_membership(tmp_path: Path, point: str) -> None:
    """A process killed at any call to the tool is resumed by the next run, which ends in the wanted list."""
    call, times = point.split("-")
    program = f"""
from pathlib import Path
from test_recover import deliver_in
deliver_in(Path({str(tmp_path)!r}), ({call!r}, {times}))"""
    path = os.pathsep.join(map(str, (TESTS, Path(__file__).parent)))
    died = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}, check=False)
    assert -signal.SIGKILL == died.returncode
    shop, tool = deliver_in(tmp_path)
    assert NAMES == tool.emails("contacts") == tool.emails()
    assert [("present", 10)] == shop.engine.run("select presence, count(*) from ledger group by all")
    before = tool.sent
    shop.run(audience(tool))
    assert before == tool.sent


class Killed(BaseException):
    """Stands for the end of the process, in a test that goes on with the same objects."""


def dies_after(times: int) -> Callable[[Batch, Callable[[Batch], Answer]], Answer]:
    """Return a fault that applies the batch and ends the process."""

    def fault(batch: Batch, apply: Callable[[Batch], Answer]) -> Answer:
        apply(batch)
        raise Killed(times)

    return fault


def killed_run(shop: Shop, tool: Tool) -> None:
    """Deliver until the process dies in the second batch, whose request had been applied."""
    tool.faults = [lambda batch, apply: apply(batch), dies_after(2)]
    with pytest.raises(Killed):
        shop.run(job(tool))


def test_person_who_left_after_a_crash_is_removed_once_settled(tmp_path: Path) -> None:
    """Somebody whose add was in flight when the process died, and who then leaves, does not stay on the list."""
    shop = Shop(tmp_path)
    add_people(shop.engine, "vip", NAMES)
    tool = Tool()
    killed_run(shop, tool)
    set_members(shop.engine, "vip", ["anna"])
    report = shop.run(job(tool)).reports[0]
    assert report.unknown + report.held > 0
    shop.wait(timedelta(minutes=11))
    report = shop.run(job(tool)).reports[0]
    assert ["anna"] == tool.emails()
    assert (0, 0) == (report.unknown, report.held)


def test_recovery_says_what_is_unknown(tmp_path: Path) -> None:
    """The operator reads how many people are unknown after a crash."""
    shop = Shop(tmp_path)
    add_people(shop.engine, "vip", NAMES)
    tool = Tool()
    killed_run(shop, tool)
    shop.run(job(tool))
    assert ["vips: 2 unknown after an interrupted run; sent again where due."] == list(shop.recovered.messages)


def copy_of_store(shop: Shop, to: Path) -> None:
    """Take a backup of the control store."""
    shop.store.close()
    to.mkdir()
    shutil.copy(shop.folder / "control.sqlite", to / "control.sqlite")
    shop.__post_init__()


def test_restored_store_makes_lost_plans_unknown(tmp_path: Path) -> None:
    """An older control store is noticed; people sent since are unknown, asserted if wanted, removed if not."""
    shop = Shop(tmp_path / "data")
    add_people(shop.engine, "vip", NAMES)
    tool = Tool()
    copy_of_store(shop, tmp_path / "backup")
    shop.run(job(tool))
    shop.store.close()
    for file in (tmp_path / "data").glob("control.sqlite*"):
        file.unlink()
    shutil.copy(tmp_path / "backup" / "control.sqlite", tmp_path / "data" / "control.sqlite")
    for file in (tmp_path / "data" / "delivery").rglob("*.receipts.parquet"):
        file.unlink()
    restored = Shop(tmp_path / "data")
    add_people(restored.engine, "vip", ["anna"])
    restored.run(job(tool))
    assert "older than what was sent" in " ".join(restored.recovered.messages)
    restored.wait(timedelta(minutes=11))
    restored.run(job(tool))
    assert ["anna"] == tool.emails()


def test_restored_store_takes_receipts_that_are_still_there(tmp_path: Path) -> None:
    """Where a lost plan's receipts lie beside it, nothing is unknown and nothing is sent again."""
    shop = Shop(tmp_path / "data")
    add_people(shop.engine, "vip", NAMES)
    tool = Tool()
    copy_of_store(shop, tmp_path / "backup")
    shop.run(job(tool))
    before = tool.sent
    shop.store.close()
    for file in (tmp_path / "data").glob("control.sqlite*"):
        file.unlink()
    shutil.copy(tmp_path / "backup" / "control.sqlite", tmp_path / "data" / "control.sqlite")
    restored = Shop(tmp_path / "data")
    add_people(restored.engine, "vip", NAMES)
    restored.run(job(tool))
    assert before == tool.sent


def test_derived_database_that_knows_more_than_the_store_is_folded_anew(tmp_path: Path) -> None:
    """A ledger that contains plans of a store that is gone is dropped and folded from what is known."""
    shop = Shop(tmp_path)
    add_people(shop.engine, "vip", NAMES)
    tool = Tool()
    shop.run(job(tool))
    shop.engine.run("insert into ledger_applied values (99, 'gone')")
    shop.engine.run("delete from ledger where key = (select min(key) from ledger)")
    before = tool.sent
    shop.run(job(tool))
    assert before == tool.sent
    assert [(5,)] == shop.engine.run("select count(*) from ledger")


def test_job_of_a_killed_run_is_polled_on(tmp_path: Path) -> None:
    """A job that was running when the process died is asked for by the next run."""
    shop = Shop(tmp_path)
    add_people(shop.engine, "vip", ["anna", "ben"])
    tool = Tool()
    tool.jobs["j1"] = None
    tool.faults = [lambda _batch, _apply: Accepted(job="j1")]
    shop.run(job(tool))
    tool.jobs["j1"] = [Verdict(0, "present"), Verdict(1, "rejected", "bad")]
    shop.run(job(tool))
    found = shop.engine.run("select presence, parked, count(*) from ledger group by all order by all")
    assert [("none", "rejected", 1), ("present", "", 1)] == found


def test_plan_of_an_audience_that_is_gone_is_closed(tmp_path: Path) -> None:
    """A plan that a crash left open is closed although its audience is no longer in the config."""
    shop = Shop(tmp_path)
    add_people(shop.engine, "vip", NAMES)
    killed_run(shop, Tool())
    shop.run()
    assert [] == shop.store.open_plans()
    assert [("present", 2), ("unknown", 2)] == shop.engine.run(
        "select presence, count(*) from ledger group by all order by all"
    )
