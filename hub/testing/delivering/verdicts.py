"""What the vendor says of one person is told of that one, and costs nobody else."""

from hub.sdk.records import Outcome
from hub.testing.delivering.registry import check
from hub.testing.desk import Desk
from hub.testing.registry import must, same

_PLACES = (0, 5, 11)  # the first row, one within, the last


@check
def verdicts_are_about_the_right_rows(desk: Desk) -> None:
    """In whatever order people are sent and the vendor answers, each one's verdict is their own."""
    wanted = desk.people(12)[::-1]
    desk.box.opt_out(wanted[0])
    said = desk.deliver("add", wanted)
    same(set(wanted[1:]), desk.box.members(), "members, where one had opted out")
    if desk.by_row:
        present = {wire for wire, each in said.items() if each.outcome == "present"}
        same(set(wanted[1:]), present, "people whose verdict is present, where one had opted out")


@check
def a_person_who_is_refused_costs_nobody_else(desk: Desk) -> None:
    """Whatever the vendor says of one row, each other one is on the list, and each verdict is what was said."""
    for number, outcome in enumerate(sorted(desk.box.verdicts)):
        wanted = desk.people(12, 12 * number)
        spoiled = [wanted[place] for place in _PLACES]
        for wire in spoiled:
            desk.box.spoil(wire, outcome)
        said = desk.deliver("add", wanted)
        mine = desk.box.members() & set(wanted)
        if outcome != "unknown":
            same(set(wanted) - set(spoiled), mine, f"members, where some are {outcome}")
        must(mine >= set(wanted) - set(spoiled), f"{outcome}: somebody who was not refused is not on the list")
        if desk.by_row:
            expected = {wire: outcome if wire in spoiled else "present" for wire in wanted}
            found = {wire: said[wire].outcome if wire in said else "unknown" for wire in wanted}
            same(expected, found, f"verdicts, where some are {outcome}")


@check
def a_batch_of_refused_people_ends(desk: Desk) -> None:
    """Where nobody of a batch is taken, it ends all the same, and nobody counts as present."""
    outcome: Outcome = "rejected" if "rejected" in desk.box.verdicts else min(desk.box.verdicts)
    wanted = desk.people(5)
    for wire in wanted:
        desk.box.spoil(wire, outcome)
    said = desk.deliver("add", wanted)
    same(set(), desk.box.members(), "members, where all are refused")
    must(all(each.outcome != "present" for each in said.values()), "somebody who was refused counts as present")


@check
def who_may_go_later_goes_later(desk: Desk) -> None:
    """Once the vendor takes them, those of whom it said "later", or nothing, are on the list like all others."""
    for outcome in sorted(desk.box.verdicts & {"retry", "unknown"}):
        wanted = desk.people(6)
        desk.box.spoil(wanted[2], outcome)
        desk.deliver("add", wanted)
        desk.box.mend()
        desk.deliver("add", wanted)
        same(set(wanted), desk.box.members(), f"members after {outcome}, sent again")


@check
def codes_are_of_few_words(desk: Desk) -> None:
    """A refusal has a code of at most eighty characters that names nobody, so that it can be counted."""
    wanted = desk.people(3)
    for number, outcome in enumerate(sorted(desk.box.verdicts - {"unknown"})):
        desk.box.spoil(wanted[number % 3], outcome)
    said = desk.deliver("add", wanted)
    for each in said.values():
        must(len(each.code) <= 80, f"a code has {len(each.code)} characters")  # noqa: PLR2004 - said above
        must(each.code or each.outcome in ("present", "unknown"), f"{each.outcome} without a code")
