"""Google Analytics 4. So far credentials and the simulated Google: nothing is read yet.

settings      what a user writes
tokens        who we are: a service account's key becomes an access token
sandbox       a simulated Google
"""

from collections.abc import Sequence

from hub.sdk.hookspecs import hookimpl
from hub.sdk.sandbox import Sandbox
from hub_google_analytics.sandbox import GoogleAnalyticsSandbox


@hookimpl
def hub_sandboxes() -> Sequence[type[Sandbox]]:
    """Offer the simulated Google."""
    return [GoogleAnalyticsSandbox]
