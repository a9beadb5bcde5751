"""Stripe's own Python SDK works against the sandbox: other people's code decides what it must be like."""

from collections.abc import Iterator

import pytest
from stripe import AuthenticationError, InvalidRequestError, StripeClient

from hub_stripe.sandbox import StripeSandbox


@pytest.fixture
def box() -> Iterator[StripeSandbox]:
    """Serve an account with 25 customers."""
    with StripeSandbox(size=25) as box:
        yield box


def sdk(box: StripeSandbox, key: str = StripeSandbox.api_key) -> StripeClient:
    """Make the vendor's client speak to a sandbox."""
    return StripeClient(key, base_addresses={"api": box.url})


def test_a_list_is_paged_by_the_sdk(box: StripeSandbox) -> None:
    """Its own iteration sees every customer once, newest first."""
    found = [each.id for each in sdk(box).v1.customers.list({"limit": 10}).auto_paging_iter()]
    assert list(reversed(box.objects["customers"])) == found


def test_what_the_sdk_changes_is_in_the_log(box: StripeSandbox) -> None:
    """Each change leaves an event with the object."""
    client = sdk(box)
    ann = client.v1.customers.create({"email": "ann@shop.example"})
    client.v1.customers.update(ann.id, {"name": "Ann Lee"})
    charge = client.v1.charges.create({"amount": 1230, "currency": "eur", "customer": ann.id})
    client.v1.refunds.create({"charge": charge.id, "amount": 230})
    client.v1.customers.delete(ann.id)
    kinds = [each.type for each in client.v1.events.list({"limit": 5}).data]
    assert ["customer.deleted", "charge.refunded", "charge.succeeded", "customer.updated", "customer.created"] == kinds
    assert client.v1.customers.retrieve(ann.id).deleted
    assert 230 == client.v1.charges.retrieve(charge.id).amount_refunded


def test_refusals_are_what_the_sdk_knows(box: StripeSandbox) -> None:
    """A wrong key and an unknown object raise its own errors."""
    with pytest.raises(AuthenticationError):
        sdk(box, "rk_test_wrong").v1.customers.list()
    with pytest.raises(InvalidRequestError, match="No such object"):
        sdk(box).v1.charges.retrieve("ch_none")
