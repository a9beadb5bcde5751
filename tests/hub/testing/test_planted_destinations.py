"""The suite of destinations is only as good as what it catches: each of these has a planted bug."""

from pathlib import Path

import pytest

from hub.sdk.errors import HubError
from hub.testing import DESK_CHECKS, Violation, desk
from tests.support.planted import Bug, planted

SENT = "        results = self.client.change(handle, [_change(batch, row) for row in batch.rows], batch.id)\n"
AGAIN = SENT.strip()
ALL_WELL = 'results = [{"email": row.wire["email"], "status": "added"} for row in batch.rows]'
JUDGED = "_verdict(index, said[wire])"


def where_it_fails(instead: str) -> str:
    """The request, and what a careless author does when it fails."""
    return f"        try:\n    {SENT}        except HubError:\n            {instead}\n"


BUGS = (
    Bug(
        "judges by the place in the answer",
        "destination.py",
        f"{JUDGED} for index, wire in enumerate(wires) if wire in said",
        "_verdict(index, result.get('status')) for index, result in enumerate(results)",
        "verdicts_are_about_the_right_rows",
    ),
    Bug(
        "forgets the last row",
        "destination.py",
        "row in batch.rows], batch.id",
        "row in batch.rows[:-1]], batch.id",
        "people_are_added",
    ),
    Bug(
        "never removes", "destination.py", '"remove" if batch.op == "remove" else "add"', '"add"', "people_are_removed"
    ),
    Bug(
        "removes for an update",
        "destination.py",
        'if batch.op == "remove"',
        'if batch.op != "add"',
        "updates_keep_people_on_the_list",
    ),
    Bug(
        "takes a failure for a success",
        "destination.py",
        SENT,
        where_it_fails(ALL_WELL),
        "a_lost_answer_is_no_failure_and_no_success",
    ),
    Bug(
        "sends a write again",
        "destination.py",
        SENT,
        where_it_fails(AGAIN),
        "a_lost_answer_is_no_failure_and_no_success",
    ),
    Bug(
        "stops when too fast",
        "destination.py",
        SENT,
        where_it_fails('raise StopConnection("no")'),
        "too_fast_means_later",
    ),
    Bug(
        "names somebody in an error",
        "destination.py",
        SENT,
        where_it_fails('raise StopConnection(f"not added: {batch.rows[0].wire}")'),
        "nobody_is_named_in_an_error",
    ),
    Bug("gives two verdicts", "destination.py", f"return [{JUDGED}", f"return 2 * [{JUDGED}", "people_are_added"),
    Bug("counts from one", "destination.py", JUDGED, "_verdict(index + 1, said[wire])", "people_are_added"),
    Bug(
        "removes whom it does not find", "destination.py", "if wire in said", "if wire not in said", "people_are_added"
    ),
    Bug(
        "reads one page back",
        "client.py",
        "for page in pages(ask, _next):",
        "for page in [ask(None)]:",
        "what_the_vendor_holds_is_read_back",
    ),
    Bug(
        "calls everybody present",
        "destination.py",
        'outcome = _OUTCOMES.get(status, "unknown")',
        'outcome: Outcome = "present"',
        "who_opted_out_stays_out",
    ),
    Bug(
        "asks by an address in the path",
        "client.py",
        'f"/lists/{list_id}/members", json=',
        'f"/lists/{list_id}/members", params={"first": str(changes[0]["email"])}, json=',
        "requests_name_nobody_in_their_address",
    ),
    Bug(
        "hides errors",
        "destination.py",
        'yield Fact("error", str(error))',
        'yield Fact("ok", str(error))',
        "bad_credentials_are_told",
    ),
    Bug("makes batches too large", "destination.py", "batch_rows=100", "batch_rows=101", "people_are_added"),
    Bug(
        "makes a list for every plan",
        "destination.py",
        'removeprefix("list/")',
        'removeprefix("list/") + plan_id',
        "people_are_removed",
    ),
    Bug(
        "says nothing in check",
        "destination.py",
        'yield Fact("ok", f"auth',
        'str(f"auth',
        "good_credentials_are_enough",
    ),
    Bug("sends no fields", "destination.py", "dict(row.fields)", "{}", "fields_arrive_with_their_people"),
    Bug(
        "sends one person's fields to all",
        "destination.py",
        "[_change(batch, row) for row in batch.rows]",
        "[{**_change(batch, row), 'fields': dict(batch.rows[-1].fields)} for row in batch.rows[:1]]"
        " + [_change(batch, row) for row in batch.rows[1:]]",
        "fields_arrive_with_their_people",
    ),
    Bug(
        "tells a refusal as nothing",
        "destination.py",
        '    "invalid": "rejected",\n',
        "",
        "a_person_who_is_refused_costs_nobody_else",
    ),
    Bug(
        "gives up a batch for one row",
        "destination.py",
        "        said = {",
        "        if any(each.get('status') == 'invalid' for each in results):\n"
        "            raise StopConnection('a row is bad')\n        said = {",
        "a_person_who_is_refused_costs_nobody_else",
    ),
    Bug(
        "keeps an opt-out to itself",
        "destination.py",
        'Suppression("email", "marketing") if outcome == "suppressed" else None',
        "None",
        "who_opted_out_stays_out",
    ),
    Bug(
        "clears the list before each plan",
        "destination.py",
        SENT,
        "        for each in list(self.client.members(handle)) if batch.op == 'update' else ():\n"
        "            self.client.change(handle, [{'op': 'remove', 'email': each['email']}], batch.id)\n" + SENT,
        "who_was_put_on_by_hand_is_left_alone",
    ),
    Bug(
        "finds nobody when it reads back",
        "destination.py",
        'Observed({"email": str(each.get("email"))}, "present")',
        'Observed({"email": str(each.get("email"))}, "absent")',
        "drift_is_seen",
    ),
    Bug(
        "makes a deleted list a success",
        "destination.py",
        SENT,
        where_it_fails(ALL_WELL),
        "a_deleted_list_is_made_anew_or_told",
    ),
    Bug(
        "takes any refusal for a success",
        "destination.py",
        SENT,
        where_it_fails(ALL_WELL),
        "a_refusal_of_the_whole_is_no_success",
    ),
    Bug("quotes the vendor", "client.py", 'get("code", "")', 'get("message", "")', "nobody_is_named_in_an_error"),
    Bug(
        "writes people into the log",
        "destination.py",
        SENT,
        "        __import__('logging').getLogger('x').debug('sent %s', [row.wire for row in batch.rows])\n" + SENT,
        "nobody_is_named_in_an_error",
    ),
    Bug(
        "puts the vendor's words into a code",
        "destination.py",
        "str(status)",
        "f'{status} {batch_email}'.replace('{batch_email}', '')",
        "a_refused_row_names_nobody",
    ),
    Bug(
        "waits for a time-out and says no",
        "destination.py",
        SENT,
        where_it_fails('raise RetryLater("too slow")'),
        "a_time_out_is_no_failure_and_no_success",
    ),
    Bug(
        "removes all but the first batch never",
        "destination.py",
        SENT,
        "        if batch.op == 'remove' and batch.sequence > 1:\n"
        "            return [Verdict(index, 'absent') for index in range(len(batch.rows))]\n" + SENT,
        "many_are_removed",
    ),
    Bug(
        "counts a lost removal as done",
        "destination.py",
        SENT,
        "        try:\n    " + SENT + "        except HubError:\n            if batch.op != 'remove':\n"
        "                raise\n            results = "
        "[{'email': row.wire['email'], 'status': 'removed'} for row in batch.rows]\n",
        "a_removal_without_an_answer_is_in_doubt",
    ),
)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name.replace(" ", "-"))
def test_each_planted_bug_is_caught(bug: Bug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check that is named fails, and says what is wrong."""
    monkeypatch.syspath_prepend(tmp_path)
    with (
        planted("destination", tmp_path, bug) as (made, box),
        desk(made.ExampleDestination, box.ExampleSandbox) as one,
        pytest.raises((Violation, HubError)) as caught,
    ):
        DESK_CHECKS[bug.caught_by](one)
    assert str(caught.value)
