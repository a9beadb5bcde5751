"""The default stages: by each customer's own rhythm, from the first visit to being won back."""

from datetime import datetime, timedelta
from pathlib import Path

from hub.project import Project
from tests.support.project import NOW, days_ago, make_shop, order, person, run_once

STAGES = "select first_name, stage from person order by first_name"


def stages(project: Project) -> dict[object, object]:
    """Name -> stage; visitors have no name."""
    return dict(project.engine.run(STAGES))  # type: ignore[arg-type]


def test_everybody_has_a_stage_by_their_own_rhythm(tmp_path: Path) -> None:
    """Silence is measured by the usual gap: at least 14 days, 90 for those who have none yet."""
    bought = {
        "weekly and quiet for 20 days": (range(20, 90, 7), "retention"),
        "weekly and quiet for 29 days": (range(29, 99, 7), "lapsing"),
        "weekly and quiet for 57 days": (range(57, 127, 7), "lost"),
        "twice a year, quiet for 360": ((360, 540, 720), "retention"),
        "twice a year, quiet for 361": ((361, 541, 721), "lapsing"),
        "once, 180 days ago": ((180,), "purchase"),
        "once, 181 days ago": ((181,), "lapsing"),
        "once, 361 days ago": ((361,), "lost"),
        "twice on one day": ((10, 9.8), "retention"),
    }
    people, orders = [], []
    for number, (name, (days, _)) in enumerate(bought.items(), start=1):
        people.append(person(number, first_name=name))
        orders += [order(number, days_ago(day)) for day in days]
    shop = make_shop(tmp_path)
    shop.bring(people=people, orders=orders)
    with shop.open() as project:
        run_once(project, {"until": "segment"})
        assert {name: stage for name, (_, stage) in bought.items()} == stages(project)


def test_what_people_did_besides_buying_counts(tmp_path: Path) -> None:
    """Recommendations, reviews, carts and visits: praise, interest and a passing glance differ."""
    names = ("praises", "reviews", "was silent", "left a cart", "old cart", "has an account")
    people = [person(number, first_name=name) for number, name in enumerate(names, start=1)]
    ids = {name: {"customer": str(number)} for number, name in enumerate(names, start=1)}

    def event(key: str, name: str, days: float, who: dict[str, str]) -> dict[str, object]:
        return {"event_id": key, "name": name, "occurred_at": days_ago(days), "identifiers": who}

    def said(key: str, score: int, days: float) -> dict[str, object]:
        row = {"response_id": key, "kind": "nps", "score": score, "occurred_at": days_ago(days)}
        return {**row, "identifiers": ids["praises"]}

    shop = make_shop(tmp_path)
    shop.bring(
        people=people,
        orders=[order(number, days_ago(day)) for number in (1, 2, 3) for day in (5, 25)],
        responses=[said("r1", 2, 50), said("r2", 9, 4)],
        events=[
            event("e1", "review_written", 300, ids["reviews"]),
            event("e2", "review_written", 400, ids["was silent"]),
            *(event(f"e3{day}", "product_viewed", day, {"ga_client": "looks.twice"}) for day in (1, 2)),
            event("e4", "product_viewed", 1, {"ga_client": "looks.once"}),
        ],
        carts=[
            {"cart_id": "c1", "started_at": days_ago(3), "identifiers": ids["left a cart"]},
            {"cart_id": "c2", "started_at": days_ago(30), "identifiers": ids["old cart"]},
        ],
    )
    with shop.open() as project:
        run_once(project, {"until": "segment"})
        rows = project.engine.run("""
            select coalesce(first_name, value), stage from person
            left join (select profile_id, value from identifiers where namespace = 'ga_client') using (profile_id)""")
    assert {
        "praises": "advocacy",
        "reviews": "advocacy",
        "was silent": "retention",
        "left a cart": "purchase",
        "old cart": "consideration",
        "has an account": "consideration",
        "looks.twice": "consideration",
        "looks.once": "awareness",
    } == {str(name): stage for name, stage in rows}


def test_a_customer_is_lost_and_won_back(tmp_path: Path) -> None:
    """Over the months: purchase, retention, lapsing, lost, won back by a new order, then an ordinary customer again."""
    start = datetime(2025, 1, 1)  # noqa: DTZ001 - naive UTC
    buys = (0, 20, 40, 140)
    shop = make_shop(tmp_path)
    seen = []
    with shop.open() as project:
        for day in (0, 20, 41, 85, 125, 140, 170, 195, 201):
            so_far = [order(1, start + timedelta(days=bought)) for bought in buys if bought <= day]
            shop.bring(people=[person(1)], orders=so_far)
            run_once(project, {"until": "segment", "as_of": start + timedelta(days=day)})
            seen.append((day, *project.engine.run("select stage, previous_stage from person")[0]))
        history = project.engine.run("""
            select name, date_diff('day', timestamp '2025-01-01', entered_at),
                   date_diff('day', timestamp '2025-01-01', left_at)
            from memberships where kind = 'stage' order by 2""")
    assert [
        (0, "purchase", None),
        (20, "retention", "purchase"),
        (41, "retention", "purchase"),
        (85, "lapsing", "retention"),
        (125, "lost", "lapsing"),
        (140, "won_back", "lost"),
        (170, "won_back", "lost"),
        (195, "lapsing", "won_back"),
        (201, "lapsing", "won_back"),
    ] == seen
    assert [
        ("purchase", 0, 20),
        ("retention", 20, 85),
        ("lapsing", 85, 125),
        ("lost", 125, 140),
        ("won_back", 140, 195),
        ("lapsing", 195, None),
    ] == history


def test_a_customer_who_was_won_back_becomes_a_regular_one(tmp_path: Path) -> None:
    """Sixty days after the order that brought them back, the rhythm decides again."""
    shop = make_shop(tmp_path)
    days = (400, 300, 200, 100)  # a gap of 100 days: lapsing after 200, lost after 400
    shop.bring(people=[person(1)], orders=[order(1, NOW + timedelta(days=-day)) for day in days])
    seen = []
    with shop.open() as project:
        for ahead in (0, 301, 310, 340, 371):
            if ahead == 310:
                shop.bring(people=[person(1)], orders=[order(1, NOW + timedelta(days=ahead))])
            run_once(project, {"until": "segment", "as_of": NOW + timedelta(days=ahead)})
            seen.append(stages(project)["Name1"])
    assert ["retention", "lost", "won_back", "won_back", "retention"] == seen
