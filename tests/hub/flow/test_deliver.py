# ruff: noqa: ARG002 - tools in here take the arguments of the contract
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.outbox.plan import AudienceReport
from hub.sdk.connector import Capabilities
from hub.sdk.errors import RetryLater, StopConnection, Unanswered
from hub.sdk.records import Accepted, Answer, Batch, NotApplied, Row, Suppression, Target, Verdict
from tests.support.delivery import Shop, Tool, add_people, job, set_members

Apply = Callable[[Batch], Answer]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A project with five consenting people in the segment `vip`."""
    shop = Shop(tmp_path)
    add_people(shop.engine, "vip", ["anna", "ben", "cleo", "dora", "emil"])
    return shop


def only(reports: object) -> AudienceReport:
    """Return the one report of a delivery."""
    assert isinstance(reports, list)
    (report,) = reports
    assert isinstance(report, AudienceReport)
    return report


def test_list_equals_segment(shop: Shop) -> None:
    """Everybody in the segment stands on the list after the first run, and the report says so."""
    tool = Tool()
    report = only(shop.run(job(tool)).reports)
    assert ["anna", "ben", "cleo", "dora", "emil"] == tool.emails()
    assert (5, 5, 5, 0, 0) == (report.wanted, report.planned, report.added, report.held, report.unknown)


def test_second_run_sends_nothing(shop: Shop) -> None:
    """What stands already is not sent again."""
    tool = Tool()
    shop.run(job(tool))
    before = tool.sent
    report = only(shop.run(job(tool)).reports)
    assert before == tool.sent
    assert (5, 0, 0) == (report.wanted, report.planned, report.added)


def test_leaver_is_removed_and_stranger_left_alone(shop: Shop) -> None:
    """Who leaves the segment leaves the list; who was put there by others stays."""
    tool = Tool()
    shop.run(job(tool))
    tool.members["list"][frozenset({("email", "foreign@example.com")})] = {}
    set_members(shop.engine, "vip", ["anna", "ben", "cleo", "dora"])
    report = only(shop.run(job(tool)).reports)
    assert ["anna", "ben", "cleo", "dora", "foreign"] == tool.emails()
    assert (1, 1, 0) == (report.planned, report.removed, report.added)


def test_unapproved_audience_sends_nothing(shop: Shop) -> None:
    """An audience that nobody approved is planned in full and not sent."""
    tool = Tool()
    report = only(shop.run(job(tool, approved=False)).reports)
    assert [] == tool.requests
    assert (False, 5, 0) == (report.approved, report.planned, report.added)


CONTACT = Target("contacts", "object", fields=True, may_remove=False)
LIST = Target("list/{name}", "membership", depends_on="contacts")


def test_one_changed_field_sends_one_row(shop: Shop) -> None:
    """A change of one person's field updates that contact and nothing else."""
    tool = Tool(targets=[CONTACT, LIST])
    audience = job(tool, fields={"FNAME": "first_name"})
    first = only(shop.run(audience).reports)
    shop.engine.run("update person set first_name = 'Bea' where profile_id = 'ben'")
    before = tool.sent
    second = only(shop.run(audience).reports)
    assert 1 == tool.sent - before
    assert {"FNAME": "Bea"} == tool.members["contacts"][frozenset({("email", "ben@example.com")})]
    assert (5, 5, 0) == (first.planned, first.added, first.updated)
    assert (1, 0, 1) == (second.planned, second.added, second.updated)


def test_membership_brings_the_vendor_id(shop: Shop) -> None:
    """A membership that depends on an object is sent after it, with the object's vendor id."""
    tool = Tool(targets=[CONTACT, LIST])
    shop.run(job(tool))
    keys = [key for key, _ in tool.requests]
    assert keys == sorted(keys)
    row = next(batch.rows[0] for key, batch in tool.requests if key == "list/vips")
    assert f"id-{row.wire['email']}" == row.vendor_id


def test_object_shared_by_two_audiences_is_written_once(shop: Shop) -> None:
    """A person in two lists of one tool has one contact with the fields of both, which does not change for ever."""
    tool = Tool(targets=[CONTACT, LIST])
    set_members(shop.engine, "few", ["anna", "ben"])
    jobs = [job(tool, fields={"FNAME": "first_name"}), job(tool, "few", "few", fields={"SPENT": "spent"})]
    shop.run(*jobs)
    assert {"FNAME": "Anna", "SPENT": 10.0} == tool.members["contacts"][frozenset({("email", "anna@example.com")})]
    assert 5 == sum(len(batch.rows) for key, batch in tool.requests if key == "contacts")
    before = tool.sent
    shop.run(*jobs)
    assert before == tool.sent


def lost(applied: bool) -> Callable[[Batch, Apply], Answer]:  # noqa: FBT001 - a switch of the test
    """Return a fault: the answer is lost, the request applied or not."""

    def fault(batch: Batch, apply: Apply) -> Answer:
        if applied:
            apply(batch)
        raise Unanswered("tool: no answer.")

    return fault


def fails(error: Exception) -> Callable[[Batch, Apply], Answer]:
    """Return a fault that applies nothing and raises."""

    def fault(_batch: Batch, _apply: Apply) -> Answer:
        raise error

    return fault


@pytest.mark.parametrize("applied", [True, False])
def test_lost_answer_is_asserted_again(shop: Shop, applied: bool) -> None:  # noqa: FBT001 - a parameter
    """A batch without an answer is sent once more in the same run, and the list is right whatever had happened."""
    tool = Tool()
    tool.faults = [lost(applied)]
    report = only(shop.run(job(tool)).reports)
    assert ["anna", "ben", "cleo", "dora", "emil"] == tool.emails()
    assert (5, 0) == (report.added, report.unknown)


def test_twice_unanswered_is_unknown_until_asserted(shop: Shop) -> None:
    """Without an answer to the second request people are unknown; the next run asserts them, and only them."""
    tool = Tool()
    tool.faults = [lost(True), lambda batch, apply: apply(batch), lost(True)]
    first = only(shop.run(job(tool)).reports)
    assert (3, 2) == (first.added, first.unknown)
    before = tool.sent
    second = only(shop.run(job(tool)).reports)
    assert 2 == tool.sent - before
    assert (2, 0) == (second.added, second.unknown)


def test_opposite_operation_waits_until_a_lost_one_has_settled(shop: Shop) -> None:
    """Whoever may still land late is not removed before they must have landed."""
    tool = Tool()
    tool.faults = [lost(False), lambda batch, apply: apply(batch), lost(False)]
    shop.run(job(tool))
    set_members(shop.engine, "vip", [])
    waiting = only(shop.run(job(tool)).reports)
    assert (3, 2) == (waiting.removed, waiting.unknown)
    shop.wait(timedelta(minutes=11))
    settled = only(shop.run(job(tool)).reports)
    assert (2, 0) == (settled.removed, settled.unknown)


def test_read_back_settles_at_once(shop: Shop) -> None:
    """Where the tool can tell its whole list, unknown people who stand on it are present."""
    tool = Tool(capabilities=capable(read_back="full"))
    tool.faults = [lost(True), lambda batch, apply: apply(batch), lost(True)]
    report = only(shop.run(job(tool)).reports)
    assert (5, 0) == (report.added, report.unknown)


def capable(**changes: object) -> Capabilities:
    """Return the tool's capabilities with some replaced."""
    return replace(Tool.capabilities, **changes)  # type: ignore[arg-type]


def test_refused_connection_stops_and_goes_on_later(shop: Shop) -> None:
    """A tool that refuses us gets no further request in this run; the rest is sent in the next."""
    tool = Tool()
    tool.faults = [lambda batch, apply: apply(batch), fails(StopConnection("tool: key refused."))]
    first = only(shop.run(job(tool)).reports)
    assert ("tool: key refused.", 2, 3) == (first.failure, first.added, first.held)
    assert 2 == len(tool.requests)
    second = only(shop.run(job(tool)).reports)
    assert ("", 3) == (second.failure, second.added)


def test_busy_tool_is_asked_again_after_its_pause(shop: Shop) -> None:
    """A request that was certainly not applied goes again after the pause that the tool named."""
    tool = Tool()
    tool.faults = [fails(RetryLater("tool: busy.", after=timedelta(seconds=7)))]
    before = shop.clock
    report = only(shop.run(job(tool)).reports)
    assert (5, 0) == (report.added, report.held)
    assert shop.clock - before >= timedelta(seconds=7)


def test_blamed_rows_are_kept_out_and_the_rest_goes_at_once(shop: Shop) -> None:
    """One bad row in a refused request is rejected; the other rows are sent without it, and it is not sent again."""
    tool = Tool(capabilities=capable(batch_rows=5))
    tool.faults = [lambda _batch, _apply: NotApplied([Verdict(1, "rejected", "bad_address")])]
    report = only(shop.run(job(tool)).reports)
    assert (4, 1) == (report.added, report.rejected)
    assert ["bad_address"] == [refusal.code for refusal in report.refused]
    before = tool.sent
    again = only(shop.run(job(tool)).reports)
    assert before == tool.sent
    assert (0, 1) == (again.planned, again.rejected)


def test_poison_without_blame_is_isolated(shop: Shop) -> None:
    """A batch that is refused without saying why is halved until the bad row stands alone."""
    tool = Tool(capabilities=capable(batch_rows=5))

    def poison(batch: Batch, apply: Apply) -> Answer:
        bad = any(row.wire["email"].startswith("cleo") for row in batch.rows)
        return NotApplied(code="bad_batch") if bad else apply(batch)

    tool.faults = [poison] * 20
    report = only(shop.run(job(tool)).reports)
    assert (4, 1) == (report.added, report.rejected)
    assert ["anna", "ben", "dora", "emil"] == tool.emails()


def test_opt_out_at_the_tool_comes_back_as_consent(shop: Shop) -> None:
    """Somebody whom the tool knows as unsubscribed is kept out, and their opt-out is handed to the hub."""
    tool = Tool()
    told = Verdict(0, "suppressed", "unsubscribed", suppression=Suppression("email", "marketing"))
    tool.faults = [lambda _batch, _apply: [told, Verdict(1, "present")]]
    delivered = shop.run(job(tool))
    report = only(delivered.reports)
    assert (4, 1) == (report.added, report.suppressed)
    (row,) = delivered.consents.to_pylist()
    assert ("email", "marketing", "denied", "tool") == (row["channel"], row["purpose"], row["state"], row["source"])
    assert 1 == len(row["identifiers"])
    before = tool.sent
    assert 1 == only(shop.run(job(tool)).reports).suppressed
    assert before == tool.sent


def test_missing_verdict_is_unknown_and_said(shop: Shop) -> None:
    """A row that gets no verdict is not taken as done, and the connector's author is told."""
    tool = Tool(capabilities=capable(batch_rows=5))
    tool.faults = [lambda _batch, _apply: [Verdict(0, "present")], lambda batch, apply: list(apply(batch))[:-1]]  # type: ignore[arg-type]
    report = only(shop.run(job(tool)).reports)
    assert (4, 1) == (report.added, report.unknown)
    assert "Tool.push gave 1 verdicts for 5 rows; row 1 has none" in " ".join(report.warnings)


def test_counts_only_acceptance_is_not_sent_again(shop: Shop) -> None:
    """Where a tool tells only counts, people count as standing there and are not sent in every run."""
    tool = Tool()

    def accept(batch: Batch, apply: Apply) -> Answer:
        apply(batch)
        return Accepted(counts={"received": len(batch.rows)})

    tool.faults = [accept] * 20
    report = only(shop.run(job(tool)).reports)
    assert (5, 0) == (report.accepted, report.added)
    before = tool.sent
    assert 0 == only(shop.run(job(tool)).reports).planned
    assert before == tool.sent


def test_job_is_polled_to_its_end(shop: Shop) -> None:
    """The outcome of a job is asked for until the tool knows it."""
    tool = Tool(capabilities=capable(batch_rows=5, job_check_after=timedelta(seconds=10)))
    tool.jobs["j1"] = [Verdict(place, "present") for place in range(5)]
    tool.faults = [lambda _batch, _apply: Accepted(job="j1")]
    assert 5 == only(shop.run(job(tool)).reports).added


def test_long_job_is_left_to_the_next_run(shop: Shop) -> None:
    """A job that runs on keeps its plan open; the target rests meanwhile, and the next run takes its verdicts."""
    tool = Tool(capabilities=capable(batch_rows=5, settles_within=timedelta(days=1)))
    tool.jobs["j1"] = None
    tool.faults = [lambda _batch, _apply: Accepted(job="j1")]
    assert 5 == only(shop.run(job(tool)).reports).accepted
    assert 0 == only(shop.run(job(tool)).reports).planned
    tool.jobs["j1"] = [Verdict(place, "present") for place in range(5)]
    assert 0 == only(shop.run(job(tool)).reports).planned
    assert [("present", 5)] == shop.engine.run("select presence, count(*) from ledger group by all")


def test_broken_connector_leaves_its_rows_unknown(shop: Shop) -> None:
    """A connector that fails in an unforeseen way stops, and its rows count as unknown, not as unsent."""
    tool = Tool()
    tool.faults = [fails(KeyError("email"))]
    report = only(shop.run(job(tool)).reports)
    assert "Tool.push failed with KeyError" in report.failure
    assert (2, 3) == (report.unknown, report.held)


def test_cancelled_run_keeps_what_was_done(shop: Shop) -> None:
    """A cancelled run stops between batches, and the next one sends only the rest."""
    tool = Tool()

    def cancel(batch: Batch, apply: Apply) -> Answer:
        shop.cancelled = True
        return apply(batch)

    tool.faults = [cancel]
    assert 2 == only(shop.run(job(tool)).reports).added
    shop.cancelled = False
    assert 3 == only(shop.run(job(tool)).reports).added
    assert 5 == tool.sent


def test_ledger_is_the_same_when_folded_anew(shop: Shop) -> None:
    """The ledger can be dropped and folded from the files to the same content."""
    tool = Tool()
    tool.faults = [lost(True), lost(True), lambda _batch, _apply: [Verdict(0, "retry", "later"), Verdict(1, "present")]]
    shop.run(job(tool))
    set_members(shop.engine, "vip", ["anna"])
    shop.run(job(tool))
    before = shop.engine.run("select * from ledger order by key")
    shop.engine.run("drop table ledger")
    shop.engine.run("drop table ledger_applied")
    shop.run()
    assert before == shop.engine.run("select * from ledger order by key")


def test_connections_do_not_hinder_each_other(shop: Shop) -> None:
    """One tool that refuses us changes nothing for another; reports come in the order of the audiences."""
    bad, good = Tool(), Tool()
    bad.faults = [fails(StopConnection("bad: key refused."))]
    jobs = [job(bad, "a", connection="bad"), job(good, "b", connection="good"), job(Tool(), "c", connection="bad2")]
    reports = shop.run(*jobs).reports
    assert [("a", "bad: key refused.", 0), ("b", "", 5), ("c", "", 5)] == [
        (report.name, report.failure, report.added) for report in reports
    ]


def test_batches_go_side_by_side_and_the_last_one_last(shop: Shop) -> None:
    """Several pushes run at once where the tool allows it; only the final one says that it is the last."""
    tool = Tool(capabilities=capable(batch_rows=1, connections=3))
    assert 5 == only(shop.run(job(tool)).reports).added
    flags = [(batch.sequence, batch.last) for _, batch in tool.requests]
    assert (5, True) == flags[-1]
    assert 1 == sum(last for _, last in flags)


def test_silent_tool_is_left_alone(shop: Shop) -> None:
    """After three requests in a row without an answer the rest is not sent: it would be in doubt too."""
    tool = Tool(capabilities=capable(batch_rows=1))
    tool.faults = [lost(False)] * 20
    report = only(shop.run(job(tool)).reports)
    assert "3 requests in a row got no answer" in report.failure
    assert (3, 2) == (report.unknown, report.held)


def test_lost_vendor_ids_are_resolved(shop: Shop) -> None:
    """Where an object's vendor id is not known, the tool is asked for it before its membership is sent."""

    class Forgetful(Tool):
        def apply(self, key: str, batch: Batch) -> Answer:
            return [Verdict(verdict.index, verdict.outcome) for verdict in super().apply(key, batch)]  # type: ignore[union-attr]

        def resolve(self, rows: Sequence[Row]) -> Mapping[str, str]:
            return {row.key: f"found-{row.wire['email']}" for row in rows}

    tool = Forgetful(targets=[CONTACT, LIST])
    shop.run(job(tool))
    row = next(batch.rows[0] for key, batch in tool.requests if key == "list/vips")
    assert f"found-{row.wire['email']}" == row.vendor_id


def test_failed_close_is_done_again(shop: Shop) -> None:
    """A plan that the tool cannot close stays open, its people are not sent again, and the next run closes it."""

    class Stubborn(Tool):
        tries = 0

        def close(self, target: Target, handle: object) -> None:
            self.tries += 1
            if self.tries == 1:
                raise RetryLater("tool: cannot close.")

    tool = Stubborn()
    assert "tool: cannot close." == only(shop.run(job(tool)).reports).failure
    before = tool.sent
    report = only(shop.run(job(tool)).reports)
    assert (before, 0, "") == (tool.sent, report.planned, report.failure)


def test_rejected_row_is_sent_again_when_its_content_changes(shop: Shop) -> None:
    """A refusal holds for the content that was refused, not for the person."""
    tool = Tool(targets=[Target("contacts", "object", fields=True)], capabilities=capable(batch_rows=5))
    answer = [Verdict(0, "rejected", "bad_name"), *(Verdict(place, "present") for place in (1, 2, 3, 4))]
    tool.faults = [lambda _batch, _apply: answer]
    audience = job(tool, fields={"FNAME": "first_name"})
    assert 1 == only(shop.run(audience).reports).rejected
    shop.engine.run("update person set first_name = first_name || '!'")
    report = only(shop.run(audience).reports)
    assert (1, 4, 0) == (report.added, report.updated, report.rejected)


def test_row_that_is_always_put_off_is_parked(shop: Shop) -> None:
    """A row that the tool puts off in run after run counts as rejected in the end, and is not sent any more."""
    tool = Tool(capabilities=capable(batch_rows=1))
    set_members(shop.engine, "vip", ["anna"])
    tool.faults = [lambda _batch, _apply: [Verdict(0, "retry", "odd", after=timedelta(hours=1))]] * 5
    for _ in range(5):
        assert 1 == only(shop.run(job(tool)).reports).held
        shop.wait(timedelta(hours=2))
    report = only(shop.run(job(tool)).reports)
    assert (0, 1) == (report.held, report.rejected)
    assert 5 == tool.sent


def test_rows_that_a_tool_did_not_take_are_told(shop: Shop) -> None:
    """Where it gives numbers and reasons but no names, the report has them; a run that lost people is not green."""
    add_people(shop.engine, "vip", ["anna", "ben", "cleo"])
    tool = Tool()
    tool.faults = [lambda _batch, _apply: Accepted(refused={"no_consent": 1, "bad_form": 1})] * 2
    report = shop.run(job(tool)).reports[0]
    assert 4 == report.accepted
    assert [
        "tool did not take 4 of those it accepted: no_consent (2), bad_form (2). It does not say who they are."
    ] == list(report.warnings)
