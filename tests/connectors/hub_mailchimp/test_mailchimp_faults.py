"""What the destination makes of a network and a vendor that misbehave."""

import json
from collections.abc import Iterator

import pytest

from hub.sdk.errors import RetryLater, StopConnection, Unanswered
from hub.sdk.records import Json, NotApplied, Verdict
from hub.sdk.sandbox import Fault, Reply, Request, route
from hub_mailchimp.destination import MailchimpDestination
from hub_mailchimp.sandbox import MailchimpSandbox
from tests.support.mailchimp import audience, batch, destination, row

PEOPLE = [f"p{number}@shop.example" for number in range(20)]
PUT = "/3.0/lists/*/members/*"
TAG = "/3.0/lists/*/segments/*"


@pytest.fixture
def box() -> Iterator[MailchimpSandbox]:
    """Serve an account with one empty list."""
    with MailchimpSandbox() as box:
        yield box


def push_contacts(tool: MailchimpDestination, *addresses: str) -> list[Verdict]:
    """Put people on the list."""
    wanted = audience("subscribed")
    contact, _ = tool.targets(wanted)
    handle = tool.open(contact, wanted, "p1", len(addresses))
    answer = tool.push(contact, handle, batch(*map(row, addresses)))
    assert isinstance(answer, list)
    return answer


def push_tag(tool: MailchimpDestination, *addresses: str) -> list[Verdict]:
    """Give people the tag."""
    wanted = audience()
    _, tag = tool.targets(wanted)
    handle = tool.open(tag, wanted, "p1", len(addresses))
    answer = tool.push(tag, handle, batch(*map(row, addresses)))
    assert isinstance(answer, list)
    return answer


def assert_honest(verdicts: list[Verdict], box: MailchimpSandbox) -> None:
    """Check that every row has a verdict, and that no definite verdict is wrong."""
    assert [verdict.index for verdict in verdicts] == list(range(len(PEOPLE)))
    there = box.members()
    for verdict in verdicts:
        if verdict.outcome != "unknown":
            assert (verdict.outcome == "present") == (PEOPLE[verdict.index] in there)


@pytest.mark.parametrize(
    "kind", ["reset", "reset_after", "truncate", "cut_gzip", "cut_chunks", "no_length", "empty", "content_type"]
)
def test_a_contact_without_an_answer_is_unknown(box: MailchimpSandbox, kind: str) -> None:
    """Nobody knows about that one row; the rows before it are certain and those after it were not sent."""
    box.faults.add(Fault(kind=kind, method="PUT", path=PUT, skip=5))
    verdicts = push_contacts(destination(box), *PEOPLE)
    assert "unknown" in {verdict.outcome for verdict in verdicts}
    assert_honest(verdicts, box)
    assert {verdict.outcome for verdict in push_contacts(destination(box), *PEOPLE)} == {"present"}


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_may_have_been_applied(box: MailchimpSandbox, status: int) -> None:
    """A 5xx after the write leaves the row unknown, and the contact may be there."""
    box.faults.add(Fault(kind="status_after", method="PUT", path=PUT, status=status))
    verdicts = push_contacts(destination(box), PEOPLE[0])
    assert [verdict.outcome for verdict in verdicts] == ["unknown"]
    assert list(box.members()) == [PEOPLE[0]]


@pytest.mark.parametrize("kind", ["reset_after", "truncate", "cut_gzip"])
def test_a_tag_without_an_answer_is_unanswered(box: MailchimpSandbox, kind: str) -> None:
    """The one request holds all rows, so that all are unknown; sent again, they are confirmed by a look-up."""
    push_contacts(destination(box), *PEOPLE)
    push_tag(destination(box))
    box.faults.add(Fault(kind=kind, method="POST", path=TAG))
    with pytest.raises(Unanswered):
        push_tag(destination(box), *PEOPLE)
    assert len(box.members(tag="vip")) == len(PEOPLE)
    assert {verdict.outcome for verdict in push_tag(destination(box), *PEOPLE)} == {"present"}


@pytest.mark.parametrize("status", [403, 429])
def test_an_empty_refusal_is_throttling(box: MailchimpSandbox, status: int) -> None:
    """429 and 403 without a body mean "too fast": the request is sent again and nothing is lost."""
    box.faults.add(Fault(kind="status", method="PUT", path=PUT, status=status, times=2))
    verdicts = push_contacts(destination(box), *PEOPLE)
    assert {verdict.outcome for verdict in verdicts} == {"present"}


def test_throttling_without_end_is_for_later(box: MailchimpSandbox) -> None:
    """When nothing of the batch went through, the core hears so and waits."""
    tool = destination(box)
    push_contacts(tool, *PEOPLE[:1])
    box.faults.add(Fault(kind="status", method="PUT", path=PUT, status=429, times=None))
    with pytest.raises(RetryLater):
        push_contacts(tool, *PEOPLE[1:3])
    assert list(box.members()) == PEOPLE[:1]


def test_a_403_with_a_reason_stops_the_connection(box: MailchimpSandbox) -> None:
    """An explained refusal is for a person, and names the vendor's title."""
    refusal = json.dumps({"title": "User Disabled", "status": 403, "detail": "x"})
    box.faults.add(Fault(kind="status", method="PUT", path=PUT, status=403, body=refusal, times=None))
    with pytest.raises(StopConnection, match="User Disabled"):
        push_contacts(destination(box), *PEOPLE)
    assert box.members() == {}


def test_a_refusal_in_mid_batch_keeps_what_is_known(box: MailchimpSandbox) -> None:
    """The key is revoked while contacts are written: those that were are present, the others go again."""
    refusal = json.dumps({"title": "API Key Invalid", "status": 401})
    box.faults.add(Fault(kind="status", method="PUT", path=PUT, status=401, body=refusal, times=None, skip=5))
    verdicts = push_contacts(destination(box), *PEOPLE)
    assert [verdict.outcome for verdict in verdicts].count("present") == 5
    assert_honest(verdicts, box)


def test_a_list_deleted_in_mid_flight_stops_the_connection(box: MailchimpSandbox) -> None:
    """PUT creates contacts, so that 404 can only mean the list."""
    tool, wanted = destination(box), audience("subscribed")
    contact, tag = tool.targets(wanted)
    handle, segment = tool.open(contact, wanted, "p1", 1), tool.open(tag, wanted, "p1", 1)
    tool.push(contact, handle, batch(row(PEOPLE[0])))
    box.lists.clear()
    with pytest.raises(StopConnection, match="no longer knows the list"):
        tool.push(contact, handle, batch(row(PEOPLE[1])))
    with pytest.raises(StopConnection, match="no longer knows segment"):
        tool.push(tag, segment, batch(row(PEOPLE[1])))


def test_a_look_up_that_fails_leaves_the_row_unknown(box: MailchimpSandbox) -> None:
    """What Mailchimp passed over in silence and cannot be looked up is not guessed."""
    push_tag(destination(box))
    box.faults.add(Fault(kind="status", method="GET", path=PUT, status=404, body="[]", times=None))
    verdicts = push_tag(destination(box), "new@shop.example")
    assert [(verdict.outcome, verdict.code) for verdict in verdicts] == [("unknown", "not_confirmed")]


@pytest.mark.parametrize("kind", ["truncate", "cut_gzip"])
def test_a_cut_page_is_no_page(box: MailchimpSandbox, kind: str) -> None:
    """Reading back goes on after one cut body, and gives up when all are cut, with nobody read as absent."""
    for address in PEOPLE:
        box.add(address)
    tool, wanted = destination(box), audience()
    contact, _ = tool.targets(wanted)
    handle = tool.open(contact, wanted, "p1", 0)
    box.faults.add(Fault(kind=kind, method="GET", path="/3.0/lists/*/members"))
    assert len(list(tool.read_back(contact, handle))) == len(PEOPLE)
    box.faults.add(Fault(kind=kind, method="GET", path="/3.0/lists/*/members", times=None))
    with pytest.raises(RetryLater):
        list(tool.read_back(contact, handle))


def test_a_tag_request_refused_as_a_whole_is_not_applied(box: MailchimpSandbox) -> None:
    """Mailchimp does not say which address it does not like: the core halves the batch."""
    push_contacts(destination(box), *PEOPLE)
    push_tag(destination(box))
    box.faults.add(Fault(kind="status", method="POST", path=TAG, status=400, body="{}"))
    wanted, tool = audience(), destination(box)
    _, tag = tool.targets(wanted)
    answer = tool.push(tag, tool.open(tag, wanted, "p1", 1), batch(*map(row, PEOPLE)))
    assert answer == NotApplied(code="http_400")


def test_a_row_refused_for_unknown_reasons_may_go_again(box: MailchimpSandbox) -> None:
    """One odd row stops neither its neighbours nor the connection."""
    box.faults.add(Fault(kind="status", method="PUT", path=PUT, status=422, body='{"title": "New"}', skip=5))
    verdicts = push_contacts(destination(box), *PEOPLE)
    assert sorted({(v.outcome, v.code) for v in verdicts}) == [("present", ""), ("retry", "http_422")]
    assert_honest(verdicts, box)


@pytest.mark.parametrize("path", ["/3.0/lists/*/segments", "/3.0/lists/*/merge-fields"])
def test_a_lost_answer_while_preparing_is_harmless(box: MailchimpSandbox, path: str) -> None:
    """No row was sent yet: it is for later, and what was made is found then."""
    box.add(PEOPLE[0])
    box.faults.add(Fault(kind="reset_after", method="POST", path=path))
    tool, wanted = destination(box), audience()
    rows = batch(row(PEOPLE[0], {"LTV": 3}))

    def deliver() -> list[object]:
        handles = [(target, tool.open(target, wanted, "p1", 1)) for target in tool.targets(wanted)]
        return [tool.push(target, handle, rows) for target, handle in handles]

    with pytest.raises(RetryLater):
        deliver()
    assert all(isinstance(answer, list) and answer[0].outcome == "present" for answer in deliver())
    assert (len(box.default.segments), len(box.default.fields)) == (1, 3)


class _Restless(MailchimpSandbox):
    """A Mailchimp in which a contact is archived after each page that is read."""

    @route("GET", "/3.0/lists/{list_id}/members")
    def get_members(self, request: Request, list_id: str) -> Reply:
        reply = super().get_members(request, list_id)
        self.archive(next(address for address, status in self.members().items() if status == "subscribed"))
        return reply


def test_a_list_that_changes_while_it_is_read_is_not_taken_as_whole() -> None:
    """A contact can slip from one page to another that was read before: the read-back is void."""
    with _Restless(size=1500) as box:
        tool, wanted = destination(box), audience()
        contact, _ = tool.targets(wanted)
        with pytest.raises(RetryLater, match="changed while"):
            list(tool.read_back(contact, tool.open(contact, wanted, "p1", 0)))


class _Shuffled(MailchimpSandbox):
    """A Mailchimp that answers segment calls in reverse, and spells addresses in its own way."""

    @route("POST", "/3.0/lists/{list_id}/segments/{segment_id}")
    def post_segment_batch(self, request: Request, list_id: str, segment_id: str) -> Reply:
        body = json.loads(super().post_segment_batch(request, list_id, segment_id).payload())
        added: list[dict[str, Json]] = body["members_added"]
        body["members_added"] = [{**one, "email_address": str(one["email_address"]).upper()} for one in added[::-1]]
        return Reply(json=body)


def test_answers_are_matched_by_address_not_by_place() -> None:
    """In whatever order and spelling Mailchimp answers, each row gets its own verdict."""
    with _Shuffled() as box:
        for address in PEOPLE:
            box.add(address.upper())
        box.archive(PEOPLE[3])
        verdicts = push_tag(destination(box), *PEOPLE, "new@shop.example")
        codes = {verdict.index: verdict.code for verdict in verdicts if verdict.outcome != "present"}
        assert codes == {3: "archived", 20: "not_in_list"}
        assert len(verdicts) == len(PEOPLE) + 1


def test_at_most_eight_connections_are_used() -> None:
    """Mailchimp refuses the eleventh; we stay below, so that none is refused."""
    with MailchimpSandbox(latency=0.02) as box:
        push_contacts(destination(box), *PEOPLE * 3)
        assert 429 not in {exchange.status for exchange in box.requests}


def test_errors_hold_neither_key_nor_address(box: MailchimpSandbox) -> None:
    """Whatever is raised may be logged."""
    box.faults.add(Fault(kind="reset_after", method="POST", path="/3.0/lists/*/segments/*", times=None))
    push_contacts(destination(box), PEOPLE[0])
    with pytest.raises(Unanswered) as caught:
        push_tag(destination(box), PEOPLE[0])
    assert PEOPLE[0] not in str(caught.value)
    assert box.api_key not in str(caught.value)
