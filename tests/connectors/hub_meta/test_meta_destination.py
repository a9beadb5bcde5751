"""What is sent to Meta and how its answers are understood; Meta's vectors; Meta's own SDK at the sandbox."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from facebook_business.adobjects.customaudience import CustomAudience
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from hub.sdk.connector import Context
from hub.sdk.errors import ConfigError, RetryLater, StopConnection, Unanswered
from hub.sdk.records import Accepted, Batch, Op, Row
from hub.sdk.sandbox import Fault
from hub.sdk.settings import AudienceSettings, ConsentNeeded
from hub_meta.destination import MetaDestination
from hub_meta.sandbox import MetaSandbox, failure
from hub_meta.settings import MetaSettings, MetaTarget
from hub_meta.wire import WIRE

ADS = ConsentNeeded(channel="ads")


def digest(text: str) -> str:
    """SHA-256 as Meta wants it."""
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def box() -> Iterator[MetaSandbox]:
    """Serve an ad account."""
    with MetaSandbox() as box:
        yield box


def tool(box: MetaSandbox, **keys: object) -> MetaDestination:
    """The destination, which speaks to the account."""
    settings = MetaSettings.model_validate({**box.connection(), **keys})
    return MetaDestination(settings, Context("meta", Path(), datetime.now(UTC)))


def audience(name: str = "Customers", *match_on: str, consent: ConsentNeeded | None = ADS) -> AudienceSettings:
    """An audience that stands at Meta."""
    match = match_on or ("email",)
    target = MetaTarget(audience=name)
    return AudienceSettings(name="vips", segment="vip", target=target, match_on=match, consent=consent)


def row(**wire: str) -> Row:
    """A person with hashes; a digest stands for itself."""
    hashed = {name: value if name == "madid" else digest(value) for name, value in wire.items()}
    return Row(f"key-{sorted(wire.items())}", hashed, consented=True)


def push(made: MetaDestination, wanted: AudienceSettings, *rows: Row, op: Op = "add") -> object:
    """Push people where the audience stands."""
    [place] = made.targets(wanted)
    return made.push(place, made.open(place, wanted, "plan", len(rows)), Batch("b1", 1, True, op, rows))


def sent(box: MetaSandbox) -> Mapping[str, object]:
    """The payload of the last request."""
    payload: Mapping[str, object] = json.loads(box.requests[-1].request.form()["payload"])
    return payload


def test_columns_come_from_the_mapping_and_gaps_are_empty(box: MetaSandbox) -> None:
    """Who lacks an address has an empty cell there, whoever comes first in the request."""
    wanted = audience("Customers", "email", "phone", "first_name")
    answer = push(tool(box), wanted, row(phone="15550100"), row(email="a@shop.example", first_name="ann"))
    assert Accepted(counts={"received": 2}) == answer
    assert ["EMAIL", "PHONE", "FN"] == sent(box)["schema"]
    assert [
        ["", digest("15550100"), ""],
        [digest("a@shop.example"), "", digest("ann")],
    ] == sent(box)["data"]


def test_a_request_is_a_session_of_its_own(box: MetaSandbox) -> None:
    """It is opened and closed by one request, and consent is said where all of it have granted."""
    push(tool(box), audience(), row(email="a@shop.example"))
    form = box.requests[-1].request.form()
    session = json.loads(form["session"])
    assert (1, True, 1) == (session["batch_seq"], session["last_batch_flag"], session["estimated_num_total"])
    assert "true" == form["customer_consent"]


def test_limited_data_use_is_said_for_each_person(box: MetaSandbox) -> None:
    """Where it is asked for; a removal says nothing of the kind."""
    made = tool(box, limited_data_use=True)
    push(made, audience(), row(email="a@shop.example"))
    assert ["EMAIL", "DATA_PROCESSING_OPTIONS"] == sent(box)["schema"]
    assert [[digest("a@shop.example"), ["LDU"]]] == sent(box)["data"]
    push(made, audience(), row(email="a@shop.example"), op="remove")
    assert ["EMAIL"] == sent(box)["schema"]
    assert set() == box.members()


def test_removal_uses_what_was_sent(box: MetaSandbox) -> None:
    """Who was sent by address and number is taken out, though the audience matches on the address alone by now."""
    push(tool(box), audience("Customers", "email", "phone"), row(email="a@shop.example", phone="15550100"))
    push(tool(box), audience(), row(phone="15550100"), op="remove")
    assert set() == box.members()


def test_people_of_one_name_are_several(box: MetaSandbox) -> None:
    """A last name or a country that many have takes nobody's place, and a removal takes out one of them."""
    wanted = audience("Customers", "email", "last_name")
    ann, bob = row(email="a@shop.example", last_name="lee"), row(email="b@shop.example", last_name="lee")
    push(tool(box), wanted, ann, bob)
    assert {digest("a@shop.example"), digest("b@shop.example")} == box.members()
    push(tool(box), wanted, ann, op="remove")
    assert {digest("b@shop.example")} == box.members()


def test_secrets_and_people_are_in_no_address(box: MetaSandbox) -> None:
    """Token and people travel in header and body, also with a DELETE."""
    push(tool(box), audience(), row(email="a@shop.example"), op="remove")
    for each in box.requests:
        assert set(each.request.query) <= {"fields", "limit", "after", "appsecret_proof"}


def test_entries_that_meta_cannot_read_are_told(box: MetaSandbox) -> None:
    """It counts them and names nobody."""
    bad = Row("k", {"email": "no-digest"}, consented=True)
    assert Accepted(counts={"received": 2}, refused={"invalid_entries": 1}) == push(
        tool(box), audience(), row(email="a@shop.example"), bad
    )


@pytest.mark.parametrize("code", [4, 17, 613, 80003])
def test_a_throttle_in_a_400_is_later(box: MetaSandbox, code: int) -> None:
    """Whatever the code, nothing was applied."""
    made = tool(box)
    [place] = made.targets(audience())
    handle = made.open(place, audience(), "plan", 1)
    box.faults.add(Fault(kind="status", status=400, body=json.dumps(failure(code).json)))
    with pytest.raises(RetryLater):
        made.push(place, handle, Batch("b1", 1, True, "add", [row(email="a@shop.example")]))


def test_a_budget_that_is_nearly_used_up_is_obeyed(box: MetaSandbox) -> None:
    """The next request waits for as many minutes as Meta says, once."""
    made = tool(box)
    box.usage, box.regain = 95, 17
    push(made, audience(), row(email="a@shop.example"))
    with pytest.raises(RetryLater) as caught:
        push(made, audience(), row(email="b@shop.example"))
    assert timedelta(minutes=17) == caught.value.after


@pytest.mark.parametrize("code", [1, 2, 368, 5000])
def test_metas_own_trouble_leaves_us_not_knowing(box: MetaSandbox, code: int) -> None:
    """It may or may not have been done."""
    made = tool(box)
    push(made, audience(), row(email="a@shop.example"))
    fault = Fault(kind="status", method="POST", path="*/users", status=400, body=json.dumps(failure(code).json))
    box.faults.add(fault)
    with pytest.raises(Unanswered):
        push(made, audience(), row(email="b@shop.example"))


@pytest.mark.parametrize(("code", "said"), [(2655, "terms"), (200, "ads_management"), (190, "token")])
def test_what_a_person_must_mend_stops_the_connection(box: MetaSandbox, code: int, said: str) -> None:
    """The hint says what; Meta's message, which may quote what was sent, is not told."""
    box.faults.add(Fault(kind="status", status=403, body=json.dumps(failure(code).json)))
    with pytest.raises(StopConnection) as caught:
        push(tool(box), audience(), row(email="a@shop.example"))
    assert said in str(caught.value.hint)
    assert "quoted" not in str(caught.value)


def test_a_flagged_audience_stops_the_connection(box: MetaSandbox) -> None:
    """By name and by id."""
    key = box.make_audience("Customers")
    box.audiences[key]["status"] = 471
    for name in ("Customers", key):
        with pytest.raises(StopConnection, match="flagged"):
            push(tool(box), audience(name), row(email="a@shop.example"))


def test_audiences_are_found_on_any_page_and_named_once(box: MetaSandbox) -> None:
    """A name is looked for among all; two of it are an error that names their ids."""
    for name in ("One", "Two", "Three", "Customers"):
        box.make_audience(name)
    push(tool(box), audience(), row(email="a@shop.example"))
    assert {digest("a@shop.example")} == box.members()
    box.make_audience("Customers")
    with pytest.raises(StopConnection, match="2 audiences"):
        push(tool(box), audience(), row(email="a@shop.example"))


def test_an_audience_must_need_consent_to_ads(box: MetaSandbox) -> None:
    """Neither none nor another channel's will do."""
    for consent in (None, ConsentNeeded(channel="email")):
        with pytest.raises(ConfigError, match="consent of the channel"):
            tool(box).targets(audience(consent=consent))


def test_check_says_which_account_it_is(box: MetaSandbox) -> None:
    """Its name and how many audiences it has; a token that has ended is an error."""
    told = [fact.text for fact in tool(box).check()]
    assert ["ad account Sandbox shop (act_1234567890)", "0 custom audiences"] == told
    box.expire()
    assert ["error"] == [fact.level for fact in tool(box, access_token="EAAsandbox-0").check()]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [  # Meta's page of customer information parameters
        ("email", "john_smith@gmail.com", "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"),
        ("phone", "+16505551212", "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"),
        ("first_name", "Mary", "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
        ("first_name", "정", "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"),
        ("last_name", "Valéry", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
        # by Meta's rules, not published
        ("country", "US", digest("us")),
        ("city", "New York", digest("newyork")),
        ("postcode", "94035-1234", digest("94035")),
        ("postcode", "SW1A 1AA", digest("sw1a1aa")),
        ("region", "CA", digest("ca")),
        ("gender", "Female", digest("f")),
        ("madid", "AB-12", "ab-12"),
        ("country", "Germany", None),
    ],
)
def test_metas_vectors(name: str, value: str, expected: str | None) -> None:
    """What Meta publishes as input and digest is what the connector sends."""
    found = duckdb.connect().execute(f"select {WIRE[name]} from (select $1 as value)", [value]).fetchall()
    assert [(expected,)] == found


def test_metas_sdk_works_against_the_sandbox(box: MetaSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """facebook-business adds and removes people, whose payload it sends in the address, and raises for a wrong id."""
    monkeypatch.setattr(FacebookSession, "GRAPH", box.url)
    api = FacebookAdsApi.init(
        app_secret=box.app_secret, access_token=str(box.connection()["access_token"]), api_version="v26.0"
    )
    session = {"session_id": 1, "batch_seq": 1, "last_batch_flag": True}
    payload = {"schema": ["EMAIL"], "data": [[digest("a@shop.example")]]}
    found = CustomAudience(box.make_audience("Customers"), api=api)
    told = found.create_user(params={"payload": payload, "session": session})
    assert 1 == told["num_received"]
    assert {digest("a@shop.example")} == box.members()
    found.delete_users(params={"payload": payload, "session": session})
    assert set() == box.members()
    with pytest.raises(FacebookRequestError):
        CustomAudience("1", api=api).create_user(params={"payload": payload, "session": session})
