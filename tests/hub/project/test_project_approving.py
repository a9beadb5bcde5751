"""A person says yes: to an audience as it is configured, to the removals that are held, to a read."""

from pathlib import Path

import pytest

from hub.project.approving import approve
from hub.project.jobs import choose, make_jobs
from hub.project.reading import doubts
from hub.sdk.errors import ConfigError
from tests.support.project import audience, consent, days_ago, lists, make_shop, order, person, run_once

SEGMENTS = """
    [segment.buyers]
    where = "orders >= {least}"

    [segment.everybody]
    where = "true"
"""
STRICT = """
    [shop]
    timezone = "UTC"

    [safety]
    max_removals_per_run = "10 %"
    max_removals_per_day = "10 %"
"""


def test_an_approval_ends_when_the_meaning_changes(tmp_path: Path) -> None:
    """An approval holds for the very config that a person saw; a changed rule needs another."""
    shop = make_shop(tmp_path, segments=SEGMENTS.format(least=1), letters=lists(audience("news", "buyers")))
    with shop.open() as project:
        assert not make_jobs(project)[0].approved
        said = approve(project, "news", who="ann")
        assert ("audience", "news: approved as configured now; the next run delivers it to letters.") == (
            said.kind,
            said.message,
        )
        assert make_jobs(project)[0].approved
    shop.configure(segments=SEGMENTS.format(least=2))
    with shop.open() as project:
        assert not make_jobs(project)[0].approved


def test_what_cannot_be_approved_is_told(tmp_path: Path) -> None:
    """Unknown names list those that exist; held removals must exist; a source has no removals."""
    shop = make_shop(tmp_path, segments=SEGMENTS.format(least=1), letters=lists(audience("news", "buyers")))
    with shop.open() as project:
        with pytest.raises(ConfigError, match=r'no audience and no source "new". There are: news, tills.'):
            approve(project, "new", who="ann")
        with pytest.raises(ConfigError, match=r"news: no removals are held. See what would be sent: hub plan."):
            approve(project, "news", removals=True, who="ann")
        with pytest.raises(ConfigError, match=r"tills is a source; --removals is for audiences."):
            approve(project, "tills", removals=True, who="ann")
        with pytest.raises(ConfigError, match=r'no audience "new". Audiences: news.'):
            choose(make_jobs(project), "new")


def test_released_removals_go_and_no_others(tmp_path: Path) -> None:
    """Removals over the limit are held until released; then exactly the people who were held are removed."""
    shop = make_shop(tmp_path, hub=STRICT, segments=SEGMENTS.format(least=1), letters=lists(audience("news", "buyers")))
    buyers = range(1, 11)
    shop.bring(
        people=[person(n) for n in buyers],
        orders=[order(n, days_ago(n)) for n in buyers],
        consents=[consent(n) for n in buyers],
    )
    with shop.open() as project:
        approve(project, "news", who="ann")
        assert 10 == run_once(project).audiences[0].added
        shop.bring(orders=[order(n, days_ago(n), status="cancelled") for n in (1, 2, 3)])
        report = run_once(project)
        assert ("amber", 3, 0) == (report.status, report.audiences[0].held, report.audiences[0].removed)
        assert report.concerns == ["news: 3 of 10 (30 %) would leave; limit 10 %"]
        said = approve(project, "news", removals=True, who="ann").message
        assert "news: 3 removals released; the next run removes those people and no others." == said
        shop.bring(orders=[order(n, days_ago(n), status="cancelled") for n in (4, 5)])
        report = run_once(project)
        assert ("amber", 2, 3) == (report.status, report.audiences[0].held, report.audiences[0].removed)
    assert {f"person-{n}@example.com" for n in range(4, 11)} == shop.lists["list/news"]


def test_a_doubted_read_holds_removals_until_it_is_believed(tmp_path: Path) -> None:
    """While a full read is doubted nobody is removed from any list, also in runs that read nothing."""
    shop = make_shop(tmp_path, segments=SEGMENTS.format(least=1), letters=lists(audience("news", "buyers")))
    many = range(1, 31)
    shop.bring(
        people=[person(n) for n in many],
        orders=[order(n, days_ago(n)) for n in many],
        consents=[consent(n) for n in many],
        complete=True,
    )
    with shop.open() as project:
        approve(project, "news", who="ann")
        assert 30 == run_once(project).audiences[0].added
        shop.bring(people=[person(1)], orders=[order(1, days_ago(1), status="cancelled")], complete=True)
        assert 1 == run_once(project).audiences[0].held
        assert 1 == run_once(project, {"extract": False}).audiences[0].held
        assert ["tills: people: 1 records where 30 are known."] == [
            text.partition(" Treated")[0] for text in doubts(project.engine)
        ]
        approve(project, "tills", who="ann")
        assert 30 == run_once(project).audiences[0].removed
        assert [] == doubts(project.engine)


def test_audiences_that_contradict_each_other_are_refused_before_anything_runs(tmp_path: Path) -> None:
    """Two audiences in one place would remove each other's people: the run stops before it reads."""
    both = lists(audience("news", "buyers"), audience("offers", "everybody"))
    shop = make_shop(tmp_path, segments=SEGMENTS.format(least=1), letters=both)
    shop.place = "list/one"
    with shop.open() as project, pytest.raises(ConfigError, match=r'"news" and "offers" stand in the same place'):
        run_once(project)
    assert [] == shop.asked
