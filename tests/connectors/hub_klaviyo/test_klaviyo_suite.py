"""Klaviyo does what every source must do."""

from hub.testing import source_suite
from hub_klaviyo.sandbox import KlaviyoSandbox
from hub_klaviyo.source import KlaviyoSource

TestKlaviyoSource = source_suite(KlaviyoSource, sandbox=KlaviyoSandbox)
