"""The export of Google Analytics does what every source must do."""

from hub.testing import source_suite
from hub_google_analytics.export.sandbox import GoogleAnalyticsExportSandbox
from hub_google_analytics.export.source import GoogleAnalyticsExportSource

TestGoogleAnalyticsExportSource = source_suite(GoogleAnalyticsExportSource, sandbox=GoogleAnalyticsExportSandbox)
