"""Walk 4: contacts and a static list at HubSpot, through the whole pipeline."""

from pathlib import Path

import pytest

from tests.support.walks.project import WalkProject, addresses, audience_project
from tests.support.walks.roster import Roster
from tests.support.walks.vendor import Fault, Killed
from tests.support.walks.vendor_hubspot import PORTALS, Portal

KEYS = """
    target  = { list = "vip" }
    fields  = { firstname = "first_name" }
    consent = { channel = "email" }
"""
LIST = "list/vip"


def seeded(folder: Path, people: int = 4) -> tuple[WalkProject, Roster, Portal]:
    """A project, its people, and the portal that shall hold them."""
    project, roster = audience_project(folder, "walk_hubspot", KEYS, people)
    return project, roster, PORTALS[project.account]


def test_the_list_holds_record_ids(tmp_path: Path) -> None:
    """Contacts give ids, the list is filled with them in the same run, and the second run sends nothing."""
    project, _, portal = seeded(tmp_path)
    report = project.run()
    assert ("green", 4) == (report.status, report.audiences[0].added)
    assert (set(portal.ids.values()), addresses(1, 2, 3, 4)) == (portal.lists[LIST], portal.on_list(LIST))
    assert [("contacts", 3), ("contacts", 1), ("list", 3), ("list", 1)] == portal.take()
    project.run()
    assert [] == portal.sent


def test_one_change_sends_that_change(tmp_path: Path) -> None:
    """A new name is one contact; somebody who is gone leaves the list under the id that put them there."""
    project, roster, portal = seeded(tmp_path)
    project.run()
    portal.take()
    roster.rename(1, "Renamed")
    project.run()
    assert ([("contacts", 1)], "Renamed") == (portal.take(), portal.contacts["person-1@shop.example"]["firstname"])
    del roster.people["2"]
    assert 1 == project.deliver().removed
    assert ([("list", 1)], addresses(1, 3, 4)) == (portal.take(), portal.on_list(LIST))


def test_a_partial_failure_is_told_by_trace_ids(tmp_path: Path) -> None:
    """207: the contact with an error is refused and on no list; the others have their ids."""
    project, roster, portal = seeded(tmp_path)
    roster.readdress(2, "fake@shop.example")
    count = project.deliver()
    assert (3, 1, addresses(1, 3, 4)) == (count.added, count.rejected, portal.on_list(LIST))
    portal.take()
    project.run()
    assert [] == portal.sent


def test_nobody_is_twice_in_a_batch(tmp_path: Path) -> None:
    """Two people of one address are one contact: the vendor would refuse the whole batch."""
    project, roster, portal = seeded(tmp_path)
    roster.readdress(2, "Person-1@Shop.example")
    report = project.run()
    assert ("green", addresses(1, 3, 4)) == (report.status, portal.on_list(LIST))


def test_an_id_that_never_came_back_is_looked_up(tmp_path: Path) -> None:
    """A record that shows another primary address gives no certain id: `resolve` finds it before the list needs it."""
    project, _, portal = seeded(tmp_path)
    portal.aliases["person-2@shop.example"] = "old@shop.example"
    assert 4 == project.deliver().added
    assert [*addresses(1, 3, 4)] == [each for each in portal.on_list(LIST) if each != "old@shop.example"]
    assert portal.ids["old@shop.example"] in portal.lists[LIST]


def test_a_looked_up_id_also_removes(tmp_path: Path) -> None:
    """The id that put somebody on the list takes them off it."""
    project, roster, portal = seeded(tmp_path)
    portal.aliases["person-2@shop.example"] = "old@shop.example"
    project.run()
    del roster.people["2"]
    project.run()
    assert addresses(1, 3, 4) == portal.on_list(LIST)


@pytest.mark.parametrize("faults", [["lost"], ["lost", "lost"], [None, None, "lost", "lost"], ["busy", None, "lost"]])
def test_lost_answers_end_in_the_same_list(tmp_path: Path, faults: list[Fault]) -> None:
    """An id whose answer was lost comes with the second attempt; the list is right at the latest after the next run."""
    project, _, portal = seeded(tmp_path)
    portal.faults.extend(faults)
    project.run()
    project.run()
    assert addresses(1, 2, 3, 4) == portal.on_list(LIST)
    portal.take()
    project.run()
    assert [] == portal.sent


@pytest.mark.parametrize("place", [0, 2])
def test_a_killed_run_ends_in_the_same_list(tmp_path: Path, place: int) -> None:
    """Killed among the contacts or among the list's changes, the next run ends where it would have ended."""
    project, _, portal = seeded(tmp_path)
    portal.faults.extend([*[None] * place, "killed"])
    with pytest.raises(Killed):
        project.run()
    project.run()
    assert addresses(1, 2, 3, 4) == portal.on_list(LIST)
