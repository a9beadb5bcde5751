"""Who asked to be erased is addressed by nobody, from the next run on."""

from pathlib import Path

import pytest

from hub.project.approving import approve
from hub.queries.status import status
from tests.support.project import audience, consent, days_ago, lists, make_shop, order, person, run_once

SEGMENTS = """
    [segment.buyers]
    where = "orders >= 1"
"""
NO_CONSENT = """
    [[audience]]
    name = "all"
    segment = "buyers"
"""


def request(**identifiers: str) -> dict[str, object]:
    """A row of `erasures`."""
    return {"requested_at": days_ago(1), "request_id": "r-1", "identifiers": identifiers}


@pytest.mark.parametrize("named", [{"customer": "2"}, {"email": "PERSON-2@example.com"}])
def test_a_request_takes_its_person_off_every_list(tmp_path: Path, named: dict[str, str]) -> None:
    """By whatever it names them, with and without consent rules; a later yes changes nothing."""
    shop = make_shop(tmp_path, segments=SEGMENTS, letters=lists(audience("news", "buyers"), NO_CONSENT))
    two = range(1, 3)
    shop.bring(
        people=[person(n) for n in two],
        orders=[order(n, days_ago(5 * n)) for n in two],
        consents=[consent(n) for n in two],
    )
    everybody, one = {"person-1@example.com", "person-2@example.com"}, {"person-1@example.com"}
    with shop.open() as project:
        approve(project, "news", who="ann")
        approve(project, "all", who="ann")
        run_once(project)
        assert {"list/news": everybody, "list/all": everybody} == shop.lists
        shop.bring(erasures=[request(**named)])
        run_once(project)
        assert {"list/news": one, "list/all": one} == shop.lists
        shop.bring(consents=[consent(2, occurred_at=days_ago(0))])
        run_once(project)
        run_once(project, {"rebuild": True})
        assert {"list/news": one, "list/all": one} == shop.lists


def test_a_request_from_elsewhere_finds_the_whole_person(tmp_path: Path) -> None:
    """A number that another record ties to the person suppresses their address too."""
    shop = make_shop(tmp_path, segments=SEGMENTS, letters=lists(NO_CONSENT))
    phone = {"phone": "+12025550100"}
    shop.bring(people=[person(1, ids=phone)], orders=[order(1, days_ago(5))], erasures=[request(**phone)])
    with shop.open() as project:
        approve(project, "all", who="ann")
        run_once(project)
    assert set() == shop.lists.get("list/all", set())


def test_the_breaker_holds_no_removal_of_those_who_asked(tmp_path: Path) -> None:
    """Sixty of sixty at once would be held for any other reason; these go in the run that hears of them."""
    shop = make_shop(tmp_path, segments=SEGMENTS, letters=lists(NO_CONSENT))
    sixty = range(1, 61)  # "0" is no number of a customer: it is blocked
    shop.bring(people=[person(n) for n in sixty], orders=[order(n, days_ago(5)) for n in sixty])
    with shop.open() as project:
        approve(project, "all", who="ann")
        run_once(project)
        assert 60 == len(shop.lists["list/all"])
        shop.bring(erasures=[request(customer=str(n)) for n in sixty])
        report = run_once(project)
        assert (0, 60) == (len(shop.lists["list/all"]), report.audiences[0].removed)


def test_status_shows_requests_with_the_day_they_are_due(tmp_path: Path) -> None:
    """A month after they were made; by their number, never by the person."""
    shop = make_shop(tmp_path)
    shop.bring(people=[person(1)], erasures=[request(customer="1")])
    with shop.open() as project:
        run_once(project, {"until": "segment"})
        [found] = status(project).erasures
    assert ("tills", "r-1", "2026-02-28 00:00:00", "2026-03-30 00:00:00") == (
        found.connection, found.request, found.requested_at, found.due,
    )  # fmt: skip
