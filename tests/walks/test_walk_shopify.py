"""Walk 1: a shop at Shopify, read through the whole pipeline."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.flow.land import Counts, Place, land_page
from hub.sdk.connector import Context
from hub.sdk.errors import Refused
from hub.sdk.records import Delivery
from hub.sdk.settings import Secret, SourceSettings
from tests.support.walks.project import WalkProject
from tests.support.walks.shopify import ShopifySettings, ShopifySource
from tests.support.walks.vendor_shopify import SHOPS, Shop, signature

FILES = {
    "shop": """
        [connection]
        connector = "walk_shopify"
        account   = "${ACCOUNT}"
        secret    = "${SECRET}"

        [[source]]
    """,
    "identity": 'one_person = ["shopify_customer"]\n',
    "segments": '[segment.buyers]\nwhere = "orders >= 1"\n',
    "traits": '[spent]\nfrom = "orders"\nvalue = "sum(total)"\n',
}


def seeded(folder: Path) -> tuple[WalkProject, Shop]:
    """A project, and its shop with two customers, three orders and their lines."""
    project = WalkProject(folder, FILES)
    shop = SHOPS[project.account]
    for key in ("c1", "c2"):
        shop.put("Customer", key, email=f"{key}@shop.example", name=f"Name {key}")
    for key, customer, total in (("o1", "c1", "10.00"), ("o2", "c2", "20.00"), ("o3", "c1", "5.00")):
        shop.put("Order", key, customer=customer, total=total)
        shop.put("LineItem", f"{key}-1", __parentId=key, name="Tea")
    return project, shop


def people(project: WalkProject) -> list[tuple[object, ...]]:
    """What each person is called and has spent."""
    return project.rows("select first_name, cast(spent as double) from profiles order by 1")


def test_a_bulk_job_fills_three_streams(tmp_path: Path) -> None:
    """Children may come before their parents: people, orders and lines find each other all the same."""
    project, _ = seeded(tmp_path)
    report = project.run()
    assert ("green", 2, {("people", 2), ("orders", 3), ("order_lines", 3)}) == (
        report.status,
        report.profiles,
        {(each.stream, each.landed) for each in report.streams},
    )
    assert [("Name c1", 15.0), ("Name c2", 20.0)] == people(project)
    assert [(3,)] == project.rows("select count(*) from order_lines where profile_id is not null")


def test_half_a_bulk_file_moves_no_cursor(tmp_path: Path) -> None:
    """Its rows stay, nothing is taken as deleted, and the next run begins the job anew."""
    project, shop = seeded(tmp_path)
    shop.breaks_after = 5
    assert "red" == project.run().status
    with project.opened() as opened:
        assert opened.store.cursor("shop", "all") is None
    shop.breaks_after = None
    assert "green" == project.run().status
    assert (2, [("Name c1", 15.0), ("Name c2", 20.0)]) == (shop.jobs, people(project))


def test_later_runs_read_what_changed(tmp_path: Path) -> None:
    """The bulk job runs once; a second run finds nothing, a third exactly what changed."""
    project, shop = seeded(tmp_path)
    project.run()
    shop.put("Order", "o4", customer="c2", total="1.00")
    shop.put("Customer", "c2", email="c2@shop.example", name="Renamed")
    assert {("people", 1), ("orders", 1)} == {(each.stream, each.landed) for each in project.run().streams}
    assert (1, [("Name c1", 15.0), ("Renamed", 21.0)]) == (shop.jobs, people(project))


def test_a_customer_who_was_deleted_stays_as_a_ghost(tmp_path: Path) -> None:
    """The tombstone takes the attributes away; orders and the profile's id stay."""
    project, shop = seeded(tmp_path)
    project.run()
    before = project.rows("select profile_id from profiles where first_name = 'Name c1'")
    shop.remove("c1")
    project.run()
    assert [(*before[0], None, 15.0)] == project.rows(
        "select profile_id, first_name, cast(spent as double) from profiles where spent = 15"
    )


def test_merged_customers_are_one_person(tmp_path: Path) -> None:
    """The losing customer's orders belong to the winner, under the id of whoever was seen first."""
    project, shop = seeded(tmp_path)
    project.run()
    shop.remove("c1", into="c2")
    project.run()
    assert [("Name c2", 35.0)] == people(project)


def test_what_may_not_be_read_overwrites_nothing(tmp_path: Path) -> None:
    """Without permission names and addresses are null: those known before stay, and the run is amber."""
    project, shop = seeded(tmp_path)
    project.run()
    shop.denied = ("email", "name")
    shop.put("Customer", "c1", email="c1@shop.example", name="Hidden")
    report = project.run()
    assert ("amber", [("Name c1", 15.0), ("Name c2", 20.0)]) == (report.status, people(project))
    assert [("c1@shop.example",), ("c2@shop.example",)] == project.rows(
        "select value from identifiers where namespace = 'email' order by 1"
    )


def test_a_rebuild_gives_the_same_people(tmp_path: Path) -> None:
    """Bulk rows, changes, tombstones, merges and hidden fields lead to the same profiles and ids once more."""
    project, shop = seeded(tmp_path)
    project.run()
    shop.remove("c1", into="c2")
    shop.denied = ("email",)
    shop.put("Customer", "c2", email="c2@shop.example", name="Renamed")
    project.run()
    before = project.rows("select * from profiles")
    project.run(rebuild=True)
    assert before == project.rows("select * from profiles")


def pushed(topic: str, event: Mapping[str, object]) -> tuple[dict[str, str], bytes]:
    """Headers and body of an event as the vendor sends it."""
    body = json.dumps(event).encode()
    headers = {"X-Shopify-Topic": topic, "X-Shopify-Event-Id": "e1", "X-Shopify-Hmac-Sha256": signature("hush", body)}
    return headers, body


def source(project: WalkProject) -> ShopifySource:
    """The connector by itself."""
    settings = ShopifySettings(account=project.account, secret=Secret("hush"))
    context = Context("shop", project.root, datetime(2026, 1, 1, tzinfo=UTC))
    return ShopifySource(settings, SourceSettings(), context)


def test_a_genuine_event_becomes_a_page(tmp_path: Path) -> None:
    """Verified before it is acknowledged, unpacked and landed later, it meets what was read by key and version."""
    project, _ = seeded(tmp_path)
    project.run()
    walk = source(project)
    event = {"id": "c1", "kind": "Customer", "at": "2026-02-01T00:00:00", "name": "Pushed", "email": "c1@shop.example"}
    stale = {**event, "at": "2026-01-01T00:00:00", "name": "Stale"}
    deliveries = [walk.verify(*pushed("customers/update", each)) for each in (event, stale)]
    with project.opened() as opened:
        place = Place(walk.streams, "shop", "all", "pushed", opened.store.runs()[0].id, "EUR")
        for delivery in deliveries:
            land_page(walk.unpack(delivery), place, opened.landing, opened.store, Counts())
    project.run()
    assert [("Name c2", 20.0), ("Pushed", 15.0)] == people(project)


@pytest.mark.parametrize("body", [b"", b'{"id": "c1", "name": "forged"}'])
def test_a_forged_event_is_refused(tmp_path: Path, body: bytes) -> None:
    """A signature over another body, or none at all, is answered with 401 and never stored."""
    project, _ = seeded(tmp_path)
    headers, _ = pushed("customers/update", {"id": "c1"})
    with pytest.raises(Refused):
        source(project).verify(headers, body)


@pytest.mark.parametrize(
    ("topic", "event", "deleted", "merged"),
    [
        ("customers/delete", {"id": "c1"}, ["c1"], []),
        ("customers/merge", {"losing": "c1", "winning": "c2"}, ["c1"], [("c1", "c2")]),
    ],
)
def test_events_say_who_is_gone(
    tmp_path: Path, topic: str, event: Mapping[str, object], deleted: list[str], merged: list[tuple[str, str]]
) -> None:
    """Tombstones and merges come as events too, in the same page type as everything else."""
    project, _ = seeded(tmp_path)
    body = json.dumps(event).encode()
    page = source(project).unpack(Delivery("e1", topic, datetime(2026, 1, 1, tzinfo=UTC), body))
    assert (deleted, merged) == (page.deleted["people"], list(page.merged))
