"""The source `google_analytics`: reports, each day in UTC as a window that is replaced as a whole."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from hub.sdk.connector import Source
from hub.sdk.records import Fact, Json, Page
from hub.sdk.tables import quarantine, refusal, table_of
from hub_google_analytics.audiences import members
from hub_google_analytics.client import Client, Part
from hub_google_analytics.days import Window, window
from hub_google_analytics.facts import facts
from hub_google_analytics.quality import sentence
from hub_google_analytics.reports import Misfit, Report, wanted
from hub_google_analytics.settings import GoogleAnalyticsSettings, GoogleAnalyticsSourceSettings

_DAY = timedelta(days=1)


class GoogleAnalyticsSource(Source[GoogleAnalyticsSettings, GoogleAnalyticsSourceSettings]):
    """Reads where orders came from, and the sessions of known users."""

    name = "google_analytics"
    streams = ("events",)
    settings_model = GoogleAnalyticsSettings
    source_model = GoogleAnalyticsSourceSettings

    def check(self) -> Iterable[Fact]:
        """Say which property it is, and whether its reports can be asked for."""
        return facts(self._client, self.source, self.context.now.astimezone(UTC))

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Read every day from `start` on the first time, then from the look-back on: Google restates days.

        Never `complete`: days are replaced one by one, and those before `start` were read under another setting.
        """
        del streams  # there is but one
        if self.source.audiences:
            yield from self._members()
            return
        zone = self._client.zone()
        last = date.fromisoformat(str(since["day"])) if isinstance(since, Mapping) else None
        day = max(self.settings.start, last - self.settings.lookback) if last else self.settings.start
        while day <= self.context.now.astimezone(UTC).date():
            last = max(day, last or day)
            yield from self._day(day, zone, {"day": last.isoformat()})
            day += _DAY

    @cached_property
    def _client(self) -> Client:
        return Client(self.settings, self.context.now)

    def _members(self) -> Iterator[Page]:
        """Read whole snapshots each time: who is not in one has left the audience."""
        for event, audience in self.source.audiences.items():
            yield from members(
                self._client, event, audience, self.source.user_namespace, self.context.now.astimezone(UTC)
            )
        yield Page(complete=True)

    def _day(self, day: date, zone: ZoneInfo, cursor: Json) -> Iterator[Page]:
        """Yield a day's pages; it becomes current, and the cursor valid, with the last one of its last report."""
        whole, reports = window(day, zone), wanted(self.source)
        for report in reports:
            for part in self._client.parts(report.asked(whole)):
                yield _page(report, part, whole, cursor if part.last and report is reports[-1] else None)


def _page(report: Report, part: Part, window: Window, cursor: Json) -> Page:
    """Make events of a page's rows; `cursor` is None where more of the day is to come."""
    made: list[Mapping[str, object]] = []
    refused: list[Mapping[str, object]] = []
    for row in part.rows:
        try:
            event = report.event(row, window, part)
            made += [event] if event else []
        except Misfit as misfit:
            refused.append(refusal("events", row, misfit.field, str(misfit)))
    warnings = [f"{window.day} {report.name}: {sentence(flag)}." for flag in part.flags] if part.last else []
    return Page(
        {"events": table_of("events", made)},
        quarantine=quarantine(refused),
        cursor=cursor,
        window=(window.day, window.day),
        window_complete=cursor is not None,
        warnings=warnings,
    )
