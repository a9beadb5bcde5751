"""RFM: recency, frequency and monetary value in fifths, and the groups that the field names by them.

Fifths are taken among people with at least one order; 5 is best. The eleven groups lie on a grid over recency and the
mean of frequency and monetary value; every buyer falls into exactly one.
"""

from collections.abc import Sequence

from hub.sdk.hookspecs import hookimpl
from hub.sdk.traits import DerivedTrait, RankTrait, Trait

BUYERS = "orders >= 1"

# (group, least and most recency, least and most mean of frequency and monetary); first match wins.
GROUPS = (
    ("champion", 5, 5, 4, 5),
    ("loyal", 3, 5, 4, 5),
    ("potential_loyalist", 4, 5, 2, 3),
    ("new_customer", 5, 5, 0, 1),
    ("promising", 4, 4, 0, 1),
    ("needs_attention", 3, 3, 3, 3),
    ("about_to_sleep", 3, 3, 0, 2),
    ("cannot_lose", 1, 1, 5, 5),
    ("at_risk", 1, 2, 3, 5),
    ("hibernating", 2, 2, 0, 2),
    ("lost", 1, 1, 0, 2),
)


def group_rule() -> str:
    """Return the expression for the name of a buyer's group; null for people who never bought."""
    mean = "round((frequency_score + monetary_score) / 2.0)"
    cases = " ".join(
        f"when recency_score between {r_low} and {r_high} and {mean} between {m_low} and {m_high} then '{name}'"
        for name, r_low, r_high, m_low, m_high in GROUPS
    )
    return f"case {cases} end"


@hookimpl
def hub_traits() -> Sequence[Trait]:
    """Contribute the three scores and the group."""
    return (
        RankTrait("recency_score", "Recency in fifths, 5 is most recent", "-days_since_order", where=BUYERS),
        RankTrait("frequency_score", "Number of orders in fifths, 5 is most", "orders", where=BUYERS),
        RankTrait("monetary_score", "Spending in fifths, 5 is most", "monetary_total", where=BUYERS),
        DerivedTrait("rfm_group", "text", "Named group by recency, frequency and monetary value", group_rule()),
    )
