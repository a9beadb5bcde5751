"""Lists are found or made, and hold records by their ids."""

import json

import pytest

from hub.sdk.errors import RetryLater, StopConnection
from hub.sdk.records import Suppression
from hub.sdk.sandbox import Fault
from hub_hubspot.sandbox import HubspotSandbox
from tests.connectors.hub_hubspot.delivering import ADA, BEA, CAT, Push, audience, row, said, verdicts


def test_a_list_is_made_once_and_found_again(box: HubspotSandbox) -> None:
    """By its name, static; and by its id."""
    Push(box, audience(list="A/B & C"))
    Push(box, audience(list="A/B & C"))
    [made] = box.lists.values()
    assert ("A/B & C", "MANUAL", "0-1") == (made.name, made.processing, made.kind)
    assert made.key == Push(box, audience(list=made.key)).handles[f"list/{made.key}"]["list"]  # type: ignore[call-overload,index]


def test_a_list_whose_answer_is_lost_is_made_once(box: HubspotSandbox) -> None:
    """Making it is a write, which is not repeated; next time it is found."""
    box.faults.add(Fault(kind="status_after", method="POST", path="/crm/lists/*", status=503))
    with pytest.raises(RetryLater):
        Push(box, audience())
    Push(box, audience())
    made = [each for each in box.requests if (each.request.method, each.request.path[:10]) == ("POST", "/crm/lists")]
    assert (1, 1) == (len(made), len(box.lists))


@pytest.mark.parametrize(("processing", "kind"), [("DYNAMIC", "0-1"), ("MANUAL", "0-2")])
def test_a_list_that_cannot_be_filled_is_told(box: HubspotSandbox, processing: str, kind: str) -> None:
    """One that HubSpot fills itself, and one of companies, which is found by its id alone."""
    made = box.add_list("VIP", processing, kind)
    with pytest.raises(StopConnection, match="Name a static list of contacts"):
        Push(box, audience(list=made.key))


def test_an_id_that_does_not_exist_is_told(box: HubspotSandbox) -> None:
    """An id is not made into a name."""
    with pytest.raises(StopConnection, match=r"HubSpot has no list 987\."):
        Push(box, audience(list="987"))
    assert {} == box.lists


def test_a_name_that_is_taken_and_not_shown_goes_later(box: HubspotSandbox) -> None:
    """Such as one in other letters, or made by somebody else just now."""
    box.add_list("vip")
    with pytest.raises(RetryLater):
        Push(box, audience())


def test_people_are_put_on_and_taken_off_by_record_id(box: HubspotSandbox) -> None:
    """Who was put on by hand stays; who has no contact is told; twice is as once."""
    ada, bea, cat = (box.contact(email=each) for each in (ADA, BEA, CAT))
    push = Push(box, audience())
    next(iter(box.lists.values())).members[cat] = box.now()
    rows = row(ADA, key=ada), row(BEA, key=bea), row("dee@shop.example"), row("eve@shop.example", key="999999")
    gone = ("rejected", "no_such_contact")
    for _ in range(2):
        assert {0: ("present", ""), 1: ("present", ""), 2: gone, 3: gone} == said(push.list(*rows))
    assert {ada, bea, cat} == box.on_list("VIP")
    for _ in range(2):
        assert dict.fromkeys(range(4), ("absent", "")) == said(push.list(*rows, op="remove"))
    assert {cat} == box.on_list("VIP")


def test_a_record_that_is_gone_when_the_list_is_changed_is_told(box: HubspotSandbox) -> None:
    """HubSpot passes over what does not exist, and names it."""
    ada, bea = (box.contact(email=each) for each in (ADA, BEA))
    body = json.dumps({"recordsIdsAdded": [bea], "recordIdsRemoved": [], "recordIdsMissing": [ada]})
    push = Push(box, audience())
    box.faults.add(Fault(kind="status", method="PUT", status=200, body=body))
    told = said(push.list(row(ADA, key=ada), row(BEA, key=bea)))
    assert {0: ("rejected", "no_such_contact"), 1: ("present", "")} == told


def test_who_was_merged_is_who_is_left(box: HubspotSandbox) -> None:
    """Put on by the old id, and taken off by it too."""
    ada, bea = (box.contact(email=each) for each in (ADA, BEA))
    left = box.merge("contacts", bea, ada)
    push = Push(box, audience())
    [verdict] = verdicts(push.list(row(ADA, key=ada)))
    assert (left, {left}) == (verdict.vendor_id, box.on_list("VIP"))
    push.list(row(ADA, key=ada), op="remove")
    assert set() == box.on_list("VIP")


def test_a_list_that_is_deleted_in_the_middle_stops_and_is_made_anew(box: HubspotSandbox) -> None:
    """Nobody counts as being on it."""
    ada = box.contact(email=ADA)
    push = Push(box, audience())
    box.lists.clear()
    with pytest.raises(StopConnection, match="a list that is named is made anew"):
        push.list(row(ADA, key=ada))
    Push(box, audience()).list(row(ADA, key=ada))
    assert {ada} == box.on_list("VIP")


@pytest.mark.parametrize("named", ["Newsletter", "newsletter", "1"])
def test_who_unsubscribed_is_kept_off_the_list(box: HubspotSandbox, named: str) -> None:
    """From the audience's type, by any address; a no to another type, or no word at all, is none."""
    ada = box.contact(email=ADA, hs_additional_emails="Ada@Work.example")
    bea, cat = (box.contact(email=each) for each in (BEA, CAT))
    box.subscribe("ada@work.example", status="UNSUBSCRIBED", basis=None)
    box.subscribe(BEA, 2, "UNSUBSCRIBED", None)
    push = Push(box, audience(subscription=named))
    told = verdicts(push.list(row(ADA, key=ada), row(BEA, key=bea), row(CAT, key=cat)))
    assert ["suppressed", "present", "present"] == [each.outcome for each in told]
    assert Suppression("email", "news", box.now().replace(tzinfo=None)) == told[0].suppression
    assert {bea, cat} == box.on_list("VIP")
    seen = {each.wire["email"]: each.state for each in push.tool.read_back(push.targets[1], push.handles["list/VIP"])}
    assert {BEA: "present", CAT: "present"} == seen


def test_without_a_type_only_the_opt_out_of_all_counts(box: HubspotSandbox) -> None:
    """It is seen at the list as well, since it may have come after the contact was written."""
    ada, bea = box.contact(email=ADA, hs_email_optout="true"), box.contact(email=BEA)
    box.subscribe(BEA, status="UNSUBSCRIBED", basis=None)
    told = said(Push(box, audience()).list(row(ADA, key=ada), row(BEA, key=bea)))
    assert {0: ("suppressed", "opted_out"), 1: ("present", "")} == told


def test_nobody_is_put_on_whose_subscriptions_are_not_told(box: HubspotSandbox) -> None:
    """The same without the scope; to take people off, nothing of it is asked."""
    ada = box.contact(email=ADA)
    push = Push(box, audience(subscription="Newsletter"))
    box.untold.add(ADA)
    with pytest.raises(RetryLater):
        push.list(row(ADA, key=ada))
    box.scopes.remove("communication_preferences.statuses.batch.read")
    with pytest.raises(StopConnection, match=r"communication_preferences\.statuses\.batch\.read"):
        push.list(row(ADA, key=ada))
    assert {0: ("absent", "")} == said(push.list(row(ADA, key=ada), op="remove"))


def test_a_list_is_read_back_over_pages(box: HubspotSandbox) -> None:
    """Everybody by each of their addresses; who opted out is suppressed."""
    keys = [box.contact(email=f"p{number}@shop.example") for number in range(230)]
    box.change("contacts", keys[0], {"hs_additional_emails": "P0@work.example"})
    box.change("contacts", keys[1], {"hs_email_optout": "true"})
    push = Push(box, audience())
    for start in range(0, 230, 100):
        part = keys[start : start + 100]
        push.list(*(row(f"p{start + place}@shop.example", key=key) for place, key in enumerate(part)))
    next(iter(box.lists.values())).members[keys[1]] = box.now()
    seen = {each.wire["email"]: each for each in push.tool.read_back(push.targets[1], push.handles["list/VIP"])}
    assert 231 == len(seen)
    assert keys[0] == seen["p0@work.example"].vendor_id
    assert ["p1@shop.example"] == [wire for wire, each in seen.items() if each.state == "suppressed"]
