"""Google Analytics does what every source must do."""

from hub.testing import source_suite
from hub_google_analytics.sandbox import GoogleAnalyticsSandbox
from hub_google_analytics.source import GoogleAnalyticsSource

TestGoogleAnalyticsSource = source_suite(GoogleAnalyticsSource, sandbox=GoogleAnalyticsSandbox)
