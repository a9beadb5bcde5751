from dataclasses import replace

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from hub.flow.deliver.batches import batch_id, cut, decode, encode, rows_of
from hub.outbox.parts import Part, Receipt
from hub.outbox.plan import PLAN
from hub.sdk.records import Suppression
from hub.store.models import BatchRow
from tests.support.delivery import Tool

ABLE = replace(Tool.capabilities, batch_rows=3)


def plan(*rows: tuple[str, bool], payload: str = "{}") -> pa.Table:
    """Return a plan of rows with these operations and consents."""
    lines = [
        {"op": op, "held": False, "key": f"k{place}",
         "wire": f'{{"email": "p{place}@example.com"}}', "payload": payload,
         "payload_hash": "h", "profile_id": f"p{place}", "consented": consented, "wire_version": 1}
        for place, (op, consented) in enumerate(rows)
    ]  # fmt: skip
    return pa.Table.from_pylist(lines, PLAN)


def shape(batches: list[BatchRow]) -> list[tuple[int, str, int, int]]:
    """Return what a batch holds."""
    return [(batch.number, batch.op, batch.first_row, batch.row_count) for batch in batches]


def test_batches_hold_one_operation_and_no_more_than_the_tool_takes() -> None:
    """Rows are cut at a change of operation and at the tool's limit."""
    rows = plan(*[("remove", True)] * 2, *[("add", True)] * 4)
    assert [(1, "remove", 0, 2), (2, "add", 2, 3), (3, "add", 5, 1)] == shape(cut(rows, ABLE))


def test_consent_is_not_mixed_where_the_tool_asks_for_it() -> None:
    """Rows with and without proven consent do not share a batch of a tool that must not mix them."""
    rows = plan(("add", False), ("add", True), ("add", True))
    assert [(1, "add", 0, 3)] == shape(cut(rows, ABLE))
    assert [(1, "add", 0, 1), (2, "add", 1, 2)] == shape(cut(rows, replace(ABLE, partition_by_consent=True)))


def test_batches_stay_below_the_bytes_that_the_tool_takes() -> None:
    """Big rows make small batches; one that is bigger than the limit goes alone."""
    rows = plan(*[("add", True)] * 3, payload=f'{{"note": "{"x" * 500}"}}')
    assert [1, 1, 1] == [count for *_, count in shape(cut(rows, replace(ABLE, batch_bytes=1_000)))]
    assert [2, 1] == [count for *_, count in shape(cut(rows, replace(ABLE, batch_bytes=1_500)))]


def test_no_rows_make_no_batch() -> None:
    """An empty plan has nothing to send."""
    assert [] == cut(plan(), ABLE)


def test_same_rows_have_the_same_id() -> None:
    """A repeated request carries the same idempotency key, a part of it another."""
    rows = rows_of(plan(*[("add", True)] * 3), [0, 1, 2])
    assert batch_id("u", "add", rows) == batch_id("u", "add", rows)
    assert batch_id("u", "add", rows) != batch_id("u", "add", rows[:2])


RECEIPTS = st.builds(
    Receipt,
    outcome=st.sampled_from(["present", "absent", "accepted", "unknown", "rejected", "suppressed", "retry"]),
    code=st.sampled_from(["", "bad"]),
    vendor_id=st.sampled_from([None, "v"]),
    after=st.none() | st.timedeltas(),
    suppression=st.none() | st.builds(Suppression, st.just("email"), st.just("marketing"), st.none() | st.datetimes()),
)


@given(st.dictionaries(st.integers(5, 14), RECEIPTS), st.booleans())
def test_receipts_come_back_from_the_blob(receipts: dict[int, Receipt], doubted: bool) -> None:  # noqa: FBT001 - drawn
    """A part is the same after being stored."""
    part = Part(5, 10, 2, receipts, doubted)
    row = BatchRow(number=1, op="add", first_row=5, row_count=10, attempt=2, receipts=encode(part))
    assert part == decode(row)
