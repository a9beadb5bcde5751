"""Landing: fixed schemas, counted rows, one commit."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hub.sdk.errors import BrokenPlugin
from hub.sdk.records import Page
from tests.support.flow import SmallHub, table


def test_a_page_lands_with_its_cursor(tmp_path: Path) -> None:
    """The rows, their file's registration and the cursor become true together."""
    hub = SmallHub(tmp_path)
    page = Page(rows={"people": table("people", [{"record_id": "1", "first_name": "Ann"}])}, cursor={"page": 2})
    counts = hub.land(page)
    assert {"people": 1} == counts.landed == counts.read
    assert {"page": 2} == hub.store.cursor("shop", "all")
    assert ["people"] == [file.stream for file in hub.store.files()]


def test_a_row_without_key_is_quarantined(tmp_path: Path) -> None:
    """Read = landed + quarantined, and the reason names the missing key."""
    hub = SmallHub(tmp_path)
    counts = hub.rows("orders", [{"order_id": "o1"}, {"order_id": None}, {"order_id": ""}])
    assert ({"orders": 3}, {"orders": 1}, {"orders": 2}) == (counts.read, counts.landed, counts.quarantined)
    refused = next(file for file in hub.store.files() if file.stream == "quarantine")
    assert "order_id" in pq.read_table(hub.landing.path(refused))["reason"][0].as_py()


def test_a_key_of_several_parts_needs_all_of_them(tmp_path: Path) -> None:
    """Lines without numbers are not all the same line."""
    hub = SmallHub(tmp_path)
    lines = [{"order_id": "o1", "line_id": "1"}, {"order_id": "o1", "line_id": ""}, {"order_id": "", "line_id": ""}]
    counts = hub.rows("order_lines", lines)
    assert ({"order_lines": 1}, {"order_lines": 2}) == (counts.landed, counts.quarantined)


def test_a_consent_about_no_channel_is_quarantined(tmp_path: Path) -> None:
    """A no without a channel is about nothing that we could keep; somebody has to see it."""
    hub = SmallHub(tmp_path)
    said = ({"channel": "email", "state": "denied"}, {"state": "denied"}, {"channel": " ", "state": "denied"})
    counts = hub.rows("consents", [{**row, "ids": {"email": "ann@example.com"}} for row in said])
    assert ({"consents": 1}, {"consents": 2}) == (counts.landed, counts.quarantined)


def test_money_of_another_currency_is_quarantined(tmp_path: Path) -> None:
    """Without a rate, foreign money is never summed with the shop's."""
    hub = SmallHub(tmp_path)
    rows = [{"order_id": "1", "currency": "EUR"}, {"order_id": "2", "currency": "USD"}, {"order_id": "3"}]
    assert {"orders": 1} == hub.rows("orders", rows).quarantined


def test_an_unknown_column_is_the_connectors_mistake(tmp_path: Path) -> None:
    """Schemas are never inferred: a column that the stream lacks is refused by name."""
    page = Page(rows={"people": pa.table({"record_id": ["1"], "shoe_size": ["42"]})})
    with pytest.raises(BrokenPlugin, match="shoe_size"):
        SmallHub(tmp_path).land(page)


def test_values_of_another_type_are_the_connectors_mistake(tmp_path: Path) -> None:
    """The message names stream, column and types, and quotes no value."""
    page = Page(rows={"people": pa.table({"record_id": ["1"], "birthday": ["ann@example.com"]})})
    with pytest.raises(BrokenPlugin, match="'people', column 'birthday': expected date32") as caught:
        SmallHub(tmp_path).land(page)
    assert "ann@example.com" not in str(caught.value)


@pytest.mark.parametrize("odd", ['{"a": 1', "ann@example.com", "[1]", '"text"', "1", "null", "", "{'a': 1}"])
def test_attributes_are_json_objects(tmp_path: Path, odd: str) -> None:
    """Whatever no rule could read a key of is quarantined with a reason that does not hold it; the rest lands."""
    hub = SmallHub(tmp_path)
    given = ['{"a": 1}', odd, None, "{}"]
    counts = hub.rows("people", [{"record_id": str(n), "attributes": text} for n, text in enumerate(given)])
    assert ({"people": 3}, {"people": 1}) == (counts.landed, counts.quarantined)
    tables = {file.stream: pq.read_table(hub.landing.path(file)) for file in hub.store.files()}
    assert ["attributes are not a JSON object"] == tables["quarantine"]["reason"].to_pylist()
    assert ['{"a": 1}', None, "{}"] == tables["people"]["attributes"].to_pylist()


def test_source_rows_count_lines_not_records(tmp_path: Path) -> None:
    """An order made of three lines counts as three rows read and landed."""
    orders = table("orders", [{"order_id": "1"}]).append_column("_source_rows", pa.array([3]))
    counts = SmallHub(tmp_path).land(Page(rows={"orders": orders}))
    assert ({"orders": 3}, {"orders": 3}) == (counts.read, counts.landed)


def test_identifiers_are_normalised_before_they_land(tmp_path: Path) -> None:
    """Addresses are in one form in the log, and vendor ids belong to their connection."""
    hub = SmallHub(tmp_path)
    hub.rows("people", [{"record_id": "1", "ids": {"email": " Ann@Example.COM", "card": "7", "phone": "0171 2345678"}}])
    landed = pq.read_table(hub.landing.path(hub.store.files()[0]))["identifiers"][0].as_py()
    expected = [("email", "ann@example.com"), ("card@shop", "7"), ("phone", "+491712345678")]
    assert expected == [(pair["namespace"], pair["value"]) for pair in landed]


def test_a_file_that_was_finished_but_not_registered_is_adopted(tmp_path: Path) -> None:
    """A crash between rename and commit loses nothing; unfinished files are swept."""
    hub = SmallHub(tmp_path)
    hub.rows("people", [{"record_id": "1"}])
    file = hub.store.files()[0]
    orphan = hub.landing.write(pq.read_table(hub.landing.path(file)).drop(["_seq"]), file)
    (tmp_path / "landing" / "shop" / "people" / "x.parquet.tmp").write_bytes(b"half")
    assert [orphan.uid] == [adopted.uid for adopted in hub.landing.adopt()]
    assert [] == list((tmp_path / "landing").rglob("*.tmp"))
    assert 2 == len(hub.store.files())
