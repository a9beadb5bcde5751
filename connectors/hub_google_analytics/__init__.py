"""Google Analytics 4: which source, medium and campaign an order came from, and a known user's sessions. See README.md.

settings      what a user writes
source        what the hub calls: check, read
facts         what `hub check` says
audiences     who is a member of an audience
reports       which reports are asked for, and how their rows become events
days          days in UTC and hours of the property's time zone
client        HTTP: pages of a report, what an error means
quota         what is left of the property's tokens, and how long to wait
quality       what Google says of how exact a report is
sandbox       a simulated property
accounts      the simulated service account of both sandboxes
export/       the other source: single events from the BigQuery export
"""

from collections.abc import Sequence

from hub.sdk.connector import Source
from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox
from hub_google_analytics.export.sandbox import GoogleAnalyticsExportSandbox
from hub_google_analytics.export.source import GoogleAnalyticsExportSource
from hub_google_analytics.sandbox import GoogleAnalyticsSandbox
from hub_google_analytics.source import GoogleAnalyticsSource


@hookimpl
def hub_sources() -> Sequence[type[Source]]:  # type: ignore[type-arg]
    """Offer the two sources: reports, and the export of single events."""
    return [GoogleAnalyticsSource, GoogleAnalyticsExportSource]


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated property, and its export."""
    return [GoogleAnalyticsSandbox, GoogleAnalyticsExportSandbox]
