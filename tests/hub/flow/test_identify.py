"""Who is one person: links, limits, blocks, and ids that stay."""

import hashlib
import hmac
import random
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.engine.schema import get_state
from hub.flow.identify import IdentityRules, identify
from hub.sdk.records import Page
from tests.support.flow import DAY, KEY, SmallHub, table

STRONG = IdentityRules(one_person=("card",), max_per_person={"email": 2})


def linked(hub: SmallHub) -> set[frozenset[str]]:
    """The people, as sets of record ids."""
    return set(hub.people().values())


def test_records_that_share_an_address_are_one_person(tmp_path: Path) -> None:
    """Transitively: the first and the last need nothing in common."""
    hub = SmallHub(tmp_path)
    ids: tuple[dict[str, str], ...] = (
        {"email": "a@shop.example"},
        {"email": "A@shop.example", "phone": "+4915112345679"},
        {"phone": "+49 151 12345679"},
        {},
    )
    hub.rows("people", [{"record_id": str(place), "ids": each} for place, each in enumerate(ids)])
    hub.update()
    assert {frozenset("012"), frozenset("3")} == linked(hub)


def test_the_id_is_the_keyed_hash_of_the_oldest_record(tmp_path: Path) -> None:
    """Anyone with the installation key can check an id; nobody else can."""
    hub = SmallHub(tmp_path)
    hub.rows("people", [{"record_id": "7", "ids": {"email": "a@shop.example"}}])
    hub.rows("people", [{"record_id": "8", "ids": {"email": "a@shop.example"}}])
    hub.update()
    expected = hmac.new(KEY, b"shop/people/7", hashlib.sha256).hexdigest()[:20]
    assert {expected: frozenset("78")} == hub.people()


def test_the_id_survives_a_new_address_and_the_deletion_of_the_record(tmp_path: Path) -> None:
    """A ghost holds its profile's id; only erasure takes it."""
    hub = SmallHub(tmp_path)
    hub.rows(
        "people",
        [
            {"record_id": "1", "ids": {"email": "a@shop.example"}},
            {"record_id": "2", "ids": {"email": "a@shop.example"}},
        ],
    )
    hub.update()
    before = set(hub.people())
    hub.rows("people", [{"record_id": "1", "ids": {"email": "new@shop.example"}}])
    hub.update()
    assert before <= set(hub.people())
    hub.land(Page(deleted={"people": ["1"]}))
    hub.update()
    assert before <= set(hub.people())


def test_placeholders_never_link(tmp_path: Path) -> None:
    """A thousand records with `n/a` for an address are a thousand people."""
    hub = SmallHub(tmp_path, IdentityRules(block={"email": ("*@till.example",)}))
    values = ["n/a", "test@test.com", "desk@till.example", "noreply@shop.example"]
    hub.rows(
        "people",
        [{"record_id": f"{value}{n}", "ids": {"email": value, "card": "0000000000"}} for value in values for n in "12"],
    )
    hub.update()
    assert 8 == len(linked(hub))


def test_a_shared_address_does_not_join_two_cards(tmp_path: Path) -> None:
    """A family address stands on two loyalty cards: both stay, and the address is suspended with its reason."""
    hub = SmallHub(tmp_path, STRONG)
    hub.rows("people", [{"record_id": n, "ids": {"card": n, "email": "home@shop.example"}} for n in "12"])
    hub.update()
    assert {frozenset("1"), frozenset("2")} == linked(hub)
    assert [("email", "home@shop.example")] == hub.engine.run("select namespace, value from suspended")


def test_a_chain_does_not_join_two_cards_either(tmp_path: Path) -> None:
    """Card 1 - address - phone - card 2: no shared value of the chain links."""
    hub = SmallHub(tmp_path, STRONG)
    hub.rows(
        "people",
        [
            {"record_id": "1", "ids": {"card": "1", "email": "a@shop.example"}},
            {"record_id": "x", "ids": {"email": "a@shop.example", "phone": "+4915112345679"}},
            {"record_id": "2", "ids": {"card": "2", "phone": "+4915112345679"}},
        ],
    )
    hub.update()
    assert 3 == len(linked(hub))


def test_more_addresses_than_one_person_may_have_do_not_link(tmp_path: Path) -> None:
    """A kiosk that collects everybody's address joins nobody."""
    hub = SmallHub(tmp_path, STRONG)
    hub.rows(
        "people",
        [{"record_id": str(n), "ids": {"phone": "+4915112345679", "email": f"{n}@shop.example"}} for n in range(4)],
    )
    hub.update()
    assert 4 == len(linked(hub))


def test_records_that_the_source_merged_are_one(tmp_path: Path) -> None:
    """The losing and the winning record are one profile even without a shared value."""
    hub = SmallHub(tmp_path, STRONG)
    hub.rows("people", [{"record_id": n, "ids": {"card": n}} for n in "12"])
    hub.land(Page(merged=[("1", "2")]))
    hub.update()
    assert {frozenset("12")} == linked(hub)


def test_orders_find_their_person(tmp_path: Path) -> None:
    """An order belongs to whoever has one of its identifiers; one without any belongs to nobody."""
    hub = SmallHub(tmp_path)
    hub.rows("people", [{"record_id": "1", "ids": {"email": "a@shop.example"}}])
    hub.rows("orders", [{"order_id": "x", "ids": {"email": "a@shop.example"}, "placed_at": DAY}, {"order_id": "y"}])
    hub.update()
    found = hub.engine.run(
        "select o._key, i.profile_id from current_orders o left join identity i using (_node) order by 1"
    )
    assert [("x", *hub.people()), ("y", None)] == found


def test_everybody_whose_profile_may_differ_is_touched(tmp_path: Path) -> None:
    """Both sides of a merge, and both sides of its undoing."""
    hub = SmallHub(tmp_path)
    for number in "12":
        hub.rows("people", [{"record_id": number, "ids": {"email": f"{number}@shop.example"}}])
    hub.update()
    apart = set(hub.people())
    hub.engine.run("delete from touched")
    hub.rows("people", [{"record_id": "3", "ids": {"email": "1@shop.example", "phone": "+4915112345679"}}])
    hub.rows("people", [{"record_id": "2", "ids": {"phone": "+4915112345679"}}])
    hub.update()
    assert apart <= {str(row[0]) for row in hub.engine.run("select profile_id from touched")}


def test_nothing_new_means_no_work(tmp_path: Path) -> None:
    """Without touched nodes the step says so, unless the rules changed."""
    hub = SmallHub(tmp_path)
    hub.rows("people", [{"record_id": "1", "ids": {"email": "a@shop.example"}}])
    hub.update()
    assert not identify(hub.engine, hub.rules, KEY)
    assert identify(hub.engine, STRONG, KEY)


RECORD = st.fixed_dictionaries(
    {},
    optional={
        "card": st.sampled_from("123"),
        "email": st.sampled_from(["a@shop.example", "b@shop.example", "c@shop.example"]),
        "phone": st.sampled_from(["+4915112345671", "+4915112345672"]),
    },
)


@settings(max_examples=20, deadline=None)
@given(st.lists(RECORD, min_size=1, max_size=7), st.integers(0, 1000))
def test_who_is_one_person_does_not_depend_on_the_order_of_arrival(records: list[dict[str, str]], seed: int) -> None:
    """The partition is a function of the set of records, and a rebuild gives the same ids."""
    numbered = [{"record_id": str(place), "ids": ids} for place, ids in enumerate(records)]
    shuffled = random.Random(seed).sample(numbered, len(numbered))
    partitions = []
    for rows, together in ((numbered, True), (shuffled, False)):
        with TemporaryDirectory() as folder:
            hub = SmallHub(Path(folder), STRONG)
            pages = [rows] if together else [[row] for row in rows]
            for page in pages:
                hub.land(Page(rows={"people": table("people", page)}))
                hub.update()
            partitions.append(linked(hub))
            query = "select * from identity order by 1"
            assert hub.rebuilt().run(query) == hub.engine.run(query)
    assert partitions[0] == partitions[1]


def test_values_of_a_namespace_that_is_kept_apart_join_nobody(tmp_path: Path) -> None:
    """A family has one phone; the card still finds its person."""
    hub = SmallHub(tmp_path, IdentityRules(one_person=("card",), apart=("phone",)))
    phone = {"phone": "+4930123456"}
    rows = [{"record_id": str(n), "ids": {**phone, "card": f"c{n // 2}"}} for n in range(3)]
    hub.rows("people", rows)
    hub.update()
    assert {frozenset({"0", "1"}), frozenset({"2"})} == set(hub.people().values())


def test_the_address_of_a_deleted_record_is_the_last_choice(tmp_path: Path) -> None:
    """Of a person's addresses one that still stands at a source is preferred, whoever is trusted most."""
    hub = SmallHub(tmp_path, IdentityRules(priority=("shop",)))
    old, new = ({"phone": "+4930123456", "email": f"{name}@example.com"} for name in ("old", "new"))
    hub.land(Page(rows={"people": table("people", [{"record_id": "1", "ids": old}])}))
    hub.land(Page(rows={"people": table("people", [{"record_id": "2", "ids": new}])}), "till")
    hub.land(Page(deleted={"people": ["1"]}))
    hub.update()
    ranked = "select value from identifiers where namespace = 'email' order by rank"
    assert [("new@example.com",), ("old@example.com",)] == hub.engine.run(ranked)


def test_new_rules_touch_everybody(tmp_path: Path) -> None:
    """A value that is blocked from now on may be the only one that made a profile known."""
    hub = SmallHub(tmp_path)
    hub.rows("people", [{"record_id": "1", "ids": {"email": "ann@example.com"}}])
    hub.update()
    hub.engine.run("update state set value = 'done' where name = 'everybody'")
    identify(hub.engine, IdentityRules(block={"email": ["ann@*"]}), KEY)
    assert "touched" == get_state(hub.engine, "everybody")
