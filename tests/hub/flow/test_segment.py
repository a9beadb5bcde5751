"""Segments and stages: who is in, who came and went, and what ranks are drawn from."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.engine import DuckEngine
from hub.engine.schema import create
from hub.flow.segment import Derived, make_person
from hub.lang import Catalogue, TraitInfo, compile_expression, compile_rule
from hub.project import Project
from hub.sdk.traits import RankTrait
from tests.support.project import NOW, Shop, days_ago, make_shop, order, person, run_once

CATALOGUE = Catalogue({"value": TraitInfo("value", "number"), "buyer": TraitInfo("buyer", "boolean")})
HISTORY = """
    select kind, name, first_name, entered_at, left_at from memberships join profiles using (profile_id)
    where name in ({}) order by entered_at, left_at nulls last, name, first_name"""


def ranked(groups: int = 5, where: str = "true", value: str = "value") -> Derived:
    """A rank over `value`."""
    trait = RankTrait("score", "a rank", value, groups, where)
    return Derived(trait, compile_expression(value, CATALOGUE), compile_rule(where, CATALOGUE))


@contextmanager
def people_with(values: Sequence[float | None]) -> Iterator[DuckEngine]:
    """A derived database whose profiles are named by their place in `values`; every other one is a buyer."""
    engine = DuckEngine()
    create(engine)
    engine.run("create table profiles(profile_id varchar, value double, buyer boolean)")
    set_values(engine, values)
    yield engine
    engine.close()


def set_values(engine: DuckEngine, values: Sequence[float | None]) -> None:
    """Replace the profiles."""
    engine.run("delete from profiles")
    for place, value in enumerate(values):
        engine.run("insert into profiles values (?, ?, ?)", (str(place), value, place % 2 == 0))


def scores(engine: DuckEngine, item: Derived, as_of: datetime = NOW, *, refresh: bool = False) -> list[int | None]:
    """Make the views and return everybody's score, in the order of `values`."""
    make_person(engine, [item], as_of, refresh=refresh)
    rows = engine.run("select score from person order by cast(profile_id as integer)")
    return [None if row[0] is None else int(str(row[0])) for row in rows]


def test_groups_are_of_equal_size() -> None:
    """Ten people in fifths are two each, and the highest value is in the highest group."""
    with people_with([10, 1, 9, 2, 8, 3, 7, 4, 6, 5]) as engine:
        assert [5, 1, 5, 1, 4, 2, 4, 2, 3, 3] == scores(engine, ranked())


def test_ties_share_a_group() -> None:
    """Who has the same value is never torn apart."""
    with people_with([1, 1, 1, 1, 1, 1, 2, 3, 4, 5]) as engine:
        assert [1, 1, 1, 1, 1, 1, 4, 4, 5, 5] == scores(engine, ranked())


def test_only_those_meant_are_ranked() -> None:
    """Groups are drawn among people for whom the condition holds and who have a value; the others have no score."""
    with people_with([1, 100, 2, 100, None, 100, 3, 100]) as engine:
        assert [1, None, 2, None, None, None, 3, None] == scores(engine, ranked(3, "buyer"))


def test_nobody_to_rank() -> None:
    """Without anybody to compare with, the first who comes is in the lowest group."""
    with people_with([None]) as engine:
        assert [None] == scores(engine, ranked())
        set_values(engine, [7])
        assert [1] == scores(engine, ranked())


def test_numbers_without_end_are_ranked_too() -> None:
    """Infinity is the highest value, not a broken view."""
    with people_with([1, 2, 3, 4, float("inf"), float("inf"), float("inf"), float("inf")]) as engine:
        assert [1, 1, 2, 2, 3, 3, 3, 3] == scores(engine, ranked(4))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-20, 20), min_size=1, max_size=40), st.integers(2, 6))
def test_ranks_follow_values(values: list[int], groups: int) -> None:
    """Whatever the values: scores are 1 to `groups`, never lower for a higher value, equal for equal values."""
    with people_with(values) as engine:
        found = scores(engine, ranked(groups))
    pairs = sorted(zip(values, found, strict=True))
    given_scores = [score for _, score in pairs if score is not None]
    assert len(values) == len(given_scores)
    assert given_scores == sorted(given_scores)
    assert len({value for value, _ in pairs}) == len(set(pairs))
    assert set(given_scores) <= set(range(1, groups + 1))


def test_cut_points_stay_until_they_are_drawn_anew() -> None:
    """Other people's values move nobody before the next full pass, or before a day is over where none comes."""
    with people_with([1, 2, 3, 4, 5]) as engine:
        assert [1, 2, 3, 4, 5] == scores(engine, ranked())
        set_values(engine, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        stayed = [1, 2, 3, 4, 5, 5, 5, 5, 5, 5]
        drawn = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
        assert stayed == scores(engine, ranked(), NOW + timedelta(hours=23))
        assert drawn == scores(engine, ranked(), NOW + timedelta(hours=23), refresh=True)
        set_values(engine, [1, 2, 3, 4, 5])
        assert [1, 1, 2, 2, 3] == scores(engine, ranked(), NOW + timedelta(hours=46))
        assert [1, 2, 3, 4, 5] == scores(engine, ranked(), NOW + timedelta(hours=47))
        set_values(engine, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        assert drawn == scores(engine, ranked(), NOW), "drawn after this instant, so of no use for it"


def test_cut_points_belong_to_a_definition() -> None:
    """A rank that is defined anew never uses the cut-points of the old one."""
    with people_with([1, 2, 3, 4, 5]) as engine:
        assert [1, 2, 3, 4, 5] == scores(engine, ranked())
        assert [5, 4, 3, 2, 1] == scores(engine, ranked(value="-value"))
        assert [1, 1, 2, 2, 2] == scores(engine, ranked(2))


def test_segments_stages_and_what_builds_on_them(tmp_path: Path) -> None:
    """Segments name segments, a stage names segments, segments name the stage: all at one instant."""
    shop = make_shop(
        tmp_path,
        segments="""
            [segment.fans_of_ulm]
            where = "in_segment('fans') and city = 'Ulm'"
            [segment.fans]
            where = "in_segment('buyers') and stage = 'active'"
            [segment.buyers]
            where = "orders >= 1"
            [segment.strangers]
            where = "not in_segment('buyers') or previous_stage = 'active'"
        """,
        stages="""
            [[stage]]
            name = "active"
            when = "in_segment('buyers') and did('order_placed', within => '30 days')"
            [[stage]]
            name = "asleep"
            when = "in_segment('buyers')"
        """,
    )
    shop.bring(
        people=[person(1, city="Ulm"), person(2), person(3, city="Ulm"), person(4)],
        orders=[order(1, days_ago(1)), order(2, days_ago(1)), order(3, days_ago(99))],
    )
    report = shop.run()
    sizes = {each.name: each.size for each in report.segments}
    assert {"buyers": 3, "fans": 2, "fans_of_ulm": 1, "strangers": 1} == sizes
    assert {"active": 2, "asleep": 1} == {each.name: each.size for each in report.stages}


def test_history_records_who_entered_and_left_when(tmp_path: Path) -> None:
    """As time goes by people leave by themselves; who comes back enters anew; nothing is ever overwritten."""
    shop = make_shop(tmp_path, segments="[segment.recent]\nwhere = \"did('order_placed', within => '7 days')\"\n")
    start = days_ago(30)
    with shop.open() as project:
        shop.bring(people=[person(1), person(2)], orders=[order(1, start), order(2, start + timedelta(days=5))])
        moved = []
        for day in (1, 6, 9, 13, 20):
            if day == 13:
                shop.bring(orders=[order(1, start + timedelta(days=12))])
            report = run_once(project, {"until": "segment", "as_of": start + timedelta(days=day)})
            moved.append((report.segments[0].size, report.segments[0].entered, report.segments[0].left))
        assert [(1, 1, 0), (2, 1, 0), (1, 0, 1), (1, 1, 1), (0, 0, 1)] == moved
        days = [
            (str(row[2]), *(None if when is None else (when - start).days for when in _instants(row)))
            for row in project.engine.run(HISTORY.format("'recent'"))
        ]
    assert [("Name1", 1, 9), ("Name2", 6, 13), ("Name1", 13, 20)] == days


def _instants(row: tuple[object, ...]) -> list[datetime | None]:
    return [when if isinstance(when, datetime) else None for when in row[3:]]


def test_a_segment_that_is_gone_is_left_by_all(tmp_path: Path) -> None:
    """When a definition is removed, its members leave; the history stays."""
    shop = make_shop(tmp_path, segments='[segment.a]\nwhere = "true"\n[segment.b]\nwhere = "true"\n')
    shop.bring(people=[person(1)])
    shop.run()
    shop.configure(segments='[segment.a]\nwhere = "true"\n')
    with shop.open() as project:
        run_once(project, {"until": "segment", "as_of": NOW + timedelta(days=1)})
        assert [("a",)] == project.engine.run("select segment from segment_members")
        assert [("b", True)] == project.engine.run("select name, left_at is not null from memberships where name = 'b'")


def test_undecided_people_are_in_neither_a_rule_nor_its_opposite(tmp_path: Path) -> None:
    """A missing value is counted for both, and the warning says how many."""
    rules = {"quiet": "days_since_order > 2 * median_gap_days", "loud": "not days_since_order > 2 * median_gap_days"}
    shop = make_shop(tmp_path, segments="\n".join(f'[segment.{n}]\nwhere = "{rule}"' for n, rule in rules.items()))
    shop.bring(
        people=[person(n) for n in (1, 2, 3)],
        orders=[order(1, days_ago(1)), order(1, days_ago(9)), order(2, days_ago(1))],
    )
    report = shop.run()
    assert {"quiet": 0, "loud": 1} == {each.name: each.size for each in report.segments}
    assert ["loud: 2 people", "quiet: 2 people"] == sorted(text.partition(" are")[0] for text in report.warnings)


def stages_of(project: Project) -> Mapping[str, tuple[object, object]]:
    """Name -> stage and the one before it."""
    query = "select first_name, s.stage, s.previous_stage from stage_of s join profiles using (profile_id)"
    return {str(name): (stage, before) for name, stage, before in project.engine.run(query)}


def shop_with_stages(root: Path, *rules: tuple[str, str]) -> Shop:
    """A shop whose stages are these rules."""
    return make_shop(root, stages="\n".join(f'[[stage]]\nname = "{name}"\nwhen = "{when}"' for name, when in rules))


def test_a_stage_may_hold_on_by_the_one_before_it(tmp_path: Path) -> None:
    """`previous_stage` stays what it was while somebody stays, so that a stage entered by it is not left at once."""
    shop = shop_with_stages(
        tmp_path,
        ("back", "previous_stage = 'gone' and did('order_placed', within => '10 days')"),
        ("here", "did('order_placed', within => '10 days')"),
        ("gone", "orders >= 1"),
        ("new", "true"),
    )
    start = days_ago(60)
    seen = []
    with shop.open() as project:
        shop.bring(people=[person(1)])
        for day in (0, 1, 5, 12, 14, 15, 26, 27):
            if day in (1, 14, 27):
                shop.bring(people=[person(1)], orders=[order(1, start + timedelta(days=day))])
            run_once(project, {"until": "segment", "as_of": start + timedelta(days=day)})
            seen.append(stages_of(project)["Name1"])
    assert [
        ("new", None),
        ("here", "new"),
        ("here", "new"),
        ("gone", "here"),
        ("back", "gone"),
        ("back", "gone"),
        ("gone", "back"),
        ("back", "gone"),
    ] == seen


def test_a_text_that_looks_like_the_column_stays_a_text(tmp_path: Path) -> None:
    """Only the column `previous_stage` is the stage before; the word in quotes, or within a trait's name, is itself."""
    shop = shop_with_stages(
        tmp_path, ("odd", "my_previous_stage = 'previous_stage' and previous_stage is null"), ("other", "true")
    )
    shop.configure(traits="[my_previous_stage]\nvalue = \"case when orders = 1 then 'previous_stage' end\"\n")
    shop.bring(people=[person(1), person(2)], orders=[order(1, days_ago(1))])
    with shop.open() as project:
        run_once(project, {"until": "segment"})
        assert {"Name1": ("odd", None), "Name2": ("other", None)} == stages_of(project)


def test_somebody_may_be_in_no_stage(tmp_path: Path) -> None:
    """Where no rule holds there is no stage; a person who drops out of all keeps the history."""
    shop = shop_with_stages(tmp_path, ("here", "did('order_placed', within => '10 days')"))
    shop.bring(people=[person(1), person(2)], orders=[order(1, days_ago(1))])
    with shop.open() as project:
        run_once(project, {"until": "segment"})
        assert {"Name1": ("here", None)} == stages_of(project)
        run_once(project, {"until": "segment", "as_of": NOW + timedelta(days=20)})
        assert {} == stages_of(project)
        assert [("stage", "here", True)] == project.engine.run(
            "select kind, name, left_at is not null from memberships"
        )


def test_a_merge_ends_the_history_of_the_id_that_is_gone(tmp_path: Path) -> None:
    """When two profiles become one, the id that is gone leaves everything; the other one goes on."""
    shop = make_shop(tmp_path, segments='[segment.a]\nwhere = "true"\n', identity='one_person = ["user"]\n')
    shop.bring(people=[person(1), person(2)])
    with shop.open() as project:
        run_once(project, {"until": "segment"})
        shop.bring(people=[person(2, ids={"customer": "1"})])
        report = run_once(project, {"until": "segment", "as_of": NOW + timedelta(days=1)})
        current = project.engine.run("select profile_id from segment_members")
        assert project.engine.run("select profile_id from profiles") == current
    assert [(1, 0, 1)] == [(each.size, each.entered, each.left) for each in report.segments]
