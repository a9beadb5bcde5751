"""The basic traits: what a person's own rows say, at one instant."""

from pathlib import Path

import pytest

from tests.support.project import Shop, days_ago, make_shop, order, person, run_once


def traits(shop: Shop, *names: str) -> dict[object, tuple[object, ...]]:
    """Name of the person -> these traits, after a run."""
    with shop.open() as project:
        run_once(project, {"until": "profile"})
        rows = project.engine.run(f"select first_name, {', '.join(names)} from person")
    return {row[0]: tuple(row[1:]) for row in rows}


def test_orders_are_counted_and_summed(tmp_path: Path) -> None:
    """Cancelled orders count for nothing, refunds come off what was spent, the future is not yet there."""
    shop = make_shop(tmp_path)
    shop.bring(
        people=[person(1), person(2), person(3)],
        orders=[
            order(1, days_ago(400), 100, coupon="SPRING"),
            order(1, days_ago(20), 50, refunded=20, store="north"),
            order(1, days_ago(10), 30, store="north"),
            order(1, days_ago(5), 1000, status="cancelled"),
            order(1, days_ago(4), -30, status="refund"),
            order(1, days_ago(-2), 7),
            order(2, days_ago(3), 12, status="cancelled"),
        ],
    )
    names = ("orders", "monetary_total", "orders_365d", "orders_with_coupon", "favourite_store", "average_order")
    found = traits(shop, *names, "days_since_order", "days_as_customer")
    assert (3, 130.0, 2, 1, "north", pytest.approx(130 / 3), 10, 400) == found["Name1"]
    nothing = (0, 0.0, 0, 0, None, None, None, None)
    assert (nothing, nothing) == (found["Name2"], found["Name3"])


def test_the_rhythm_is_the_median_gap_between_order_days(tmp_path: Path) -> None:
    """Several orders on a day are one visit; who came on one day only has no rhythm."""
    shop = make_shop(tmp_path)
    visits = {1: (1, 0.7, 11, 31), 2: (5, 4.8), 3: (2, 9)}
    orders = [order(n, days_ago(day)) for n, days in visits.items() for day in days]
    shop.bring(people=[person(n) for n in visits], orders=orders)
    found = traits(shop, "median_gap_days")
    assert {"Name1": (15.0,), "Name2": (None,), "Name3": (7.0,)} == found


def test_what_was_bought_and_said(tmp_path: Path) -> None:
    """Favourite category, latest scores, open tickets, opened messages, running subscriptions."""
    ids = {"identifiers": {"customer": "1"}}
    lines = ("shoes", "shoes", "hats")
    answers = (("nps", 3, 30), ("nps", 8, 3), ("csat", 4, 9))
    shop = make_shop(tmp_path)
    shop.bring(
        people=[person(1)],
        orders=[order(1, days_ago(1))],
        order_lines=[
            {"order_id": "1-2026022800", "line_id": str(n), "category": category} for n, category in enumerate(lines)
        ],
        responses=[
            {"response_id": f"{kind}{day}", "kind": kind, "score": score, "occurred_at": days_ago(day), **ids}
            for kind, score, day in answers
        ],
        tickets=[
            {"ticket_id": "t1", "opened_at": days_ago(9), "closed_at": days_ago(8), **ids},
            {"ticket_id": "t2", "opened_at": days_ago(7), **ids},
        ],
        messages=[
            {"message_id": f"m{day}", "kind": kind, "occurred_at": days_ago(day), **ids}
            for day, kind in ((1, "opened"), (2, "sent"), (100, "opened"))
        ],
        subscriptions=[
            {"subscription_id": "s1", "started_at": days_ago(50), **ids},
            {"subscription_id": "s2", "started_at": days_ago(50), "ended_at": days_ago(5), **ids},
        ],
    )
    found = traits(shop, "favourite_category", "categories", "nps", "csat", "open_tickets", "messages_opened_90d",
                   "active_subscriptions")  # fmt: skip
    assert {"Name1": ("shoes", 2, 8.0, 4.0, 1, 1, 1)} == found
