"""A simulated property for the tests of Google Analytics."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from hub_google_analytics.sandbox import GoogleAnalyticsSandbox


@pytest.fixture
def box() -> Iterator[GoogleAnalyticsSandbox]:
    """Serve a property without events whose clock stands still."""
    with GoogleAnalyticsSandbox() as box:
        box.clock = datetime(2026, 2, 3, 12, tzinfo=UTC)
        yield box
