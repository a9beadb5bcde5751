"""What an object becomes: its columns, its identifiers, and what is not as documented."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from hub.sdk.errors import BadData
from hub.sdk.sandbox import Fault
from hub_hubspot.sandbox import HubspotSandbox
from tests.connectors.hub_hubspot.reading import STREAMS, pairs, read, row, source

NOON = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - naive UTC, as everywhere in the hub


def refused(box: HubspotSandbox) -> list[tuple[str, str]]:
    """Stream and column of what went to quarantine in a full read."""
    found = [page.quarantine.to_pylist() for page in source(box).read(STREAMS, None) if page.quarantine]
    return [(each["stream"], each["field"]) for page in found for each in page]


def test_a_contact_becomes_a_person(box: HubspotSandbox) -> None:
    """Every column that has a property, and the others as attributes."""
    key = box.contact(
        firstname="Ann", lastname="Lee", email="Ann@shop.example", phone="+12025550101", mobilephone="+12025550102",
        gender="f", marital_status="married", jobtitle="Cook", address="1 Road", city="Ulm", state="BW", zip="89073",
        hs_country_region_code="DE", country="Germany", hs_language="de-at", date_of_birth="1990-02-03",
        associatedcompanyid="77", lifecyclestage="customer", card_number="C-1",
    )  # fmt: skip
    found = row(read(box, contact_properties=["card_number"]), "people", key)
    assert {
        "record_id": key, "first_name": "Ann", "last_name": "Lee", "gender": "f", "marital_status": "married",
        "job_title": "Cook", "street": "1 Road", "city": "Ulm", "region": "BW", "postcode": "89073", "country": "DE",
        "language": "de", "birthday": date(1990, 2, 3), "company_id": "77", "created_at": NOON, "updated_at": NOON,
    }.items() <= found.items()  # fmt: skip
    assert {
        "lifecyclestage": "customer", "country": "Germany", "date_of_birth": "1990-02-03", "card_number": "C-1",
    } == json.loads(found["attributes"])  # fmt: skip
    assert (key, None) == (json.loads(found["_raw"])["id"], found["_known"])


def test_people_are_known_by_all_they_are_known_by(box: HubspotSandbox) -> None:
    """The id, every address, their own numbers and what the config names; each once."""
    key = box.contact(
        email="ann@shop.example", hs_additional_emails="a@shop.example; b@shop.example;ann@shop.example",
        phone="+12025550101", mobilephone="+12025550101", card_number="C-1",
    )  # fmt: skip
    emails = [("email", f"{name}@shop.example") for name in ("ann", "a", "b")]
    rest = [("phone", "+12025550101"), ("card", "C-1")]
    found = row(read(box, identifiers={"card": "card_number"}), "people", key)
    assert [("hubspot_contact", key), *emails, *rest] == pairs(found)


def test_a_switchboard_is_nobodys_number(box: HubspotSandbox) -> None:
    """Where the config says which properties hold a person's own."""
    key = box.contact(email="ann@shop.example", phone="+12025550101", mobilephone="+12025550102")
    named = pairs(row(read(box, phones=["mobilephone"]), "people", key))
    assert [("phone", "+12025550102")] == [pair for pair in named if pair[0] == "phone"]


@pytest.mark.parametrize(
    ("properties", "column", "value"),
    [
        ({"hs_country_region_code": "", "country": "de"}, "country", "DE"),
        ({"hs_country_region_code": "", "country": "Germany"}, "country", None),
        ({"date_of_birth": "3rd of May"}, "birthday", None),
        ({"hs_language": ""}, "language", None),
        ({"hs_language": "1"}, "language", None),
    ],
)
def test_free_text_is_taken_where_it_is_clear(
    box: HubspotSandbox, properties: dict[str, str], column: str, value: str | None
) -> None:
    """A country and a birthday may be any text; what is no code or date stays an attribute alone."""
    key = box.contact(**properties)
    assert value == row(read(box), "people", key)[column]


def test_a_company_becomes_a_company(box: HubspotSandbox) -> None:
    """Its revenue is in the account's currency."""
    [key] = box.make("companies")
    found = row(read(box), "companies", key)
    assert {
        "name": f"Company {key}", "domain": f"c{key}.example", "industry": "RETAIL", "employees": 50,
        "revenue": Decimal(1_250_000), "currency": "EUR", "country": "DE", "updated_at": NOON,
    }.items() <= found.items()  # fmt: skip


def test_a_company_without_revenue_has_no_currency(box: HubspotSandbox) -> None:
    """An amount and its currency go together."""
    key = box.create("companies", {"name": "Small"})
    found = row(read(box), "companies", key)
    assert (None, None) == (found["revenue"], found["currency"])


def test_a_deal_becomes_a_deal(box: HubspotSandbox) -> None:
    """With its person and its company."""
    person, company = box.contact(), box.make("companies")[0]
    [key] = box.make("deals")
    found = row(read(box), "deals", key)
    assert {
        "company_id": company, "stage": "closedwon", "amount": Decimal("1200.5"), "currency": "EUR",
        "created_at": NOON, "closed_at": NOON, "won": True,
    }.items() <= found.items()  # fmt: skip
    assert [("hubspot_contact", person)] == pairs(found)
    assert {"dealname": f"Deal {key}", "pipeline": "default"} == json.loads(found["attributes"])


def test_an_open_deal_is_neither_won_nor_closed(box: HubspotSandbox) -> None:
    """Its close date is when it is expected to close; its own currency wins over the account's."""
    key = box.create("deals", {
        "dealname": "D", "amount": "10", "deal_currency_code": "USD", "closedate": "2026-04-01T00:00:00Z",
        "hs_is_closed": "false", "hs_is_closed_won": "false",
    })  # fmt: skip
    found = row(read(box), "deals", key)
    assert (None, None, "USD") == (found["won"], found["closed_at"], found["currency"])
    assert "2026-04-01T00:00:00" == json.loads(found["attributes"])["expected_close"]


def test_a_lost_deal_is_not_won(box: HubspotSandbox) -> None:
    """It is closed all the same."""
    key = box.create("deals", {"hs_is_closed": "true", "hs_is_closed_won": "false", "closedate": "1772366400000"})
    assert (False, NOON) == (row(read(box), "deals", key)["won"], row(read(box), "deals", key)["closed_at"])


def test_a_deal_of_several_people_makes_them_not_one(box: HubspotSandbox) -> None:
    """It belongs to whom HubSpot knows longest; all of them are in its attributes."""
    box._number = 95  # ids of two digits and of three
    keys = [box.contact() for _ in range(12)]
    deal = box.create("deals", {"dealname": "D"})
    for key in reversed(keys):
        box.link("deals", deal, "contacts", key)
    box.linked_page = 5
    found = row(read(box), "deals", deal)
    assert [("hubspot_contact", min(keys, key=int))] == pairs(found)
    assert keys == json.loads(found["attributes"])["contacts"]


def test_two_people_of_a_deal_are_both_named(box: HubspotSandbox) -> None:
    """One alone is not named twice."""
    people, deals = [box.contact() for _ in range(2)], [box.create("deals", {"dealname": name}) for name in "ab"]
    for deal, linked in zip(deals, (people, people[:1]), strict=True):
        for key in linked:
            box.link("deals", deal, "contacts", key)
    fold = read(box)
    named = [json.loads(row(fold, "deals", deal)["attributes"]).get("contacts") for deal in deals]
    assert [people, None] == named


def test_a_deal_belongs_to_its_primary_company(box: HubspotSandbox) -> None:
    """Else to the one that HubSpot knows longest."""
    box._number = 97  # ids of two digits and of three
    one, two, three = box.make("companies", 3)
    first, second = (box.create("deals", {"dealname": name}) for name in "ab")
    for company in (three, two):
        box.link("deals", first, "companies", company)
    for company in (three, two, one):
        box.link("deals", second, "companies", company, primary=company == three)
    fold = read(box)
    assert (two, three) == (row(fold, "deals", first)["company_id"], row(fold, "deals", second)["company_id"])


@pytest.mark.parametrize(
    ("stream", "properties", "column"),
    [
        ("companies", {"annualrevenue": "lots"}, "revenue"),
        ("companies", {"annualrevenue": "NaN"}, "revenue"),
        ("companies", {"annualrevenue": "1" * 15}, "revenue"),
        ("companies", {"numberofemployees": "9" * 20}, "employees"),
        ("deals", {"amount": "1,200"}, "amount"),
        ("deals", {"hs_is_closed": "yes"}, "won"),
        ("deals", {"closedate": "soon"}, "closed_at"),
        ("deals", {"hs_merged_object_ids": "a;b"}, "record_id"),
    ],
)
def test_what_does_not_fit_is_quarantined(
    box: HubspotSandbox, stream: str, properties: dict[str, str], column: str
) -> None:
    """With its column; its neighbour lands."""
    box.make(stream)
    box.create(stream, properties)
    [good, _] = box.keys(stream)
    assert [(stream, column)] == refused(box)
    assert {good} == read(box).keys(stream)


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [
        ("id", None, "record_id"),
        ("id", -5, "record_id"),
        ("id", True, "record_id"),
        ("properties", [], "attributes"),
        ("properties.lastmodifieddate", "yesterday", "updated_at"),
        ("properties.lastmodifieddate", True, "updated_at"),
        ("properties.createdate", 10**30, "created_at"),
        ("properties.email", 7, "identifiers"),
        ("properties.hs_merged_object_ids", "x", "record_id"),
        ("properties.gender", {}, "gender"),
    ],
)
def test_a_contact_that_does_not_fit_is_quarantined(
    box: HubspotSandbox, field: str, value: object, column: str
) -> None:
    """As a person; its neighbour lands."""
    box.make("people", 2)
    body = json.dumps(value)
    box.faults.add(Fault(kind="other_type", path="*/contacts", field=f"results.0.{field}", body=body, times=None))
    found = refused(box)
    assert ("people", column) in found
    assert 1 == len(read(box).keys("people"))


def test_an_object_says_when_it_changed_in_either_place(box: HubspotSandbox) -> None:
    """The property, else what stands beside the properties; a zone is turned into UTC."""
    [key] = box.make("people")
    name = "results.0.properties.lastmodifieddate"
    box.faults.add(Fault(kind="other_type", path="*/contacts", field=name, body="null"))
    assert NOON == row(read(box), "people", key)["updated_at"]
    box.faults.add(Fault(kind="other_type", path="*/contacts", field=name, body='"2026-03-01T17:30:00+05:30"'))
    assert NOON == row(read(box), "people", key)["updated_at"]


@pytest.mark.parametrize(
    "body", ["7", '[{"from": {}}]', '[{"from": {"id": "1"}, "to": 7}]', '[{"from": [], "to": []}]']
)
def test_an_association_that_is_none_ends_the_read(box: HubspotSandbox, body: str) -> None:
    """A deal without its person would say that it has none."""
    box.contact()
    box.make("deals")
    answer = f'{{"results": {body}}}'
    box.faults.add(Fault(kind="status", path="*/associations/*", status=200, body=answer))
    with pytest.raises(BadData):
        read(box)


def test_associations_that_lead_back_end_the_read(box: HubspotSandbox) -> None:
    """Pages of one deal's contacts that go in a circle."""
    box.contact()
    box.make("deals")
    more = {"from": {"id": box.keys("deals")[0]}, "to": [], "paging": {"next": {"after": "1"}}}
    answer = json.dumps({"results": [more]})
    box.faults.add(Fault(kind="status", path="*/associations/*", status=200, body=answer, times=None))
    with pytest.raises(BadData, match="leads back"):
        read(box)


def test_an_account_without_a_currency_has_amounts_without_one(box: HubspotSandbox) -> None:
    """Rather than none at all."""
    [key] = box.make("companies")
    box.faults.add(Fault(kind="status", path="/account-info/*", status=200, body="{}"))
    box.clock = box.now() + timedelta(minutes=1)
    found = row(read(box), "companies", key)
    assert (Decimal(1_250_000), None) == (found["revenue"], found["currency"])
