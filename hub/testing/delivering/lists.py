"""Adding, updating, removing, coming back."""

from hub.testing.delivering.registry import check, said_of_all
from hub.testing.desk import Desk
from hub.testing.ledger import Ledger
from hub.testing.registry import must, same

_MOST_ROWS = 50_000
_ODD = ("o'neil+news@mail.example", "a.b_c-d@sub.mail.example", "x%2f=y&z@mail.example", "zoë.łuczak@mail.example")


@check
def people_are_added(desk: Desk) -> None:
    """Whoever is added is on the list, over more than one batch, and nobody else."""
    most = min(desk.made.capabilities.batch_rows, 1_000)
    wanted = desk.people(most * 2 + 3)
    said_of_all(desk, desk.deliver("add", wanted), wanted, "present")
    same(set(wanted), desk.box.members(), "members after adding")


@check
def a_full_batch_is_taken(desk: Desk) -> None:
    """As many rows as `batch_rows` says go in one batch (50,000 are tried at most), and one more in the next."""
    most = desk.made.capabilities.batch_rows
    wanted = desk.people(most + 1 if most <= _MOST_ROWS else _MOST_ROWS)
    said_of_all(desk, desk.deliver("add", wanted), wanted, "present")
    same(set(wanted), desk.box.members(), "members after a full batch")


@check
def adding_twice_changes_nothing(desk: Desk) -> None:
    """Who is on the list already is there once, and counts as present."""
    wanted = desk.people(7)
    desk.deliver("add", wanted)
    said_of_all(desk, desk.deliver("add", wanted), wanted, "present")
    same(set(wanted), desk.box.members(), "members after adding them twice")


@check
def updates_keep_people_on_the_list(desk: Desk) -> None:
    """Who is updated stays, and counts as present."""
    wanted = desk.people(4)
    desk.deliver("add", wanted)
    said_of_all(desk, desk.deliver("update", wanted), wanted, "present")
    same(set(wanted), desk.box.members(), "members after an update")


@check
def fields_arrive_with_their_people(desk: Desk) -> None:
    """Each person's own text arrives whole, and a new one replaces it; where people carry fields."""
    wanted, field, ledger = desk.people(6), desk.box.field, Ledger(desk)
    for word in ("Zoë", 'O"Neil, 王') if field else ():
        ledger.wanted = {wire: f"{word} {number}" for number, wire in enumerate(wanted)}
        stopped = ledger.run()
        must(not stopped, f"the run stopped: {stopped}")
        same(ledger.wanted, {wire: desk.box.value(wire) for wire in wanted}, f"{field} of six people")


@check
def people_are_removed(desk: Desk) -> None:
    """Whoever is removed is off the list, and the others stay."""
    desk.deliver("add", desk.people(10))
    said_of_all(desk, desk.deliver("remove", desk.people(4)), desk.people(4), "absent")
    same(set(desk.people(6, 4)), desk.box.members(), "members after a removal")


@check
def many_are_removed(desk: Desk) -> None:
    """A removal of more than one batch takes everybody off whom it names."""
    most = min(desk.made.capabilities.batch_rows, 1_000)
    wanted = desk.people(most + 5)
    desk.deliver("add", wanted)
    said_of_all(desk, desk.deliver("remove", wanted[:-2]), wanted[:-2], "absent")
    same(set(wanted[-2:]), desk.box.members(), "members after a large removal")


@check
def removing_who_is_not_there_is_harmless(desk: Desk) -> None:
    """It counts as absent, and changes nothing."""
    desk.deliver("add", desk.people(3))
    desk.deliver("remove", desk.people(2))
    said_of_all(desk, desk.deliver("remove", desk.people(2)), desk.people(2), "absent")
    same(set(desk.people(1, 2)), desk.box.members(), "members after removing people twice")


@check
def people_can_come_back(desk: Desk) -> None:
    """Added, removed and added again, a person is on the list."""
    wanted = desk.people(5)
    desk.deliver("add", wanted)
    desk.deliver("remove", wanted)
    same(set(), desk.box.members(), "members after all were removed")
    said_of_all(desk, desk.deliver("add", wanted), wanted, "present")
    same(set(wanted), desk.box.members(), "members after coming back")


@check
def odd_addresses_are_kept_apart(desk: Desk) -> None:
    """Addresses with quotes, signs and letters of other scripts stand for themselves, or are refused as a row."""
    wanted = [*map(desk.box.wire, _ODD), *desk.people(2)]
    said = desk.deliver("add", wanted)
    members = desk.box.members()
    must(members <= set(wanted), f"somebody is on the list who was not sent: {len(members - set(wanted))}")
    must(members >= set(desk.people(2)), "the others are not on the list")
    if desk.by_row:
        present = {wire for wire, each in said.items() if each.outcome == "present"}
        same(present, members, "members, by their verdicts")
    desk.deliver("remove", wanted)
    same(set(), desk.box.members(), "members after all were removed")
