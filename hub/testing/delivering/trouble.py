"""Answers that are lost, late or refusals of a whole request: what they prove, and what they do not."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from hub.sdk.errors import HubError, RetryLater, StopConnection, Unanswered
from hub.sdk.records import Verdict
from hub.testing.delivering.registry import check, errors_of
from hub.testing.desk import Desk
from hub.testing.registry import must, same
from hub.testing.wire import tapped

Keys = Mapping[str, object]

LOST: tuple[Keys, ...] = (
    {"kind": "reset_after"},
    {"kind": "status_after", "status": 503},
    {"kind": "truncate"},
    {"kind": "cut_chunks"},
    {"kind": "content_type"},
    {"kind": "empty"},
    {"kind": "reset"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 504},
    {"kind": "status", "status": 200, "body": "<title>Log in</title>", "content_type": "text/html"},
)
"""Nobody can know whether these were applied; the last four were not."""
_SILENT: tuple[Keys, ...] = ({"kind": "timeout_after", "seconds": 1.0}, {"kind": "timeout", "seconds": 1.0})
_PATIENCE = 0.2
_MOST_TRIES = 8


@check
def a_lost_answer_is_no_failure_and_no_success(desk: Desk) -> None:
    """Where a write was sent and no usable answer came, nobody is said to be there or not, and it was sent once."""
    faults = [each for each in LOST if not (desk.box.empty_answers and each["kind"] == "empty")]
    usual = _usual(desk)
    for number, lost in enumerate(faults, 1):
        _is_in_doubt(desk, lost, 3 * number, usual)


@check
def a_time_out_is_no_failure_and_no_success(desk: Desk) -> None:
    """The same where the vendor says nothing at all, after it applied the write or before."""
    usual = _usual(desk)
    with tapped(lambda: None, lambda: None, silence=_PATIENCE):
        for number, silent in enumerate(_SILENT, 1):
            _is_in_doubt(desk, silent, 3 * number, usual)


@check
def any_write_of_a_delivery_can_be_lost(desk: Desk) -> None:
    """Whichever of a delivery's writes gets no answer, no verdict is wrong, and sent again everybody is there."""
    usual = _usual(desk)
    faults: tuple[Keys, ...] = ({"kind": "reset_after"}, {"kind": "status", "status": 503})
    for place in range(1, min(usual, 5)):
        for number, lost in enumerate(faults):
            wanted = desk.people(3, 6 * place + 3 * number)
            with desk.fault(**{**lost, "skip": place}):
                _outcome(desk, wanted)
            desk.deliver("add", wanted)
            same(set(wanted), desk.box.members() & set(wanted), f"{lost} at write {place + 1}: members, sent again")


@check
def a_removal_without_an_answer_is_in_doubt(desk: Desk) -> None:
    """Nobody counts as absent who may still be there; sent again, they are off the list."""
    for lost in LOST:
        if not (desk.box.empty_answers and lost["kind"] == "empty"):
            desk.deliver("add", desk.people(4))
            with desk.fault(**lost):
                error, said = _tried(desk, "remove", desk.people(2))
            there = desk.box.members()
            wrong = [wire for wire, each in said.items() if each.outcome == "absent" and wire in there]
            same([], wrong, f"{lost}: people who count as absent and are there")
            must(error is not None or not desk.by_row or said, f"{lost}: nothing was said")
            desk.deliver("remove", desk.people(2))
            same(set(desk.people(2, 2)), desk.box.members(), f"{lost}: members after removing again")


@check
def too_fast_means_later(desk: Desk) -> None:
    """However the vendor says that we are too fast, without end it is `RetryLater`; nobody is lost or doubled."""
    for number, refusal in enumerate(desk.box.too_fast):
        wanted, before = desk.people(3, 3 * number), desk.box.members()
        with desk.fault(**{"times": None, **refusal}):
            error, _ = _tried(desk, "add", wanted)
        must(isinstance(error, RetryLater), f"{refusal}: expected RetryLater, got {error!r}")
        same(before, desk.box.members(), f"{refusal}: members after a write that was refused")
        desk.deliver("add", wanted)
        same(before | set(wanted), desk.box.members(), f"{refusal}: members after sending it again")


@check
def too_fast_once_is_no_news(desk: Desk) -> None:
    """Refused once for being too fast, the request is sent again within the call, or goes later as a whole."""
    for number, refusal in enumerate(desk.box.too_fast):
        wanted = desk.people(3, 3 * number)
        with desk.fault(**refusal):
            error, _ = _tried(desk, "add", wanted)
        must(error is None or isinstance(error, RetryLater), f"{refusal}: expected RetryLater or none, got {error!r}")
        desk.deliver("add", wanted)
        must(desk.box.members() >= set(wanted), f"{refusal}: somebody is missing")


@check
def nothing_more_today_is_not_asked_again_and_again(desk: Desk) -> None:
    """Where the quota of the day is spent, it is told after a few requests at most, and nobody is lost."""
    before = desk.wrote()
    with desk.fault(**{"times": None, **desk.box.spent}):
        error, _ = _tried(desk, "add", desk.people(3))
        asked = desk.wrote() - before
    must(isinstance(error, RetryLater | StopConnection), f"expected RetryLater, got {error!r}")
    must(asked <= _MOST_TRIES, f"{asked} requests although nothing more is taken today")
    if isinstance(error, RetryLater) and error.after is not None:
        must(error.after >= timedelta(minutes=1), f"a day's pause was told as {error.after}")
    same(set(), desk.box.members(), "members, where nothing was taken")


@check
def a_refusal_of_the_whole_is_no_success(desk: Desk) -> None:
    """400, 403, 404, 409 and 422 for a write: nobody counts as present, and nobody is there."""
    for number, status in enumerate((400, 403, 404, 409, 422)):
        wanted = desk.people(3, 3 * number)
        with desk.fault(kind="status", status=status, body='{"code":"no"}', times=None):
            error, said = _tried(desk, "add", wanted)
        must(not isinstance(error, Unanswered), f"{status}: an answer came, and it was no: {error!r}")
        same(set(), desk.box.members() & set(wanted), f"{status}: members")
        same([], [each for each in said.values() if each.outcome == "present"], f"{status}: who counts as present")
        must(error is not None or said, f"{status}: neither an error nor verdicts")


def _usual(desk: Desk) -> int:
    """How many writes three people take."""
    before = desk.wrote()
    desk.deliver("add", desk.people(3))
    must(desk.wrote() > before, "no request matched `writes` of the sandbox")
    return desk.wrote() - before


def _is_in_doubt(desk: Desk, lost: Keys, start: int, usual: int) -> None:
    wanted, before = desk.people(3, start), desk.wrote()
    with desk.fault(**lost):
        error, said = _outcome(desk, wanted)
    must(desk.wrote() - before <= usual, f"{lost}: the write was sent again")
    doubtful = [wire for wire in wanted if wire not in said or said[wire].outcome == "unknown"]
    open_ended = isinstance(error, Unanswered) or (error is None and desk.by_row and doubtful)
    must(open_ended, f"{lost}: expected Unanswered, or rows that are unknown; got {error!r}")
    desk.deliver("add", wanted)
    same(set(wanted), desk.box.members() & set(wanted), f"{lost}: members after sending it again")


def _outcome(desk: Desk, wanted: Sequence[str]) -> tuple[HubError | None, Mapping[str, Verdict]]:
    """Add people; no verdict may be wrong."""
    error, said = _tried(desk, "add", wanted)
    there = desk.box.members()
    wrong = [wire for wire, each in said.items() if (each.outcome == "present") > (wire in there)]
    same([], wrong, "people who count as present and are not there")
    if isinstance(error, RetryLater | StopConnection):
        same(set(), there & set(wanted), f"members, although nothing was applied: {error!r}")
    return error, said


def _tried(desk: Desk, op: str, wanted: Sequence[str]) -> tuple[HubError | None, Mapping[str, Verdict]]:
    said: dict[str, Verdict] = {}
    error = errors_of(desk, lambda: said.update(desk.deliver("remove" if op == "remove" else "add", wanted)))
    return error, said
