"""A simulated Google: so far the token endpoint, which proves the claims of a service account."""

from hub_google_analytics.sandbox.access import Access


class GoogleAnalyticsSandbox(Access):
    """One service account, and what it may ask for."""

    name = "google_analytics"


__all__ = ["GoogleAnalyticsSandbox"]
