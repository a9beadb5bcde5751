"""What is left of the property's tokens, and how long to wait when nothing is.

https://developers.google.com/analytics/devguides/reporting/data/v1/quotas
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from hub.sdk.errors import RetryLater
from hub.sdk.http import Response
from hub.sdk.records import Json

_AN_HOUR = timedelta(hours=1)
_PACIFIC = ZoneInfo("America/Los_Angeles")  # where the day of the tokens begins
_WORDS = {
    "tokensPerDay": "tokens for today",
    "tokensPerHour": "tokens for this hour",
    "tokensPerProjectPerHour": "tokens of this Google Cloud project for this hour",
    "serverErrorsPerProjectPerHour": "server errors that Google allows in an hour",
    "potentiallyThresholdedRequestsPerHour": "requests for this hour whose rows may be withheld",
}


class Quota:
    """What Google said last about its quotas. A request is refused here when the one before used the rest up."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._spent = ""

    def guard(self) -> None:
        """Let the next request go, or not.

        Raises:
            RetryLater: another one like the last would not be answered any more.
        """
        if self._spent:
            after = self._until_midnight() if self._spent == "tokensPerDay" else _AN_HOUR
            hint = "The next read goes on from there. A longer `every`, or a later `start`, needs less."
            raise RetryLater(f"The property has used up its {_WORDS[self._spent]}.", after=after, hint=hint)

    def note(self, told: Json) -> None:
        """Remember what `propertyQuota` says; a number that is not there is zero."""
        if isinstance(told, Mapping):
            self._spent = next((name for name in _WORDS if name in told and _used_up(told[name])), "")

    def pause(self, response: Response) -> timedelta | None:
        """Return how long to wait where an answer says that the hour's or the day's quota is used up; else None."""
        if response.status != HTTPStatus.TOO_MANY_REQUESTS:
            return None
        error = response.json_object().get("error")
        message = error.get("message") if isinstance(error, Mapping) else None
        if not isinstance(message, str):
            return None
        if "per day" in message:
            return self._until_midnight()
        return _AN_HOUR if "per hour" in message else None

    def _until_midnight(self) -> timedelta:
        here = self._now.astimezone(_PACIFIC)
        following = datetime.combine(here.date() + timedelta(days=1), time(), _PACIFIC)
        return timedelta(seconds=following.timestamp() - here.timestamp())


def _used_up(status: Json) -> bool:
    """Say whether less is left than the last request cost."""
    if not isinstance(status, Mapping):
        return False
    consumed, remaining = status.get("consumed", 0), status.get("remaining", 0)
    return isinstance(consumed, int) and isinstance(remaining, int) and remaining < max(consumed, 1)
