"""A run as a whole: what must be true of it whenever it ends."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.project.approving import approve
from support.project import audience, consent, lists, make_shop, person, run_once

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
