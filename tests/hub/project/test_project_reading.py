"""Reading sources: each on its own account, and a full read that shrank is doubted until a person says yes."""

from pathlib import Path

import pyarrow as pa
import pytest

from hub.project import Project
from hub.project.approving import approve
from hub.project.reading import doubts
from hub.report import RunReport
from hub.sdk.errors import BadData, ConfigError, StopConnection
from hub.sdk.records import Page
from hub.sdk.tables import table_of
from tests.support.project import SOURCE, Shop, days_ago, make_shop, order, person, run_once

KNOWN = "select count(*) from current_people where not _deleted"
TWO_ENTRIES = """
    [connection]
    connector = "pages"

    [[source]]
    stream = "people"

    [[source]]
    stream = "people"
"""


def read(project: Project) -> RunReport:
    """Make one run as far as identities."""
    return run_once(project, {"until": "identify"})


def people(project: Project) -> int:
    """Count the records of people that are not deleted."""
    return int(str(project.engine.run(KNOWN)[0][0]))


def bring_people(shop: Shop, count: int, *, cursor: str | None = None) -> None:
    """Lay out a full read of so many people."""
    shop.bring(people=[person(n) for n in range(1, count + 1)], complete=True, cursor=cursor)


def test_a_source_that_fails_leaves_the_others(tmp_path: Path) -> None:
    """Any failure of a connection makes the run red with a sentence about it; the others land all the same."""
    shop = make_shop(tmp_path, crm=SOURCE, desk=SOURCE, broken=SOURCE.replace("pages", "broken_source"))
    shop.bring(people=[person(1)])
    shop.pages["crm"] = [StopConnection("the token was refused.", hint="Renew it.")]
    shop.pages["desk"] = [Page(rows={"people": table_of("people", [person(2)])}), KeyError("ann@example.com")]
    with shop.open() as project:
        report = read(project)
        assert 2 == people(project)
    assert "red" == report.status
    broken, crm, desk = report.failures
    assert "crm: the token was refused. Renew it." == crm
    assert broken.startswith("broken: connector broken_source failed with RuntimeError in project.py, line ")
    assert desk.startswith("desk: PagesSource.read failed with KeyError in project.py, line ")
    assert "ann@example.com" not in str(report.as_json())


def test_what_came_before_a_failure_stays_and_the_cursor_with_it(tmp_path: Path) -> None:
    """Pages before the failure are landed; the next read goes on from the last cursor."""
    shop = make_shop(tmp_path)
    shop.pages["tills"] = [
        Page(rows={"people": table_of("people", [person(1)])}, cursor={"page": 1}),
        BadData("the answer was cut off."),
    ]
    with shop.open() as project:
        assert ["tills: the answer was cut off."] == read(project).failures
        shop.bring(people=[person(2)])
        assert "green" == read(project).status
        assert 2 == people(project)
    assert [None, {"page": 1}] == [since for _, _, since in shop.asked]


def test_a_source_can_be_read_from_its_beginning(tmp_path: Path) -> None:
    """What increments cannot see is seen again, and from there on the source is read by increments as before."""
    shop = make_shop(tmp_path, tills=SOURCE)
    bring_people(shop, 3, cursor="c1")
    with shop.open() as project:
        read(project)
        bring_people(shop, 2, cursor="c2")
        run_once(project, {"until": "identify", "reread": True})
        assert 2 == people(project)
        read(project)
    assert [None, None, "c2"] == [since for _, _, since in shop.asked]


def test_one_source_can_be_read_alone(tmp_path: Path) -> None:
    """`--source` reads one connection and leaves the others; one that does not exist is named with those that do."""
    shop = make_shop(tmp_path, crm=SOURCE)
    with shop.open() as project:
        run_once(project, {"until": "extract", "source": "crm"})
        assert ["crm"] == [connection for connection, _, _ in shop.asked]
        with pytest.raises(ConfigError, match=r'no source "till". Sources: crm, tills.'):
            run_once(project, {"until": "extract", "source": "till"})


def test_entries_for_one_stream_have_cursors_of_their_own(tmp_path: Path) -> None:
    """Two entries of a file that fill the same stream are told apart."""
    shop = make_shop(tmp_path, tills=TWO_ENTRIES)
    shop.pages["tills"] = [Page(cursor={"page": 1})]
    with shop.open() as project:
        report = read(project)
        assert [{"page": 1}] * 2 == [project.store.cursor("tills", key) for key in ("people", "people-2")]
    assert ["people", "people"] == [stream.stream for stream in report.streams]


def test_rows_that_got_lost_make_the_run_red(tmp_path: Path) -> None:
    """A connector that read more rows than it handed over is told so, by name and number."""
    shop = make_shop(tmp_path)
    shop.pages["tills"] = [Page(rows={"people": table_of("people", [person(1)])}, read={"people": 3})]
    report = shop.run("extract")
    assert "red" == report.status
    assert "tills: read 3 rows of people, but 1 landed and 0 are in quarantine." in report.failures[0]


def test_wrong_types_are_the_connectors_mistake(tmp_path: Path) -> None:
    """A column that is not of the stream's type fails its source alone, and the message quotes no value."""
    shop = make_shop(tmp_path, crm=SOURCE)
    shop.bring(people=[person(1)])
    shop.pages["crm"] = [Page(rows={"people": pa.table({"record_id": ["1"], "birthday": ["ann@example.com"]})})]
    with shop.open() as project:
        report = read(project)
        assert 1 == people(project)
    assert ["crm: stream 'people', column 'birthday': expected date32[day], got string that does not fit."] == [
        failure.partition(" Give")[0] for failure in report.failures
    ]


def test_a_full_read_deletes_what_it_did_not_bring(tmp_path: Path) -> None:
    """Somebody who is missing from a full read that is believed is gone."""
    shop = make_shop(tmp_path)
    with shop.open() as project:
        bring_people(shop, 30)
        read(project)
        bring_people(shop, 29)
        assert "green" == read(project).status
        assert 29 == people(project)


def test_a_full_read_that_shrank_by_half_is_doubted_until_approved(tmp_path: Path) -> None:
    """Nobody is deleted, every run says so until a person approves, and then one read is believed."""
    shop = make_shop(tmp_path)
    with shop.open() as project:
        bring_people(shop, 30, cursor="monday")
        read(project)
        bring_people(shop, 5, cursor="tuesday")
        first, again = read(project), read(project)  # the cursor starts over, so that the doubt is not forgotten
        assert ("amber", "amber", 30) == (first.status, again.status, people(project))
        doubt = "people: 5 records where 30 are known. Treated as incomplete: nobody is removed."
        assert [f"tills: {doubt} If true: hub approve tills"] == again.concerns
        assert [None, "monday", None] == [since for _, _, since in shop.asked]
        assert "tills: the next read is believed" in approve(project, "tills", who="ann").message
        assert ("green", 5) == (read(project).status, people(project))
        bring_people(shop, 30)
        read(project)
        bring_people(shop, 5)
        assert ("amber", 30) == (read(project).status, people(project))


def test_a_source_that_is_gone_is_not_doubted_for_ever(tmp_path: Path) -> None:
    """Without its config file nobody could approve it, and nobody would ever be removed again."""
    shop = make_shop(tmp_path, web=SOURCE)
    for count in (30, 5):
        shop.bring("web", people=[person(n) for n in range(count)], complete=True)
        shop.run()
    with shop.open() as project:
        assert 1 == len(doubts(project.engine))
    shop.configure(web="")
    shop.run()
    with shop.open() as project:
        assert [] == doubts(project.engine)


def test_one_approval_is_good_for_all_streams_of_the_read(tmp_path: Path) -> None:
    """A read that shrank in two streams is believed in both after one approval."""
    shop = make_shop(tmp_path)
    with shop.open() as project:
        for count in (30, 3):
            rows = [person(n) for n in range(1, count + 1)]
            shop.bring(people=rows, orders=[order(n, days_ago(n)) for n in range(1, count + 1)], complete=True)
            approve(project, "tills", who="ann")
            read(project)
        assert 3 == people(project)
        assert [(3,)] == project.engine.run("select count(*) from current_orders where not _deleted")


def test_records_are_compared_not_the_lines_they_were_made_of(tmp_path: Path) -> None:
    """Orders made of many lines each are doubted by the number of orders."""
    shop = make_shop(tmp_path)
    concerns: list[str] = []
    with shop.open() as project:
        for count in (40, 10):
            rows = table_of("orders", [order(n, days_ago(n), _source_rows=9) for n in range(1, count + 1)])
            shop.pages["tills"] = [Page(rows={"orders": rows}, complete=True)]
            concerns = read(project).concerns
    assert ["tills: orders: 10 records where 40 are known."] == [text.partition(" Treated")[0] for text in concerns]


def test_a_rebuild_doubts_as_well(tmp_path: Path) -> None:
    """While everything is derived anew, a full read is still compared with what had landed before."""
    shop = make_shop(tmp_path)
    with shop.open() as project:
        bring_people(shop, 30)
        read(project)
        bring_people(shop, 2)
        report = run_once(project, {"until": "identify", "rebuild": True})
        assert ("amber", 30) == (report.status, people(project))


def test_rows_in_quarantine_are_not_taken_for_deleted(tmp_path: Path) -> None:
    """When part of a full read could not land, what is missing may be among it, so nothing is deleted."""
    shop = make_shop(tmp_path)
    with shop.open() as project:
        bring_people(shop, 3)
        read(project)
        shop.bring(people=[person(1), {**person(2), "record_id": None}], complete=True)
        report = read(project)
        assert ("amber", 3) == (report.status, people(project))
    assert "tills: 1 rows are in quarantine, so records that are missing were not taken for deleted." in report.concerns


def test_values_that_cannot_be_identifiers_are_counted(tmp_path: Path) -> None:
    """What was left out of the identifiers is told by namespace and number, without the values."""
    shop = make_shop(tmp_path)
    shop.bring(people=[person(1, ids={"email": "nonsense"}), person(2, ids={"email": "more nonsense"})])
    report = shop.run("extract")
    assert ["tills: 2 values given as email cannot be one; they were left out."] == report.warnings
