"""A run as a whole: what must be true of it whenever it ends."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.engine import DuckEngine
from hub.engine.base import Params, Value
from hub.project.approving import approve
from tests.support.project import audience, consent, lists, make_shop, person, run_once

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
