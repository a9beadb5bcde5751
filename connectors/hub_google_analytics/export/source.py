"""The source `google_analytics_export`: tables of days, as windows of days in UTC that are replaced as a whole."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from hub.sdk.connector import Source
from hub.sdk.errors import HubError
from hub.sdk.records import Fact, Json, Page
from hub.sdk.tables import quarantine, refusal, table_of
from hub_google_analytics.export.bigquery import BigQuery
from hub_google_analytics.export.days import Plan, Table, best_of_days, covered, covering, plan, table_of_day
from hub_google_analytics.export.events import Misfit, event_of
from hub_google_analytics.export.files import Files
from hub_google_analytics.export.settings import ExportSettings, ExportSourceSettings
from hub_google_analytics.export.tables import Export

_KEPT = 2_000  # days that a cursor holds, about 50 KB
_EMPTY = {"events": table_of("events", [])}


class GoogleAnalyticsExportSource(Source[ExportSettings, ExportSourceSettings]):
    """Reads every event of a property from its export."""

    name = "google_analytics_export"
    streams = ("events",)
    settings_model = ExportSettings
    source_model = ExportSourceSettings

    def check(self) -> Iterable[Fact]:
        """Say where the export is, what a day costs, and which day is the newest."""
        try:
            yield from self._export.facts()
            newest = max((each.day for each in self._days({}).values()), default=None)
            yield Fact("ok" if newest else "warning", f"newest day: {newest or 'none'}")
        except HubError as error:
            yield Fact("error", str(error))

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Read the tables that are new or changed; never `complete`, because tables expire and their events stay."""
        del streams  # there is but one
        before = _versions(since)
        found = self._days(before)
        planned = plan(found, before, self._zone, self._settled(found))
        open_, done = list(planned.windows), set[date]()
        for table in planned.tables:
            yield from self._table(table, planned)
            done.add(table.day)
            while open_ and {*covering(open_[0], self._zone)} & found.keys() <= done:
                window = open_.pop(0)
                yield _end(window, _cursor(found, {**before, **self._read_so_far(found, done, open_)}))
        if planned.tables:
            yield Page(cursor=_cursor(found, {**before, **self._read_so_far(found, done, open_)}))

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.timezone)

    @cached_property
    def _export(self) -> Export:
        if self.settings.files is not None:
            return Files(self.context.project / self.settings.files, self.settings.page_rows)
        return BigQuery(self.settings)

    def _days(self, before: Mapping[date, str]) -> Mapping[date, Table]:
        """Return the table of each day; those that were read before are asked for changes within the look-back."""
        start = self.settings.start or date.min
        if len(before) >= _KEPT:
            start = max(start, min(before))  # what is older was read, and is not in the cursor any more
        named = [each for name in self._export.names() if (each := table_of_day(name, "")) and each.day >= start]
        best = best_of_days(named)
        settled = self._settled(best)
        found = {
            day: before[day] if day in before and day < settled else self._version(table.name)
            for day, table in best.items()
        }
        return {day: Table(best[day].name, day, version) for day, version in found.items() if version}

    def _settled(self, days: Iterable[date]) -> date:
        """Return the day from which on tables may be rewritten; one of a day to come does not count."""
        today = self.context.now.astimezone(self._zone).date()
        return max((day for day in days if day <= today), default=today) - self.settings.lookback

    def _version(self, name: str) -> str | None:
        """Return a table's version, short: a cursor holds one for each day of years."""
        version = self._export.version(name)
        return version and hashlib.blake2b(f"{name} {version}".encode(), digest_size=4).hexdigest()

    def _read_so_far(self, found: Mapping[date, Table], done: set[date], left: Sequence[date]) -> dict[date, str]:
        """Return the versions of tables none of whose windows is still to come."""
        return {day: found[day].version for day in done if not {*covered(day, self._zone)} & {*left}}

    def _table(self, table: Table, planned: Plan) -> Iterator[Page]:
        windows = [window for window in covered(table.day, self._zone) if window in planned.windows]
        partial = [window for window in covered(table.day, self._zone) if window in planned.partial]
        for events in self._export.events(table.name):
            made: dict[date, list[Mapping[str, object]]] = {window: [] for window in (*windows, *partial)}
            refused: list[Mapping[str, object]] = []
            for event in events:
                try:
                    row = self._event(event, table.day)
                except Misfit as misfit:
                    refused.append(refusal("events", event, misfit.field, str(misfit)))
                else:
                    if (day := _day_of(row)) in made:  # one of a window that is not replaced is there already
                        made[day].append(row)
            for window, rows in made.items():
                yield Page({"events": table_of("events", rows)}, window=(window, window) if window in windows else None)
            if refused:
                yield Page(_EMPTY, quarantine=quarantine(refused))

    def _event(self, event: Json, day: date) -> Mapping[str, object]:
        row = event_of(event, self.source.user_namespace, self.source.orders)
        if _day_of(row) not in covered(day, self._zone):
            raise Misfit("occurred_at", f"a time within {day}, the day of the table")
        return row


def _day_of(row: Mapping[str, object]) -> date:
    when = row["occurred_at"]
    assert isinstance(when, datetime)  # noqa: S101 - for the type checker
    return when.date()


def _end(window: date, cursor: Json) -> Page:
    return Page(_EMPTY, cursor=cursor, window=(window, window), window_complete=True)


def _cursor(found: Mapping[date, Table], versions: Mapping[date, str]) -> Json:
    """Return the versions by day, without days that expired, at most so many that they fit into a cursor."""
    kept = sorted(day for day in versions if day >= min(found, default=date.min))[-_KEPT:]
    return {day.isoformat(): versions[day] for day in kept}


def _versions(since: Json) -> Mapping[date, str]:
    held = since if isinstance(since, Mapping) else {}
    return {date.fromisoformat(day): str(version) for day, version in held.items()}
