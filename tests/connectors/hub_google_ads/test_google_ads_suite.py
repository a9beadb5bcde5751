"""The destination does what every destination must do."""

from collections.abc import Mapping

from hub.sdk.records import Json
from hub.testing import destination_suite
from hub_google_ads.destination import GoogleAdsDestination
from hub_google_ads.sandbox import GoogleAdsSandbox


class SuiteBox(GoogleAdsSandbox):
    """The suite sends more in a minute than a shop may."""

    def _connection(self, name: str) -> Mapping[str, Json]:
        return {**super()._connection(name), "requests_per_minute": 1_000_000}

    def throttle(self, request: object) -> None:
        """Take any number."""


TestGoogleAdsDestination = destination_suite(GoogleAdsDestination, sandbox=SuiteBox)
