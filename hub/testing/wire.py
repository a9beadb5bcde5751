"""The wire between a connector and its vendor: counted, cut short, or the place where the process dies."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from hub.sdk.http.transport import Answer, Transport


class Killed(BaseException):
    """The process ends here; no `except Exception` of a connector sees it."""


class Points:
    """Places at which a process can end, counted; `kill_at` is the number of the one at which it does."""

    def __init__(self, kill_at: int | None = None) -> None:
        self.passed = 0
        self.kill_at = kill_at

    def __call__(self) -> None:
        """Pass a place."""
        self.passed += 1
        if self.kill_at is not None and self.passed >= self.kill_at:
            raise Killed


@contextmanager
def tapped(before: Callable[[], None], after: Callable[[], None], *, silence: float | None = None) -> Iterator[None]:
    """Call `before` and `after` around every request of this process; wait at most `silence` seconds for a byte."""
    plain = Transport.exchange

    def exchange(self: Transport, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        self._silence = min(self._silence, silence or self._silence)
        before()
        answer = plain(self, method, url, headers, body)
        after()
        return answer

    Transport.exchange = exchange  # type: ignore[method-assign]
    try:
        yield
    finally:
        Transport.exchange = plain  # type: ignore[method-assign]
