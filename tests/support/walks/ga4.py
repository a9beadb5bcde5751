"""Walk 2, Google Analytics 4 as a source: days are restated, and half a day is never current."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from hub.sdk.connector import Source
from hub.sdk.records import Fact, Json, Page
from hub.sdk.settings import Settings, SourceSettings
from hub.sdk.tables import table_of
from tests.support.walks.vendor_ga4 import PROPERTIES, Property, Row

DAY = timedelta(days=1)


class Ga4Settings(Settings):
    """A property, and from when on it is read."""

    account: str
    start: date


class Ga4Source(Source[Ga4Settings, SourceSettings]):
    """Events per client and day."""

    name = "walk_ga4"
    streams = ("events",)
    settings_model = Ga4Settings
    look_back = 3 * DAY  # the vendor restates that much
    limit = 2  # rows per page

    def check(self) -> Iterable[Fact]:
        """Say how far the property goes."""
        yield Fact("ok", f"Data until {self._property.today}.")

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Read every day from the look-back on, each as a window of its own, so that what is read stays."""
        del streams  # there is but one
        day = self.settings.start
        if isinstance(since, Mapping):
            day = max(day, date.fromisoformat(str(since["day"])) - self.look_back)
        while day <= self._property.today:
            yield from self._day(day)
            day += DAY

    def _day(self, day: date) -> Iterator[Page]:
        offset, count = 0, 1
        while offset < count:
            report = self._property.run_report(day, offset, self.limit)
            offset, count = offset + self.limit, report.row_count
            last = offset >= count
            yield Page(
                {"events": table_of("events", [_event(day, row) for row in report.rows])},
                cursor={"day": day.isoformat()} if last else None,
                window=(day, day),
                window_complete=last,
                warnings=[f"{day}: the report is sampled."] if report.sampled and last else [],
            )

    @property
    def _property(self) -> Property:
        return PROPERTIES[self.settings.account]


def _event(day: date, row: Row) -> Mapping[str, object]:
    """The report has no id of its own; its dimensions are one."""
    client, name, count = row
    at = datetime.combine(day, time(), UTC).replace(tzinfo=None)
    return {"event_id": f"{day}/{client}/{name}", "name": name, "occurred_at": at, "value": float(count),
            "identifiers": {"ga_client": client}}  # fmt: skip
