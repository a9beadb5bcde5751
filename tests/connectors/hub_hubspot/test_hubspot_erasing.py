"""People are deleted for good, and `hub check` says what a destination may do."""

from hub.sdk.sandbox import Fault
from hub_hubspot.sandbox import HubspotSandbox
from tests.connectors.hub_hubspot.delivering import ADA, BEA, CAT, Push, audience, destination, row, said

WRITING = ("crm.objects.contacts.write", "crm.lists.read", "crm.lists.write", "crm.schemas.contacts.write")


def test_people_are_deleted_by_record_id_and_by_address(box: HubspotSandbox) -> None:
    """Who is remembered under an id that has another address now, and who is not known at all, too."""
    ada, bea = box.contact(email="ada@new.example"), box.contact(email=BEA)
    told = said(destination(box).erase([row(ADA, key=ada), row(BEA), row(CAT)]))
    assert dict.fromkeys(range(3), ("absent", "")) == told
    assert not {ada, bea} & {*box.keys("people")}
    assert {ADA, "ada@new.example", BEA, CAT} == box.blocked


def test_who_was_deleted_is_not_taken_again(box: HubspotSandbox) -> None:
    """HubSpot blocks the address."""
    destination(box).erase([row(ADA)])
    assert {0: ("rejected", "blocked_email")} == said(Push(box, audience()).contacts(row(ADA)))


def test_who_is_matched_by_a_property_is_found_first(box: HubspotSandbox) -> None:
    """By the property that an audience names; of one that none names nothing can be said."""
    box.define("customer_no", unique=True)
    key = box.contact(email=ADA, customer_no="K1")
    push = Push(box, audience(match_on=("user_id",), id_property="customer_no"))
    told = said(push.tool.erase([row("1", user_id="K1"), row("2", user_id="K9"), row("3", card="C1")]))
    assert {0: ("absent", ""), 1: ("absent", ""), 2: ("rejected", "no_address")} == told
    assert key not in box.keys("people")


def test_an_erasure_without_an_answer_is_unknown(box: HubspotSandbox) -> None:
    """One that came too fast goes later, one that is refused is told; the others are deleted."""
    for fault in ({"kind": "reset_after"}, {"status": 429, "retry_after": "86400"}, {"status": 400, "body": "{}"}):
        box.faults.add(Fault.model_validate({"kind": "status", "path": "*/gdpr-delete", **fault}))
    tools = [destination(box) for _ in range(4)]
    told = [said(tool.erase([row(f"p{number}@shop.example")]))[0] for number, tool in enumerate(tools)]
    assert [("unknown", "no_answer"), ("retry", "throttled"), ("rejected", "http_400"), ("absent", "")] == told


def test_check_lists_lists_properties_and_scopes(box: HubspotSandbox) -> None:
    """What can be filled, with types; what the app may do, and how many calls are left."""
    box.add_list("VIP")
    box.add_list("Clever", "DYNAMIC")
    box.define("customer_no", unique=True)
    told = [each.text for each in destination(box).check()]
    assert {"ok"} == {each.level for each in destination(box).check()}
    assert any(text.startswith("authenticated as account 62515") for text in told)
    assert [f'list "VIP" ({next(iter(box.lists))}, 0 contacts)'] == [text for text in told if text.startswith("list ")]
    [named] = [text for text in told if text.startswith("properties of contacts that can be written: ")]
    assert "customer_no (string, unique)" in named
    assert "lifecyclestage (enumeration)" in named
    assert "createdate" not in named
    assert told[-1].endswith("calls are left today")


def test_check_names_each_scope_that_is_missing(box: HubspotSandbox) -> None:
    """And what it costs; what cannot be read is a warning, no error."""
    box.scopes -= {*WRITING}
    told = [(each.level, each.text) for each in destination(box).check()]
    for scope in WRITING:
        assert any(level == "warning" and text.startswith(f"scope missing: {scope}; ") for level, text in told)
    assert ("warning", "lists cannot be read. Give the app the scope crm.lists.read.") in told
    assert "error" not in {level for level, _ in told}


def test_check_tells_of_an_account_without_lists(box: HubspotSandbox) -> None:
    """One that a target names is made; of very many the first are named."""
    assert any("there is no static list" in each.text for each in destination(box).check())
    for number in range(120):
        box.add_list(f"L{number}")
    assert any("and 70 more lists" in each.text for each in destination(box).check())
