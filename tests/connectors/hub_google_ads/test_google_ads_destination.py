"""What is sent to Google, and what is made of its answers."""

import json
from collections.abc import Iterator

import pytest

from hub.sdk.errors import ConfigError, RetryLater, StopConnection, Unanswered
from hub.sdk.http import Http
from hub.sdk.http.rate import forget_limits
from hub.sdk.http.retry import pace
from hub.sdk.records import Accepted, Json, NotApplied, Verdict
from hub.sdk.sandbox import Fault
from hub.sdk.settings import ConsentNeeded
from hub_google_ads.destination import GoogleAdsDestination
from hub_google_ads.sandbox import CUSTOMER, MANAGER, GoogleAdsSandbox
from tests.support.google_ads import WHOLE, audience, batch, destination, digest, email

_WRITES = "/v1/audienceMembers:*"


@pytest.fixture
def box() -> Iterator[GoogleAdsSandbox]:
    """Serve an account without lists."""
    forget_limits()
    hurry = pace.set(0.01)
    with GoogleAdsSandbox() as served:
        yield served
    pace.reset(hurry)
    forget_limits()


def push(made: GoogleAdsDestination, *args: object, **keys: object) -> object:
    """Send a batch to the list of the audience."""
    target = made.targets(audience())[0]
    return made.push(target, made.open(target, audience(), "p1", 1), batch(*args, **keys))  # type: ignore[arg-type]


def sent(box: GoogleAdsSandbox) -> dict[str, Json]:
    """Return the body of the last write."""
    bodies = [each.request.body for each in box.requests if each.request.path.startswith("/v1/audienceMembers")]
    found: dict[str, Json] = json.loads(bodies[-1])
    return found


def test_a_request_holds_hashes_consent_and_terms(box: GoogleAdsSandbox) -> None:
    """Everything that somebody is known by goes in one member, with consent, terms and encoding of the request."""
    push(destination(box, manager="987-654-3210"), [WHOLE])
    address = {
        "givenName": digest("ada"),
        "familyName": digest("planted"),
        "regionCode": "DE",
        "postalCode": "10115",
    }
    ids = [{"emailAddress": WHOLE["email"]}, {"phoneNumber": WHOLE["phone"]}, {"address": address}]
    expected = {
        "destinations": [
            {
                "loginAccount": {"accountType": "GOOGLE_ADS", "accountId": MANAGER},
                "operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": CUSTOMER},
                "productDestinationId": next(iter(box.lists)),
            }
        ],
        "audienceMembers": [{"userData": {"userIdentifiers": ids}}],
        "encoding": "HEX",
        "consent": {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_GRANTED"},
        "termsOfService": {"customerMatchTermsOfServiceStatus": "ACCEPTED"},
    }
    assert expected == sent(box)


def test_half_an_address_is_left_out(box: GoogleAdsSandbox) -> None:
    """Google requires all four parts of an address, so that three of them are not sent."""
    push(destination(box), [{name: value for name, value in WHOLE.items() if name != "postcode"}])
    ids = [{"emailAddress": WHOLE["email"]}, {"phoneNumber": WHOLE["phone"]}]
    assert [{"userData": {"userIdentifiers": ids}}] == sent(box)["audienceMembers"]


def test_nobody_is_added_without_consent(box: GoogleAdsSandbox) -> None:
    """Who has not granted consent is refused before a request is made; the others of the batch are not."""
    answer = push(destination(box), [email(1), email(2)], consented=False)
    expected = NotApplied([Verdict(0, "rejected", "no_consent"), Verdict(1, "rejected", "no_consent")], "no_consent")
    assert expected == answer
    assert set() == box.members()


def test_who_took_consent_back_is_removed(box: GoogleAdsSandbox) -> None:
    """A removal asks for no consent, and says nothing of it."""
    made = destination(box)
    push(made, [email(1)])
    push(made, [email(1)], op="remove", consented=False)
    box.catch_up()
    assert set() == box.members()
    assert "consent" not in sent(box)


@pytest.mark.parametrize("consent", [None, ConsentNeeded(channel="email")])
def test_an_audience_must_need_consent_to_ads(box: GoogleAdsSandbox, consent: ConsentNeeded | None) -> None:
    """Without it the project does not load, and the text says what to write."""
    with pytest.raises(ConfigError, match=r'Add consent = { channel = "ads"'):
        destination(box).targets(audience(consent=consent))


def test_a_bad_member_is_blamed_by_its_index(box: GoogleAdsSandbox) -> None:
    """The rows that Google names are rejected with its reason, and nobody else."""
    bad = {"email": "no digest"}
    short = {"email": "abc123"}
    expected = [Verdict(1, "rejected", "invalid_hex_encoding"), Verdict(3, "rejected", "invalid_sha256_format")]
    answer = push(destination(box), [email(0), bad, email(2), short])
    assert NotApplied(expected, "invalid_hex_encoding") == answer


def test_where_nobody_is_named_nobody_is_blamed(box: GoogleAdsSandbox) -> None:
    """Then the hub halves the batch."""
    box.blames = False
    box.spoil(email(1)["email"], "rejected")
    answer = push(destination(box), [email(0), email(1)])
    assert NotApplied([], "invalid_audience_member") == answer


def test_a_list_that_takes_no_contacts_stops(box: GoogleAdsSandbox) -> None:
    """Google names member 0 for it; nobody is blamed, and the hub does not go on row by row."""
    box.make_list("Customers", kind="MOBILE_ID")
    with pytest.raises(StopConnection, match="INVALID_USER_LIST_TYPE"):
        push(destination(box), [email(0), email(1)])
    assert 1 == sum(each.request.path.startswith("/v1/audience") for each in box.requests)


def test_a_request_is_asked_for_until_it_ends(box: GoogleAdsSandbox) -> None:
    """While it runs nothing is known; then there are counts, and no verdicts."""
    made = destination(box)
    answer = push(made, [email(1), WHOLE])
    assert isinstance(answer, Accepted)
    assert made.poll(answer.job, batch([email(1), WHOLE])) is None
    assert Accepted(counts={"records": 2, "identifiers": 4}) == made.poll(answer.job, batch([email(1), WHOLE]))


def test_a_part_that_fails_is_told_in_counts(box: GoogleAdsSandbox) -> None:
    """Google does not say who failed, so that it is counted by its reason."""
    made = destination(box)
    answer = push(made, [email(1), WHOLE])
    assert isinstance(answer, Accepted)
    job = box.jobs[str(answer.job)]
    job.body = {**job.body, "consent": {"adUserData": "CONSENT_DENIED"}}
    box.catch_up()
    expected = Accepted(counts={"records": 1, "identifiers": 1}, refused={"denied_consent": 1})
    assert expected == made.poll(answer.job, batch([email(1), WHOLE]))


@pytest.mark.parametrize(
    ("reason", "outcome"), [("DENIED_CONSENT", "rejected"), ("INTERNAL_ERROR", "retry"), ("INVALID_FORMAT", "rejected")]
)
def test_where_all_fail_all_are_judged(box: GoogleAdsSandbox, reason: str, outcome: str) -> None:
    """Nobody was taken: for a reason of Google's own they go again, for another one they are kept out."""
    made = destination(box)
    answer = push(made, [email(1)])
    assert isinstance(answer, Accepted)
    counts = [{"reason": f"PROCESSING_ERROR_REASON_{reason}", "recordCount": "1"}]
    box.jobs[str(answer.job)].done = [{"requestStatus": "FAILED", "errorInfo": {"errorCounts": counts}}]
    found = made.poll(answer.job, batch([email(1)]))
    assert [Verdict(0, outcome, reason.lower())] == found  # type: ignore[arg-type]


def test_a_request_that_google_forgot_leaves_us_not_knowing(box: GoogleAdsSandbox) -> None:
    """Nobody counts as taken or as refused."""
    assert [Verdict(0, "unknown", "no_status")] == destination(box).poll("r-none", batch([email(1)]))


def test_a_missing_list_is_made_with_its_duration(box: GoogleAdsSandbox) -> None:
    """It takes contact data, and people stay for as many days as the audience says."""
    made, wanted = destination(box), audience("New", days=30)
    handle = made.open(made.targets(wanted)[0], wanted, "p1", 1)
    held = next(iter(box.lists.values()))
    assert {"list": held.id} == handle
    assert ("New", "2592000s", "CONTACT_ID") == (held.name, held.duration, held.kind)
    assert {"list": held.id} == made.open(made.targets(wanted)[0], wanted, "p2", 1)


def test_a_list_is_found_on_any_page(box: GoogleAdsSandbox) -> None:
    """Lists come in pages; a list beyond the first is not made again."""
    box.page = 2
    ids = [box.make_list(f"List {number}").id for number in range(5)]
    made, wanted = destination(box), audience("List 4")
    assert {"list": ids[4]} == made.open(made.targets(wanted)[0], wanted, "p1", 1)


def test_a_list_by_id_is_never_made(box: GoogleAdsSandbox) -> None:
    """An id that the account does not have stops."""
    made, wanted = destination(box), audience("4711")
    with pytest.raises(StopConnection, match="no user list 4711"):
        made.open(made.targets(wanted)[0], wanted, "p1", 1)
    held = box.make_list("Any")
    assert {"list": held.id} == made.open(made.targets(wanted)[0], audience(held.id), "p1", 1)


def test_two_lists_of_one_name_stop(box: GoogleAdsSandbox) -> None:
    """Which one is meant only a person can say."""
    box.make_list("Customers")
    box.make_list("Customers")
    with pytest.raises(StopConnection, match="2 user lists named"):
        push(destination(box), [email(1)])


def test_an_account_that_must_declare_first_stops(box: GoogleAdsSandbox) -> None:
    """The reason why a list is not made is told."""
    box.political = True
    with pytest.raises(StopConnection, match="EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED"):
        push(destination(box), [email(1)])


def test_rights_that_are_missing_stop(box: GoogleAdsSandbox) -> None:
    """403 is for a person to mend."""
    box.allowed = False
    with pytest.raises(StopConnection, match="403 PERMISSION_DENIED"):
        list(destination(box).check())


@pytest.mark.parametrize("status", [500, 503, 504])
def test_trouble_of_google_leaves_us_not_knowing(box: GoogleAdsSandbox, status: int) -> None:
    """A write that may have been applied is sent once; the hub decides when it goes again."""
    box.faults.add(Fault(kind="status", status=status, method="POST", path=_WRITES, times=None))
    with pytest.raises(Unanswered):
        push(destination(box), [email(1)])
    assert 1 == sum(each.request.path.startswith("/v1/audience") for each in box.requests)


def test_too_many_requests_go_later(box: GoogleAdsSandbox) -> None:
    """429 was not applied."""
    made = destination(box)
    list(made.check())
    box.per_minute = 0
    with pytest.raises(RetryLater):
        list(made.check())


def test_the_way_of_the_login_account(box: GoogleAdsSandbox) -> None:
    """The services for lists read the manager from a header, and requests that move people have it in their body."""
    push(destination(box, manager=MANAGER), [email(1)])
    headers = [
        each.request.headers.get("login-account") for each in box.requests if each.request.path.endswith("userLists")
    ]
    assert {f"accountTypes/GOOGLE_ADS/accounts/{MANAGER}"} == set(headers)


def test_the_sandbox_hands_out_its_key(box: GoogleAdsSandbox) -> None:
    """Whoever tries it by hand needs one."""
    key = Http(box.url).get("/key.json").body.decode()
    assert [] == [fact for fact in destination(box, key=key).check() if fact.level != "ok"]


def test_a_reason_that_quotes_somebody_is_not_repeated(box: GoogleAdsSandbox) -> None:
    """What has not the form of one of Google's codes is called an invalid argument."""
    violation = {"field": "audience_members[0]", "reason": "Ada Planted", "description": "Ada Planted"}
    error = {"status": "ada@mail.example", "details": [{"fieldViolations": [violation]}]}
    box.faults.add(
        Fault(
            kind="status",
            status=400,
            method="POST",
            path=_WRITES,
            body=json.dumps({"error": error}),
            content_type="application/json",
        )
    )
    expected = NotApplied([Verdict(0, "rejected", "invalid_argument")], "invalid_argument")
    assert expected == push(destination(box), [email(1)])


@pytest.mark.parametrize("body", ["{}", '{"requestId": ""}', '{"requestId": 7}', "[]"])
def test_an_answer_without_a_request_id_leaves_us_not_knowing(box: GoogleAdsSandbox, body: str) -> None:
    """It may have been taken, but nobody can ask what became of it."""
    box.faults.add(
        Fault(kind="status", status=200, method="POST", path=_WRITES, body=body, content_type="application/json")
    )
    with pytest.raises(Unanswered):
        push(destination(box), [email(1)])
