"""Wrong destinations of the other delivery models, each of which the suite catches."""

# ruff: noqa: ARG002, D102 - each class says what is wrong with it

from collections.abc import Mapping, Sequence

import pytest

from hub.sdk.connector import Context
from hub.sdk.errors import HubError, StopConnection, Unanswered
from hub.sdk.http import Response
from hub.sdk.records import Accepted, Answer, Batch, Json, NotApplied, Row, Target, Verdict
from hub.sdk.sandbox import DestinationSandbox
from hub.sdk.settings import AudienceSettings
from hub.testing import DESK_CHECKS, Violation, desk
from tests.support import toys
from tests.support.toys import ToyDestination, ToySettings


class CountsWhatWasLost(toys.CountsDestination):
    """A request without an answer counts as taken."""

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        try:
            return super().push(target, handle, batch)
        except Unanswered:
            return Accepted()


class BelievesAnyAnswer(toys.CountsDestination):
    """Whatever comes with 200 counts as taken."""

    def judge(self, response: Response, batch: Batch) -> Answer:
        return Accepted()


class AsksAJobOnce(toys.JobsDestination):
    """A job that still runs counts as done, without a word about anybody."""

    def poll(self, job: Json, batch: Batch) -> Sequence[Verdict] | Accepted | None:
        return super().poll(job, batch) or [Verdict(index, "present") for index in range(len(batch.rows))]


class AsksForEver(toys.JobsDestination):
    """A job never ends."""

    def poll(self, job: Json, batch: Batch) -> Sequence[Verdict] | Accepted | None:
        return None


class RemembersTheJobItself(toys.JobsDestination):
    """The job is known to this object alone, not to the one that is made after a crash."""

    def __init__(self, settings: ToySettings, context: Context) -> None:
        super().__init__(settings, context)
        self.known: dict[str, Json] = {}

    def judge(self, response: Response, batch: Batch) -> Answer:
        answer = super().judge(response, batch)
        self.known["job"] = answer.job if isinstance(answer, Accepted) else None
        return Accepted(job="mine")

    def poll(self, job: Json, batch: Batch) -> Sequence[Verdict] | Accepted | None:
        return super().poll(self.known["job"], batch)


class TakesAJobForDone(toys.JobsDestination):
    """That a job was taken counts for each row."""

    def judge(self, response: Response, batch: Batch) -> Answer:
        super().judge(response, batch)
        return [Verdict(index, "present") for index in range(len(batch.rows))]


class BlamesTheNext(toys.BlamingDestination):
    """It counts rows from one."""

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        answer = super().push(target, handle, batch)
        if isinstance(answer, NotApplied):
            last = len(batch.rows) - 1
            return NotApplied([Verdict(min(each.index + 1, last), "rejected", "bad_row") for each in answer.blamed[:1]])
        return answer


class StopsForOne(toys.BlamingDestination):
    """One bad row ends everything."""

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        answer = super().push(target, handle, batch)
        if isinstance(answer, NotApplied):
            raise StopConnection("the request was refused")
        return answer


class RejectsAll(toys.BlamingDestination):
    """A refusal of the request is one of each row."""

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        answer = super().push(target, handle, batch)
        if isinstance(answer, NotApplied):
            return [Verdict(index, "rejected", "bad_row") for index in range(len(batch.rows))]
        return answer


class LosesIds(toys.ObjectsDestination):
    """It tells no ids, and finds none."""

    def contacts(self, batch: Batch) -> Answer:
        return [Verdict(each.index, each.outcome, each.code) for each in _each(super().contacts(batch))]

    def resolve(self, rows: Sequence[Row]) -> Mapping[str, str]:
        return {}


class Takes207ForSuccess(toys.ObjectsDestination):
    """Whatever is said of a row, it counts as present."""

    def contacts(self, batch: Batch) -> Answer:
        return [Verdict(each.index, "present", vendor_id=each.vendor_id) for each in _each(super().contacts(batch))]


class SwapsIds(toys.ObjectsDestination):
    """Each contact gets the id of another."""

    def contacts(self, batch: Batch) -> Answer:
        told = _each(super().contacts(batch))
        ids = [each.vendor_id for each in told][::-1]
        return [Verdict(t.index, t.outcome, t.code, None, ids[n], t.suppression) for n, t in enumerate(told)]


class OpensAnotherTarget(ToyDestination):
    """The handle is a secret of this object."""

    def open(self, target: Target, audience: AudienceSettings, plan_id: str, total: int) -> Json:
        super().open(target, audience, plan_id, total)
        self.opened = True
        return None

    def close(self, target: Target, handle: Json) -> None:
        if not self.opened:
            raise StopConnection("not open")


class ClosesOnce(ToyDestination):
    """A second close is an error."""

    closed = False

    def close(self, target: Target, handle: Json) -> None:
        if self.closed:
            raise StopConnection("closed already")
        self.closed = True


class NamesTheCause(ToyDestination):
    """The error is clean, and the one that it came from is not."""

    def push(self, target: Target, handle: Json, batch: Batch) -> Answer:
        try:
            return super().push(target, handle, batch)
        except HubError as error:
            raise error from ValueError(f"sent {batch.rows[0].wire}")


def _each(answer: Answer) -> Sequence[Verdict]:
    assert isinstance(answer, Sequence)
    return answer


KILLED = "a_run_can_end_at_any_point"
ONE_REFUSED = "a_person_who_is_refused_costs_nobody_else"
WRONG: list[tuple[type[ToyDestination], type[DestinationSandbox], str]] = [
    (CountsWhatWasLost, toys.CountsToy, "a_lost_answer_is_no_failure_and_no_success"),
    (CountsWhatWasLost, toys.CountsToy, "a_time_out_is_no_failure_and_no_success"),
    (BelievesAnyAnswer, toys.CountsToy, "a_lost_answer_is_no_failure_and_no_success"),
    (AsksAJobOnce, toys.JobsToy, ONE_REFUSED),
    (AsksForEver, toys.JobsToy, "people_are_added"),
    (RemembersTheJobItself, toys.JobsToy, KILLED),
    (TakesAJobForDone, toys.JobsToy, ONE_REFUSED),
    (BlamesTheNext, toys.BlamingToy, ONE_REFUSED),
    (StopsForOne, toys.BlamingToy, ONE_REFUSED),
    (RejectsAll, toys.BlamingToy, ONE_REFUSED),
    (StopsForOne, toys.HalvingToy, "a_batch_of_refused_people_ends"),
    (LosesIds, toys.ObjectsToy, "people_are_added"),
    (Takes207ForSuccess, toys.ObjectsToy, ONE_REFUSED),
    (SwapsIds, toys.ObjectsToy, "people_are_removed"),
    (OpensAnotherTarget, toys.Toy, KILLED),
    (ClosesOnce, toys.Toy, "people_are_added"),
    (NamesTheCause, toys.Toy, "nobody_is_named_in_an_error"),
]


@pytest.mark.parametrize(("wrong", "box", "check"), WRONG, ids=lambda each: getattr(each, "__name__", each))
def test_each_wrong_destination_is_caught(
    wrong: type[ToyDestination], box: type[DestinationSandbox], check: str
) -> None:
    """The check that is named fails, and says what is wrong."""
    with desk(wrong, box) as one, pytest.raises((Violation, HubError, ExceptionGroup)) as caught:
        DESK_CHECKS[check](one)
    assert str(caught.value)
