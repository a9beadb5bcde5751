"""One value per attribute and person, with its origin; traits; consent."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hub_basics
from hub.flow.profile import ProfileRules, profile, survivors
from hub.sdk.records import Page
from hub.sdk.traits import AggregateTrait
from tests.support.flow import DAY, SmallHub, table

RULES = ProfileRules(prefer=("crm", "shop"))
ANN = {"email": "ann@shop.example"}
TRAITS = tuple(trait for trait in hub_basics.hub_traits() if not hasattr(trait, "groups"))
RECENT = AggregateTrait("recent", "integer", "", "orders", "count(*)", within=timedelta(days=3), empty="0")


def one(hub: SmallHub, columns: str) -> tuple[object, ...]:
    """The only profile's values."""
    rows = hub.engine.run(f"select {columns} from profiles")
    assert 1 == len(rows)
    return rows[0]


def test_the_preferred_connection_wins_then_the_newest(tmp_path: Path) -> None:
    """Priority comes before age, and a null never wins."""
    hub = SmallHub(tmp_path)
    hub.rows("people", [{"record_id": "1", "first_name": "Anna", "city": None, "updated_at": DAY, "ids": ANN}], "crm")
    later = DAY + timedelta(days=1)
    hub.rows(
        "people", [{"record_id": "9", "first_name": "Annie", "city": "Ulm", "updated_at": later, "ids": ANN}], "shop"
    )
    hub.rows("people", [{"record_id": "8", "city": "Bonn", "updated_at": DAY, "ids": ANN}], "shop")
    hub.update()
    profile(hub.engine, (), RULES, DAY, full=True)
    assert ("Anna", "Ulm") == one(hub, "first_name, city")


def test_every_value_knows_where_it_came_from(tmp_path: Path) -> None:
    """Provenance is computed by the same rule that chose the value."""
    hub = SmallHub(tmp_path)
    hub.rows("people", [{"record_id": "1", "first_name": "Anna", "ids": ANN}], "crm")
    hub.rows("people", [{"record_id": "9", "city": "Ulm", "ids": ANN}], "shop")
    hub.update()
    profile(hub.engine, (), RULES, DAY, full=True)
    row = hub.engine.arrow(survivors(RULES, "people", provenance=True)).to_pylist()[0]
    assert ("Anna", "crm", "1") == (row["first_name"], row["first_name__connection"], row["first_name__record"])
    assert ("Ulm", "shop", "9") == (row["city"], row["city__connection"], row["city__record"])


def test_one_attribute_may_prefer_another_connection(tmp_path: Path) -> None:
    """`prefer` of an attribute overrules the default."""
    hub = SmallHub(tmp_path)
    hub.rows("people", [{"record_id": "1", "first_name": "Anna", "city": "Ulm", "ids": ANN}], "crm")
    hub.rows("people", [{"record_id": "9", "first_name": "Annie", "city": "Bonn", "ids": ANN}], "shop")
    hub.update()
    rules = ProfileRules(prefer=("crm", "shop"), prefer_by_attribute={"city": ("shop", "crm")})
    profile(hub.engine, (), rules, DAY, full=True)
    assert ("Anna", "Bonn") == one(hub, "first_name, city")


def test_nothing_after_the_instant_is_seen(tmp_path: Path) -> None:
    """A run as of a past day does not know the future, and windows end there."""
    hub = SmallHub(tmp_path)
    days = (-10, -2, 0, 1)
    hub.rows(
        "orders",
        [{"order_id": str(day), "placed_at": DAY + timedelta(days=day), "total": 10, "ids": ANN} for day in days],
    )
    hub.update()
    profile(hub.engine, (*TRAITS[:4], RECENT), RULES, DAY, full=True)
    assert (3, 2) == one(hub, "orders, recent")


def test_cancelled_orders_do_not_count(tmp_path: Path) -> None:
    """Neither as orders nor as money; a refund takes money away and is no order."""
    hub = SmallHub(tmp_path)
    rows = (("paid", 10), ("cancelled", 99), ("refund", -4))
    hub.rows(
        "orders",
        [
            {"order_id": status, "status": status, "total": total, "placed_at": DAY, "ids": ANN}
            for status, total in rows
        ],
    )
    hub.update()
    profile(hub.engine, TRAITS[:4], RULES, DAY, full=True)
    assert (1, 6) == one(hub, "orders, monetary_total")


def test_consent_is_granted_only_if_nobody_denies(tmp_path: Path) -> None:
    """Strictest first: the latest word of each source, one denial outweighs, silence is no row."""
    hub = SmallHub(tmp_path)
    said = (
        ("ann", "granted", "form", 0),
        ("bob", "granted", "form", 0),
        ("bob", "denied", "phone", -5),
        ("cem", "denied", "form", -1),
        ("cem", "granted", "form", 0),
        ("dan", "unknown", "form", 0),
    )
    for name, state, source, day in said:
        when = DAY + timedelta(days=day)
        ids = {"email": f"{name}@shop.example"}
        hub.rows(
            "consents",
            [
                {
                    "channel": "email",
                    "purpose": "marketing",
                    "state": state,
                    "source": source,
                    "occurred_at": when,
                    "ids": ids,
                }
            ],
        )
    hub.update()
    profile(hub.engine, (), RULES, DAY, full=True)
    found = hub.engine.run(
        "select split_part(i.value, '@', 1), granted from consent join identifiers i using (profile_id) order by 1"
    )
    assert [("ann", True), ("bob", False), ("cem", True), ("dan", False)] == found


def test_only_named_connections_can_grant(tmp_path: Path) -> None:
    """Where a channel names its sources, another's yes is not heard; anybody's no is."""
    hub = SmallHub(tmp_path)
    yes = {"channel": "email", "purpose": "marketing", "state": "granted", "occurred_at": DAY, "ids": ANN}
    hub.rows("consents", [yes], "shop")
    hub.update()
    profile(hub.engine, (), ProfileRules(consent_from={"email": ("crm",)}), DAY, full=True)
    assert [(False,)] == hub.engine.run("select granted from consent")
    hub.rows("consents", [yes], "crm")
    hub.update()
    profile(hub.engine, (), ProfileRules(consent_from={"email": ("crm",)}), DAY, full=False)
    assert [(True,)] == hub.engine.run("select granted from consent")


@pytest.mark.parametrize("full", [True, False])
def test_who_is_gone_from_every_source_is_no_profile(tmp_path: Path, *, full: bool) -> None:
    """A ghost holds an id together and is nobody; whoever comes back gets the same id again."""
    hub = SmallHub(tmp_path)
    rows = [{"record_id": name, "ids": {"email": f"{name}@shop.example"}} for name in ("ann", "bob")]
    everybody = "select profile_id from profiles order by 1"
    seen = []
    for read in (rows, rows[:1], rows):
        hub.land(Page(rows={"people": table("people", read)}, complete=True))
        hub.update()
        profile(hub.engine, (), RULES, DAY, full=full)
        seen.append(hub.engine.run(everybody))
    assert [2, 1, 2] == [len(each) for each in seen]
    assert seen[0] == seen[2]


def said(state: str | None, day: int | None, **others: object) -> dict[str, object]:
    """What Ann said about e-mail, so many days after `DAY`; None: nobody wrote down when."""
    when = None if day is None else DAY + timedelta(days=day)
    usual = {"channel": "email", "purpose": "marketing", "state": state, "source": "form", "ids": ANN}
    return {**usual, "occurred_at": when, **others}


def consent_after(folder: Path, *reads: list[dict[str, object]]) -> list[tuple[object, ...]]:
    """The consents after some reads, each taken in by a run."""
    hub = SmallHub(folder)
    for rows in reads:
        hub.rows("consents", rows)
        hub.update()
        profile(hub.engine, (), ProfileRules(), DAY, full=False)
    return hub.engine.run("select channel, purpose, granted from consent")


def test_a_no_without_a_time_is_not_older_than_a_yes_with_one(tmp_path: Path) -> None:
    """Nobody knows which came last, so the no counts."""
    assert [("email", "marketing", False)] == consent_after(tmp_path, [said("denied", None)], [said("granted", -9)])


def test_no_yes_no_ends_with_no_where_nobody_wrote_down_when(tmp_path: Path) -> None:
    """A file that tells today's state without times says the same words again: the last reading counts."""
    reads = [[said(state, None)] for state in ("denied", "granted", "denied")]
    assert [("email", "marketing", False)] == consent_after(tmp_path, *reads)


def test_of_two_words_at_one_instant_the_no_counts(tmp_path: Path) -> None:
    """Whatever their order in the file."""
    assert [("email", "marketing", False)] == consent_after(tmp_path, [said("denied", 0), said("granted", 0)])


def test_capitals_and_missing_states_do_not_hide_a_no(tmp_path: Path) -> None:
    """`Email` is `email`, and a word that says neither is no yes."""
    other = [said("Denied", 0, channel="Email ", purpose="", source="desk")]
    assert [("email", "marketing", False)] == consent_after(tmp_path / "a", [said("granted", 0)], other)
    nothing = [said(None, 0, source="desk")]
    assert [("email", "marketing", False)] == consent_after(tmp_path / "b", [said("granted", 0)], nothing)


def test_a_yes_under_a_new_address_does_not_lift_the_no_under_the_old(tmp_path: Path) -> None:
    """The person agreed, and the address that a no was said about stays known for it."""
    hub = SmallHub(tmp_path)
    new = {"email": "ann.new@shop.example"}
    hub.rows(
        "people", [{"record_id": "1", "ids": {**ANN, "card": "7"}}, {"record_id": "2", "ids": {**new, "card": "7"}}]
    )
    hub.rows("consents", [said("denied", -9), said("granted", 0, ids=new)])
    hub.update()
    profile(hub.engine, (), ProfileRules(), DAY, full=True)
    assert [(True,)] == hub.engine.run("select granted from consent")
    assert [("email", ANN["email"], "email", "marketing")] == hub.engine.run("from denied_addresses")


ORDER = st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(-6, 6), st.integers(1, 9))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.lists(ORDER, max_size=3), st.integers(0, 4)), min_size=1, max_size=5))
def test_incremental_equals_full(steps: list[tuple[list[tuple[str, int, int]], int]]) -> None:
    """Whatever lands and however the clock moves on, touched people alone give what everybody gives."""
    with TemporaryDirectory() as folder:
        hub, as_of = SmallHub(Path(folder)), DAY
        traits = (*TRAITS, RECENT)
        for orders, days in steps:
            as_of += timedelta(days=days)
            rows = [
                {
                    "order_id": f"{who}{day}",
                    "placed_at": DAY + timedelta(days=day),
                    "total": total,
                    "ids": {"card": who},
                }
                for who, day, total in orders
            ]
            hub.rows("orders", rows)
            hub.update()
            profile(hub.engine, traits, RULES, as_of, full=False)
        query = "select * from profiles order by profile_id"
        incremental = hub.engine.run(query)
        profile(hub.engine, traits, RULES, as_of, full=True)
        assert hub.engine.run(query) == incremental


VISITS = AggregateTrait("visits", "integer", "", "events", "count(*)", empty="0")
LINES = AggregateTrait("lines", "integer", "", "order_lines", "count(*)", empty="0")
BOUGHT = {"order_id": "77", "number": "#1001", "placed_at": DAY, "ids": ANN}


def counted(hub: SmallHub, trait: AggregateTrait) -> dict[str, object]:
    """The trait by e-mail address, after what has landed was taken in."""
    hub.update()
    profile(hub.engine, (trait,), RULES, DAY, full=False)
    rows = hub.engine.run(f"""
        select i.value, p.{trait.name} from profiles p join identifiers i using (profile_id)
        where i.namespace = 'email'""")
    return {str(value): number for value, number in rows}


@pytest.mark.parametrize("said", ["77", "#1001"])
@pytest.mark.parametrize("order_first", [True, False])
def test_an_event_that_names_an_order_is_its_customers(tmp_path: Path, said: str, *, order_first: bool) -> None:
    """Analytics knows the order and not the person; whichever of the two is read first, both meet in the profile."""
    hub = SmallHub(tmp_path)
    visit = {"event_id": "a", "name": "purchase", "occurred_at": DAY, "order_id": said, "order_connection": "shop"}
    reads = [("orders", [BOUGHT], "shop"), ("events", [visit], "analytics")]
    hub.rows("people", [{"record_id": "1", "ids": ANN}])
    counted(hub, VISITS)
    first, second = reads if order_first else reversed(reads)
    hub.rows(*first)
    assert {"ann@shop.example": 0} == counted(hub, VISITS)
    hub.rows(*second)
    assert {"ann@shop.example": 1} == counted(hub, VISITS)


def test_an_orders_number_of_two_people_is_nobodys(tmp_path: Path) -> None:
    """A number is no proof where two people have it, and another connection's order is another order."""
    hub = SmallHub(tmp_path)
    hub.rows("orders", [BOUGHT, {**BOUGHT, "order_id": "78", "ids": {"email": "bob@shop.example"}}])
    event = {"name": "purchase", "occurred_at": DAY}
    elsewhere = {**event, "event_id": "b", "order_id": "77"}
    hub.rows("events", [{**event, "event_id": "a", "order_id": "#1001", "order_connection": "shop"}], "analytics")
    hub.rows("events", [elsewhere], "analytics")
    assert {"ann@shop.example": 0, "bob@shop.example": 0} == counted(hub, VISITS)


def test_an_event_of_somebody_else_stays_theirs(tmp_path: Path) -> None:
    """Who is named by the event itself comes before the order's customer."""
    hub = SmallHub(tmp_path)
    hub.rows("orders", [BOUGHT])
    bob = {"email": "bob@shop.example"}
    hub.rows("events", [{"event_id": "a", "name": "gift", "occurred_at": DAY, "order_id": "77", "ids": bob}])
    assert {"ann@shop.example": 0, "bob@shop.example": 1} == counted(hub, VISITS)


def test_lines_that_come_after_their_order_are_counted_at_once(tmp_path: Path) -> None:
    """A line names nobody; its order's customer is computed anew when it comes, and when it goes."""
    hub = SmallHub(tmp_path)
    hub.rows("orders", [BOUGHT])
    assert {"ann@shop.example": 0} == counted(hub, LINES)
    hub.rows("order_lines", [{"order_id": "77", "line_id": "1", "quantity": 1.0}])
    assert {"ann@shop.example": 1} == counted(hub, LINES)
    hub.rows("order_lines", [{"order_id": "77", "line_id": "2", "quantity": 1.0}])
    assert {"ann@shop.example": 2} == counted(hub, LINES)
    hub.land(Page(deleted={"order_lines": ["77\x1f1"]}))
    assert {"ann@shop.example": 1} == counted(hub, LINES)


def test_an_event_that_turns_to_another_order_leaves_the_first_customer(tmp_path: Path) -> None:
    """Both customers are computed anew."""
    hub = SmallHub(tmp_path)
    hub.rows("orders", [BOUGHT, {"order_id": "78", "placed_at": DAY, "ids": {"email": "bob@shop.example"}}])
    event = {"event_id": "a", "name": "purchase", "occurred_at": DAY}
    hub.rows("events", [{**event, "order_id": "77"}])
    assert {"ann@shop.example": 1, "bob@shop.example": 0} == counted(hub, VISITS)
    hub.rows("events", [{**event, "order_id": "78"}])
    assert {"ann@shop.example": 0, "bob@shop.example": 1} == counted(hub, VISITS)
