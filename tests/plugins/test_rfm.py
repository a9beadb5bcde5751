"""RFM: fifths among buyers, and one named group for each of them."""

from itertools import product
from pathlib import Path

import pytest

from hub.engine import DuckEngine
from hub.lang import Catalogue, TraitInfo, compile_expression
from hub_rfm import GROUPS, group_rule
from tests.support.project import days_ago, make_shop, order, person, run_once

SCORES = ("recency_score", "frequency_score", "monetary_score")
CATALOGUE = Catalogue({name: TraitInfo(name, "integer") for name in SCORES})
BUYERS = 40


def groups_of(scores: list[tuple[int, int, int]]) -> list[object]:
    """The group of each triple of recency, frequency and monetary score."""
    engine = DuckEngine()
    rule = compile_expression(group_rule(), CATALOGUE).sql
    rows = ", ".join(f"({place}, {r}, {f}, {m})" for place, (r, f, m) in enumerate(scores))
    table = f"(values {rows}) as people(place, {', '.join(SCORES)})"
    found = engine.run(f"select {rule} from {table} order by place")
    engine.close()
    return [row[0] for row in found]


def test_every_combination_of_scores_has_exactly_one_group() -> None:
    """No buyer falls between the groups, and each group is reached."""
    found = groups_of([(r, f, m) for r, f, m in product(range(1, 6), range(1, 6), range(1, 6))])
    assert None not in found
    assert {name for name, *_ in GROUPS} == set(found)


def test_groups_do_not_overlap() -> None:
    """The grid is cut without overlaps, but for those that the order of the list settles."""
    settled = {("champion", "loyal"), ("cannot_lose", "at_risk")}
    both = {
        (first[0], second[0])
        for place, first in enumerate(GROUPS)
        for second in GROUPS[place + 1 :]
        if max(first[1], second[1]) <= min(first[2], second[2]) and max(first[3], second[3]) <= min(first[4], second[4])
    }
    assert settled == both


@pytest.mark.parametrize(
    ("scores", "group"),
    [
        ((5, 5, 5), "champion"),
        ((4, 4, 4), "loyal"),
        ((5, 1, 1), "new_customer"),
        ((5, 1, 2), "potential_loyalist"),
        ((4, 1, 1), "promising"),
        ((3, 3, 3), "needs_attention"),
        ((3, 2, 2), "about_to_sleep"),
        ((1, 5, 5), "cannot_lose"),
        ((2, 3, 4), "at_risk"),
        ((2, 2, 2), "hibernating"),
        ((1, 1, 1), "lost"),
    ],
)
def test_groups_have_the_meaning_that_the_field_gives_them(scores: tuple[int, int, int], group: str) -> None:
    """The names mean what marketers expect of them; a half counts as the higher one."""
    assert [group] == groups_of([scores])


def test_buyers_are_scored_among_themselves(tmp_path: Path) -> None:
    """Fifths hold eight of forty buyers each, ties share one, 5 is best; the others have no score and no group."""
    shop = make_shop(tmp_path)
    people = [person(n) for n in range(1, BUYERS + 11)]
    orders = [order(n, days_ago(n), total=5 * n) for n in range(1, BUYERS + 1)]
    orders += [order(n, days_ago(n + 100)) for n in range(1, 9)]  # eight bought twice
    shop.bring(people=people, orders=orders)
    with shop.open() as project:
        run_once(project, {"until": "profile"})
        rows = project.engine.run(f"""
            select days_since_order, orders, monetary_total, {", ".join(SCORES)}, rfm_group from person""")
    bought = sorted((row for row in rows if row[1]), key=lambda row: int(str(row[0])))
    assert BUYERS == len(bought)
    assert [5] * 8 + [4] * 8 + [3] * 8 + [2] * 8 + [1] * 8 == [row[3] for row in bought]
    assert {(2, 5), (1, 1)} == {(row[1], row[4]) for row in bought}
    by_spending = [int(str(row[5])) for row in sorted(bought, key=lambda row: float(str(row[2])))]
    assert by_spending == sorted(by_spending)
    assert all(row[6] for row in bought)
    assert {(None, None, None, None)} == {row[3:] for row in rows if not row[1]}
