"""When to ask again, and how long to wait before."""

import random
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import tenacity

from hub.sdk.errors import HubError

T = TypeVar("T")

pace: ContextVar[float] = ContextVar("pace", default=1.0)
"""Our own pauses are so many times as long; a conformance suite hurries. What a vendor asks for is always kept."""

_LONGEST_PAUSE = timedelta(days=1)  # whoever asks for more (a year was seen) means "not today"


@dataclass(frozen=True, slots=True)
class Retry:
    """How hard to try inside one call, before the error goes to the core, which has its own patience.

    `attempts` counts the first one. Pauses are drawn from 0 to `base` seconds, doubling up to `longest`; a pause that
    the vendor names is kept, plus up to a tenth. A call that would wait beyond `patience` seconds in all gives up.
    """

    attempts: int = 5
    base: float = 0.5
    longest: float = 20.0
    patience: float = 60.0


class Again(Exception):
    """Try again; raise `error` when there were enough tries. `after` is what the vendor asked for."""

    def __init__(self, error: HubError, after: timedelta | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after


def persist(
    attempt: Callable[[], T], retry: Retry, sleep: Callable[[float], None], before: Callable[[Again, float], None]
) -> T:
    """Call `attempt` until it raises no `Again` or the tries are used up; `before` is told of each pause."""
    backoff = tenacity.wait_random_exponential(multiplier=retry.base, max=retry.longest)

    def pause(state: tenacity.RetryCallState) -> float:
        again = _raised(state)
        return _jittered(again.after) if again.after else backoff(state) * pace.get()

    def announce(state: tenacity.RetryCallState) -> None:
        before(_raised(state), state.upcoming_sleep)

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Again),
        stop=tenacity.stop_after_attempt(retry.attempts) | tenacity.stop_before_delay(retry.patience),
        wait=pause,
        sleep=sleep,
        before_sleep=announce,
        reraise=True,
    )
    try:
        return retrying(attempt)
    except Again as again:
        raise again.error from None


def asked_pause(headers: Mapping[str, str]) -> timedelta | None:
    """Read Retry-After (RFC 9110, 10.2.3: seconds or a date); None when absent, in the past or nonsense.

    A date is measured from the vendor's own clock where it tells the time. At most one day.
    """
    text = headers.get("retry-after", "").strip()
    try:
        pause = timedelta(seconds=min(max(float(text), 0.0), _LONGEST_PAUSE.total_seconds()))
    except ValueError:  # also for NaN
        pause = _until(text, headers.get("date", ""))
    return min(pause, _LONGEST_PAUSE) if pause > timedelta(0) else None


def _until(text: str, now: str) -> timedelta:
    when = _instant(text)
    return when - (_instant(now) or datetime.now(UTC)) if when else timedelta(0)


def _instant(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _jittered(pause: timedelta) -> float:
    return pause.total_seconds() * random.uniform(1.0, 1.1)  # noqa: S311 - spreads clients, guards nothing


def _raised(state: tenacity.RetryCallState) -> Again:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, Again):
        raise TypeError("tenacity waits only after an attempt that asked for another one")
    return error
