"""Customers become people, and what they said about marketing becomes consents."""

import json
from collections.abc import Iterator, Mapping, Sequence

from hub_shopify.values import (
    Misfit,
    Object,
    count,
    currency,
    inner,
    key_of,
    listed,
    money,
    number_of,
    part,
    said,
    text,
    when,
    when_known,
)

NAMESPACE = "shopify_customer"
_SILENT = frozenset({"NOT_SUBSCRIBED", "NEVER_SUBSCRIBED"})
_WORDS = {
    "SUBSCRIBED": "granted",
    "UNSUBSCRIBED": "denied",
    "REDACTED": "denied",
    "PENDING": "pending",  # neither this nor the next is a yes
    "INVALID": "invalid",
    **dict.fromkeys(_SILENT, "denied"),
}


def person(node: Object, metafields: Sequence[str]) -> Mapping[str, object]:
    """Return the columns of a customer. Raises Misfit."""
    address = inner(node, "defaultAddress", "street")
    street = [said(address, name, "street") for name in ("address1", "address2")]
    locale = said(node, "locale", "language")
    return {
        "record_id": key_of(node, "record_id"),
        "first_name": said(node, "firstName", "first_name"),
        "last_name": said(node, "lastName", "last_name"),
        "language": locale[:2].lower() if locale else None,
        "street": ", ".join(each for each in street if each) or None,
        "city": said(address, "city", "city"),
        "region": said(address, "province", "region"),
        "postcode": said(address, "zip", "postcode"),
        "country": said(address, "countryCodeV2", "country"),
        "tags": ", ".join(listed(node, "tags", "tags")) or None,
        "created_at": when(node, "createdAt", "created_at"),
        "updated_at": when(node, "updatedAt", "updated_at"),
        "identifiers": identifiers(node),
        "attributes": _about(node, metafields),
    }


def identifiers(customer: Object, email: str | None = None, phone: str | None = None) -> Mapping[str, str | None]:
    """Return by what a customer is recognised; an order's own address counts before theirs. Raises Misfit."""
    own = inner(customer, "defaultEmailAddress", "identifiers")
    number = inner(customer, "defaultPhoneNumber", "identifiers")
    return {
        NAMESPACE: number_of(customer.get("id")),
        "email": email or said(own, "emailAddress", "identifiers"),
        "phone": phone or said(number, "phoneNumber", "identifiers"),
    }


def email_consent(node: Object) -> Iterator[Mapping[str, object]]:
    """Yield what a customer said about e-mail, if anything. Raises Misfit."""
    email = inner(node, "defaultEmailAddress", "state")
    whom = said(email, "emailAddress", "identifiers")
    yield from _word(node, "email", whom, email, ("marketingState", "marketingUpdatedAt", "marketingOptInLevel"))


def sms_consent(node: Object) -> Iterator[Mapping[str, object]]:
    """Yield what a customer said about SMS, if anything. Raises Misfit."""
    phone = inner(node, "defaultPhoneNumber", "state")
    given = inner(phone, "smsMarketingConsent", "state")
    whom = said(phone, "phoneNumber", "identifiers")
    yield from _word(node, "sms", whom, given, ("state", "updatedAt", "optInLevel"))


def _word(
    node: Object, channel: str, whom: str | None, given: Object, names: tuple[str, str, str]
) -> Iterator[Mapping[str, object]]:
    """Who was never asked said nothing: silence is no yes, and must not outweigh a yes that was given elsewhere."""
    state, level = said(given, names[0], "state"), said(given, names[2], "evidence")
    moment = when_known(given, names[1], "occurred_at")
    if state is None or (state in _SILENT and moment is None):
        return
    word = _WORDS.get(state)
    if word is None:
        raise Misfit("state")
    yield {
        "channel": channel,
        "purpose": "marketing",
        "state": word,
        "occurred_at": moment or when(node, "createdAt", "occurred_at"),
        "source": "shopify",
        "evidence": level.lower() if level else None,
        "identifiers": {NAMESPACE: key_of(node, "identifiers"), "phone" if channel == "sms" else "email": whom},
    }


def _about(node: Object, metafields: Sequence[str]) -> str:
    spent = inner(node, "amountSpent", "attributes")
    orders = node.get("numberOfOrders")
    found = {
        "state": said(node, "state", "attributes"),
        "note": said(node, "note", "attributes"),
        "orders": None if orders is None else count(orders, "attributes"),
        "spent": str(money(spent.get("amount"), "attributes")) if spent else None,
        "spent_currency": currency(spent, "currencyCode", "attributes") if spent else None,
        "verified_email": node.get("verifiedEmail"),
        "tax_exempt": node.get("taxExempt"),
        "data_sale_opt_out": node.get("dataSaleOptOut"),
    }
    return attributes({**found, **metafields_of(node, metafields)})


def metafields_of(node: Object, names: Sequence[str]) -> Mapping[str, object]:
    """Return metafields by their name; their values are text, whatever their type."""
    return {name: text(part(node, f"m{place}"), "value") for place, name in enumerate(names)}


def attributes(found: Mapping[str, object]) -> str:
    """Return attributes as JSON, without those that are not there."""
    return json.dumps({name: value for name, value in found.items() if value not in (None, "", [])}, ensure_ascii=False)
