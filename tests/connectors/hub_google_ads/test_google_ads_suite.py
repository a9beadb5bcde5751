"""The destination does what every destination must do."""

from hub.testing import destination_suite
from hub_google_ads.destination import GoogleAdsDestination
from hub_google_ads.sandbox import GoogleAdsSandbox


class SuiteBox(GoogleAdsSandbox):
    """The suite sends more in a minute than a shop may."""

    def throttle(self, request: object) -> None:  # type: ignore[override]
        """Take any number."""


TestGoogleAdsDestination = destination_suite(GoogleAdsDestination, sandbox=SuiteBox)
