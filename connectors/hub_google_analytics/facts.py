"""What `hub check` says: the property, its time zone, and whether the reports can be asked for."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from hub.sdk.errors import HubError
from hub.sdk.records import Fact
from hub_google_analytics.client import Client
from hub_google_analytics.days import window
from hub_google_analytics.quality import sentence
from hub_google_analytics.reports import wanted
from hub_google_analytics.settings import GoogleAnalyticsSourceSettings


def facts(client: Client, source: GoogleAnalyticsSourceSettings, now: datetime) -> Iterator[Fact]:
    """Yield what was found; an error of Google's ends it."""
    try:
        zone = client.zone()
        name = client.about().get("displayName")
        yield Fact("ok", f"property {name}" if isinstance(name, str) else "the Admin API cannot be asked for its name")
        yield Fact("ok", f"its days are those of {zone.key}")
        yesterday = window((now - timedelta(days=1)).date(), zone)
        if not source.orders and not source.audiences:
            yield Fact("warning", "no `orders` is named in the [[source]]: nobody is found for an order's source")
        for report in wanted(source):
            part = next(client.parts(report.asked(yesterday)))
            yield Fact("ok", f"{report.name}: {len(part.rows)}{'' if part.last else ' and more'} rows yesterday")
            yield from (Fact("warning", f"{report.name}: {sentence(flag)}") for flag in part.flags)
    except HubError as error:
        yield Fact("error", str(error))
