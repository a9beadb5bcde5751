import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "quarantine.md").read_text(encoding="utf-8")
REASONS = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)
SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("connectors/hub_csv", "hub/flow")
    for path in (ROOT / folder).glob("*.py")
)


def test_reasons_are_found() -> None:
    """The page lists reasons, so that the test below is about something."""
    assert len(REASONS) > 10


@pytest.mark.parametrize("reason", REASONS)
def test_reason_is_given_by_the_code(reason: str) -> None:
    """Every reason on the page, its numbers and names apart, stands in the code that gives it."""
    told = reason.removeprefix("expected ")
    parts = [part for part in re.split(r"\d[\d,]*|record_id|total", told) if part.strip(" .")]
    assert [part for part in parts if part.strip() not in SOURCES] == []
