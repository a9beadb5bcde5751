"""Values that nobody expected cost at most their own record, in pages as in the files of jobs."""

import copy
import json
from typing import Any

import pytest

from hub.sdk.sandbox import Fault
from hub.sdk.sandbox.reshape import places, put
from hub.testing.fold import Fold
from hub_shopify.documents import KINDS
from hub_shopify.pages import Rules, page_of
from tests.connectors.hub_shopify.reading import PATH, read, shop

OTHERS: tuple[Any, ...] = (
    *(None, [], {}, [{}], [1], "", "text", False, True, -1, 10**30, 1.5),
    *("9" * 40, "-1e400", "NaN", "0001-01-01", "\x00"),
)
MAKES = {"customers": "people", "orders": "orders", "products": "products", "abandonedCheckouts": "carts"}


@pytest.mark.parametrize("name", KINDS)
def test_any_value_of_any_field_costs_at_most_its_object(name: str) -> None:
    """Every field of an object as it comes, replaced by everything: rows or quarantine, never an error, never loss."""
    kind = KINDS[name]
    with shop(people=1, products=1, orders=1, carts=1) as box:
        read(box)
        [line] = [json.loads(each) for each in box.jobs.files.get(_file(name), b"").splitlines()][:1]
        children = [json.loads(each) for each in box.jobs.files[_file(name)].splitlines()][1:]
    node = {**line, **({"lineItems": {"nodes": children}} if kind.lines else {})}
    rules = Rules(kind, kind.streams)
    whole = page_of([node], rules, test_orders=True)
    for field in places(node, []):
        for value in OTHERS:
            other = copy.deepcopy(node)
            put(other, field, value)
            page = page_of([other, node], rules, test_orders=True)
            lost = sum(2 * len(table) for table in whole.rows.values()) - sum(map(len, page.rows.values()))
            refused = len(page.quarantine) if page.quarantine is not None else 0
            nothing = value in (None, [], {}, "", False)
            assert lost <= refused or nothing or field.startswith(("lineItems", "default")), (field, value)


def _file(name: str) -> str:
    return f"bulk-{list(KINDS).index(name) + 1}.jsonl"


@pytest.mark.parametrize("value", OTHERS, ids=repr)
@pytest.mark.parametrize("field", ["id", "updatedAt", "tags", "defaultEmailAddress", "amountSpent"])
def test_a_page_lands_but_for_the_record_that_does_not_fit(field: str, value: Any) -> None:  # noqa: ANN401
    """An increment with one odd value brings all others, and the odd one or its reason."""
    with shop(people=3) as box:
        fold = read(box)
        fault = Fault(
            kind="other_type", path=PATH, field=f"data.customers.nodes.1.{field}", body=json.dumps(value), times=1
        )
        box.faults.add(fault)
        increment = Fold(cursor=fold.cursor)
        read(box, increment)
        kept = increment.keys("people") & set(box.keys("people"))
    assert 2 <= len(kept)
    assert len(kept) == 3 or increment.quarantined or field == "id"
