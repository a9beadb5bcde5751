"""Objects as the Admin API shows them; `__typename` says what an object is."""

from typing import TypeAlias

from hub.sdk.sandbox import Person

Record: TypeAlias = dict[str, object]

CURRENCY = "EUR"


def typed(kind: str, /, **fields: object) -> Record:
    """Return an object of a type."""
    return {"__typename": kind, **fields}


def gid(kind: str, number: int) -> str:
    """Return a global id."""
    return f"gid://shopify/{kind}/{number}"


def bag(amount: str) -> Record:
    """Return an amount of money in the shop's currency, and in the buyer's, which is the same."""
    money = typed("MoneyV2", amount=amount, currencyCode=CURRENCY)
    return typed("MoneyBag", shopMoney=money, presentmentMoney=money)


def customer(number: int, person: Person, now: str) -> Record:
    """Return a customer who said yes to e-mail and was never asked about SMS."""
    phone = person.phone and typed(
        "CustomerPhoneNumber",
        phoneNumber=person.phone,
        smsMarketingConsent=typed(
            "CustomerSmsMarketingConsent", state="NEVER_SUBSCRIBED", optInLevel="UNKNOWN", updatedAt=None,
            collectedFrom="OTHER",
        ),
    )  # fmt: skip
    return typed(
        "Customer", id=gid("Customer", number), legacyResourceId=str(number), firstName=person.first_name,
        lastName=person.last_name, displayName=f"{person.first_name} {person.last_name}", email=person.email,
        phone=person.phone, locale="en", state="DISABLED", note=None, tags=["sandbox"], createdAt=now, updatedAt=now,
        verifiedEmail=True, taxExempt=False, dataSaleOptOut=False, numberOfOrders="0", metafields={},
        amountSpent=typed("MoneyV2", amount="0.0", currencyCode=CURRENCY),
        defaultEmailAddress=typed(
            "CustomerEmailAddress", emailAddress=person.email, marketingState="SUBSCRIBED",
            marketingOptInLevel="SINGLE_OPT_IN", marketingUpdatedAt=now, validFormat=True,
        ),
        defaultPhoneNumber=phone or None,
        defaultAddress=typed(
            "MailingAddress", id=gid("MailingAddress", number), address1="1 Main Street", address2=None,
            city="Springfield", province="Oregon", provinceCode="OR", zip="97475", country="United States",
            countryCodeV2=person.country,
        ),
    )  # fmt: skip


def order(number: int, buyer: Record | None, lines: list[Record], now: str) -> Record:
    """Return an order that was paid."""
    total = sum(int(str(line["quantity"])) for line in lines) * 10
    return typed(
        "Order", id=gid("Order", number), legacyResourceId=str(number), name=f"#{number}",
        email=buyer["email"] if buyer else None, phone=None, createdAt=now, processedAt=now, updatedAt=now,
        cancelledAt=None, cancelReason=None, test=False, tags=[], sourceName="web", currencyCode=CURRENCY,
        presentmentCurrencyCode=CURRENCY, discountCodes=["WELCOME"], displayFinancialStatus="PAID",
        displayFulfillmentStatus="UNFULFILLED", subtotalLineItemsQuantity=sum(int(str(x["quantity"])) for x in lines),
        customer=buyer, totalPriceSet=bag(f"{total - 1}.00"), totalDiscountsSet=bag("1.0"), totalRefundedSet=bag("0.0"),
        totalTaxSet=bag("0.5"), totalShippingPriceSet=bag("0.0"), lineItems=lines, metafields={},
    )  # fmt: skip


def line(number: int, product: Record | None) -> Record:
    """Return a line of an order: two pieces, one dollar off."""
    return typed(
        "LineItem", id=gid("LineItem", number), title=product["title"] if product else "Something",
        name="Something", variantTitle="Blue", sku=f"SKU-{number}", vendor="Sandbox", quantity=2, currentQuantity=2,
        isGiftCard=False, originalUnitPriceSet=bag("10.00"), product=product,
        discountAllocations=[typed("DiscountAllocation", allocatedAmountSet=bag("1.0"))],
    )  # fmt: skip


def product(number: int, now: str) -> Record:
    """Return a product."""
    price = typed("MoneyV2", amount="10.0", currencyCode=CURRENCY)
    return typed(
        "Product", id=gid("Product", number), legacyResourceId=str(number), title=f"Product {number}",
        vendor="Sandbox", productType="Things", status="ACTIVE", handle=f"product-{number}", tags=["new"],
        createdAt=now, updatedAt=now, category=typed("TaxonomyCategory", name="Shirts", fullName="Apparel > Shirts"),
        priceRangeV2=typed("ProductPriceRangeV2", minVariantPrice=price, maxVariantPrice=price), metafields={},
    )  # fmt: skip


def checkout(number: int, buyer: Record | None, now: str, address: str) -> Record:
    """Return a checkout that was left."""
    return typed(
        "AbandonedCheckout", id=gid("AbandonedCheckout", number), name=f"#C{number}", note="", createdAt=now,
        updatedAt=now, completedAt=None, discountCodes=[], customer=buyer, totalPriceSet=bag("20.00"),
        abandonedCheckoutUrl=f"{address}/checkouts/{number}/recover",
    )  # fmt: skip
