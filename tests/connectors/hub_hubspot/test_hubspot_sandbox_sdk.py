"""HubSpot's own Python SDK works against the sandbox: other people's code decides what it must be like."""

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

with warnings.catch_warnings():  # the SDK imports modules that are on their way out
    warnings.simplefilter("ignore")
    import hubspot
    from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
    from hubspot.crm.contacts import (
        ApiException,
        BatchInputSimplePublicObjectBatchInput,
        BatchInputSimplePublicObjectBatchInputUpsert,
        BatchReadInputSimplePublicObjectId,
        PublicGdprDeleteInput,
        PublicMergeInput,
        PublicObjectSearchRequest,
        SimplePublicObjectInput,
        SimplePublicObjectInputForCreate,
    )
    from hubspot.crm.lists import ApiException as ListsException
    from hubspot.crm.lists import ListCreateRequest, ListSearchRequest, MembershipChangeRequest
    from hubspot.crm.properties import ApiException as PropertiesException
    from hubspot.crm.properties import PropertyCreate
    from hubspot.utils.signature import Signature

from hub_hubspot.sandbox import HubspotSandbox


@pytest.fixture
def box() -> Iterator[HubspotSandbox]:
    """Serve an account with 25 contacts, three more that subscribed, three companies and three deals."""
    with HubspotSandbox(size=25) as box:
        yield box


def sdk(box: HubspotSandbox, token: str | None = None) -> Any:  # noqa: ANN401 - the SDK has no types
    """Make the vendor's client speak to a sandbox."""
    return hubspot.HubSpot(access_token=token or box.token, host=box.url)


def test_a_list_is_paged_by_the_sdk(box: HubspotSandbox) -> None:
    """Its own iteration sees every contact once, by id."""
    assert box.keys("people") == [each.id for each in sdk(box).crm.contacts.get_all()]


def test_a_search_is_paged_by_the_sdk(box: HubspotSandbox) -> None:
    """By filters and sorts as the SDK writes them, from page to page."""
    asked = {"filterGroups": [{"filters": [{"propertyName": "hs_object_id", "operator": "GT", "value": "110"}]}]}
    order = [{"propertyName": "hs_object_id", "direction": "DESCENDING"}]
    found, after = list[str](), "0"
    while after:
        request = PublicObjectSearchRequest(
            filter_groups=asked["filterGroups"], sorts=order, limit=7, after=after, properties=["email"]
        )
        page = sdk(box).crm.contacts.search_api.do_search(public_object_search_request=request)
        found += [each.id for each in page.results]
        after = page.paging.next.after if page.paging else ""
    assert [key for key in reversed(box.keys("people")) if int(key) > 110] == found


def test_nothing_is_found_beyond_ten_thousand(box: HubspotSandbox) -> None:
    """A search that pages beyond is refused, as HubSpot does it."""
    request = PublicObjectSearchRequest(limit=200, after="9900", properties=[])
    with pytest.raises(ApiException) as caught:
        sdk(box).crm.contacts.search_api.do_search(public_object_search_request=request)
    assert 400 == caught.value.status


def test_objects_are_created_changed_archived_by_the_sdk(box: HubspotSandbox) -> None:
    """What the SDK writes is what the account holds, and an archived contact is in the other list."""
    api = sdk(box).crm.contacts.basic_api
    made = api.create(SimplePublicObjectInputForCreate(properties={"email": "ann@shop.example"}, associations=[]))
    api.update(made.id, SimplePublicObjectInput(properties={"firstname": "Ann"}))
    assert "Ann" == api.get_by_id(made.id, properties=["firstname"]).properties["firstname"]
    api.archive(made.id)
    assert [made.id] == [each.id for each in api.get_page(archived=True).results]
    assert made.id not in box.keys("people")


def test_merges_and_erasures_by_the_sdk(box: HubspotSandbox) -> None:
    """Who was merged away is answered by who is left, and who was erased by nobody."""
    contacts = sdk(box).crm.contacts
    first, second, third = box.keys("people")[:3]
    contacts.basic_api.merge(PublicMergeInput(primary_object_id=first, object_id_to_merge=second))
    asked = BatchReadInputSimplePublicObjectId(
        inputs=[{"id": second}], properties=["hs_merged_object_ids"], properties_with_history=[]
    )
    [left] = contacts.batch_api.read(asked).results
    assert (first, second) == (left.id, left.properties["hs_merged_object_ids"])
    contacts.basic_api.purge(PublicGdprDeleteInput(object_id=third))
    assert third not in [each.id for each in contacts.basic_api.get_page(archived=True).results]


def test_associations_are_read_by_the_sdk(box: HubspotSandbox) -> None:
    """With the label of the primary one."""
    deal, company = box.keys("deals")[0], box.keys("companies")[0]
    asked = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": deal}])
    [found] = sdk(box).crm.associations.v4.batch_api.get_page("deals", "companies", asked).results
    assert (company, "Primary") == (found.to[0].to_object_id, found.to[0].association_types[0].label)


def test_a_wrong_token_is_refused(box: HubspotSandbox) -> None:
    """With 401."""
    with pytest.raises(ApiException) as caught:
        sdk(box, "pat-wrong-token").crm.contacts.basic_api.get_page()
    assert 401 == caught.value.status


def test_a_token_is_renewed_by_the_sdk(box: HubspotSandbox) -> None:
    """At the address that the SDK knows, as at the newer ones; the new token lets it in."""
    form = {"grant_type": "refresh_token", "client_id": "app", "client_secret": box.client_secret}
    granted = hubspot.HubSpot(host=box.url).oauth.tokens_api.create(**form, refresh_token=box.refresh_token)
    assert sdk(box, granted.access_token).crm.companies.basic_api.get_page().results


def test_what_is_pushed_is_signed_as_the_sdk_checks_it(box: HubspotSandbox) -> None:
    """The SDK's own check, of the third kind of signature."""
    headers, body = box.push({"subscriptionType": "contact.creation", "objectId": 1})
    assert Signature.is_valid(
        headers["X-HubSpot-Signature-v3"], box.client_secret, body.decode(), box.webhook_url,
        signature_version="v3", timestamp=headers["X-HubSpot-Request-Timestamp"],
    )  # fmt: skip


def test_contacts_are_upserted_by_the_sdk(box: HubspotSandbox) -> None:
    """By e-mail: new and known ones; each has its trace id, and one that is refused is told of by it."""
    known = box.contact(email="ada@shop.example")
    inputs = [
        {
            "id": address,
            "idProperty": "email",
            "properties": {"email": address, "city": "Ulm"},
            "objectWriteTraceId": mark,
        }
        for mark, address in (("t1", "ada@shop.example"), ("t2", "bea@shop.example"), ("t3", "nonsense"))
    ]
    api = sdk(box).crm.contacts.batch_api
    two = api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs[:2]))
    assert {"t1": (False, "Ulm"), "t2": (True, "Ulm")} == {
        each.object_write_trace_id: (each.new, each.properties["city"]) for each in two.results
    }
    assert known in {each.id for each in two.results}
    all_three = api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs))
    assert (1, [["t3"]]) == (
        all_three.num_errors,
        [each.context["objectWriteTraceId"] for each in all_three.errors],
    )


def test_without_trace_ids_one_refusal_refuses_the_batch(box: HubspotSandbox) -> None:
    """And the same id twice, and more than a hundred; nothing of them is written."""
    api = sdk(box).crm.contacts.batch_api
    good = [f"p{number}@shop.example" for number in range(101)]
    for addresses in ([good[0], "nonsense"], [good[0], good[0]], good):
        inputs = [{"id": each, "idProperty": "email", "properties": {"email": each}} for each in addresses]
        with pytest.raises(ApiException) as caught:
            api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs))
        assert (400, None) == (caught.value.status, box.contact_of(good[0]))


def test_contacts_are_changed_in_batches_by_the_sdk(box: HubspotSandbox) -> None:
    """By record id, in part."""
    key = box.keys("people")[0]
    name = box.crm["contacts"].objects[key].properties["lastname"]
    inputs = [{"id": key, "properties": {"city": "Ulm"}}]
    sdk(box).crm.contacts.batch_api.update(BatchInputSimplePublicObjectBatchInput(inputs=inputs))
    asked = BatchReadInputSimplePublicObjectId(
        inputs=[{"id": box.crm["contacts"].objects[key].properties["email"]}],
        id_property="email",
        properties=["city", "lastname"],
        properties_with_history=[],
    )
    [found] = sdk(box).crm.contacts.batch_api.read(asked).results
    assert (key, "Ulm", name) == (found.id, found.properties["city"], found.properties["lastname"])


def test_properties_are_made_and_described_by_the_sdk(box: HubspotSandbox) -> None:
    """With their type; a name is taken once."""
    api = sdk(box).crm.properties.core_api
    wanted = PropertyCreate(
        name="ltv", label="Lifetime value", type="number", field_type="number", group_name="contactinformation"
    )
    api.create("contacts", wanted)
    assert "number" == api.get_by_name("contacts", "ltv").type
    assert {"ltv", "email", "lifecyclestage"} <= {each.name for each in api.get_all("contacts").results}
    with pytest.raises(PropertiesException) as caught:
        api.create("contacts", wanted)
    assert 409 == caught.value.status


def test_lists_are_made_filled_and_read_by_the_sdk(box: HubspotSandbox) -> None:
    """By record ids; what does not exist is told of, what is there already is passed over."""
    lists, members = sdk(box).crm.lists.lists_api, sdk(box).crm.lists.memberships_api
    key = lists.create(ListCreateRequest(name="VIP", object_type_id="0-1", processing_type="MANUAL")).list.list_id
    first, second, third = box.keys("people")[:3]
    added = members.add(key, [first, second, "999999"])
    assert ([first, second], ["999999"]) == (added.records_ids_added, added.record_ids_missing)
    changed = members.add_and_remove(
        key, MembershipChangeRequest(record_ids_to_add=[second, third], record_ids_to_remove=[first])
    )
    assert ([third], [first]) == (changed.records_ids_added, changed.record_ids_removed)
    assert [third] == members.remove(key, [third]).record_ids_removed
    assert [second] == [each.record_id for each in members.get_page(key).results]
    assert key == lists.get_by_name("VIP", "0-1").list.list_id
    asked = ListSearchRequest(query="vi", offset=0, count=5, additional_properties=["hs_list_size"])
    assert [("VIP", "1")] == [
        (each.name, each.additional_properties["hs_list_size"]) for each in lists.do_search(asked).lists
    ]
    with pytest.raises(ListsException) as caught:
        lists.create(ListCreateRequest(name="VIP", object_type_id="0-1", processing_type="MANUAL"))
    assert (400, True) == (caught.value.status, "ILS.DUPLICATE_LIST_NAMES" in str(caught.value.body))
    lists.remove(key)
    with pytest.raises(ListsException) as gone:
        lists.get_by_id(key)
    assert 404 == gone.value.status


def test_an_address_is_erased_by_the_sdk(box: HubspotSandbox) -> None:
    """Known or not; neither is taken again."""
    known = box.crm["contacts"].objects[box.keys("people")[0]].properties["email"]
    for address in (known, "nobody@shop.example"):
        sdk(box).crm.contacts.basic_api.purge(PublicGdprDeleteInput(object_id=address, id_property="email"))
    assert {known.lower(), "nobody@shop.example"} == box.blocked
