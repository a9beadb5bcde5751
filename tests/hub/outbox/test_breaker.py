import pytest

from hub.outbox.breaker import Removals, hold_reason
from hub.settings.values import Share

RUN, DAY = Share(10, 50), Share(20)


@pytest.mark.parametrize(
    ("removals", "reason"),
    [
        (Removals(0, 0), ""),
        (Removals(0, 100, incomplete=("tills: 0 rows",)), ""),
        (Removals(1, 100, incomplete=("tills: 0 rows",)), "nobody is removed after an incomplete read: tills: 0 rows"),
        (Removals(50, 60), ""),
        (Removals(51, 60), "51 of 60 (85 %) would leave; limit 10 %, at least 50"),
        (Removals(100, 1000), ""),
        (Removals(1904, 6210), "1,904 of 6,210 (31 %) would leave; limit 10 %, at least 50"),
        (Removals(90, 900, removed_today=100), ""),
        (Removals(100, 1000, removed_today=200), "300 of 1,200 (25 %) would leave; limit 20 % in 24 hours"),
        (Removals(2, 3, removed_today=2), ""),
        (Removals(2, 90, min_to_remove=100), "the tool refuses removals from lists under 100"),
    ],
)
def test_hold_reason(removals: Removals, reason: str) -> None:
    """Removals are held above the limits and after incomplete reads, with a sentence that says why."""
    assert reason == hold_reason(removals, RUN, DAY)
