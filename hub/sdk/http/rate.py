"""How fast, and how many at once: one limit per account of a vendor, whoever uses it in this process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

_INFINITE = float("inf")


class Closed(Exception):
    """The vendor asked for a pause that still lasts `seconds`, longer than the caller wants to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"closed for {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `requests` in any stretch of `per`, after a first burst of as many.

    `account` names whom the vendor counts (`mailchimp/us19-shop`), never by a secret; every `Http` with the same name
    shares the limit, and the strictest numbers count.
    """

    account: str
    requests: int
    per: timedelta = timedelta(seconds=1)


class Limiter:
    """A bucket of tokens, a number of places for requests under way, and a pause that a vendor asked for."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._changed = threading.Condition()
        self._places = _INFINITE
        self._under_way = 0
        self._per_second = _INFINITE
        self._burst = _INFINITE
        self._tokens = _INFINITE
        self._filled_at = clock()
        self._closed_until = 0.0

    def tighten(self, rate: Rate | None, connections: int) -> None:
        """Take over limits where they are stricter than those in force."""
        with self._changed:
            self._places = min(self._places, connections)
            if rate is not None:
                self._per_second = min(self._per_second, rate.requests / rate.per.total_seconds())
                self._burst = min(self._burst, rate.requests)
                self._tokens = min(self._tokens, self._burst)

    def pause(self, seconds: float) -> None:
        """Let nobody begin for so long: the vendor said that we are too fast."""
        with self._changed:
            self._closed_until = max(self._closed_until, self._clock() + seconds)

    @contextmanager
    def place(self, patience: float = _INFINITE) -> Iterator[None]:
        """Hold a place while a request is under way; waits for the place first, then for a token and a pause's end.

        Raises:
            Closed: the pause that a vendor asked for lasts longer than `patience` seconds.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self._places)
            self._under_way += 1
        try:
            self._wait(patience)
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify()

    def _wait(self, patience: float) -> None:
        with self._changed:
            closed = self._closed_until - self._clock()
            if closed > patience:
                raise Closed(closed)
            seconds = max(self._take_token(), closed)
        if seconds > 0:
            self._sleep(seconds)

    def _take_token(self) -> float:
        """Take a token, on credit when none is there; return the seconds until it is ours."""
        if self._per_second == _INFINITE:
            return 0.0
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._per_second) - 1
        self._filled_at = now
        return max(0.0, -self._tokens / self._per_second)


_LIMITERS: dict[str, Limiter] = {}
_LOCK = threading.Lock()


def limiter(rate: Rate | None, connections: int, sleep: Callable[[float], None] = time.sleep) -> Limiter:
    """Return the limiter of the rate's account, or one of its own when there is no rate."""
    own = Limiter(sleep=sleep)
    with _LOCK:
        found = _LIMITERS.setdefault(rate.account, own) if rate else own
    found.tighten(rate, connections)
    return found


def forget_limits() -> None:
    """Forget every account's limits and pauses, as a new process does; for tests."""
    with _LOCK:
        _LIMITERS.clear()
