"""Mailchimp's own Python SDK works against the sandbox: other people's code decides what the sandbox must be like."""

import io
import json
import tarfile
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from mailchimp_marketing import Client
from mailchimp_marketing.api_client import ApiClientError

from hub_mailchimp.sandbox import MailchimpSandbox
from tests.support.mailchimp import md5, sdk


@pytest.fixture
def box() -> Iterator[MailchimpSandbox]:
    """Serve an account with one empty list."""
    with MailchimpSandbox() as box:
        yield box


@pytest.fixture
def client(box: MailchimpSandbox) -> Client:
    """Make the vendor's client speak to it."""
    return sdk(box)


@pytest.fixture
def list_id(client: Client) -> str:
    """Find the list."""
    return str(client.lists.get_all_lists()["lists"][0]["id"])


def problem(call: Callable[[], Any]) -> dict[str, Any]:
    """Make a call that must be refused and return the problem document."""
    with pytest.raises(ApiClientError) as caught:
        call()
    body = json.loads(caught.value.text)
    assert caught.value.status_code == body["status"]
    return dict(body)


def test_ping_and_root_answer(client: Client) -> None:
    """The SDK reaches the account."""
    assert client.ping.get() == {"health_status": "Everything's Chimpy!"}
    assert client.root.get_root()["role"] == "owner"


def test_a_wrong_key_is_refused(box: MailchimpSandbox) -> None:
    """Another key than the account's is answered with 401."""
    assert problem(sdk(box, api_key="wrong-us1").ping.get)["title"] == "API Key Invalid"


def test_a_bearer_token_is_taken(box: MailchimpSandbox) -> None:
    """OAuth clients send the token as Bearer."""
    client = Client()
    client.set_config({"access_token": box.api_key, "server": "us1"})
    client.api_client.host = f"{box.url}/3.0"
    assert client.ping.get() == {"health_status": "Everything's Chimpy!"}


def test_the_hash_is_of_the_lower_cased_address(client: Client, list_id: str) -> None:
    """The vendor's published vector: the hash ignores case, and so does the look-up by address."""
    address = "Urist.McVankab@freddiesjokes.com"
    made = client.lists.set_list_member(
        list_id, md5(address), {"email_address": address, "status_if_new": "subscribed"}
    )
    assert made["id"] == "62eeb292278cc15f5817cb78f7790b08"
    assert client.lists.get_list_member(list_id, address.upper())["email_address"] == address
    assert client.lists.get_list_member(list_id, made["contact_id"])["id"] == made["id"]


def test_put_refuses_a_foreign_hash(client: Client, list_id: str) -> None:
    """A hash made without lower-casing does not name the address."""
    body = {"email_address": "Ada@shop.example", "status_if_new": "subscribed"}
    assert problem(lambda: client.lists.set_list_member(list_id, "0" * 32, body))["title"] == "Invalid Resource"


def test_put_uses_status_if_new_for_new_members_alone(client: Client, list_id: str, box: MailchimpSandbox) -> None:
    """A member who unsubscribed stays so when only `status_if_new` is sent."""
    body = {"email_address": "ada@shop.example", "status_if_new": "subscribed", "merge_fields": {"FNAME": "Ada"}}
    assert client.lists.set_list_member(list_id, md5("ada@shop.example"), body)["status"] == "subscribed"
    box.unsubscribe("ada@shop.example")
    again = client.lists.set_list_member(list_id, md5("ada@shop.example"), body)
    assert again["status"] == "unsubscribed"


def test_nobody_who_opted_out_is_subscribed_by_status(client: Client, list_id: str, box: MailchimpSandbox) -> None:
    """`status: subscribed` for one who unsubscribed themselves is a compliance problem; `pending` works."""
    box.add("ada@shop.example")
    box.unsubscribe("ada@shop.example")
    key = md5("ada@shop.example")
    refused = problem(lambda: client.lists.update_list_member(list_id, key, {"status": "subscribed"}))
    assert refused["title"] == "Member In Compliance State"
    assert client.lists.update_list_member(list_id, key, {"status": "pending"})["status"] == "pending"


def test_whoever_the_shop_unsubscribed_can_be_resubscribed(client: Client, list_id: str, box: MailchimpSandbox) -> None:
    """The trap: an unsubscribe through the API is no compliance state, and a later status overwrites it."""
    box.add("ada@shop.example")
    key = md5("ada@shop.example")
    client.lists.update_list_member(list_id, key, {"status": "unsubscribed"})
    body = {"members": [{"email_address": "ada@shop.example", "status": "subscribed"}], "update_existing": True}
    assert client.lists.batch_list_members(list_id, body)["total_updated"] == 1
    assert box.members() == {"ada@shop.example": "subscribed"}


def test_create_refuses_members_who_exist(client: Client, list_id: str, box: MailchimpSandbox) -> None:
    """POST creates only; whatever the case of the address."""
    box.add("Ada@shop.example")
    body = {"email_address": "ada@shop.example", "status": "subscribed"}
    assert problem(lambda: client.lists.add_list_member(list_id, body))["title"] == "Member Exists"


@pytest.mark.parametrize("address", ["ada@example.com", "test@shop.example", "ada@example.org", "ada@nowhere.invalid"])
def test_obvious_test_addresses_look_fake(client: Client, list_id: str, address: str) -> None:
    """Reserved domains are refused, in the vendor's words."""
    body = {"email_address": address, "status": "subscribed"}
    assert "looks fake or invalid" in problem(lambda: client.lists.add_list_member(list_id, body))["detail"]


def test_batch_answers_row_by_row(client: Client, list_id: str, box: MailchimpSandbox) -> None:
    """200 with per-row errors: new, updated, existing, fake, duplicate, opted out and forgotten."""
    for address in ("old@shop.example", "gone@shop.example", "out@shop.example"):
        box.add(address)
    box.forget("gone@shop.example")
    box.unsubscribe("out@shop.example")
    addresses = ["new@shop.example", "old@shop.example", "a@example.com", "NEW@shop.example"]
    rows = [{"email_address": a, "status": "subscribed"} for a in [*addresses, "gone@shop.example", "out@shop.example"]]
    plain = client.lists.batch_list_members(list_id, {"members": rows[:2]})
    assert [e["error_code"] for e in plain["errors"]] == ["ERROR_CONTACT_EXISTS"]
    both = client.lists.batch_list_members(list_id, {"members": rows, "update_existing": True})
    assert (both["total_created"], both["total_updated"], both["error_count"]) == (0, 2, 4)
    assert {e["error_code"] for e in both["errors"]} == {"ERROR_GENERIC"}
    calm = client.lists.batch_list_members(
        list_id, {"members": rows[:4], "update_existing": True}, skip_duplicate_check="true"
    )
    assert calm["error_count"] == 1


def test_batch_refuses_too_many_rows_and_bad_statuses(client: Client, list_id: str, box: MailchimpSandbox) -> None:
    """An invalid envelope is refused whole, naming the item."""
    rows = [{"email_address": f"p{n}@shop.example", "status": "subscribed"} for n in range(501)]
    assert problem(lambda: client.lists.batch_list_members(list_id, {"members": rows}))["status"] == 400
    empty = {"members": [{"email_address": "a@shop.example", "status": ""}]}
    refused = problem(lambda: client.lists.batch_list_members(list_id, empty))
    assert refused["errors"][0]["field"] == "members.item:0.status"
    assert box.members() == {}


def test_members_are_paged_and_filtered(client: Client, list_id: str, box: MailchimpSandbox) -> None:
    """`count`, `offset`, `status` and `fields` narrow what is shown; archived members only on request."""
    for number in range(25):
        box.add(f"p{number}@shop.example")
    box.unsubscribe("p0@shop.example")
    box.archive("p1@shop.example")
    page = client.lists.get_list_members_info(list_id, count=1000, offset=20, fields=["members.status", "total_items"])
    assert (len(page["members"]), page["total_items"], page["members"][0]) == (4, 24, {"status": "subscribed"})
    assert len(client.lists.get_list_members_info(list_id)["members"]) == 10
    assert client.lists.get_list_members_info(list_id, status="unsubscribed")["total_items"] == 1
    assert client.lists.get_list_members_info(list_id, status="archived")["total_items"] == 1


def test_archiving_and_forgetting(client: Client, list_id: str, box: MailchimpSandbox) -> None:
    """DELETE archives once; a permanent delete bars the address."""
    box.add("ada@shop.example")
    key = md5("ada@shop.example")
    assert client.lists.delete_list_member(list_id, key).status_code == 204
    assert problem(lambda: client.lists.delete_list_member(list_id, key))["status"] == 405
    assert client.lists.delete_list_member_permanent(list_id, key).status_code == 204
    body = {"email_address": "ada@shop.example", "status_if_new": "subscribed"}
    refused = problem(lambda: client.lists.set_list_member(list_id, key, body))
    assert refused["title"] == "Forgotten Email Not Subscribed"


def test_an_address_can_change_but_not_to_one_that_exists(client: Client, list_id: str, box: MailchimpSandbox) -> None:
    """A new address moves the member, tags included; a taken one is refused."""
    box.add("ada@shop.example")
    box.add("bea@shop.example")
    client.lists.update_list_member_tags(
        list_id, md5("ada@shop.example"), {"tags": [{"name": "vip", "status": "active"}]}
    )
    taken = {"email_address": "bea@shop.example"}
    refused = problem(lambda: client.lists.update_list_member(list_id, md5("ada@shop.example"), taken))
    assert refused["title"] == "Member Exists"
    client.lists.update_list_member(list_id, md5("ada@shop.example"), {"email_address": "eva@shop.example"})
    assert box.members(tag="vip") == {"eva@shop.example": "subscribed"}


def test_tags_are_segments(client: Client, list_id: str, box: MailchimpSandbox) -> None:
    """A tag switched on for a member is a static segment, found whatever its case."""
    box.add("ada@shop.example")
    key = md5("ada@shop.example")
    client.lists.update_list_member_tags(list_id, key, {"tags": [{"name": "VIP", "status": "active"}]})
    client.lists.update_list_member_tags(list_id, key, {"tags": [{"name": "vip", "status": "active"}]})
    assert [s["name"] for s in client.lists.list_segments(list_id)["segments"]] == ["VIP"]
    assert client.lists.get_list_member_tags(list_id, key)["total_items"] == 1
    assert client.lists.tag_search(list_id, name="vi")["tags"][0]["name"] == "VIP"
    client.lists.update_list_member_tags(list_id, key, {"tags": [{"name": "vIp", "status": "inactive"}]})
    assert box.members(tag="vip") == {}


def test_segment_batches_ignore_strangers(client: Client, list_id: str, box: MailchimpSandbox) -> None:
    """Addresses that are not on the list vanish from the answer without an error."""
    box.add("Ada@shop.example")
    segment = client.lists.create_segment(list_id, {"name": "win-back", "static_segment": []})["id"]
    body = {"members_to_add": ["ada@shop.example", "stranger@shop.example"]}
    added = client.lists.batch_segment_members(body, list_id, segment)
    assert (added["total_added"], added["errors"]) == (1, [])
    assert client.lists.get_segment_members_list(list_id, segment)["total_items"] == 1
    removed = client.lists.batch_segment_members({"members_to_remove": body["members_to_add"]}, list_id, segment)
    assert removed["total_removed"] == 1


def test_segments_hide_some_states(client: Client, list_id: str, box: MailchimpSandbox) -> None:
    """Unsubscribed members of a segment are shown only when asked for."""
    box.add("ada@shop.example")
    segment = client.lists.create_segment(list_id, {"name": "vip", "static_segment": ["ada@shop.example"]})["id"]
    box.unsubscribe("ada@shop.example")
    assert client.lists.get_segment_members_list(list_id, segment)["total_items"] == 0
    asked = client.lists.get_segment_members_list(list_id, segment, include_unsubscribed="true")
    assert asked["total_items"] == 1
    assert problem(lambda: client.lists.create_segment(list_id, {"name": "VIP", "static_segment": []}))["status"] == 400
    assert client.lists.delete_segment(list_id, segment).status_code == 204


def test_merge_fields_come_and_go(client: Client, list_id: str, box: MailchimpSandbox) -> None:
    """Fields are made with a type, refused with a long tag, and deleted with their values."""
    made = client.lists.add_list_merge_field(list_id, {"tag": "LTV", "name": "LTV", "type": "number"})
    box.add("ada@shop.example", LTV=12.5)
    tags = [field["tag"] for field in client.lists.get_list_merge_fields(list_id)["merge_fields"]]
    assert tags == ["FNAME", "LNAME", "LTV"]
    long = {"tag": "LIFETIMEVALUE", "name": "x", "type": "number"}
    assert problem(lambda: client.lists.add_list_merge_field(list_id, long))["errors"][0]["field"] == "tag"
    assert problem(lambda: client.lists.add_list_merge_field(list_id, {"name": "x", "type": "blob"}))["status"] == 400
    assert client.lists.delete_list_merge_field(list_id, made["merge_id"]).status_code == 204
    shown = client.lists.get_list_member(list_id, md5("ada@shop.example"))
    assert shown["merge_fields"] == {"FNAME": "", "LNAME": ""}


@pytest.mark.parametrize(
    ("kind", "value", "ok"),
    [
        ("text", "Zoë 🎈", True),
        ("text", "x" * 256, False),
        ("number", 3, True),
        ("number", "three", False),
        ("date", "2017-03-04", True),
        ("date", "yesterday", False),
        ("birthday", "03/04", True),
        ("birthday", "1984-03-04", False),
        ("address", {"addr1": "1 High St", "city": "Ulm", "state": "BW", "zip": "89073"}, True),
        ("address", {"addr1": "1 High St"}, False),
        ("number", "", True),
        ("text", None, True),
        ("text", True, False),
    ],
)
def test_merge_values_are_typed(client: Client, list_id: str, kind: str, value: object, ok: bool) -> None:  # noqa: FBT001
    """A value that does not fit its field fails the member; "" erases and null leaves."""
    client.lists.add_list_merge_field(list_id, {"tag": "X", "name": "X", "type": kind})
    body = {"email_address": "a@shop.example", "status_if_new": "subscribed", "merge_fields": {"X": value}}

    def put() -> Any:  # noqa: ANN401 - the SDK is untyped
        return client.lists.set_list_member(list_id, md5("a@shop.example"), body)

    if ok:
        assert put()["merge_fields"]["X"] == (value or "")
    else:
        assert problem(put)["title"] == "Invalid Resource"


def test_required_fields_are_required_unless_skipped(client: Client, list_id: str) -> None:
    """A member without a required value is refused, except with `skip_merge_validation`."""
    client.lists.update_list_merge_field(list_id, "1", {"name": "First Name", "required": True})
    body = {"email_address": "a@shop.example", "status_if_new": "subscribed"}
    refused = problem(lambda: client.lists.set_list_member(list_id, md5("a@shop.example"), body))
    assert refused["errors"] == [{"field": "FNAME", "message": "Please enter a value"}]
    made = client.lists.set_list_member(list_id, md5("a@shop.example"), body, skip_merge_validation="true")
    assert made["status"] == "subscribed"


def test_batches_run_later_and_hand_out_a_tar(client: Client, list_id: str, box: MailchimpSandbox) -> None:
    """Operations run after some looks at the batch; the results are matched by operation id."""
    puts = [
        {
            "method": "PUT",
            "path": f"/lists/{list_id}/members/{md5(address)}",
            "operation_id": address,
            "body": json.dumps({"email_address": address, "status_if_new": "subscribed"}),
        }
        for address in ("ada@shop.example", "a@example.com", "bea@shop.example")
    ]
    batch = client.batches.start({"operations": puts})
    assert (batch["status"], box.members()) == ("pending", {})
    while batch["status"] != "finished":
        batch = client.batches.status(batch["id"])
    assert (batch["finished_operations"], batch["errored_operations"]) == (3, 1)
    with (
        urllib.request.urlopen(batch["response_body_url"]) as answer,  # noqa: S310 - the sandbox's own link
        tarfile.open(fileobj=io.BytesIO(answer.read())) as t,
    ):
        found = [json.load(file) for name in t.getnames() if (file := t.extractfile(name))]
    codes = {result["operation_id"]: result["status_code"] for part in found for result in part}
    assert codes == {"ada@shop.example": 200, "a@example.com": 400, "bea@shop.example": 200}
    assert client.batches.delete_request(batch["id"]).status_code == 204


def test_the_eleventh_connection_is_refused_with_an_empty_body() -> None:
    """Ten requests at a time are served; more get 429 without a word, for which the SDK does not even raise."""
    with MailchimpSandbox(latency=0.5) as box, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: sdk(box).ping.get(), range(16)))
    refused = [answer for answer in answers if not isinstance(answer, dict)]
    assert {(answer.status_code, answer.content) for answer in refused} == {(429, b"")}
    assert len(answers) - len(refused) >= 10
