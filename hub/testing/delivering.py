"""What every destination must do; the list of checks of `destination_suite`."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from hub.sdk.errors import HubError, RetryLater, StopConnection, Unanswered
from hub.sdk.records import Op
from hub.testing.checks.credentials import secrets_of
from hub.testing.desk import Desk
from hub.testing.registry import Violation, must, same

DeskCheck: TypeAlias = Callable[[Desk], None]

DESK_CHECKS: dict[str, DeskCheck] = {}

_LOST: tuple[Mapping[str, object], ...] = (
    {"kind": "reset_after"},
    {"kind": "status_after", "status": 503},
    {"kind": "truncate"},
    {"kind": "cut_chunks"},
    {"kind": "content_type"},
    {"kind": "empty"},
)


def check(function: DeskCheck) -> DeskCheck:
    """Put a function on the list; its docstring says in one sentence what must hold."""
    DESK_CHECKS[function.__name__] = function
    return function


def people(count: int, start: int = 0) -> list[str]:
    """Return so many addresses."""
    return [f"person-{number:05}@mail.example" for number in range(start, start + count)]


@check
def good_credentials_are_enough(desk: Desk) -> None:
    """With good credentials `check` finds something, and no error."""
    facts = list(desk.destination().check())
    must(facts, "check() said nothing")
    same([], [fact.text for fact in facts if fact.level == "error"], "check() found errors with good credentials")


@check
def bad_credentials_are_told(desk: Desk) -> None:
    """With credentials that the vendor refuses `check` tells an error, or stops, and nothing can be delivered."""
    refused = desk.box.refused()
    must(_errors(desk, lambda: list(desk.destination(refused).check())), "check() found no error with bad credentials")
    desk.box.connection = lambda: refused  # type: ignore[method-assign]
    error = tried(desk, "add", people(3))
    must(isinstance(error, StopConnection), f"expected StopConnection, because a person has to mend it; got {error!r}")
    same(set(), desk.box.members(), "members after a delivery with bad credentials")


@check
def credentials_that_expire_cost_nobody(desk: Desk) -> None:
    """Between two deliveries they are renewed, or the connection stops; with good ones the list is as it should be."""
    desk.deliver("add", people(5))
    destination, audience = desk.destination(), desk.audience()
    desk.box.expire()
    stopped = _errors(desk, lambda: destination.open(destination.targets(audience)[0], audience, "plan", 1))
    must(desk.box.renews or not stopped or isinstance(stopped, StopConnection), f"got {stopped!r}")
    must(not (desk.box.renews and stopped), f"a new token was to be had: {stopped!r}")
    desk.deliver("add", people(5, 5))
    same(set(people(10)), desk.box.members(), "members after new credentials")


@check
def people_are_added(desk: Desk) -> None:
    """Whoever is added is on the list, over more than one batch, and nobody else."""
    most = min(desk.made.capabilities.batch_rows, 1_000)
    wanted = people(most * 2 + 3)
    _said(desk, desk.deliver("add", wanted), wanted, "present")
    same(set(wanted), desk.box.members(), "members after adding")


@check
def adding_twice_changes_nothing(desk: Desk) -> None:
    """Who is on the list already is there once, and counts as present."""
    desk.deliver("add", people(7))
    _said(desk, desk.deliver("add", people(7)), people(7), "present")
    same(set(people(7)), desk.box.members(), "members after adding them twice")


@check
def updates_keep_people_on_the_list(desk: Desk) -> None:
    """Who is updated stays, and counts as present."""
    desk.deliver("add", people(4))
    _said(desk, desk.deliver("update", people(4)), people(4), "present")
    same(set(people(4)), desk.box.members(), "members after an update")


@check
def people_are_removed(desk: Desk) -> None:
    """Whoever is removed is off the list, and the others stay."""
    desk.deliver("add", people(10))
    _said(desk, desk.deliver("remove", people(4)), people(4), "absent")
    same(set(people(6, 4)), desk.box.members(), "members after a removal")


@check
def removing_who_is_not_there_is_harmless(desk: Desk) -> None:
    """It counts as absent, and changes nothing."""
    desk.deliver("add", people(3))
    desk.deliver("remove", people(2))
    _said(desk, desk.deliver("remove", people(2)), people(2), "absent")
    same(set(people(1, 2)), desk.box.members(), "members after removing people twice")


@check
def people_can_come_back(desk: Desk) -> None:
    """Added, removed and added again, a person is on the list."""
    for op in ("add", "remove", "add"):
        desk.deliver(op, people(5))
    same(set(people(5)), desk.box.members(), "members after coming back")


@check
def who_opted_out_stays_out(desk: Desk) -> None:
    """A person who unsubscribed at the vendor is never put back by us, and does not count as present."""
    desk.deliver("add", people(5))
    desk.box.opt_out(people(1)[0])
    said = desk.deliver("add", people(5))
    same(set(people(4, 1)), desk.box.members(), "members after one unsubscribed")
    if desk.made.capabilities.evidence == "row":
        verdict = said.get(people(1)[0])
        must(verdict and verdict.outcome in ("suppressed", "rejected"), f"who opted out: {verdict}")


@check
def verdicts_are_about_the_right_rows(desk: Desk) -> None:
    """In whatever order people are sent and the vendor answers, each one's verdict is their own."""
    wanted = people(12)[::-1]
    desk.box.opt_out(wanted[0])
    said = desk.deliver("add", wanted)
    if desk.made.capabilities.evidence == "row":
        present = {wire for wire, each in said.items() if each.outcome == "present"}
        same(set(wanted[1:]), present, "people whose verdict is present, where one had opted out")


@check
def a_lost_answer_is_no_failure_and_no_success(desk: Desk) -> None:
    """Where a write was sent and no usable answer came, it is `Unanswered`, and it was sent once."""
    for number, lost in enumerate(_LOST):
        wanted, before = people(3, number * 3), desk.wrote()
        with desk.fault(**lost):
            error = tried(desk, "add", wanted)
        must(isinstance(error, Unanswered), f"{lost}: expected Unanswered, got {error!r}")
        same(1, desk.wrote() - before, f"{lost}: times that the write was sent")
        desk.deliver("add", wanted)
        same(set(people(number * 3 + 3)), desk.box.members(), f"{lost}: members after sending it again")


@check
def too_fast_means_later(desk: Desk) -> None:
    """429 without end is `RetryLater`, and nobody is lost or doubled by it."""
    with desk.fault(kind="status", status=429, times=None, retry_after="0"):
        error = tried(desk, "add", people(3))
    must(isinstance(error, RetryLater), f"expected RetryLater, got {error!r}")
    same(set(), desk.box.members(), "members after a write that was refused")
    desk.deliver("add", people(3))
    same(set(people(3)), desk.box.members(), "members after sending it again")


@check
def what_the_vendor_holds_is_read_back(desk: Desk) -> None:
    """Where the destination can read back in full, it sees everybody who is there, and nobody else."""
    if desk.made.capabilities.read_back == "full":
        desk.deliver("add", people(130))
        destination, audience = desk.destination(), desk.audience()
        target = destination.targets(audience)[-1]
        seen = list(destination.read_back(target, destination.open(target, audience, "plan", 0)))
        found = {each.wire[desk.box.address] for each in seen if each.state == "present"}
        same(desk.box.members(), found, "members that were read back")


@check
def nobody_is_named_in_an_error(desk: Desk) -> None:
    """Neither credentials nor anybody's address are in errors and addresses of requests, whatever happens."""
    told = [str(fact.text) for fact in desk.destination().check()]
    for keys in (*_LOST, {"kind": "status", "status": 400}, {"kind": "status", "status": 429, "retry_after": "0"}):
        echo = f'{{"code": "x", "detail": "{people(1)[0]}"}}'
        with desk.fault(**{"body": echo, "times": None} | dict(keys)):
            told.append(str(tried(desk, "add", people(3))))
    told += [f"{each.request.path}?{dict(each.request.query)}" for each in desk.box.requests]
    secrets = [*secrets_of(desk.destination().settings)]
    for text in told:
        must("@" not in text and "%40" not in text, "somebody's address is in an error or an address")
        must(not any(secret in text for secret in secrets), "a secret is in an error or an address")


def tried(desk: Desk, op: Op, wires: Sequence[str]) -> HubError | None:
    """Deliver; return the error of the contract that ended it."""
    return _errors(desk, lambda: desk.deliver(op, wires))


def _errors(desk: Desk, work: Callable[[], object]) -> HubError | None:
    """Return the error of the contract that work ended with, or that a fact tells."""
    try:
        found = work()
    except HubError as error:
        return error
    except Violation:
        raise
    except Exception as crash:
        raise Violation(f"{desk.made.name}: {type(crash).__name__}: {crash}") from crash
    facts = [each.text for each in found if getattr(each, "level", "") == "error"] if isinstance(found, list) else []
    return StopConnection(facts[0]) if facts else None


def _said(desk: Desk, said: object, wires: Sequence[str], outcome: str) -> None:
    """Each row has the verdict that it must have, where the vendor tells of rows."""
    if desk.made.capabilities.evidence == "row" and isinstance(said, dict):
        found = {wire: said[wire].outcome if wire in said else "none" for wire in wires}
        same(dict.fromkeys(wires, outcome), found, "verdicts")
