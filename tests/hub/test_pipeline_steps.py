"""One pass through the flow: what it does, how far it goes, how it ends."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from hub.pipeline import plan
from hub.project import Project
from hub.project.approving import approve
from hub.queries.person import person as known_of
from hub.report import Progress
from hub.sdk.errors import ConfigError
from hub.sdk.records import Page
from hub.sdk.tables import table_of
from tests.support.project import (
    NOW,
    SOURCE,
    Shop,
    audience,
    consent,
    days_ago,
    lists,
    make_shop,
    order,
    person,
    run_once,
)

SEGMENTS = """
    [segment.buyers]
    where = "orders >= 1"

    [segment.recent]
    where = "did('order_placed', within => '10 days')"
"""
CONTENT = ("identity", "identifiers", "profiles", "consent", "memberships", "stage_of", "segment_members")


def shop_with_list(root: Path) -> Shop:
    """Five people who have bought and agreed; the audience `news` is for buyers."""
    shop = make_shop(root, segments=SEGMENTS, letters=lists(audience("news", "buyers")))
    five = range(1, 6)
    shop.bring(
        people=[person(n) for n in five],
        orders=[order(n, days_ago(5 * n)) for n in five],
        consents=[consent(n) for n in five],
    )
    return shop


def content(project: Project) -> dict[str, list[tuple[object, ...]]]:
    """Everything derived that people can see."""
    return {table: project.engine.run(f"select * from {table} order by all") for table in CONTENT}


def cancel_at(step: str) -> tuple[list[Progress], Callable[[], bool]]:
    """A list to be told to, and a wish to stop that begins with a step."""
    said: list[Progress] = []
    return said, lambda: any(each.step == step for each in said)


def test_a_run_fills_its_report(tmp_path: Path) -> None:
    """Streams, profiles, segments, stages and audiences are counted, and the run is recorded with its report."""
    shop = shop_with_list(tmp_path)
    with shop.open() as project:
        approve(project, "news", who="ann")
        report = run_once(project)
        [recorded] = project.store.runs()
    assert ("green", 5, 5) == (report.status, report.profiles, report.known)
    assert [("consents", 5, 5), ("orders", 5, 5), ("people", 5, 5)] == [
        (each.stream, each.read, each.landed) for each in report.streams
    ]
    assert [("buyers", 5, 5), ("recent", 2, 2)] == [(each.name, each.size, each.entered) for each in report.segments]
    assert 5 == sum(each.size for each in report.stages)
    assert [("news", 5, 5, 5)] == [(each.name, each.wanted, each.planned, each.added) for each in report.audiences]
    assert ("green", report.as_json()) == (recorded.status, recorded.report)


def test_a_second_run_changes_and_sends_nothing(tmp_path: Path) -> None:
    """Without news nobody enters, leaves or is sent."""
    shop = shop_with_list(tmp_path)
    pushes: list[int] = []
    shop.before_push = lambda: pushes.append(1)
    with shop.open() as project:
        approve(project, "news", who="ann")
        run_once(project)
        before = content(project)
        report = run_once(project)
        assert before == content(project)
    assert [(0, 0)] * 2 == [(each.entered, each.left) for each in report.segments]
    assert ([0], 1) == ([each.planned for each in report.audiences], len(pushes))


def test_a_change_sends_exactly_that_change(tmp_path: Path) -> None:
    """One cancelled order takes one person off the list."""
    shop = shop_with_list(tmp_path)
    with shop.open() as project:
        approve(project, "news", who="ann")
        run_once(project)
        shop.bring(orders=[order(3, days_ago(15), status="cancelled")])
        [sent] = run_once(project).audiences
    assert (1, 0, 0, 1) == (sent.planned, sent.added, sent.updated, sent.removed)
    assert {f"person-{n}@example.com" for n in (1, 2, 4, 5)} == shop.lists["list/news"]


@pytest.mark.parametrize(
    ("until", "profiles", "segments"), [("extract", 0, 0), ("identify", 0, 0), ("profile", 5, 0), ("segment", 5, 2)]
)
def test_until_stops_after_a_step(tmp_path: Path, until: str, profiles: int, segments: int) -> None:
    """`--until` leaves the later steps alone, and the run is green."""
    report = shop_with_list(tmp_path).run(until)
    assert ("green", 3) == (report.status, len(report.streams))
    assert (profiles, segments, []) == (report.profiles, len(report.segments), report.audiences)


def test_until_audience_plans_and_sends_nothing(tmp_path: Path) -> None:
    """Planning tells what would be sent, also for approved audiences."""
    shop = shop_with_list(tmp_path)
    with shop.open() as project:
        approve(project, "news", who="ann")
        [planned] = run_once(project, {"until": "audience"}).audiences
        [dry] = plan(project)
    assert (5, 5, 0, {}) == (planned.wanted, planned.planned, planned.added, shop.lists)
    assert (5, 5, 0, 0, 5) == (dry.wanted, dry.adds, dry.updates, dry.removes, dry.reach.segment)


def test_what_landed_earlier_is_taken_in_by_the_next_run(tmp_path: Path) -> None:
    """A run that only reads leaves its rows for a later one, which need not read."""
    shop = shop_with_list(tmp_path)
    with shop.open() as project:
        run_once(project, {"until": "extract"})
        report = run_once(project, {"until": "segment", "extract": False})
    assert (5, [], 1) == (report.profiles, report.streams, len(shop.asked))


def test_a_rebuild_gives_the_same_to_the_last_row(tmp_path: Path) -> None:
    """Ids, profiles, memberships with their history, stages: everything derived comes again from the logs."""
    shop = shop_with_list(tmp_path)
    with shop.open() as project:
        run_once(project, {"until": "segment", "as_of": NOW - timedelta(days=8)})
        shop.bring(people=[person(2, first_name="Zoe", ids={"email": "person-1@example.com"})])
        run_once(project, {"until": "segment", "as_of": NOW - timedelta(days=4)})
        shop.bring(orders=[order(4, days_ago(1))])
        run_once(project, {"until": "segment"})
        before = content(project)
        shop.pages.clear()
        report = run_once(project, {"until": "segment", "rebuild": True})
        assert before == content(project)
    assert [(0, 0)] * 2 == [(each.entered, each.left) for each in report.segments]


def test_incremental_runs_end_like_one_full_run(tmp_path: Path) -> None:
    """Runs at several instants, each with some news, leave the profiles that a full pass and a rebuild compute."""
    shop = shop_with_list(tmp_path)
    everybody = "select * from person order by profile_id"
    with shop.open() as project:
        for day in (20, 9, 3):
            shop.bring(people=[person(day)], orders=[order(day, days_ago(day)), order(1, days_ago(day))])
            run_once(project, {"until": "profile", "as_of": days_ago(day - 1)})
        run_once(project, {"until": "profile"})
        incremental = project.engine.run(everybody)
        run_once(project, {"until": "profile", "full": True})
        assert incremental == project.engine.run(everybody)
        run_once(project, {"until": "profile", "rebuild": True, "extract": False})
        assert incremental == project.engine.run(everybody)
    assert 4 == len(incremental)


def test_an_audience_can_be_delivered_alone(tmp_path: Path) -> None:
    """`audience` leaves the others alone; an unknown one is refused before anything runs."""
    shop = shop_with_list(tmp_path)
    shop.configure(letters=lists(audience("news", "buyers"), audience("offers", "recent")))
    with shop.open() as project:
        report = run_once(project, {"audience": "offers"})
        assert ["offers"] == [each.name for each in report.audiences]
        shop.asked.clear()
        with pytest.raises(ConfigError, match=r'no audience "offer". Audiences: news, offers.'):
            run_once(project, {"audience": "offer"})
        assert ([], "red") == (shop.asked, project.store.runs()[0].status)


def test_a_broken_tool_leaves_the_others(tmp_path: Path) -> None:
    """A destination that fails colours the run, with a sentence that quotes nothing; the others are delivered."""
    shop = shop_with_list(tmp_path)
    shop.configure(other=lists(audience("offers", "recent")))
    calls: list[int] = []

    def fail_once() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("ann@example.com")

    shop.before_push = fail_once
    with shop.open() as project:
        approve(project, "news", who="ann")
        approve(project, "offers", who="ann")
        report = run_once(project)
    assert (True, 1) == (report.status in ("amber", "red"), len(shop.lists))
    assert "ann@example.com" not in str(report.as_json())


def test_an_opt_out_at_one_tool_holds_for_the_next_plan_of_all(tmp_path: Path) -> None:
    """Who unsubscribed at a tool is not planned for another one, by the plan that follows at once."""
    shop = shop_with_list(tmp_path)
    shop.configure(other=lists(audience("offers", "buyers")))
    shop.opted_out.add("person-2@example.com")
    with shop.open() as project:
        approve(project, "news", who="ann")
        [news, offers] = run_once(project).audiences
        assert (4, 1, 5) == (news.added, news.suppressed, offers.wanted)
        dry = {each.name: each for each in plan(project)}
        assert (4, 1) == (dry["offers"].wanted, dry["offers"].reach.no_consent)
        denied = known_of(project, "email:person-2@example.com").consents
        assert [False] == [each.granted for each in denied]
        [landed] = [file for file in project.store.files() if file.connection == "letters"]
        assert ("consents", 1) == (landed.stream, landed.rows)


def test_a_cancelled_run_stops_and_says_so(tmp_path: Path) -> None:
    """Wherever the wish comes, what was done stays done, the run is recorded as cancelled, and the next one goes on."""
    shop = shop_with_list(tmp_path)
    with shop.open() as project:
        approve(project, "news", who="ann")
        for step in ("extract", "land", "profile", "segment", "audience", "deliver"):
            said, cancelled = cancel_at(step)
            assert "cancelled" == run_once(project, said=said, cancelled=cancelled).status, step
            assert "cancelled" == project.store.runs()[0].status
        assert "green" == run_once(project).status
    assert 5 == len(shop.lists["list/news"])


def test_a_read_is_cancelled_between_two_pages(tmp_path: Path) -> None:
    """The page that has landed stays, with its cursor; nothing of other sources lands, asked side by side."""
    shop = make_shop(tmp_path, zoo=SOURCE)
    shop.pages["tills"] = [
        Page({"people": table_of("people", [person(n)])}, {"people": 1}, cursor={"page": n})  # durable one by one
        for n in range(1, 4)
    ]
    said: list[Progress] = []
    with shop.open() as project:
        report = run_once(project, {"until": "extract"}, said=said, cancelled=lambda: any(each.what for each in said))
        assert {"page": 1} == project.store.cursor("tills", "all")
    assert ("cancelled", [("tills", 1), ("zoo", 0)]) == (
        report.status,
        [(each.source, each.read) for each in report.streams],
    )
    assert {"tills", "zoo"} == {connection for connection, _, _ in shop.asked}


def test_progress_is_told_step_by_step(tmp_path: Path) -> None:
    """Every step announces itself, and reading and delivering tell how far they are."""
    shop = shop_with_list(tmp_path)
    said: list[Progress] = []
    with shop.open() as project:
        approve(project, "news", who="ann")
        run_once(project, said=said)
    steps = list(dict.fromkeys(each.step for each in said))
    assert ["extract", "land", "identify", "profile", "segment", "audience", "deliver"] == steps
    assert ("tills/all", 15) in [(each.what, each.done) for each in said]
    assert ("news", 5, 5) in [(each.what, each.done, each.total) for each in said]


def test_a_bug_is_recorded_before_it_is_raised(tmp_path: Path) -> None:
    """An error that nobody foresaw ends the run as red in the store, without the words of the error."""

    def fail() -> bool:
        raise RuntimeError("ann@example.com")

    with shop_with_list(tmp_path).open() as project:
        with pytest.raises(RuntimeError):
            run_once(project, cancelled=fail)
        [recorded] = project.store.runs()
    assert "red" == recorded.status
    assert "ann@example.com" not in str(recorded.report)


def test_plan_looks_from_another_instant_without_trace(tmp_path: Path) -> None:
    """`hub plan --as-of` shows fields as of then; what is asked afterwards is as of the last run again."""
    fields = audience("news", "buyers", 'fields = { DAYS = "days_since_order" }')
    shop = shop_with_list(tmp_path)
    shop.configure(letters=lists(fields))
    ages = "select profile_id, days_since_order from person order by 1"
    with shop.open() as project:
        run_once(project, {"until": "segment"})
        before = project.engine.run(ages)
        [later] = plan(project, as_of=NOW + timedelta(days=3))
        assert (5, before) == (later.adds, project.engine.run(ages))
        with pytest.raises(ConfigError, match='no audience "new"'):
            plan(project, audience="new")


def test_missing_values_are_told_with_their_names(tmp_path: Path) -> None:
    """A rule that leaves people undecided is named with how many and the trait that is missing."""
    shop = make_shop(tmp_path, segments='[segment.quiet]\nwhere = "days_since_order > 2 * median_gap_days"\n')
    shop.bring(people=[person(n) for n in (1, 2)], orders=[order(1, days_ago(1)), order(1, days_ago(9))])
    [warning] = shop.run().warnings
    empty = "what the rule makes of days_since_order and median_gap_days is empty"
    assert f"quiet: 1 people are neither in nor out: {empty}. Use coalesce()." == warning
