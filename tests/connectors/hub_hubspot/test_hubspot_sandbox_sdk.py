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
        BatchReadInputSimplePublicObjectId,
        PublicGdprDeleteInput,
        PublicMergeInput,
        PublicObjectSearchRequest,
        SimplePublicObjectInput,
        SimplePublicObjectInputForCreate,
    )
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
