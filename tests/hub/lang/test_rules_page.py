"""docs/rules.md says what is so."""

import re
from pathlib import Path

import pytest

from hub.lang import Catalogue, TraitInfo, compile_aggregate, compile_expression
from hub.lang.compiler import ROWS
from hub.lang.helpers import HELPERS
from hub.sdk.streams import STREAMS
from hub.sdk.traits import TraitType

PAGE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
TYPES: dict[str, TraitType] = {
    **dict.fromkeys(["monetary_score", "days_since_order", "orders", "csat"], "integer"),
    **dict.fromkeys(["median_gap_days", "monetary_total"], "number"),
    **dict.fromkeys(["country", "first_name"], "text"),
    "birthday": "date",
}
CATALOGUE = Catalogue({name: TraitInfo(name, type_) for name, type_ in TYPES.items()}, {"open_complaint"})


@pytest.mark.parametrize("text", re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL))
def test_each_example_compiles(text: str) -> None:
    """What is shown can be copied."""
    assert compile_expression(text, CATALOGUE).sql


@pytest.mark.parametrize("text", re.findall(r'^value = "(.*)"$', PAGE, re.MULTILINE))
def test_each_trait_compiles(text: str) -> None:
    """The same for traits."""
    columns: dict[str, TraitType] = {"discount": "number", "total": "number", "attributes": "text"}
    assert compile_aggregate(text, columns).sql


def test_every_function_is_on_the_page() -> None:
    """Nobody has to read the code to learn what there is."""
    names = {handler.label.removesuffix("()") for handler in ROWS.values()} | set(HELPERS)
    assert set() == {name for name in names - {"", "||"} if f"`{name}" not in PAGE and f" {name}(" not in PAGE}


def test_every_event_is_on_the_page() -> None:
    """What each stream contributes to did() is listed beside its name."""
    rows = {stream.name: stream.event for stream in STREAMS.values() if stream.event}
    assert rows == dict(re.findall(r"^\| (\w+) \| `(\w+)` \|$", PAGE, re.MULTILINE))
