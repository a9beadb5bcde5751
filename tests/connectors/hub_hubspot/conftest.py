"""A simulated account for the tests of HubSpot."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from hub_hubspot.sandbox import HubspotSandbox


@pytest.fixture
def box() -> Iterator[HubspotSandbox]:
    """Serve an empty account whose clock stands still."""
    with HubspotSandbox() as box:
        box.clock = datetime(2026, 3, 1, 12, tzinfo=UTC)
        yield box
