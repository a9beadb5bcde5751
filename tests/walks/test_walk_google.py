"""Walk 6: Customer Match at Google, through the whole pipeline."""

from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest

from hub.flow.deliver.batches import cut
from hub.outbox.plan import PLAN
from tests.support.walks.google import GoogleDestination
from tests.support.walks.project import WalkProject, addresses, audience_project
from tests.support.walks.roster import Roster
from tests.support.walks.vendor import Fault, Killed
from tests.support.walks.vendor_google import USER_LISTS, UserList

KEYS = 'consent = { channel = "ads" }'


def seeded(folder: Path, *, prompt: bool = False) -> tuple[WalkProject, Roster, UserList]:
    """A project, its six people, and the user list that shall hold them."""
    project, roster = audience_project(folder, "walk_google_prompt" if prompt else "walk_google", KEYS, 6)
    google = USER_LISTS[project.account]
    google.prompt = prompt
    return project, roster, google


def hashed(*numbers: int) -> set[str]:
    """The hashes of people's addresses."""
    return {sha256(address.encode()).hexdigest() for address in addresses(*numbers)}


def test_an_accepted_job_is_polled_later(tmp_path: Path) -> None:
    """Half an hour is longer than a run: the plan stays open, nothing is sent meanwhile, the next run asks."""
    project, _, google = seeded(tmp_path)
    assert (6, hashed(1, 2, 3, 4, 5, 6)) == (project.deliver().accepted, google.members)
    google.take()
    project.run()
    assert [] == google.sent
    google.finish()
    assert ("green", []) == (project.run().status, google.sent)
    assert [("accepted", 6)] == project.rows("select presence, count(*) from ledger group by all")


def test_a_finished_job_has_settled(tmp_path: Path) -> None:
    """Once the vendor says that a job is done, nothing of it can still land: a removal need not wait."""
    project, roster, google = seeded(tmp_path)
    project.run()
    google.finish()
    project.run()
    google.take()
    del roster.people["2"]
    project.run()
    assert [("remove", 1)] == google.sent


def test_one_change_sends_that_change(tmp_path: Path) -> None:
    """Leaving and coming are requests of their own: the calls cannot be mixed."""
    project, roster, google = seeded(tmp_path, prompt=True)
    project.run()
    google.take()
    del roster.people["2"]
    roster.add(7)
    project.run()
    assert ([("remove", 1), ("ingest", 1)], hashed(1, 3, 4, 5, 6, 7)) == (google.take(), google.members)


@pytest.mark.parametrize("blames", [True, False])
def test_one_bad_member_costs_nobody_else(tmp_path: Path, blames: bool) -> None:  # noqa: FBT001 - a switch of the test
    """Blamed by its index or found by halving: the bad row is refused, the others arrive in the same run."""
    project, _, google = seeded(tmp_path, prompt=True)
    google.blames = blames
    google.bad = hashed(2)
    count = project.deliver()
    assert (5, 1, hashed(1, 3, 4, 5, 6)) == (count.accepted, count.rejected, google.members)
    google.take()
    project.run()
    assert [] == google.sent


def test_a_refusal_is_told_while_a_job_is_running(tmp_path: Path) -> None:
    """What a run refused is in its report, though the outcome of the others is still to come."""
    project, _, google = seeded(tmp_path)
    google.bad = hashed(2)
    count = project.deliver()
    assert (5, 1) == (count.accepted, count.rejected)


def test_several_bad_members_are_blamed_one_by_one(tmp_path: Path) -> None:
    """Each answer names one: the order of the rest is frozen, so the next index still means the right row."""
    project, _, google = seeded(tmp_path, prompt=True)
    google.bad = hashed(1, 3, 4, 6)
    assert (4, hashed(2, 5)) == (project.deliver().rejected, google.members)


def test_consent_is_of_the_request(tmp_path: Path) -> None:
    """Everybody who is sent has agreed, and the request says so; who has not is not sent."""
    project, roster, google = seeded(tmp_path)
    roster.add(7, consent=False)
    project.run()
    assert ({"CONSENT_GRANTED"}, hashed(1, 2, 3, 4, 5, 6)) == (google.consents, google.members)


def test_rows_with_and_without_consent_share_no_batch() -> None:
    """Where a plan holds both, it is cut between them, though a batch would have room."""
    consented = [False, False, True, True, True]
    columns = {"op": ["add"] * 5, "wire": ["{}"] * 5, "payload": ["{}"] * 5, "consented": consented}
    rows = pa.table([columns.get(name, [None] * 5) for name in PLAN.names], schema=PLAN)
    batches = cut(rows, GoogleDestination.capabilities)
    assert [(0, 2), (2, 3)] == [(batch.first_row, batch.row_count) for batch in batches]


@pytest.mark.parametrize("faults", [["lost"], ["lost", "lost"], ["busy", None, "lost"]])
def test_lost_answers_end_in_the_same_list(tmp_path: Path, faults: list[Fault]) -> None:
    """A job whose number was lost is asserted again."""
    project, _, google = seeded(tmp_path)
    google.faults.extend(faults)
    for _ in range(3):
        project.run()
        google.finish()
    assert hashed(1, 2, 3, 4, 5, 6) == google.members
    google.take()
    project.run()
    assert [] == google.sent


def test_a_killed_run_ends_in_the_same_list(tmp_path: Path) -> None:
    """A job that nobody recorded is asserted again, one that was recorded is asked for."""
    project, _, google = seeded(tmp_path)
    google.faults.extend([None, "killed"])
    with pytest.raises(Killed):
        project.run()
    for _ in range(2):
        google.finish()
        project.run()
    assert hashed(1, 2, 3, 4, 5, 6) == google.members
