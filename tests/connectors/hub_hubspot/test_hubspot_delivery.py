"""Contacts are written so that each row has its own verdict, and nobody is renamed or made by mistake."""

import json

import pytest
from pydantic import ValidationError

from hub.sdk.errors import ConfigError, RetryLater, StopConnection, Unanswered
from hub.sdk.records import Json, NotApplied, Target
from hub.sdk.sandbox import Fault
from hub_hubspot.sandbox import HubspotSandbox
from hub_hubspot.settings import HubspotTarget
from tests.connectors.hub_hubspot.delivering import (
    ADA,
    BEA,
    CAT,
    Push,
    audience,
    contact,
    destination,
    row,
    said,
    verdicts,
    writes,
)
from tests.connectors.hub_hubspot.reading import read
from tests.connectors.hub_hubspot.reading import row as landed

NAMED = {"firstname": "first_name"}


def test_who_exists_is_changed_by_record_id_and_keeps_their_address(box: HubspotSandbox) -> None:
    """Also by another address of theirs; what is not mapped stays."""
    key = box.contact(email=ADA, hs_additional_emails="ada@work.example", lastname="Hill")
    [verdict] = verdicts(Push(box, audience(NAMED)).contacts(row("ada@work.example", {"firstname": "Ada"})))
    assert ("present", key) == (verdict.outcome, verdict.vendor_id)
    held = contact(box, ADA)
    assert (ADA, "Ada", "Hill") == (held["email"], held["firstname"], held["lastname"])
    assert ["update"] == writes(box)


def test_a_batch_of_known_and_new_people_is_two_requests(box: HubspotSandbox) -> None:
    """Each verdict is of its own row, although results come in another order."""
    known = {f"p{number}@shop.example": box.contact(email=f"p{number}@shop.example") for number in range(0, 100, 2)}
    rows = [row(f"p{number}@shop.example", {"firstname": f"N{number}"}) for number in range(100)]
    told = verdicts(Push(box, audience(NAMED)).contacts(*rows))
    assert [*range(100)] == [each.index for each in told if each.outcome == "present"]
    for each in told:
        address = rows[each.index].wire["email"]
        held = box.contact_of(address)
        assert held is not None
        assert (held.key, f"N{each.index}") == (each.vendor_id, held.properties["firstname"])
        assert known.get(address, held.key) == held.key
    assert ["update", "upsert"] == writes(box)


def test_results_without_trace_ids_are_matched_by_what_was_sent(box: HubspotSandbox) -> None:
    """By record id or e-mail; by a property of numbers, which are other contacts' record ids, as well."""
    box.echoes = False
    keys = [box.contact(email=each) for each in (ADA, BEA)]
    rows = [row(each, {"firstname": each}) for each in (CAT, BEA, ADA, "dee@shop.example")]
    told = verdicts(Push(box, audience(NAMED)).contacts(*rows))
    found = [box.contact_of(each.wire["email"]) for each in rows]
    assert [each and each.key for each in found] == [each.vendor_id for each in told]
    box.define("customer_no", unique=True)
    for key, number in zip(keys, reversed(keys), strict=True):
        box.change("contacts", key, {"customer_no": number})
    push = Push(box, audience(NAMED, match_on=("user_id",), id_property="customer_no"))
    told = verdicts(push.contacts(*(row(key, {"firstname": "N"}, user_id=key) for key in keys)))
    assert [*reversed(keys)] == [each.vendor_id for each in told]


@pytest.mark.parametrize(
    ("new_contacts", "consented", "expected"),
    [
        ("never", True, ("rejected", "not_in_hubspot")),
        ("consented", False, ("rejected", "no_consent")),
        ("consented", True, ("present", "")),
        ("all", False, ("present", "")),
    ],
)
def test_contacts_are_made_by_the_rule(
    box: HubspotSandbox,
    new_contacts: str,
    consented: bool,  # noqa: FBT001 - a case
    expected: tuple[str, str],
) -> None:
    """Of people whom HubSpot does not know."""
    push = Push(box, audience(new_contacts=new_contacts))
    assert {0: expected} == said(push.contacts(row(ADA, consented=consented)))
    assert (expected[0] == "present") == (box.contact_of(ADA) is not None)


def test_who_needs_no_change_is_not_written(box: HubspotSandbox) -> None:
    """Without fields a contact that exists is there as it is."""
    key = box.contact(email=ADA)
    [verdict] = verdicts(Push(box, audience()).contacts(row(ADA)))
    assert ("present", key, []) == (verdict.outcome, verdict.vendor_id, writes(box))


def test_a_refused_row_has_a_code_and_costs_nobody(box: HubspotSandbox) -> None:
    """With 207, by its trace id: an address that is none, a server in trouble, and one that nothing is said of."""
    box.moods = {BEA: "INTERNAL_ERROR", CAT: ""}
    told = said(Push(box, audience()).contacts(row("nonsense"), row(BEA), row(CAT), row(ADA)))
    expected = {
        0: ("rejected", "invalid_email"),
        1: ("retry", "internal_error"),
        2: ("unknown", "not_told"),
        3: ("present", ""),
    }
    assert expected == told


def test_a_value_that_does_not_fit_costs_its_row(box: HubspotSandbox) -> None:
    """It is told before anything is sent, with the property's name."""
    mapped = {"lifecyclestage": "stage", "hs_email_optout": "out"}
    rows = (
        row(ADA, {"lifecyclestage": "nonsense"}),
        row(BEA, {"lifecyclestage": "lead"}),
        row(CAT, {"lifecyclestage": ""}),
    )
    told = said(Push(box, audience(mapped)).contacts(*rows))
    assert {0: ("rejected", "invalid_property:lifecyclestage"), 1: ("present", ""), 2: ("present", "")} == told


def test_a_batch_that_is_refused_as_a_whole_is_halved(box: HubspotSandbox) -> None:
    """Where HubSpot does not tell of each input; alone, a row has its own code."""
    box.multi_status = False
    push = Push(box, audience())
    answer = push.contacts(row("nonsense"), row(ADA))
    assert isinstance(answer, NotApplied)
    assert ([], "VALIDATION_ERROR") == ([*answer.blamed], answer.code)
    assert {0: ("rejected", "invalid_email")} == said(push.contacts(row("nonsense")))


def test_a_batch_that_blames_a_row_is_not_halved(box: HubspotSandbox) -> None:
    """An error that names the trace id of an input concerns that one."""
    body = {"category": "VALIDATION_ERROR", "context": {"objectWriteTraceId": ["row-1"]}, "errors": []}
    box.faults.add(Fault(kind="status", path="*/batch/upsert", status=400, body=json.dumps(body)))
    answer = Push(box, audience()).contacts(row(ADA), row(BEA))
    assert isinstance(answer, NotApplied)
    assert [(1, "rejected", "validation_error")] == [(each.index, each.outcome, each.code) for each in answer.blamed]


def test_what_the_first_request_proved_stays_when_the_second_gets_no_answer(box: HubspotSandbox) -> None:
    """Whom the second was about is unknown, and sent once."""
    box.contact(email=ADA)
    box.faults.add(Fault(kind="reset_after", path="*/batch/upsert"))
    told = said(Push(box, audience(NAMED)).contacts(row(ADA, {"firstname": "Ada"}), row(BEA, {"firstname": "Bea"})))
    assert {0: ("present", ""), 1: ("unknown", "no_answer")} == told
    assert ["update", "upsert"] == writes(box)


def test_after_a_lost_answer_nothing_more_is_sent(box: HubspotSandbox) -> None:
    """Who has opted out is told all the same; the others go later, the lost ones are unknown."""
    box.contact(email=ADA)
    box.contact(email=CAT, hs_email_optout="true")
    box.faults.add(Fault(kind="reset", path="*/batch/update"))
    push = Push(box, audience(NAMED))
    told = said(push.contacts(*(row(each, {"firstname": "N"}) for each in (ADA, BEA, CAT))))
    assert {0: ("unknown", "no_answer"), 1: ("retry", "not_sent"), 2: ("suppressed", "opted_out")} == told
    box.faults.add(Fault(kind="reset", path="*/batch/update"))
    with pytest.raises(Unanswered):
        push.contacts(row(ADA, {"firstname": "N"}), row(BEA, {"firstname": "N"}))


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"status": 429, "retry_after": "86400"}, "throttled"),
        ({"status": 403, "body": '{"category":"MISSING_SCOPES"}'}, "refused"),
        ({"status": 400, "body": '{"category":"VALIDATION_ERROR"}'}, "refused"),
    ],
)
def test_what_the_first_request_proved_stays_when_the_second_is_refused(
    box: HubspotSandbox, fault: dict[str, object], code: str
) -> None:
    """Too fast, not allowed, or refused as a whole: the rows of the second go again."""
    box.contact(email=ADA)
    box.faults.add(Fault.model_validate({"kind": "status", "path": "*/batch/upsert", **fault}))
    rows = [row(each, {"firstname": "N"}) for each in (ADA, BEA, CAT)]
    told = said(Push(box, audience(NAMED)).contacts(*rows))
    assert {0: ("present", ""), 1: ("retry", code), 2: ("retry", code)} == told


def test_a_missing_scope_stops_the_connection_and_is_named(box: HubspotSandbox) -> None:
    """Before anything was written."""
    box.scopes.remove("crm.objects.contacts.write")
    with pytest.raises(StopConnection, match=r"Give the app the scope crm\.objects\.contacts\.write\."):
        Push(box, audience()).contacts(row(ADA))


def test_contacts_that_cannot_all_be_read_are_not_written(box: HubspotSandbox) -> None:
    """An opt-out could be among those that HubSpot did not read."""
    body = {"results": [], "errors": [{"category": "INTERNAL_ERROR"}], "numErrors": 1}
    push = Push(box, audience())
    box.faults.add(Fault(kind="status", path="*/batch/read", status=207, body=json.dumps(body)))
    with pytest.raises(RetryLater):
        push.contacts(row(ADA))
    assert [] == writes(box)


def test_two_people_who_are_one_contact_are_told(box: HubspotSandbox) -> None:
    """HubSpot refuses a batch with both: the first counts."""
    box.contact(email=ADA, hs_additional_emails=BEA)
    told = said(Push(box, audience(NAMED)).contacts(row(ADA, {"firstname": "A"}), row(BEA, {"firstname": "B"})))
    assert {0: ("present", ""), 1: ("rejected", "shared_contact")} == told


def test_who_opted_out_is_suppressed(box: HubspotSandbox) -> None:
    """With the audience's purpose, and the latest instant at which they can have done it; nothing is written."""
    box.contact(email=ADA, hs_email_optout="true")
    [verdict] = verdicts(Push(box, audience(NAMED)).contacts(row(ADA, {"firstname": "Ada"})))
    assert verdict.suppression is not None
    told = verdict.suppression
    assert ("email", "news", box.now().replace(tzinfo=None)) == (told.channel, told.purpose, told.occurred_at)
    assert [] == writes(box)


def test_people_are_matched_by_a_property_of_their_own(box: HubspotSandbox) -> None:
    """Known and new ones in one upsert, which changes what is mapped and nothing else."""
    box.define("customer_no", unique=True)
    key = box.contact(email=ADA, customer_no="K1", lastname="Hill")
    push = Push(box, audience(NAMED, match_on=("user_id",), id_property="customer_no"))
    rows = row("1", {"firstname": "Ada"}, user_id="K1"), row("2", {"firstname": "Bea"}, user_id="K2")
    told = verdicts(push.contacts(*rows))
    assert ["present", "present"] == [each.outcome for each in told]
    assert (key, ["upsert"]) == (told[0].vendor_id, writes(box))
    assert ("Ada", "Hill", ADA) == tuple(contact(box, ADA)[name] for name in ("firstname", "lastname", "email"))
    made = box.contact_of("K2", "customer_no")
    assert made is not None
    assert {"key-1": key, "key-2": made.key} == push.tool.resolve(rows)
    assert {"K1", "K2"} == {each.wire["user_id"] for each in push.tool.read_back(*_first(push))}


def test_a_property_that_is_not_unique_matches_nobody(box: HubspotSandbox) -> None:
    """It is told before anything is sent."""
    with pytest.raises(StopConnection, match="HubSpot has no property city with unique values"):
        Push(box, audience(match_on=("user_id",), id_property="city"))


@pytest.mark.parametrize(
    ("match_on", "by"), [(("user_id",), "email"), (("email",), "customer_no"), (("email", "user_id"), "email")]
)
def test_what_is_matched_and_by_what_go_together(box: HubspotSandbox, match_on: tuple[str, ...], by: str) -> None:
    """One namespace, and e-mail with e-mail."""
    with pytest.raises(ConfigError, match="matches on"):
        destination(box).targets(audience(match_on=match_on, id_property=by))


def test_contacts_are_never_removed(box: HubspotSandbox) -> None:
    """Even if the hub asked for it."""
    with pytest.raises(StopConnection, match="never removed"):
        Push(box, audience()).contacts(row(ADA), op="remove")


def test_an_audience_may_be_of_contacts_alone(box: HubspotSandbox) -> None:
    """Without a list; a subscription says who is kept off one, and needs it."""
    assert ["contacts"] == [each.key for each in destination(box).targets(audience(list=None))]
    with pytest.raises(ValidationError, match="subscription needs list"):
        HubspotTarget(subscription="Newsletter")


def test_a_token_of_oauth_is_renewed_between_writes(box: HubspotSandbox) -> None:
    """Nobody is lost, and nothing is sent twice."""
    oauth = {"token": None, "webhook_url": None, "webhook_secret": None, **box.oauth()}
    push = Push(box, audience(), oauth)
    box.expire()
    assert {0: ("present", "")} == said(push.contacts(row(ADA)))


def test_the_source_reads_what_the_destination_wrote(box: HubspotSandbox) -> None:
    """One account: the record id that a verdict gave is the one that lands."""
    [verdict] = verdicts(Push(box, audience(NAMED)).contacts(row(ADA, {"firstname": "Ada"})))
    found = landed(read(box), "people", str(verdict.vendor_id))
    assert ("Ada", {("hubspot_contact", verdict.vendor_id), ("email", ADA)}) == (
        found["first_name"],
        {(each["namespace"], each["value"]) for each in found["identifiers"]},
    )


@pytest.mark.parametrize("api", ["2026-03", "2026-09", "v3"])
def test_every_version_has_its_own_addresses(box: HubspotSandbox, api: str) -> None:
    """Contacts, properties and lists are asked for and written at those of one version."""
    push = Push(box, audience({"ltv": "ltv"}), {"api": api})
    [verdict] = verdicts(push.contacts(row(ADA, {"ltv": 3})))
    push.list(row(ADA, key=verdict.vendor_id))
    push.list(row(ADA, key=verdict.vendor_id), op="remove")
    push.tool.erase([row(ADA)])
    assert {api} == {part for each in box.requests for part in each.request.path.split("/") if part in {api, "v3"}}
    assert {200, 201, 204, 207, 404} >= {each.status for each in box.requests}


def _first(push: Push) -> tuple[Target, Json]:
    return push.targets[0], push.handles[push.targets[0].key]
