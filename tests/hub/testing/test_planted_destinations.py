"""The suite of destinations is only as good as what it catches: each of these has a planted bug."""

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import hub.scaffold.destination
from hub.sdk.errors import HubError
from hub.sdk.sandbox import DestinationSandbox
from hub.testing import DESK_CHECKS, Violation, desk
from hub.testing.desk import AnyDestination

FOLDER = Path(hub.scaffold.destination.__file__).parent
NAME = "hub_planted_destination"
SENT = "        results = self.client.change(handle, [_change(batch, row) for row in batch.rows], batch.id)\n"
AGAIN = SENT.strip()
ALL_WELL = 'results = [{"email": row.wire["email"], "status": "added"} for row in batch.rows]'
JUDGED = "_verdict(index, said[wire])"


def where_it_fails(instead: str) -> str:
    """The request, and what a careless author does when it fails."""
    return f"        try:\n    {SENT}        except HubError:\n            {instead}\n"


@dataclass(frozen=True)
class Bug:
    """In `file`, `old` becomes `new`; `caught_by` is the check that must fail."""

    name: str
    old: str
    new: str
    caught_by: str
    file: str = "destination.py"


BUGS = (
    Bug(
        "judges by the place in the answer",
        f"{JUDGED} for index, wire in enumerate(wires) if wire in said",
        "_verdict(index, result.get('status')) for index, result in enumerate(results)",
        "verdicts_are_about_the_right_rows",
    ),
    Bug(
        "forgets the last row", "row in batch.rows], batch.id", "row in batch.rows[:-1]], batch.id", "people_are_added"
    ),
    Bug("never removes", '"remove" if batch.op == "remove" else "add"', '"add"', "people_are_removed"),
    Bug("removes for an update", 'if batch.op == "remove"', 'if batch.op != "add"', "updates_keep_people_on_the_list"),
    Bug("takes a failure for a success", SENT, where_it_fails(ALL_WELL), "a_lost_answer_is_no_failure_and_no_success"),
    Bug("sends a write again", SENT, where_it_fails(AGAIN), "a_lost_answer_is_no_failure_and_no_success"),
    Bug("stops when too fast", SENT, where_it_fails('raise StopConnection("no")'), "too_fast_means_later"),
    Bug(
        "names somebody in an error",
        SENT,
        where_it_fails('raise StopConnection(f"not added: {batch.rows[0].wire}")'),
        "nobody_is_named_in_an_error",
    ),
    Bug("gives two verdicts", f"return [{JUDGED}", f"return 2 * [{JUDGED}", "people_are_added"),
    Bug("counts from one", JUDGED, "_verdict(index + 1, said[wire])", "people_are_added"),
    Bug("removes whom it does not find", "if wire in said", "if wire not in said", "people_are_added"),
    Bug(
        "reads one page back",
        "for page in pages(ask, _next):",
        "for page in [ask(None)]:",
        "what_the_vendor_holds_is_read_back",
        "client.py",
    ),
    Bug(
        "calls everybody present",
        'outcome = _OUTCOMES.get(status, "unknown")',
        'outcome: Outcome = "present"',
        "who_opted_out_stays_out",
    ),
    Bug(
        "asks by an address in the path",
        'f"/lists/{list_id}/members", json=',
        'f"/lists/{list_id}/members", params={"first": str(changes[0]["email"])}, json=',
        "nobody_is_named_in_an_error",
        "client.py",
    ),
    Bug("hides errors", 'yield Fact("error", str(error))', 'yield Fact("ok", str(error))', "bad_credentials_are_told"),
    Bug("makes batches too large", "batch_rows=100", "batch_rows=101", "people_are_added"),
    Bug(
        "makes a list for every plan", 'removeprefix("list/")', 'removeprefix("list/") + plan_id', "people_are_removed"
    ),
    Bug("says nothing in check", 'yield Fact("ok", f"auth', 'str(f"auth', "good_credentials_are_enough"),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to import from."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def planted(folder: Path, bug: Bug) -> tuple[type[AnyDestination], type[DestinationSandbox]]:
    """Copy the scaffolded connector, with a bug in it."""
    package = folder / NAME
    package.mkdir()
    for path in FOLDER.glob("*.py"):
        text = path.read_text(encoding="utf-8").replace("hub.scaffold.destination", NAME)
        if bug.file == path.name:
            assert bug.old in text, "the scaffold has changed; mend this test"
            text = text.replace(bug.old, bug.new)
        (package / path.name).write_text(text, encoding="utf-8")
    importlib.invalidate_caches()
    made = importlib.import_module(f"{NAME}.destination").ExampleDestination
    return made, importlib.import_module(f"{NAME}.sandbox").ExampleSandbox


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name.replace(" ", "-"))
def test_each_planted_bug_is_caught(bug: Bug, folder: Path) -> None:
    """The check that is named fails, and says what is wrong."""
    made, box = planted(folder, bug)
    with desk(made, box) as one, pytest.raises((Violation, HubError)) as caught:
        DESK_CHECKS[bug.caught_by](one)
    assert str(caught.value)
