"""Lifecycle: awareness, consideration, purchase, retention, advocacy, and what happens when people drift away.

The defaults measure silence by each customer's own rhythm: someone who buys every week is lapsing after two weeks,
someone who buys twice a year after a year. Who has no rhythm yet (one order day) is given 90 days. A project's
`stages.toml` replaces them all.
"""

from collections.abc import Sequence

from hub.sdk.hookspecs import hookimpl
from hub.sdk.traits import Stage

RHYTHM = "greatest(coalesce(median_gap_days, 90), 14)"  # shorter rhythms would call a holiday a farewell

STAGES = (
    Stage(
        "lost",
        f"orders >= 1 and days_since_order > 4 * {RHYTHM}",
        "One last offer, then stop",
    ),
    Stage(
        "lapsing",
        f"orders >= 1 and days_since_order > 2 * {RHYTHM}",
        "Win-back offer",
    ),
    Stage(
        "won_back",
        "previous_stage = 'lost' and did('order_placed', within => '60 days')",
        "Thank them, ask why they left",
    ),
    Stage(
        "advocacy",
        "orders >= 2 and (coalesce(nps, 0) >= 9 or did('review_written', within => '365 days'))",
        "Referral link, ask for a photo",
    ),
    Stage("retention", "orders >= 2", "Reward, recommend"),
    Stage(
        "purchase",
        "orders = 1 or did('cart_started', within => '14 days')",
        "Cart reminder, welcome to the family",
    ),
    Stage(
        "consideration",
        "known or did('product_viewed', within => '30 days', at_least => 2)",
        "Welcome series, testimonials",
    ),
    Stage("awareness", "true", "Broad content, ads"),
)


@hookimpl
def hub_stages() -> Sequence[Stage]:
    """Contribute the default stages."""
    return STAGES
