"""What must have happened before people can be asked about."""

from hub.engine import Engine
from hub.sdk.errors import HubError


class NothingYet(HubError):
    """No run has come as far as profiles."""


def require_profiles(engine: Engine) -> None:
    """Raise `NothingYet` when there are no profiles to look at."""
    if not engine.columns("person"):
        raise NothingYet("There are no profiles yet.", hint="Run the flow once: hub run --until segment")
