"""From the log to the current version of every record."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.flow.apply import knows_too_much
from hub.sdk.records import Page
from tests.support.flow import DAY, SmallHub, table


def names(hub: SmallHub) -> dict[str, str | None]:
    """Record -> first name of the people who are not deleted."""
    return dict(hub.engine.run("select _key, first_name from current_people where not _deleted"))  # type: ignore[arg-type]


def test_the_newest_version_wins_whatever_arrives_last(tmp_path: Path) -> None:
    """A late event with an older version does not overwrite a newer one."""
    hub = SmallHub(tmp_path)
    hub.rows("people", [{"record_id": "1", "first_name": "new", "updated_at": DAY}])
    hub.apply()
    hub.rows("people", [{"record_id": "1", "first_name": "old", "updated_at": DAY - timedelta(days=1)}])
    hub.apply()
    assert {"1": "new"} == names(hub)


def test_a_null_that_was_not_readable_never_overwrites(tmp_path: Path) -> None:
    """Without permission for a field the vendor sends null; the value we know stays."""
    hub = SmallHub(tmp_path)
    hub.rows("people", [{"record_id": "1", "first_name": "Ann", "city": "Ulm"}])
    hub.apply()
    hub.rows("people", [{"record_id": "1", "first_name": None, "city": None, "_known": ["record_id", "city"]}])
    hub.apply()
    assert [("Ann", None)] == hub.engine.run("select first_name, city from current_people")


def test_only_a_complete_read_deletes(tmp_path: Path) -> None:
    """Absence means deletion at the end of a complete read, and nothing otherwise."""
    hub = SmallHub(tmp_path)
    hub.rows("people", [{"record_id": "1"}, {"record_id": "2"}])
    hub.apply()
    hub.rows("people", [{"record_id": "1"}])
    hub.apply()
    assert {"1", "2"} == names(hub).keys()
    hub.land(Page(rows={"people": table("people", [{"record_id": "1"}])}, complete=True))
    hub.apply()
    assert {"1"} == names(hub).keys()


def test_a_tombstone_leaves_a_ghost(tmp_path: Path) -> None:
    """A deleted record keeps its content and its first sight; it counts for nobody's values."""
    hub = SmallHub(tmp_path)
    hub.rows("people", [{"record_id": "1", "first_name": "Ann", "updated_at": DAY}])
    hub.apply()
    first = hub.engine.run("select _first from current_people")
    hub.land(Page(deleted={"people": ["1"]}))
    hub.apply()
    assert [("Ann", True)] == hub.engine.run("select first_name, _deleted from current_people")
    assert first == hub.engine.run("select _first from current_people")


def test_facts_without_a_key_land_once(tmp_path: Path) -> None:
    """A consent file read twice changes nothing."""
    hub = SmallHub(tmp_path)
    said = [{"channel": "email", "state": "granted", "occurred_at": DAY, "ids": {"email": "ann@example.com"}}]
    for _ in range(2):
        hub.rows("consents", said)
        hub.apply()
    assert [(1,)] == hub.engine.run("select count(*) from current_consents")


def test_rows_that_say_nothing_new_touch_nobody(tmp_path: Path) -> None:
    """A full read without changes leaves no work for the later steps."""
    hub = SmallHub(tmp_path)
    for expected in (1, 0):
        hub.rows("people", [{"record_id": "1", "first_name": "Ann"}])
        hub.update()
        hub.engine.run("delete from touched")
        hub.rows("people", [{"record_id": "1", "first_name": "Ann"}])
        hub.apply()
        assert 0 == len(hub.engine.run("from touched_nodes")), expected


def test_half_a_restated_window_is_not_current(tmp_path: Path) -> None:
    """Days that a vendor restates change all at once, when the whole window is there."""
    hub = SmallHub(tmp_path)
    window = (DAY.date(), DAY.date())
    old = {"event_id": "a", "name": "view", "occurred_at": DAY}
    new = {"event_id": "b", "name": "view", "occurred_at": DAY}
    last = {"event_id": "c", "name": "view", "occurred_at": DAY}
    hub.land(Page(rows={"events": table("events", [old])}, window=window, window_complete=True), read="r1")
    hub.apply()
    hub.land(Page(rows={"events": table("events", [new])}, window=window), read="r2")
    hub.apply()
    assert [("a",)] == hub.engine.run("select _key from current_events where not _deleted")
    hub.land(Page(rows={"events": table("events", [last])}, window=window, window_complete=True), read="r2")
    hub.apply()
    assert [("b",), ("c",)] == hub.engine.run("select _key from current_events where not _deleted order by 1")


def test_a_restated_window_of_several_pages_keeps_them_all(tmp_path: Path) -> None:
    """Also where some fields could not be read, so that pages are laid over what is known one by one."""
    hub = SmallHub(tmp_path)
    window = (DAY.date(), DAY.date())
    for number, complete in ((1, False), (2, True)):
        row = {"event_id": str(number), "name": "view", "occurred_at": DAY, "_known": ["name", "occurred_at"]}
        page = Page(rows={"events": table("events", [row])}, window=window, window_complete=complete)
        hub.land(page, read="r1")
    hub.apply()
    assert [("1",), ("2",)] == hub.engine.run("select _key from current_events where not _deleted order by 1")


def test_a_database_that_knows_too_much_is_noticed(tmp_path: Path) -> None:
    """An applied file that the registry lost means that the database must be rebuilt."""
    hub = SmallHub(tmp_path)
    hub.rows("people", [{"record_id": "1"}])
    hub.apply()
    assert not knows_too_much(hub.engine, hub.store.files())
    assert knows_too_much(hub.engine, [])


ROW = st.tuples(st.sampled_from("123"), st.sampled_from(["Ann", "Bob", None]), st.integers(0, 3))
PAGES = st.lists(
    st.tuples(st.lists(ROW, max_size=4), st.booleans(), st.lists(st.sampled_from("123"), max_size=1)), max_size=6
)


@settings(max_examples=25, deadline=None)
@given(PAGES)
def test_page_by_page_equals_all_at_once(
    pages: list[tuple[list[tuple[str, str | None, int]], bool, list[str]]],
) -> None:
    """However the pages are spread over runs, the current records are those of a rebuild."""
    with TemporaryDirectory() as folder:
        hub = SmallHub(Path(folder))
        for rows, complete, deleted in pages:
            made = [
                {"record_id": key, "first_name": name, "updated_at": datetime(2018, 1, 1 + day)}  # noqa: DTZ001
                for key, name, day in rows
            ]
            hub.land(Page(rows={"people": table("people", made)}, complete=complete, deleted={"people": deleted}))
            hub.update()
        query = "select _key, first_name, _deleted, _first, _order from current_people order by _key"
        assert hub.rebuilt().run(query) == hub.engine.run(query)


@given(st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=1, max_size=8, unique_by=lambda each: each[0]))
@settings(max_examples=40, deadline=None)
def test_the_latest_of_changes_and_deletions_counts(history: list[tuple[int, bool]]) -> None:
    """In whatever order they come, and however often."""
    with TemporaryDirectory() as folder:
        hub = SmallHub(Path(folder))
        for day, deletes in [*history, *history[:2]]:
            when = datetime(2018, 1, day)  # noqa: DTZ001 - as it lands: naive UTC
            row = {"record_id": "1", "first_name": f"of day {day}", "updated_at": when}
            gone = Page(deleted={"people": {"1": when.replace(tzinfo=UTC)}})
            hub.land(gone if deletes else Page(rows={"people": table("people", [row])}))
            hub.update()
        day, deletes = max(history)
        [(name, deleted)] = hub.engine.run("select first_name, _deleted from current_people")
        assert deletes == deleted
        assert deletes or f"of day {day}" == name


def test_a_deletion_of_the_same_instant_is_later(tmp_path: Path) -> None:
    """A record is not changed any more once it is deleted; the same change again does not bring it back."""
    hub = SmallHub(tmp_path)
    when = datetime(2018, 1, 1)  # noqa: DTZ001 - as it lands: naive UTC
    change = Page(rows={"people": table("people", [{"record_id": "1", "updated_at": when}])})
    for page in (change, Page(deleted={"people": {"1": when.replace(tzinfo=UTC)}}), change):
        hub.land(page)
        hub.update()
    assert [(True,)] == hub.engine.run("select _deleted from current_people")


def test_a_deletion_without_a_time_is_about_what_is_there_now(tmp_path: Path) -> None:
    """A record that was restored is as old as before, and comes back with the next read."""
    hub = SmallHub(tmp_path)
    when = datetime(2018, 1, 1)  # noqa: DTZ001 - as it lands: naive UTC
    change = Page(rows={"people": table("people", [{"record_id": "1", "updated_at": when}])})
    found = []
    for page in (change, Page(deleted={"people": ["1"]}), change):
        hub.land(page)
        hub.update()
        found += hub.engine.run("select _deleted from current_people")
    assert [(False,), (True,), (False,)] == found
