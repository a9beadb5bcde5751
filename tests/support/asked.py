"""A shop of a few people whose every detail is known, to put questions to. Made once, asked often, never changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.project import Project
from hub.project.approving import approve
from hub.report import RunReport
from tests.support.project import SOURCE, Shop, audience, consent, days_ago, lists, make_shop, order, person, run_once

SEGMENTS = """
    [segment.buyers]
    description = "Bought something"
    where = "orders >= 1"

    [segment.quiet]
    where = "days_since_order > 2 * median_gap_days"

    [segment.fans]
    where = "in_segment('buyers') and (count_of('order_placed', within => '30 days') >= 2 or nps >= 9)"
    split = { offer = 1, holdout = 1 }

    [segment.complaining]
    where = "did('ticket_opened')"
"""
HUB = """
    [shop]
    timezone = "UTC"
    country = "DE"

    [limits]
    never = ["complaining"]
"""
IDENTITY = """
    one_person = ["customer"]
    shared = ["email", "phone"]

    [prefer]
    default = ["crm"]
"""
LETTERS = lists(
    audience("news", "buyers", 'fields = { NAME = "first_name" }'),
    audience("offers", "buyers", 'exclude = ["fans"]'),
)


@dataclass(frozen=True)
class Asked:
    """The open project, the shop behind it, and what its one run said."""

    shop: Shop
    project: Project
    report: RunReport


@contextmanager
def asked_project(root: Path) -> Iterator[Asked]:
    """Make the shop, run it once with the audience `news` approved, and leave it open.

    1 bought on three days and is a fan; 2 bought once and opted out at the tool; 3 never bought and said no; 4 bought
    once, has records in `tills` and `crm` and gave no consent; 5 and 6 share an address; 7 complains; one visitor is
    known by a device alone.
    """
    shop = make_shop(root, hub=HUB, identity=IDENTITY, segments=SEGMENTS, crm=SOURCE, letters=LETTERS)
    shop.opted_out.add("person-2@example.com")
    days = {1: (1, 11, 21), 2: (100,), 4: (5,), 5: (7,), 7: (9,)}
    shop.bring(
        people=[
            person(1, city="Ulm", ids={"phone": "0171 2345601"}),
            *(person(n) for n in (2, 3)),
            person(4, first_name="Vic", city="Bonn"),
            *(person(n, ids={"email": "shared@example.com"}) for n in (5, 6)),
            person(7, last_name="=1+1", street="@home", ids={"phone": "+49 171 2345602"}),
            {**person(8), "record_id": None, "_file": "people.csv", "_line": 9, "_raw": "8;Name8"},
        ],
        orders=[order(n, days_ago(day), 10 * n) for n, all_days in days.items() for day in all_days],
        consents=[*(consent(n) for n in (1, 2, 5, 7)), consent(3, "denied")],
        events=[
            {
                "event_id": "e1",
                "name": "product_viewed",
                "occurred_at": days_ago(2),
                "value": 2.5,
                "identifiers": {"ga_client": "GA1.2.3"},
            }
        ],
    )
    crm = {"record_id": "c4", "first_name": "Victoria", "identifiers": {"customer@tills": "4", "member": "4"}}
    other = {"record_id": "c9", "first_name": "Nina", "identifiers": {"member": "9", "customer": "1"}}
    tickets = [{"ticket_id": "t1", "opened_at": days_ago(3), "identifiers": {"customer@tills": "7"}}]
    shop.bring("crm", people=[crm, other], tickets=tickets)
    with shop.open() as project:
        approve(project, "news", who="ann")
        yield Asked(shop, project, run_once(project))
