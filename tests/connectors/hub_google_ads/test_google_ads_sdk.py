"""Google's own client works with the sandbox, and takes every request of ours."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.ads import datamanager_v1 as sdk
from google.ads.datamanager_v1.services.ingestion_service.transports.rest import IngestionServiceRestTransport
from google.ads.datamanager_v1.services.user_list_service.transports.rest import UserListServiceRestTransport
from google.api_core.exceptions import BadRequest, InvalidArgument
from google.auth.credentials import AnonymousCredentials
from google.protobuf import json_format

from hub.sdk.http.rate import forget_limits
from hub_google_ads.sandbox import CUSTOMER, GoogleAdsSandbox
from tests.support.google_ads import WHOLE, audience, batch, destination, digest, email

_PARENT = f"accountTypes/GOOGLE_ADS/accounts/{CUSTOMER}"


class OpenBox(GoogleAdsSandbox):
    """The SDK comes without credentials."""

    def authenticate(self, request: object) -> None:
        """Let everybody in."""


@pytest.fixture
def box() -> Iterator[OpenBox]:
    """Serve an account."""
    forget_limits()
    with OpenBox() as served:
        yield served
    forget_limits()


def ingestion(box: GoogleAdsSandbox) -> sdk.IngestionServiceClient:
    """Return Google's client for people."""
    host = box.url.removeprefix("http://")
    transport = IngestionServiceRestTransport(host=host, url_scheme="http", credentials=AnonymousCredentials())
    return sdk.IngestionServiceClient(transport=transport)


def user_lists(box: GoogleAdsSandbox) -> sdk.UserListServiceClient:
    """Return Google's client for lists."""
    host = box.url.removeprefix("http://")
    transport = UserListServiceRestTransport(host=host, url_scheme="http", credentials=AnonymousCredentials())
    return sdk.UserListServiceClient(transport=transport)


def asked(list_id: str, emails: list[str]) -> sdk.IngestAudienceMembersRequest:
    """Return a request as Google's documentation writes it."""
    account = sdk.ProductAccount(account_type=sdk.ProductAccount.AccountType.GOOGLE_ADS, account_id=CUSTOMER)
    people = [
        sdk.AudienceMember(user_data=sdk.UserData(user_identifiers=[sdk.UserIdentifier(email_address=each)]))
        for each in emails
    ]
    granted = sdk.ConsentStatus.CONSENT_GRANTED
    return sdk.IngestAudienceMembersRequest(
        destinations=[sdk.Destination(operating_account=account, product_destination_id=list_id)],
        audience_members=people,
        consent=sdk.Consent(ad_user_data=granted, ad_personalization=granted),
        encoding=sdk.Encoding.HEX,
        terms_of_service=sdk.TermsOfService(customer_match_terms_of_service_status=sdk.TermsOfServiceStatus.ACCEPTED),
    )


def test_googles_client_adds_people_and_asks_what_became_of_it(box: OpenBox) -> None:
    """It runs, then it has succeeded, with counts; the person is on the list."""
    held, client = box.make_list("Customers"), ingestion(box)
    request_id = client.ingest_audience_members(asked(held.id, [digest("a@mail.example")])).request_id
    states = []
    for _ in range(2):
        found = client.retrieve_request_status(sdk.RetrieveRequestStatusRequest(request_id=request_id))
        states.append(found.request_status_per_destination[0])
    assert ["PROCESSING", "SUCCESS"] == [each.request_status.name for each in states]
    assert 1 == states[1].audience_members_ingestion_status.user_data_ingestion_status.record_count
    assert {digest("a@mail.example")} == box.members()


def test_googles_client_removes_people(box: OpenBox) -> None:
    """Removed by what they were added by."""
    held, client = box.make_list("Customers"), ingestion(box)
    held.add(frozenset({digest("a@mail.example")}))
    added = asked(held.id, [digest("a@mail.example")])
    client.remove_audience_members(
        sdk.RemoveAudienceMembersRequest(
            destinations=added.destinations, audience_members=added.audience_members, encoding=added.encoding
        )
    )
    box.catch_up()
    assert set() == box.members()


def test_googles_client_is_told_which_member_is_bad(box: OpenBox) -> None:
    """The whole request is refused, with the member's index."""
    held = box.make_list("Customers")
    with pytest.raises((BadRequest, InvalidArgument)) as refusal:
        ingestion(box).ingest_audience_members(asked(held.id, [digest("a@mail.example"), "abc"]))
    assert "audience_members[1]" in str(refusal.value.details)


def test_googles_client_makes_and_finds_lists(box: OpenBox) -> None:
    """A list that one client makes is a list to the other."""
    made, wanted = destination(box), audience("Spring", days=30)
    made.open(made.targets(wanted)[0], wanted, "p1", 1)
    found = [*user_lists(box).list_user_lists(sdk.ListUserListsRequest(parent=_PARENT))]
    assert [("Spring", 30)] == [(each.display_name, each.membership_duration.days) for each in found]


@pytest.mark.parametrize("op", ["add", "update", "remove"])
def test_our_requests_are_googles_messages(box: OpenBox, op: str) -> None:
    """Every field that we send exists in Google's own definition, with a value of its type."""
    made, wanted = destination(box, manager="987-654-3210"), audience()
    target = made.targets(wanted)[0]
    made.push(target, made.open(target, wanted, "p1", 2), batch([WHOLE, email(1)], op))  # type: ignore[arg-type]
    kind = sdk.RemoveAudienceMembersRequest if op == "remove" else sdk.IngestAudienceMembersRequest
    message = parsed(kind, bodies(box, "/v1/audienceMembers:")[-1])
    assert 2 == len(message.audience_members)
    assert message.audience_members[0].HasField("user_data")
    made_list = parsed(sdk.UserList, [b for b in bodies(box, f"/v1/{_PARENT}/userLists") if b][-1])
    assert 540 == made_list.membership_duration.ToTimedelta().days


@pytest.mark.parametrize(
    ("right", "wrong"),
    [(b'"address"', b'"addressInfo"'), (b'"HEX"', b'"HEXADECIMAL"'), (b'"consent"', b'"consents"')],
)
def test_a_wrong_request_would_be_found(box: OpenBox, right: bytes, wrong: bytes) -> None:
    """Both Google's definition and the sandbox refuse a field or a value that does not exist."""
    made, wanted = destination(box), audience()
    target = made.targets(wanted)[0]
    made.push(target, made.open(target, wanted, "p1", 1), batch([WHOLE]))
    body = bodies(box, "/v1/audienceMembers:")[-1]
    assert right in body
    with pytest.raises(json_format.ParseError):
        parsed(sdk.IngestAudienceMembersRequest, body.replace(right, wrong))
    refused = made.client._http.post("/audienceMembers:ingest", content=body.replace(right, wrong), ok=(400,))
    assert 400 == refused.status


def bodies(box: GoogleAdsSandbox, path: str) -> list[bytes]:
    """Return what was sent to a path."""
    return [each.request.body for each in box.requests if each.request.path.startswith(path)]


def parsed(kind: Any, body: bytes) -> Any:  # noqa: ANN401 - messages of proto-plus have no types
    """Read a body strictly as Google's message."""
    return json_format.Parse(body, kind.pb(kind()), ignore_unknown_fields=False)
