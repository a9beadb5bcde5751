"""What HubSpot holds is what lands: from lists, windows of changes, and the archive."""

from datetime import timedelta, timezone
from typing import Any

import pytest

from hub.sdk.errors import BadData, StopConnection
from hub.sdk.sandbox import Fault
from hub.testing import Fold
from hub_hubspot import client as client_module
from hub_hubspot.sandbox import HubspotSandbox
from tests.connectors.hub_hubspot.reading import STREAMS, pairs, paths, read, row, rows, said, source

MINUTE = timedelta(minutes=1)


def later(box: HubspotSandbox, time: timedelta) -> None:
    """Let time pass."""
    box.clock = box.now() + time


def searches(box: HubspotSandbox) -> list[Any]:
    """The bodies of all searches so far."""
    return [each.request.json() for each in box.requests if each.request.path.endswith("/search")]


def test_more_changes_of_one_instant_than_a_search_gives_all_land(box: HubspotSandbox) -> None:
    """Over ten thousand contacts that one import changed: no search pages at all, each begins behind the last id."""
    fold = read(box)
    later(box, timedelta(days=1))
    box.make("people", 10_050)
    later(box, MINUTE)
    for _ in fold.read(source(box).read(["people"], fold.cursor)):
        pass
    assert (set(box.keys("people")), {"0"}) == (fold.keys("people"), {each["after"] for each in searches(box)})


def test_a_change_that_the_index_learns_late_lands(box: HubspotSandbox) -> None:
    """It is not found at first; the next read looks back over it."""
    [key] = box.make("people")
    later(box, timedelta(days=1))
    fold = read(box)
    box.lag = 5 * MINUTE
    later(box, MINUTE)
    box.touch("people", key, "Changed")
    later(box, MINUTE)
    assert "Changed" != row(read(box, fold), "people", key)["last_name"]
    later(box, 10 * MINUTE)
    assert "Changed" == row(read(box, fold), "people", key)["last_name"]


def test_a_window_ends_where_the_read_began(box: HubspotSandbox) -> None:
    """Both ends are inclusive; the next window begins a look-back before, never after what was read."""
    read_at = box.now()
    fold = read(box)
    later(box, 60 * MINUTE)
    read(box, fold)
    [begin, end, behind] = searches(box)[0]["filterGroups"][0]["filters"]
    milliseconds = int(read_at.timestamp() * 1000)
    assert ("GTE", str(milliseconds - 15 * 60_000)) == (begin["operator"], begin["value"])
    assert ("LTE", str(milliseconds + 60 * 60_000)) == (end["operator"], end["value"])
    assert ("hs_object_id", "GT", "0") == (behind["propertyName"], behind["operator"], behind["value"])


def test_a_cursor_from_the_future_hides_nothing(box: HubspotSandbox) -> None:
    """A clock that was a year ahead when it was saved is not believed."""
    fold = read(box)
    later(box, timedelta(days=365))
    read(box, fold)
    later(box, timedelta(days=-364))
    [key] = box.make("people")
    assert key in read(box, fold).keys("people")


def test_a_window_that_was_cut_off_goes_on_behind_the_last_id(box: HubspotSandbox) -> None:
    """With the same window; what changed since then comes with the one after it."""
    fold = read(box)
    later(box, 60 * MINUTE)
    box.make("people", 450)
    reading = fold.read(source(box).read(STREAMS, fold.cursor))
    next(reading)
    del reading
    later(box, 60 * MINUTE)
    [late] = box.make("people")
    box.requests.clear()
    read(box, fold)
    first, *_ = searches(box)
    assert "300" == first["filterGroups"][0]["filters"][2]["value"]
    assert (set(box.keys("people")), True) == (fold.keys("people"), late in fold.keys("people"))


def test_a_list_that_was_cut_off_goes_on_where_it_was(box: HubspotSandbox) -> None:
    """And what changed since it began comes after it, of what had been listed too."""
    keys = box.make("people", 150)
    fold = Fold()
    reading = fold.read(source(box).read(STREAMS, None))
    next(reading)
    del reading
    later(box, MINUTE)
    box.touch("people", keys[0], "Changed")
    later(box, 60 * MINUTE)
    read(box, fold)
    assert (set(keys), "Changed") == (fold.keys("people"), row(fold, "people", keys[0])["last_name"])
    assert not fold.completed


def test_the_last_page_of_a_list_moves_no_cursor(box: HubspotSandbox) -> None:
    """Until what is behind it was read: whoever was cut off there goes on with the last page, not the first."""
    keys = box.make("people", 150)
    cursors = [page.cursor for page in source(box).read(["people"], None)]
    begun = {"begun": "2026-03-01T12:00:00", "after": keys[99]}
    assert [{"contacts": begun}, {"contacts": begun}, {"contacts": {"until": "2026-03-01T12:00:00"}}] == cursors[:3]


def test_a_cursor_is_in_utc(box: HubspotSandbox) -> None:
    """Whatever zone the hub's clock is in."""
    box.clock = box.now().astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert {"contacts": {"until": "2026-03-01T12:00:00"}} == list(source(box).read(["people"], None))[-1].cursor


def test_a_search_that_is_not_in_order_is_no_page(box: HubspotSandbox) -> None:
    """Whoever went on behind the highest id would pass over the others."""
    fold = read(box)
    later(box, 60 * MINUTE)
    box.make("people", 3)
    box.faults.add(Fault(kind="reversed_rows", path="*/search"))
    with pytest.raises(BadData, match="order of ids"):
        read(box, fold)
    assert set(box.keys("people")) == read(box, fold).keys("people")


def test_a_search_that_counts_more_than_it_gives_is_no_end(box: HubspotSandbox) -> None:
    """An empty page that says there are three."""
    fold = read(box)
    later(box, 60 * MINUTE)
    box.make("people", 3)
    box.faults.add(Fault(kind="no_rows", path="*/search"))
    with pytest.raises(BadData, match="says that there is more"):
        read(box, fold)


def test_archived_objects_are_gone_and_restored_ones_come_back(box: HubspotSandbox) -> None:
    """Of each kind; a restored one with its next change."""
    keys = {stream: box.make(stream)[0] for stream in ("people", "companies", "deals")}
    fold = read(box)
    for stream, key in keys.items():
        later(box, 60 * MINUTE)
        box.remove(stream, key)
    read(box, fold)
    assert [set()] * 3 == [fold.keys(stream) for stream in keys]
    later(box, 60 * MINUTE)
    box.restore("contacts", keys["people"])
    box.touch("people", keys["people"], "Back")
    assert {keys["people"]} == read(box, fold).keys("people")


@pytest.mark.parametrize("makes_new", [False, True])
def test_merged_contacts_are_one(box: HubspotSandbox, makes_new: bool) -> None:  # noqa: FBT001 - both ways
    """Losers are gone and named with the winner, whether that is one of them or new; their addresses go along."""
    box.merge_makes_new = makes_new
    one, two = box.contact(email="one@shop.example"), box.contact(email="two@shop.example")
    fold = read(box)
    later(box, 60 * MINUTE)
    winner = box.merge("contacts", one, two)
    found = list(fold.read(source(box).read(STREAMS, fold.cursor)))
    merged = {pair for page in found for pair in page.merged}
    gone = {key for page in found for key in page.deleted.get("people", ())}
    losers = {one, two} - {winner}
    assert ({(loser, winner) for loser in losers}, losers) == (merged, gone)
    assert {winner} == fold.keys("people")
    named = pairs(row(fold, "people", winner))
    assert [("email", "one@shop.example"), ("email", "two@shop.example")] == [p for p in named if p[0] == "email"]


@pytest.mark.parametrize("text", ["7;8", "7:1700000000000;8:1700000000001"])
def test_merges_are_known_in_both_forms(box: HubspotSandbox, text: str) -> None:
    """Ids alone, and ids with the time of the merge."""
    name = "hs_calculated_merged_vids" if ":" in text else "hs_merged_object_ids"
    key = box.contact(**{name: text})
    merged = [pair for page in source(box).read(STREAMS, None) for pair in page.merged]
    assert [("7", key), ("8", key)] == merged


def test_merged_companies_and_deals_are_gone(box: HubspotSandbox) -> None:
    """By the ids that the winner names."""
    fold = Fold()
    for stream in ("companies", "deals"):
        box.make(stream, 2)
    read(box, fold)
    later(box, 60 * MINUTE)
    for stream in ("companies", "deals"):
        one, two = box.keys(stream)
        box.merge(stream, one, two)
    read(box, fold)
    assert [set(box.keys("companies")), set(box.keys("deals"))] == [fold.keys("companies"), fold.keys("deals")]


def test_only_what_is_wanted_is_asked_for(box: HubspotSandbox) -> None:
    """A source of companies costs no request for contacts, one of people none for subscriptions."""
    box.make("people")
    box.make("companies")
    list(source(box).read(["companies"], None))
    assert ["/crm/objects/2026-03/companies", "/account-info/2026-03/details"] == paths(box)
    box.requests.clear()
    list(source(box).read(["people"], None))
    assert ["/crm/objects/2026-03/contacts"] == paths(box)
    box.requests.clear()
    assert ({}, []) == (list(source(box).read(["erasures"], None))[-1].rows, paths(box))


@pytest.mark.parametrize(
    ("api", "prefixes"),
    [
        ("2026-03", {"/crm/objects/2026-03", "/crm/associations/2026-03", "/communication-preferences/2026-03"}),
        ("2026-09", {"/crm/objects/2026-09", "/crm/associations/2026-09", "/communication-preferences/2026-09"}),
        ("v3", {"/crm/v3/objects", "/crm/v4/associations", "/communication-preferences/v4"}),
    ],
)
def test_every_version_brings_the_same(box: HubspotSandbox, api: str, prefixes: set[str]) -> None:
    """From its own addresses."""
    for stream in STREAMS:
        box.make(stream)
    fold, other = Fold(), read(box)
    box.requests.clear()
    for _ in fold.read(source(box, {"api": api}).read(STREAMS, None)):
        pass
    assert other.content() == fold.content()
    asked = {"/".join(path.split("/")[:4]) for path in paths(box)}
    assert {prefix for prefix in prefixes if prefix.count("/") == 3} <= asked
    assert all(any(path.startswith(each) for each in (*prefixes, "/account-info")) for path in paths(box))


def test_many_properties_go_by_batches(box: HubspotSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the list's address would be too long, it brings the ids and a batch the properties."""
    for _ in range(103):
        box.contact(card_number="C-1")
    monkeypatch.setattr(client_module, "_LONGEST_QUERY", 100)
    fold = read(box, contact_properties=["card_number"])
    assert set(box.keys("people")) == fold.keys("people")
    assert {'"C-1"' in str(each["attributes"]) for each in fold.rows["people"].values()} == {True}
    assert "/crm/objects/2026-03/contacts/batch/read" in paths(box)


def test_a_list_that_goes_in_a_circle_ends(box: HubspotSandbox) -> None:
    """With an error: a page leads back to one before."""
    box.make("people", 250)
    box.faults.add(Fault(kind="replay", path="*/contacts", skip=1, times=None))
    with pytest.raises(BadData, match="circle"):
        read(box)


@pytest.mark.parametrize(
    "paging", ["[]", "7", '{"next": []}', '{"next": {"after": null}}', '{"next": {"after": true}}']
)
def test_a_list_that_does_not_say_where_to_go_on_is_no_end(box: HubspotSandbox, paging: str) -> None:
    """An error where a next page is named without its place; what is no paging at all means that there is none."""
    box.make("people", 150)
    box.faults.add(Fault(kind="other_type", path="*/contacts", field="paging", body=paging))
    if "next" in paging:
        with pytest.raises(BadData, match="next page"):
            read(box)
    else:
        read(box)


def test_without_contacts_the_connection_stops(box: HubspotSandbox) -> None:
    """With the scope that is missing."""
    box.scopes -= {"crm.objects.contacts.read"}
    with pytest.raises(StopConnection, match=r"crm\.objects\.contacts\.read"):
        read(box)


def test_without_other_scopes_the_rest_lands(box: HubspotSandbox) -> None:
    """With a warning each, and not as complete: what was not seen is not gone."""
    box.scopes = {"crm.objects.contacts.read", "crm.objects.deals.read", "oauth"}
    box.make("people")
    [deal] = box.make("deals")
    fold = read(box)
    assert ({deal}, set(), False) == (fold.keys("deals"), fold.keys("companies"), fold.completed)
    assert ["Subscriptions", "The companies of deals", "companies"] == sorted(
        warning.partition(" are not read")[0] for warning in fold.warnings
    )
    assert "company_id" not in fold.rows["deals"][(deal,)]["_known"]  # type: ignore[operator]
    assert "identifiers" in fold.rows["deals"][(deal,)]["_known"]  # type: ignore[operator]


def test_a_scope_that_is_missing_overwrites_nothing(box: HubspotSandbox) -> None:
    """A deal that was read with its company keeps it while that cannot be read."""
    [company] = box.make("companies")
    [deal] = box.make("deals")
    fold = read(box)
    box.scopes -= {"crm.objects.companies.read"}
    later(box, 60 * MINUTE)
    box.touch("deals", deal, "Changed")
    for _ in fold.read(source(box).read(["people", "deals"], fold.cursor)):
        pass
    assert (company, True) == (row(fold, "deals", deal)["company_id"], "Changed" in row(fold, "deals", deal)["_raw"])


def test_a_property_that_may_not_be_seen_overwrites_nothing(box: HubspotSandbox) -> None:
    """HubSpot leaves it out; one that is empty is null and does overwrite."""
    key = box.contact(gender="f", city="Ulm")
    fold = read(box)
    box.hidden = {"gender"}
    later(box, 60 * MINUTE)
    box.change("contacts", key, {"city": ""})
    found = row(read(box, fold), "people", key)
    assert ("f", None) == (found["gender"], found["city"])


def test_a_full_read_says_complete_only_at_its_end(box: HubspotSandbox) -> None:
    """Neither a page in the middle nor a read that went on from one."""
    box.make("people", 250)
    found = list(source(box).read(STREAMS, None))
    assert [False] * (len(found) - 1) + [True] == [page.complete for page in found]
    fold = Fold()
    reading = fold.read(source(box).read(STREAMS, None))
    next(reading)
    del reading
    assert (set(box.keys("people")), False) == (read(box, fold).keys("people"), fold.completed)


def test_words_of_archived_contacts_stay(box: HubspotSandbox) -> None:
    """Who opted out and was archived is still opted out after a full read, and after a first one."""
    key = box.contact(email="ann@shop.example", hs_email_optout="true")
    fold = read(box)
    later(box, 60 * MINUTE)
    box.archive("contacts", key)
    read(box, fold)
    fold.cursor = None
    for found in (read(box, fold), read(box)):
        assert "denied" == said(found)["ann@shop.example", "marketing"]
    assert set() == fold.keys("people")


def test_words_of_a_contact_that_came_and_went_land(box: HubspotSandbox) -> None:
    """Made, opted out and archived between two reads; after the look-back it is not asked about again."""
    fold = read(box)
    later(box, 60 * MINUTE)
    box.archive("contacts", box.contact(email="ann@shop.example", hs_email_optout="true"))
    assert "denied" == said(read(box, fold))["ann@shop.example", "marketing"]
    later(box, 60 * MINUTE)
    read(box, fold)
    later(box, 60 * MINUTE)
    box.requests.clear()
    read(box, fold)
    assert not [path for path in paths(box) if "/statuses/" in path]


def test_without_contacts_deals_alone_can_be_read(box: HubspotSandbox) -> None:
    """Whom they belong to is not known, which overwrites nothing."""
    box.make("people")
    [deal] = box.make("deals")
    box.scopes -= {"crm.objects.contacts.read"}
    [found] = [each for page in source(box).read(["deals"], None) for each in rows(page, "deals")]
    assert (deal, False, True) == (found["deal_id"], "identifiers" in found["_known"], "stage" in found["_known"])


def test_a_contact_is_not_merged_into_itself(box: HubspotSandbox) -> None:
    """Though HubSpot may name its own id among them."""
    key = box.contact()
    box.change("contacts", key, {"hs_merged_object_ids": f"{key};7"})
    assert {key} == read(box).keys("people")


def test_quarantined_objects_do_not_hold_the_cursor(box: HubspotSandbox) -> None:
    """One without an id lands in quarantine, its neighbours land, the read ends."""
    box.make("people", 3)
    box.faults.add(Fault(kind="other_type", path="*/contacts", field="results.1.id", body='"x"'))
    found = list(source(box).read(["people"], None))
    refused = [field for page in found if page.quarantine for field in page.quarantine["field"].to_pylist()]
    assert (2, ["record_id"]) == (sum(len(rows(page, "people")) for page in found), refused)
