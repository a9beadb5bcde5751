"""A run as a whole: what must be true of it whenever it ends."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from hub.engine import DuckEngine
from hub.engine.base import Params, Value
from hub.project.approving import approve
from hub.sdk.errors import RetryLater
from tests.support.project import NOW, audience, consent, days_ago, lists, make_shop, order, person, run_once

EVERYBODY = """
    [segment.everybody]
    where = "true"
"""


class Died(BaseException):
    """Stands for the end of the process."""


def dies_at(call: int) -> Callable[[], None]:
    """Return what ends the process at so-manieth call."""
    left = iter(range(1, call))

    def live() -> None:
        if next(left, None) is None:
            raise Died

    return live


def test_an_opt_out_that_a_tool_told_outlives_the_process(tmp_path: Path) -> None:
    """A tool says it once: the word has landed before its plan is closed, whatever happens to the rest of the run."""
    both = lists(audience("a", "everybody"), audience("b", "everybody"))
    shop = make_shop(tmp_path, segments=EVERYBODY, letters=both)
    shop.bring(people=[person(1), person(2)], consents=[consent(1), consent(2)])
    shop.opted_out.add("person-1@example.com")
    shop.before_push = dies_at(2)
    with shop.open() as project:
        for name in ("a", "b"):
            approve(project, name, who="test")
        with pytest.raises(Died):
            run_once(project)
    shop.run("profile", extract=False)
    denied = "select value from consent join identifiers using (profile_id) where not granted and namespace = 'email'"
    assert [("person-1@example.com",)] == shop.ask(denied)


class DyingEngine(DuckEngine):
    """Ends the process at the n-th table that is dropped."""

    def __init__(self, engine: DuckEngine, table: int) -> None:
        self._con = engine._con
        self._die = dies_at(table)

    def run(self, sql: str, params: Params = ()) -> list[tuple[Value, ...]]:
        """Run a statement, or die."""
        if sql.startswith("drop table"):
            self._die()
        return super().run(sql, params)


@pytest.mark.parametrize("table", [2, 9, 16, 23])
def test_a_rebuild_that_was_killed_loses_nothing(tmp_path: Path, table: int) -> None:
    """Half a database that says it contains every file would stay half for good."""
    shop = make_shop(tmp_path, segments=EVERYBODY)
    shop.bring(people=[person(1), person(2)], consents=[consent(1), consent(2)])
    shop.run()
    with shop.open() as project:
        project.engine = DyingEngine(project.engine, table)
        with pytest.raises(Died):
            run_once(project, {"rebuild": True})
    report = shop.run(extract=False, full=True)
    assert (2, [(2,)]) == (report.profiles, shop.ask("select count(*) from current_consents"))


def test_nobody_is_removed_after_a_read_that_failed(tmp_path: Path) -> None:
    """Without news of orders everybody seems to have stopped buying; who says no leaves all the same."""
    recent = '[segment.recent]\nwhere = "days_since_order < 10"\n'
    shop = make_shop(tmp_path, segments=recent, letters=lists(audience("a", "recent")))
    people, orders = [person(n) for n in (1, 2)], [order(n, days_ago(1)) for n in (1, 2)]
    shop.bring(people=people, orders=orders, consents=[consent(n) for n in (1, 2)])
    with shop.open() as project:
        approve(project, "a", who="test")
        run_once(project)
        later = {"as_of": NOW + timedelta(days=20)}
        shop.pages["tills"] = [RetryLater("down")]
        held = run_once(project, later).audiences[0].held
        shop.bring(consents=[consent(1, "denied", occurred_at=NOW)])
        shop.pages["tills"].append(RetryLater("down"))
        run_once(project, later)
        assert (2, {"person-2@example.com"}) == (held, shop.lists["list/a"])
        shop.bring(people=people, orders=orders)
        run_once(project, later)
        assert set() == shop.lists["list/a"]
