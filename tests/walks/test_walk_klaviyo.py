"""Walk 7: profiles and a list at Klaviyo, through the whole pipeline."""

from pathlib import Path

import pytest

from tests.support.walks.project import WalkProject, addresses, audience_project
from tests.support.walks.roster import Roster
from tests.support.walks.vendor import Fault, Killed
from tests.support.walks.vendor_klaviyo import KLAVIYOS, KlaviyoAccount

KEYS = """
    target  = { list = "vip" }
    fields  = { first_name = "first_name" }
    consent = { channel = "email" }
"""
LIST = "list/vip"


def seeded(folder: Path, people: int = 6) -> tuple[WalkProject, Roster, KlaviyoAccount]:
    """A project, its people, and the account that shall hold them."""
    project, roster = audience_project(folder, "walk_klaviyo", KEYS, people)
    return project, roster, KLAVIYOS[project.account]


def test_a_job_gives_ids_and_the_list_takes_them(tmp_path: Path) -> None:
    """The import is polled to its end, then the list is filled, all in one run; the second run sends nothing."""
    project, _, klaviyo = seeded(tmp_path)
    report = project.run()
    assert ("green", 6) == (report.status, report.audiences[0].added)
    assert addresses(1, 2, 3, 4, 5, 6) == klaviyo.on_list(LIST) == sorted(klaviyo.profiles)
    assert [("import", 4), ("import", 2), ("list", 4), ("list", 2)] == klaviyo.take()
    project.run()
    assert [] == klaviyo.sent


def test_one_change_sends_that_change(tmp_path: Path) -> None:
    """A new name is one import; somebody who is gone leaves the list and stays a profile."""
    project, roster, klaviyo = seeded(tmp_path)
    project.run()
    klaviyo.take()
    roster.rename(1, "Renamed")
    project.run()
    assert ([("import", 1)], "Renamed") == (klaviyo.take(), klaviyo.profiles["person-1@shop.example"]["first_name"])
    del roster.people["2"]
    assert 1 == project.deliver().removed
    assert ([("list", 1)], addresses(1, 3, 4, 5, 6)) == (klaviyo.take(), klaviyo.on_list(LIST))


def test_a_malformed_row_does_not_cost_the_request(tmp_path: Path) -> None:
    """The pointer names the row: it is refused, the others go again at once."""
    project, roster, klaviyo = seeded(tmp_path)
    roster.readdress(2, "malformed@shop.example")
    count = project.deliver()
    assert (5, 1, addresses(1, 3, 4, 5, 6)) == (count.added, count.rejected, klaviyo.on_list(LIST))


def test_errors_of_a_job_are_of_its_rows(tmp_path: Path) -> None:
    """Errors that come with the finished job mean the rows that were sent, also after another was taken out."""
    project, roster, klaviyo = seeded(tmp_path)
    roster.readdress(2, "malformed@shop.example")
    roster.readdress(4, "fake@shop.example")
    count = project.deliver()
    assert (4, 2, addresses(1, 3, 5, 6)) == (count.added, count.rejected, klaviyo.on_list(LIST))
    klaviyo.take()
    project.run()
    assert [] == klaviyo.sent


@pytest.mark.parametrize("faults", [["lost"], ["lost", "lost"], [None, None, "lost", "lost"], ["busy", None, "lost"]])
def test_lost_answers_end_in_the_same_list(tmp_path: Path, faults: list[Fault]) -> None:
    """A job whose number was lost runs twice, which changes nothing."""
    project, _, klaviyo = seeded(tmp_path)
    klaviyo.faults.extend(faults)
    project.run()
    project.run()
    assert addresses(1, 2, 3, 4, 5, 6) == klaviyo.on_list(LIST)
    klaviyo.take()
    project.run()
    assert [] == klaviyo.sent


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_killed_run_ends_in_the_same_list(tmp_path: Path, place: int) -> None:
    """Killed with a job running, the next run asks for it, learns the ids and fills the list."""
    project, _, klaviyo = seeded(tmp_path)
    klaviyo.faults.extend([*[None] * place, "killed"])
    with pytest.raises(Killed):
        project.run()
    project.run()
    project.run()
    assert addresses(1, 2, 3, 4, 5, 6) == klaviyo.on_list(LIST)
