from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.outbox.parts import ATTEMPTS, BACKOFF, PATIENCE, Part, Receipt, Step, advance, give_up
from hub.sdk.errors import ConfigError, RetryLater, StopConnection, Unanswered
from hub.sdk.records import Accepted, NotApplied, Suppression, Verdict

WHO = "CustomerIo.push"


def part(count: int = 3, attempt: int = 1, **changes: object) -> Part:
    """Return rows 10, 11, ... of a plan, sent once."""
    return Part(10, count, attempt, **changes)  # type: ignore[arg-type]


def present(*places: int) -> list[Verdict]:
    """Return good verdicts for some rows of a batch."""
    return [Verdict(place, "present") for place in places]


def outcomes(step: Step) -> dict[int, str]:
    """Return row -> outcome of all receipts."""
    return {row: receipt.outcome for row, receipt in sorted(step.part.receipts.items())}


def test_verdict_per_row_ends_the_part() -> None:
    """Rows get the receipts that the tool gave them, and nothing is left to send."""
    told = Suppression("email", "marketing")
    answer = [
        Verdict(2, "suppressed", "gone", suppression=told),
        Verdict(0, "present", vendor_id="v"), Verdict(1, "rejected", "bad")]  # fmt: skip
    step = advance(part(), answer, WHO)
    assert "done" == step.next
    expected = {
        10: Receipt("present", vendor_id="v"),
        11: Receipt("rejected", "bad"),
        12: Receipt("suppressed", "gone", suppression=told),
    }
    assert expected == step.part.receipts


def test_second_request_counts_places_among_the_rows_it_held() -> None:
    """An index points into the rows of that request, not into those of the first one."""
    first = advance(part(), NotApplied([Verdict(0, "rejected", "bad")]), WHO)
    second = advance(first.part, present(0, 1), WHO)
    assert {10: "rejected", 11: "present", 12: "present"} == outcomes(second)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (present(0, 2), "gave 2 verdicts for 3 rows; row 1 has none, so it is recorded as unknown. Yield one"),
        (present(0, 1, 1, 2), "gave 4 verdicts for 3 rows; row 1 has 2, so it is recorded as unknown. Yield one"),
        (present(0, 1, 2, 3), "gave 4 verdicts for 3 rows; index 3 is outside the batch, so the verdict counts"),
        (present(0, 1, 2, -1), "gave 4 verdicts for 3 rows; index -1 is outside the batch"),
    ],
)
def test_verdicts_that_do_not_match_the_rows_are_told(answer: Sequence[Verdict], fault: str) -> None:
    """The author of a connector reads which row has no verdict, and what to do."""
    assert fault in advance(part(), answer, WHO).messages[0]


@given(st.lists(st.builds(Verdict, st.integers(-2, 5), st.sampled_from(["present", "absent", "rejected", "unknown"]))))
def test_only_a_single_verdict_settles_a_row(verdicts: list[Verdict]) -> None:
    """Whatever a connector answers, a row is settled only by exactly one verdict with its place."""
    step = advance(part(attempt=ATTEMPTS, doubted=True), verdicts, WHO)
    for place in range(3):
        mine = [verdict.outcome for verdict in verdicts if verdict.index == place]
        expected = mine[0] if len(mine) == 1 else "unknown"
        assert expected == step.part.receipts[10 + place].outcome


def test_unanswered_rows_go_again_once_and_are_unknown_then() -> None:
    """A lost answer is followed by one more request for the same rows, which stay in doubt if it is lost too."""
    first = advance(part(), Unanswered("no answer"), WHO)
    assert ("again", True) == (first.next, first.part.doubted)
    second = advance(first.part, Unanswered("no answer"), WHO)
    assert ("in_doubt", {10: "unknown", 11: "unknown", 12: "unknown"}) == (second.next, outcomes(second))


def test_row_without_verdict_goes_again_alone() -> None:
    """Only the row that got no verdict is sent again."""
    step = advance(part(), present(0, 2), WHO)
    assert ("again", (11,)) == (step.next, step.part.pending)


def test_refusal_of_the_whole_request_after_a_lost_one_is_in_doubt() -> None:
    """Rows whose first request may have been applied are unknown, even if the second one certainly was not."""
    step = advance(part(attempt=ATTEMPTS, doubted=True), RetryLater("busy"), WHO)
    assert ("in_doubt", {10: "unknown", 11: "unknown", 12: "unknown"}) == (step.next, outcomes(step))


def test_busy_tool_is_asked_again_with_growing_pauses() -> None:
    """Without a pause of its own, the wait doubles; after the last attempt the rows are left to the next run."""
    pauses = [advance(part(attempt=attempt), RetryLater("busy"), WHO).pause for attempt in (1, 2, 3)]
    assert [BACKOFF, 2 * BACKOFF, 4 * BACKOFF] == pauses
    step = advance(part(attempt=ATTEMPTS), RetryLater("busy"), WHO)
    assert ("not_applied", {}) == (step.next, outcomes(step))


def test_long_pause_is_left_to_the_next_run() -> None:
    """A tool that wants to be left alone for an hour does not hold up the run."""
    step = advance(part(), RetryLater("quota", after=timedelta(hours=1)), WHO)
    assert "not_applied" == step.next


def test_negative_pause_is_none() -> None:
    """A vendor's clock that is ahead of ours does not make the pause negative."""
    assert timedelta() == advance(part(), RetryLater("busy", after=timedelta(seconds=-9)), WHO).pause


def test_stopped_connection_says_why() -> None:
    """A tool that refuses us is not asked again; its rows were not applied."""
    step = advance(part(), StopConnection("key refused", hint="Renew it."), WHO)
    assert ("not_applied", "key refused Renew it.") == (step.next, step.stop)


@pytest.mark.parametrize("error", [ValueError("anna@example.com"), ConfigError("odd")])
def test_unforeseen_error_names_no_values(error: Exception) -> None:
    """A connector's bug leaves the rows unknown and stops the connection; the text of the error is not repeated."""
    step = advance(part(), error, WHO)
    assert ("in_doubt", {10: "unknown", 11: "unknown", 12: "unknown"}) == (step.next, outcomes(step))
    assert f"CustomerIo.push failed with {type(error).__name__}" in step.stop
    assert "anna" not in step.stop


def test_rows_to_be_sent_later_go_again_after_their_pause() -> None:
    """Rows that the tool asks to send later are sent again in the run if the pause is short."""
    answer = [Verdict(0, "retry", "locked", after=timedelta(seconds=5)), *present(1, 2)]
    step = advance(part(), answer, WHO)
    assert ("again", (10,), timedelta(seconds=5)) == (step.next, step.part.pending, step.pause)


def test_rows_to_be_sent_much_later_keep_their_pause() -> None:
    """A long pause is kept in the receipt, for the plans to come."""
    later = PATIENCE + timedelta(hours=1)
    step = advance(part(), [Verdict(0, "retry", "locked", after=later), *present(1, 2)], WHO)
    assert ("done", Receipt("retry", "locked", after=later)) == (step.next, step.part.receipts[10])


def test_blame_burns_no_attempt() -> None:
    """The rest of a refused request goes again at once and as if the first had not been."""
    step = advance(part(), NotApplied([Verdict(1, "rejected", "bad")]), WHO)
    assert ("again", (10, 12), 0, timedelta()) == (step.next, step.part.pending, step.part.attempt, step.pause)


def test_blamed_row_cannot_be_present() -> None:
    """Nothing of a refused request was applied, whatever the blame says."""
    step = advance(part(), NotApplied([Verdict(1, "present", "odd")]), WHO)
    assert {11: "rejected"} == outcomes(step)


def test_refusal_without_blame_is_halved_down_to_the_bad_row() -> None:
    """Without blame the batch is halved; a single row that is refused is the bad one."""
    step = advance(part(5), NotApplied(code="bad"), WHO)
    assert [(10, 2), (12, 3)] == [(half.first, half.count) for half in step.halves]
    alone = advance(part(1), NotApplied(code="bad"), WHO)
    assert ("done", {10: Receipt("rejected", "bad")}) == (alone.next, alone.part.receipts)


def test_halves_keep_receipts_and_doubt() -> None:
    """What is known about rows goes with them."""
    whole = part(4, receipts={11: Receipt("rejected"), 12: Receipt("present")}, doubted=True)
    first, second = whole.halves()
    assert ([10], [13]) == (list(first.pending), list(second.pending))
    assert (True, True) == (first.doubted, second.doubted)


def test_job_is_to_be_asked_for() -> None:
    """Rows of a job get no receipt until its outcome is known."""
    step = advance(part(), Accepted(job={"id": 7}), WHO)
    assert ("job", {"id": 7}, {}) == (step.next, step.job, outcomes(step))


def test_counts_alone_are_accepted() -> None:
    """Where counts are all that will ever be known, rows are accepted."""
    step = advance(part(), Accepted(counts={"received": 3}), WHO)
    assert ("done", {10: "accepted", 11: "accepted", 12: "accepted"}) == (step.next, outcomes(step))


def test_giving_up_leaves_undoubted_rows_untouched() -> None:
    """Rows that certainly were not applied get no receipt: the earlier belief stands."""
    assert {} == outcomes(give_up(part()))
