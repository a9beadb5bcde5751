"""A simulated account for the tests of Klaviyo."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from hub_klaviyo.sandbox import KlaviyoSandbox


@pytest.fixture
def box() -> Iterator[KlaviyoSandbox]:
    """Serve an empty account whose clock stands still."""
    with KlaviyoSandbox() as box:
        box.clock = datetime(2026, 3, 1, 12, tzinfo=UTC)
        yield box
