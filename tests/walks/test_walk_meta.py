"""Walk 5: a custom audience at Meta, through the whole pipeline."""

from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.walks.project import WalkProject, audience_project
from tests.support.walks.roster import Roster
from tests.support.walks.vendor import Fault, Killed
from tests.support.walks.vendor_meta import AUDIENCES, Cells, CustomAudience

KEYS = """
    match_on = ["email", "phone"]
    consent  = { channel = "ads" }
"""


def seeded(folder: Path, connector: str = "walk_meta") -> tuple[WalkProject, Roster, CustomAudience]:
    """A project, its seven people, and the custom audience that shall hold them."""
    project, roster = audience_project(folder, connector, KEYS, 7)
    return project, roster, AUDIENCES[project.account]


def cells(email: str, phone: str) -> Cells:
    """Hash what the vendor hashes: the address, and the number's digits."""
    return sha256(email.encode()).hexdigest(), sha256(phone.removeprefix("+").encode()).hexdigest()


def wanted(roster: Roster) -> set[Cells]:
    """The rows of everybody on the roster."""
    return {cells(email, phone) for _, email, phone in roster.people.values()}


def test_people_are_hashes_in_one_session(tmp_path: Path) -> None:
    """Every batch has its number, the last one says so, and the session is closed."""
    project, roster, meta = seeded(tmp_path)
    report = project.run()
    assert ("green", 7, wanted(roster)) == (report.status, report.audiences[0].accepted, meta.people)
    (session,) = meta.sessions
    assert ({1, 2, 3}, 1, True) == (session.batches, session.flagged, session.closed)


def test_counts_are_believed_and_never_sent_in_a_loop(tmp_path: Path) -> None:
    """What was taken and told in counts alone counts as present: further runs open no session and send nothing."""
    project, _, meta = seeded(tmp_path)
    project.run()
    meta.take()
    for _ in range(3):
        assert 0 == project.deliver().planned
    assert ([], 1) == (meta.sent, len(meta.sessions))


def test_removal_uses_what_was_sent(tmp_path: Path) -> None:
    """After a change of address the old row goes as it came, and the new one is there."""
    project, roster, meta = seeded(tmp_path, "walk_meta_prompt")
    project.run()
    meta.take()
    roster.readdress(3, "moved@shop.example")
    project.run()
    assert {("DELETE", 1), ("POST", 1)} == set(meta.take())
    assert wanted(roster) == meta.people


def test_somebody_who_is_gone_is_removed_without_their_profile(tmp_path: Path) -> None:
    """The ledger remembers the row: it is removed, though nobody knows the person any more."""
    project, roster, meta = seeded(tmp_path, "walk_meta_prompt")
    project.run()
    meta.take()
    del roster.people["5"]
    project.run()
    assert ([("DELETE", 1)], wanted(roster)) == (meta.take(), meta.people)


def test_a_removal_waits_until_what_was_taken_must_show(tmp_path: Path) -> None:
    """Within the day that the vendor is allowed, an add that it took may still overtake a removal: it is held."""
    project, roster, meta = seeded(tmp_path)
    project.run()
    meta.take()
    del roster.people["5"]
    count = project.deliver()
    assert ([], 0, 1) == (meta.sent, count.planned, count.held)


@pytest.mark.parametrize("faults", [["lost"], ["lost", "lost"], [None, None, "lost"], [None, None, "lost", "lost"]])
def test_lost_answers_end_in_the_same_audience(tmp_path: Path, faults: list[Fault]) -> None:
    """A batch comes again under its own number; the last one too, though the session has ended with it."""
    project, roster, meta = seeded(tmp_path)
    meta.faults.extend(faults)
    project.run()
    project.run()
    assert wanted(roster) == meta.people
    assert all(session.closed for session in meta.sessions)
    meta.take()
    project.run()
    assert [] == meta.sent


@pytest.mark.parametrize("place", range(3))
def test_a_killed_run_leaves_no_session_open(tmp_path: Path, place: int) -> None:
    """The session's handle was durable before the first batch: the next run closes it and begins its own."""
    project, roster, meta = seeded(tmp_path)
    meta.faults.extend([*[None] * place, "killed"])
    with pytest.raises(Killed):
        project.run()
    project.run()
    assert wanted(roster) == meta.people
    assert [True] * len(meta.sessions) == [session.closed for session in meta.sessions]
