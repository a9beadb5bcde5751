"""Basics: what a person's own orders, answers and tickets say, in the terms that the field uses."""

from collections.abc import Sequence
from datetime import timedelta

from hub.sdk.hookspecs import hookimpl
from hub.sdk.traits import AggregateTrait, DerivedTrait, QueryTrait, Trait

BOUGHT = "coalesce(status, '') not in ('cancelled', 'refund')"
PAID = "coalesce(status, '') <> 'cancelled'"

# Days between one order day and the next; people with a single order day have none.
MEDIAN_GAP = """
select profile_id, median(cast(gap as double)) as value from (
    select profile_id, date_diff('day', cast(before as date), cast(day as date)) as gap from (
        select profile_id, day, lag(day) over (partition by profile_id order by day) as before
        from (select distinct profile_id, cast(placed_at as date) as day from orders
              where coalesce(status, '') not in ('cancelled', 'refund')) as days) as pairs) as gaps
where gap is not null
group by profile_id
"""

LATEST_SCORE = """
select profile_id, score as value from responses where kind = '{kind}' and score is not null
qualify row_number() over (partition by profile_id order by occurred_at desc, response_id desc) = 1
"""

ORDERS = (
    AggregateTrait("orders", "integer", "Orders that were not cancelled", "orders", "count(*)", BOUGHT, empty="0"),
    AggregateTrait(
        "monetary_total",
        "number",
        "Spent so far, refunds taken off, in the shop's currency",
        "orders",
        "sum(total - coalesce(refunded, 0))",
        PAID,
        empty="0",
    ),
    AggregateTrait("first_order_at", "timestamp", "First order", "orders", "min(placed_at)", BOUGHT),
    AggregateTrait("last_order_at", "timestamp", "Latest order", "orders", "max(placed_at)", BOUGHT),
    AggregateTrait(
        "orders_with_coupon", "integer", "Orders with a coupon", "orders", "count(coupon)", BOUGHT, empty="0"
    ),
    AggregateTrait("favourite_store", "text", "Store of most orders", "orders", "mode(store)", BOUGHT),
    AggregateTrait(
        "orders_365d", "integer", "Orders in the last 365 days", "orders", "count(*)", BOUGHT, timedelta(days=365), "0"
    ),
    QueryTrait("median_gap_days", "number", "Median days between two order days", "orders", MEDIAN_GAP),
    DerivedTrait("average_order", "number", "Spent per order", "monetary_total / nullif(orders, 0)"),
    DerivedTrait("days_since_order", "integer", "Days since the latest order", "days_since(last_order_at)"),
    DerivedTrait("days_as_customer", "integer", "Days since the first order", "days_since(first_order_at)"),
)

PRODUCTS = (
    AggregateTrait("favourite_category", "text", "Category bought most often", "order_lines", "mode(category)"),
    AggregateTrait(
        "categories", "integer", "Different categories bought", "order_lines", "count(distinct category)", empty="0"
    ),
)

VOICE = (
    QueryTrait(
        "nps",
        "number",
        "Latest answer to the recommendation question, 0 to 10",
        "responses",
        LATEST_SCORE.format(kind="nps"),
    ),
    QueryTrait("csat", "number", "Latest satisfaction score", "responses", LATEST_SCORE.format(kind="csat")),
    AggregateTrait(
        "open_tickets", "integer", "Tickets that are not closed", "tickets", "count(*)", "closed_at is null", empty="0"
    ),
)

CONTACT = (
    AggregateTrait(
        "messages_opened_90d", "integer", "Messages opened in the last 90 days", "messages", "count(*)",
        "kind = 'opened'", timedelta(days=90), "0",
    ),
    AggregateTrait(
        "active_subscriptions", "integer", "Subscriptions that have not ended", "subscriptions", "count(*)",
        "ended_at is null", empty="0",
    ),
)  # fmt: skip


@hookimpl
def hub_traits() -> Sequence[Trait]:
    """Contribute the basic traits."""
    return (*ORDERS, *PRODUCTS, *VOICE, *CONTACT)
