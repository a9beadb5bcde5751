"""A property at Google Analytics, as far as it is hard to read.

Facts: a day's numbers change for some days after it, so days are read again and
replaced; a report comes in pages of a total order, with the number of all rows; metadata says when it was sampled or
thresholded; people appear only through a dimension that the owner has registered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from hub.sdk.errors import RetryLater
from tests.support.walks.accounts import Accounts

Row = tuple[str, str, int]  # client id, event name, count


@dataclass(frozen=True)
class Report:
    """One page of a day's report."""

    rows: Sequence[Row]
    row_count: int
    sampled: bool


@dataclass
class Property:
    """The vendor. `fails_at`: (day, offset) of a page that is not answered. `asked` counts requests."""

    today: date = date(2026, 3, 10)
    days: dict[date, dict[tuple[str, str], int]] = field(default_factory=dict)
    sampled: bool = False
    fails_at: tuple[date, int] | None = None
    asked: list[date] = field(default_factory=list)

    def set_day(self, day: date, counts: Mapping[tuple[str, str], int]) -> None:
        """Say what happened on a day, anew."""
        self.days[day] = dict(counts)

    def run_report(self, day: date, offset: int, limit: int) -> Report:
        """Return rows of one day, ordered by all dimensions."""
        self.asked.append(day)
        if self.fails_at == (day, offset):
            raise RetryLater("429 RESOURCE_EXHAUSTED: the hour's tokens are used up.")
        rows = sorted((client, name, count) for (client, name), count in self.days.get(day, {}).items())
        return Report(rows[offset : offset + limit], len(rows), self.sampled)


PROPERTIES = Accounts(Property)
