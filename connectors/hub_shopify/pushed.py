"""Events: proven, and put into the form in which the API gives the same object, so that they make the same records.

An event shows an object in Shopify's older form, and less of it: what it leaves out, or shows as null, overwrites
nothing.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from hub.sdk.errors import BadData, Refused
from hub.sdk.http import Response
from hub.sdk.records import Delivery, Json, Page
from hub.sdk.tables import table_of
from hub_shopify.documents import KINDS
from hub_shopify.pages import Rules, page_of
from hub_shopify.people import NAMESPACE
from hub_shopify.settings import ShopifySettings, ShopifySourceSettings
from hub_shopify.values import Object, number_of, objects, part, text

_CHANGES = {
    **dict.fromkeys([f"customers/{what}" for what in ("create", "update", "enable", "disable")], "customers"),
    **dict.fromkeys(
        [f"orders/{what}" for what in ("create", "updated", "paid", "cancelled", "fulfilled", "partially_fulfilled")],
        "orders",
    ),
    **dict.fromkeys(["products/create", "products/update"], "products"),
    **dict.fromkeys(["checkouts/create", "checkouts/update"], "abandonedCheckouts"),
}
_DELETIONS = {
    "customers/delete": "people",
    "orders/delete": "orders",
    "products/delete": "products",
    "checkouts/delete": "carts",
}
_CONSENTS = frozenset({"customers/email_marketing_consent_update", "customers/marketing_consent_update"})
_UNREAD = {
    "customers": ("attributes", "language"),
    "orders": ("attributes", "refunded", "items", "category"),
    "products": ("attributes", "category", "price", "currency"),
    "abandonedCheckouts": (),
}
_NOTES = {
    "customers/data_request": "Shopify passes on that customer {customer} asks for their data: answer within 30 days.",
    "shop/redact": "Shopify asks to delete everything of this shop, which took the app out: remove the connection.",
    "app/uninstalled": "The app was taken out of the shop: its token is worth nothing any more.",
    "app/scopes_update": "The app's scopes have changed: see hub check.",
}


def signature(secret: str, body: bytes) -> str:
    """Return what the header must say."""
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def proven(settings: ShopifySettings, headers: Mapping[str, str], body: bytes, now: datetime) -> Delivery:
    """Return a genuine event of our shop. One event may be sent under several topics, and each of them several times.

    Raises:
        Refused: the signature is missing or wrong, no secret is known, or it is another shop's.
    """
    given = {name.lower().removeprefix("x-"): value for name, value in headers.items()}
    secrets = settings.signing_secrets
    if not secrets:
        raise Refused("The connection has no webhook_secret to prove events with.")
    sent = given.get("shopify-hmac-sha256", "").encode(errors="replace")
    matches = [hmac.compare_digest(signature(each, body).encode(), sent) for each in secrets]
    if not body or not any(matches):
        raise Refused("The signature does not match the body.")
    if given.get("shopify-shop-domain", settings.domain).lower() != settings.domain:
        raise Refused("The event is of another shop.")
    topic = given.get("shopify-topic", "").lower()
    event = given.get("shopify-event-id") or given.get("shopify-webhook-id") or hashlib.sha256(body).hexdigest()
    return Delivery(f"{topic}:{event}", topic, _triggered(given, now), body)


def page(delivery: Delivery, source: ShopifySourceSettings) -> Page:
    """Make records of an event; topics that nothing is made of give an empty page.

    Raises:
        BadData: it is not what Shopify documents.
    """
    topic, body = delivery.topic, Response(200, {}, delivery.body, "a pushed event").json()
    if not isinstance(body, Mapping):
        raise BadData("expected a JSON object.")
    if topic in _CHANGES:
        return _changed(_CHANGES[topic], body, source)
    if topic in _DELETIONS:
        return Page(deleted={_DELETIONS[topic]: {_number(body): delivery.received_at}})
    if topic in _CONSENTS:
        return _consents(body, source, delivery.received_at)
    if topic == "customers/merge":
        return _merged(body)
    if topic == "customers/redact":
        return _erasure(body, delivery)
    note = _NOTES.get(topic)
    return Page(warnings=[note.format(customer=number_of(part(body, "customer").get("id")))] if note else [])


def _triggered(given: Mapping[str, str], now: datetime) -> datetime:
    """When Shopify made the event, which is the same in every copy of it; now where it does not say so."""
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(given.get("shopify-triggered-at", ""))
        return min(moment if moment.tzinfo else moment.replace(tzinfo=UTC), now)
    return now


def _changed(kind: str, body: Object, source: ShopifySourceSettings) -> Page:
    node, hidden = _NODES[kind](body)
    rules = Rules(KINDS[kind], KINDS[kind].streams, (), hidden, _UNREAD[kind])
    return page_of([node], rules, test_orders=source.test_orders)


def _consents(body: Object, source: ShopifySourceSettings, moment: datetime) -> Page:
    """What a customer said, alone: `customer_id` and the address stand for the customer."""
    said = moment.astimezone(UTC).isoformat()
    whole = {"created_at": said, "updated_at": said, "email": body.get("email_address"), **body}
    whole["id"] = body.get("customer_id") or body.get("id")
    node, hidden = _customer(whole)
    rules = Rules(KINDS["customers"], ("consents",), (), hidden)
    return page_of([node], rules, test_orders=source.test_orders)


def _merged(body: Object) -> Page:
    kept, gone = (number_of(body.get(f"admin_graphql_api_customer_{which}_id")) for which in ("kept", "deleted"))
    if kept is None or gone is None:
        raise BadData("expected the ids of both customers that were merged.")
    return Page(merged=[(gone, kept)], deleted={"people": [gone]})


def _erasure(body: Object, delivery: Delivery) -> Page:
    """A request to erase a person: they are kept out of everything from the next run on."""
    customer = part(body, "customer")
    whom = {
        NAMESPACE: number_of(customer.get("id")),
        "email": text(customer, "email"),
        "phone": text(customer, "phone"),
    }
    if not any(whom.values()):
        raise BadData("expected an erasure request that names a customer.")
    asked = delivery.received_at.astimezone(UTC).replace(tzinfo=None)
    row = {"requested_at": asked, "request_id": delivery.id, "identifiers": whom}
    return Page({"erasures": table_of("erasures", [row])})


def _number(body: Object) -> str:
    key = number_of(body.get("id"))
    if key is None:
        raise BadData("expected the id of what was deleted.")
    return key


def _customer(body: Object) -> tuple[Object, Collection[str]]:
    names = {
        "firstName": "first_name",
        "lastName": "last_name",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
    }
    email, sms, home = (
        part(body, key) for key in ("email_marketing_consent", "sms_marketing_consent", "default_address")
    )
    node = {
        **_renamed(body, names),
        "tags": _split(body.get("tags")),
        "defaultEmailAddress": {
            "emailAddress": body.get("email"),
            "marketingState": _upper(email.get("state")),
            "marketingUpdatedAt": email.get("consent_updated_at"),
            "marketingOptInLevel": _upper(email.get("opt_in_level")),
        },
        "defaultPhoneNumber": {
            "phoneNumber": body.get("phone"),
            "smsMarketingConsent": {
                "state": _upper(sms.get("state")),
                "updatedAt": sms.get("consent_updated_at"),
                "optInLevel": _upper(sms.get("opt_in_level")),
            },
        },
        "defaultAddress": {**home, "countryCodeV2": home.get("country_code")},
    }
    shown = {
        "firstName": body.get("first_name"),
        "lastName": body.get("last_name"),
        "tags": body.get("tags"),
        "defaultEmailAddress": body.get("email"),
        "defaultPhoneNumber": body.get("phone"),
        "defaultAddress": home,
    }
    return node, _hidden(shown)


def _order(body: Object) -> tuple[Object, Collection[str]]:
    names = {
        "email": "email",
        "phone": "phone",
        "createdAt": "created_at",
        "processedAt": "processed_at",
        "updatedAt": "updated_at",
        "cancelledAt": "cancelled_at",
        "test": "test",
        "sourceName": "source_name",
        "currencyCode": "currency",
    }
    node = {
        **_renamed(body, names),
        "displayFinancialStatus": _upper(body.get("financial_status")),
        "discountCodes": _coupons(body),
        "totalPriceSet": _bag(body, "total_price_set"),
        "totalDiscountsSet": _bag(body, "total_discounts_set"),
        "customer": _buyer(body),
        "lineItems": {"nodes": [_line(each) for each in objects(body.get("line_items"))]},
    }
    return node, _hidden({name: body.get(name) for name in ("email", "phone", "customer")})


def _line(found: Object) -> Object:
    names = {
        "title": "title",
        "variantTitle": "variant_title",
        "sku": "sku",
        "vendor": "vendor",
        "quantity": "quantity",
        "currentQuantity": "current_quantity",
        "isGiftCard": "gift_card",
    }
    discounts = objects(found.get("discount_allocations"))
    return {
        **_renamed(found, names),
        "originalUnitPriceSet": _bag(found, "price_set"),
        "discountAllocations": [{"allocatedAmountSet": _bag(each, "amount_set")} for each in discounts],
        "product": {"id": found.get("product_id")},
    }


def _product(body: Object) -> tuple[Object, Collection[str]]:
    return _renamed(body, {"title": "title", "vendor": "vendor", "updatedAt": "updated_at"}), ()


def _checkout(body: Object) -> tuple[Object, Collection[str]]:
    """A checkout's total is in the shop's currency for certain only where the buyer pays in it."""
    names = {
        "name": "name",
        "note": "note",
        "email": "email",
        "phone": "phone",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
        "completedAt": "completed_at",
        "abandonedCheckoutUrl": "abandoned_checkout_url",
    }
    foreign = body.get("presentment_currency") not in (None, body.get("currency"))
    total: Json = None if foreign else {"amount": body.get("total_price"), "currencyCode": body.get("currency")}
    node = {
        **_renamed(body, names),
        "discountCodes": _coupons(body),
        "totalPriceSet": {"shopMoney": total} if total else None,
        "customer": _buyer(body),
    }
    shown = {name: body.get(name) for name in ("email", "phone", "customer")}
    return node, _hidden({**shown, "totalPriceSet": total})


def _renamed(body: Object, names: Mapping[str, str]) -> dict[str, Json]:
    found = {name: body.get(key) for name, key in names.items()}
    return {"id": body.get("id"), **found}


def _buyer(body: Object) -> Json:
    customer = part(body, "customer")
    return {
        "id": customer.get("id"),
        "defaultEmailAddress": {"emailAddress": customer.get("email")},
        "defaultPhoneNumber": {"phoneNumber": customer.get("phone")},
    }


def _bag(found: Object, key: str) -> Json:
    money = part(part(found, key), "shop_money")
    return {"shopMoney": {"amount": money.get("amount")}} if money else None


def _coupons(body: Object) -> Json:
    return [code for each in objects(body.get("discount_codes")) if (code := text(each, "code"))]


def _split(tags: Json) -> Json:
    return [each.strip() for each in tags.split(",") if each.strip()] if isinstance(tags, str) else tags


def _upper(value: Json) -> Json:
    return value.upper() if isinstance(value, str) else value


def _hidden(shown: Mapping[str, Json]) -> Collection[str]:
    """Name what an event does not show: nothing there may mean that we may not see it."""
    return [name for name, value in shown.items() if value in (None, "", {})]


_NODES: Mapping[str, Callable[[Object], tuple[Object, Collection[str]]]] = {
    "customers": _customer,
    "orders": _order,
    "products": _product,
    "abandonedCheckouts": _checkout,
}
