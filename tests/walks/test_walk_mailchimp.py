"""Walk 3: a list at Mailchimp, kept equal to a segment through the whole pipeline."""

from pathlib import Path

import pytest

from tests.support.walks.project import WalkProject, addresses, audience_project
from tests.support.walks.roster import Roster
from tests.support.walks.vendor import Fault, Killed
from tests.support.walks.vendor_mailchimp import LISTS, MailingList

KEYS = """
    target  = { tag = "vip" }
    fields  = { FNAME = "first_name" }
    consent = { channel = "email" }
"""


def seeded(folder: Path, people: int = 4) -> tuple[WalkProject, Roster, MailingList]:
    """A project, its people, and the list that shall hold them."""
    project, roster = audience_project(folder, "walk_mailchimp", KEYS, people)
    return project, roster, LISTS[project.account]


def test_the_tag_marks_the_segment(tmp_path: Path) -> None:
    """Contacts come with their fields, then the tag; the second run sends nothing."""
    project, _, box = seeded(tmp_path)
    report = project.run()
    assert ("green", 4) == (report.status, report.audiences[0].added)
    assert addresses(1, 2, 3, 4) == sorted(box.tags["vip"]) == sorted(box.members)
    assert {"FNAME": "Name 2"} == box.members["person-2@shop.example"]
    assert [("members", 3), ("members", 1), ("tag", 3), ("tag", 1)] == box.take()
    project.run()
    assert [] == box.sent


def test_one_change_sends_that_change(tmp_path: Path) -> None:
    """A new name is one contact; somebody who is gone loses the tag and stays a contact."""
    project, roster, box = seeded(tmp_path)
    project.run()
    box.take()
    roster.rename(1, "Renamed")
    assert (1, 1) == ((count := project.deliver()).planned, count.updated)
    assert ([("members", 1)], {"FNAME": "Renamed"}) == (box.take(), box.members["person-1@shop.example"])
    del roster.people["2"]
    assert 1 == project.deliver().removed
    assert ([("tag", 1)], addresses(1, 3, 4)) == (box.take(), sorted(box.tags["vip"]))
    assert "person-2@shop.example" in box.members


def test_who_was_never_ours_stays(tmp_path: Path) -> None:
    """Somebody whom others tagged by hand is left alone."""
    project, _, box = seeded(tmp_path)
    box.members["stranger@shop.example"] = {}
    box.tags["vip"] = {"stranger@shop.example"}
    project.run()
    project.run()
    assert "stranger@shop.example" in box.tags["vip"]


def test_errors_are_matched_by_address(tmp_path: Path) -> None:
    """The errors come in no order and in other letters: the bad row alone is refused, and is not sent again."""
    project, roster, box = seeded(tmp_path)
    roster.readdress(1, "fake@shop.example")
    count = project.deliver()
    assert (4, 3, 1) == (count.wanted, count.added, count.rejected)
    assert addresses(2, 3, 4) == sorted(box.tags["vip"])
    box.take()
    project.run()
    assert [] == box.sent


def test_an_opt_out_lands_as_consent(tmp_path: Path) -> None:
    """Who opted out at the vendor is not tagged, is no longer wanted in the next run, and is never written again."""
    project, _, box = seeded(tmp_path)
    box.opted_out = {"person-3@shop.example"}
    count = project.deliver()
    assert (3, 1) == (count.added, count.suppressed)
    box.take()
    assert 3 == project.deliver().wanted
    assert [] == box.sent
    told = project.rows("select channel, purpose, state, source from current_consents where _connection = 'tool'")
    assert [("email", "marketing", "denied", "tool")] == told


@pytest.mark.parametrize("faults", [["lost"], ["lost", "lost"], [None, None, "lost"], ["busy", "lost", None, "lost"]])
def test_lost_answers_end_in_the_same_list(tmp_path: Path, faults: list[Fault]) -> None:
    """Whatever was applied unseen: contacts and tags are right, at the latest after the next run."""
    project, _, box = seeded(tmp_path)
    box.faults.extend(faults)
    project.run()
    project.run()
    assert addresses(1, 2, 3, 4) == sorted(box.tags["vip"]) == sorted(box.members)
    box.take()
    project.run()
    assert [] == box.sent


@pytest.mark.parametrize("place", range(4))
def test_a_killed_run_ends_in_the_same_list(tmp_path: Path, place: int) -> None:
    """Killed after any request, the next run knows what it does not know and ends where it would have ended."""
    project, _, box = seeded(tmp_path)
    box.faults.extend([*[None] * place, "killed"])
    with pytest.raises(Killed):
        project.run()
    project.run()
    assert addresses(1, 2, 3, 4) == sorted(box.tags["vip"]) == sorted(box.members)
    box.take()
    project.run()
    assert [] == box.sent
