"""Walk 2: a property at Google Analytics, read through the whole pipeline."""

from datetime import date
from pathlib import Path

from tests.support.walks.project import WalkProject
from tests.support.walks.vendor_ga4 import PROPERTIES, Property

FILES = {
    "site": """
        [connection]
        connector = "walk_ga4"
        account   = "${ACCOUNT}"
        start     = 2026-03-08

        [[source]]
    """,
    "segments": "[segment.visitors]\nwhere = \"count_of('page_view') >= 1\"\n",
}
FIRST, SECOND, TODAY = date(2026, 3, 8), date(2026, 3, 9), date(2026, 3, 10)


def seeded(folder: Path) -> tuple[WalkProject, Property]:
    """A project, and its property with two days of two and three rows."""
    project = WalkProject(folder, FILES)
    site = PROPERTIES[project.account]
    site.set_day(FIRST, {("a", "page_view"): 3, ("b", "page_view"): 1})
    site.set_day(SECOND, {("a", "page_view"): 2, ("a", "purchase"): 1, ("b", "page_view"): 4})
    return project, site


def seen(project: WalkProject) -> list[tuple[object, ...]]:
    """Day of the month, event and how often, for every current row."""
    return project.rows("select day(occurred_at), name, cast(value as integer) from events order by all")


BOTH_DAYS = [(8, "page_view", 1), (8, "page_view", 3), (9, "page_view", 2), (9, "page_view", 4), (9, "purchase", 1)]


def test_days_land_page_by_page(tmp_path: Path) -> None:
    """Every page of every day counts, and a client of two days is one person, known by its device alone."""
    project, _ = seeded(tmp_path)
    report = project.run()
    assert ("green", 2, 0) == (report.status, report.profiles, report.known)
    assert BOTH_DAYS == seen(project)


def test_a_restated_day_replaces_the_old_one(tmp_path: Path) -> None:
    """Rows that the vendor dropped are gone, counts that grew are not added up, and nobody's id changes."""
    project, site = seeded(tmp_path)
    project.run()
    before = project.rows("select profile_id, _key from events order by _key")
    site.set_day(FIRST, {("b", "page_view"): 2})
    project.run()
    assert [(8, "page_view", 2), *BOTH_DAYS[2:]] == seen(project)
    after = project.rows("select profile_id, _key from events order by _key")
    assert set(after) < set(before)


def test_a_day_that_became_empty_is_empty(tmp_path: Path) -> None:
    """A report without rows closes its window too."""
    project, site = seeded(tmp_path)
    project.run()
    site.set_day(FIRST, {})
    project.run()
    assert BOTH_DAYS[2:] == seen(project)


def test_half_a_day_is_never_current(tmp_path: Path) -> None:
    """A read that ends within a day leaves that day as it was; whole days before it count."""
    project, site = seeded(tmp_path)
    project.run()
    site.set_day(FIRST, {("c", "page_view"): 7})
    site.set_day(SECOND, {("a", "page_view"): 9, ("b", "page_view"): 9, ("c", "page_view"): 9})
    site.fails_at = (SECOND, 2)
    assert "red" == project.run().status
    assert [(8, "page_view", 7), *BOTH_DAYS[2:]] == seen(project)
    site.fails_at = None
    assert "green" == project.run().status
    assert [(8, "page_view", 7), *[(9, "page_view", 9)] * 3] == seen(project)


def test_days_within_the_look_back_are_read_again(tmp_path: Path) -> None:
    """The cursor is the last whole day; the look-back is the connector's own business."""
    project, site = seeded(tmp_path)
    project.run()
    site.asked.clear()
    site.today = date(2026, 3, 12)
    project.run()
    assert [FIRST, SECOND, SECOND, TODAY, date(2026, 3, 11), date(2026, 3, 12)] == site.asked


def test_a_sampled_report_is_no_green_run(tmp_path: Path) -> None:
    """The vendor guessed: the numbers land, and the run is amber and says for which day."""
    project, site = seeded(tmp_path)
    site.sampled = True
    report = project.run()
    assert ("amber", f"site: {FIRST}: the report is sampled.") == (report.status, report.concerns[0])


def test_a_rebuild_gives_the_same_days(tmp_path: Path) -> None:
    """Restated and half windows lead to the same rows and ids once more."""
    project, site = seeded(tmp_path)
    project.run()
    site.set_day(FIRST, {("b", "page_view"): 2})
    site.fails_at = (SECOND, 2)
    project.run()
    before = project.rows("select profile_id, _key, value from events order by _key")
    site.fails_at = (FIRST, 0)
    project.run(rebuild=True)
    assert before == project.rows("select profile_id, _key, value from events order by _key")
