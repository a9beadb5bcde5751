"""HubSpot does what every source must do."""

from hub.testing import source_suite
from hub_hubspot.sandbox import HubspotSandbox
from hub_hubspot.source import HubspotSource

TestHubspotSource = source_suite(HubspotSource, sandbox=HubspotSandbox)
