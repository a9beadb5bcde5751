"""The client: sends a call within the limits, and turns every outcome into an answer or the right error."""

import logging
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from types import TracebackType
from typing import NoReturn, Self, Unpack
from urllib.parse import urljoin

from hub import __version__
from hub.sdk.errors import BadData, ConfigError, HubError, RetryLater, StopConnection, Unanswered
from hub.sdk.http.auth import Auth
from hub.sdk.http.body import Cut, TooLarge
from hub.sdk.http.calls import Call, Options, Origin, build
from hub.sdk.http.rate import Closed, Rate, limiter
from hub.sdk.http.response import Response
from hub.sdk.http.retry import Again, Retry, asked_pause, persist
from hub.sdk.http.transport import Answer, Lost, NotSent, NotTrusted, Transport
from hub.sdk.redact import redact, redact_url

_log = logging.getLogger("hub.http")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_DONE_ELSEWHERE = frozenset({302, 303})  # these may mean "done, see there"; the others mean "not here"
_TROUBLE = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})
_MAX_REDIRECTS = 5
_LONGEST_CODE = 80  # characters of a vendor's error code that fit into a message
_MEND_REQUEST = "The vendor refuses this request whenever it is sent; its code says why."
_HINTS = {
    HTTPStatus.UNAUTHORIZED: "Check the credentials of this connection; they may have expired or been revoked.",
    HTTPStatus.FORBIDDEN: "Check what the credentials of this connection are allowed to do.",
    HTTPStatus.NOT_FOUND: "Check the ids in the connection's file; what they name may have been deleted.",
}


class Http:
    """A vendor's API at `base_url`; safe to share between threads, keeps its connections open until `close`.

    `auth` and `headers` go with every request, to this origin only. `rate` and `connections` (requests side by side)
    hold for all clients of the same `rate.account`. `timeout` is the longest silence and `deadline` the longest
    request, both in seconds. `max_body` caps an answer in bytes, unpacked.
    `throttle` looks at every answer for limits that a vendor hides in a 200, 400 or 403: it returns the pause asked for
    (zero when none is named) where the request was not applied for being too fast, and None for everything else.
    `describe` finds the vendor's error code in an answer; it must return a code, never a person's data. Both may call
    `json()` on anything: an answer that is none counts as None, or no code.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
        rate: Rate | None = None,
        connections: int = 8,
        timeout: float = 30.0,
        deadline: float = 120.0,
        max_body: int = 64_000_000,
        retry: Retry | None = None,
        throttle: Callable[[Response], timedelta | None] = lambda _: None,
        describe: Callable[[Response], str] = lambda _: "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._origin = Origin(base_url)
        if auth and not (self._origin.encrypted or self._origin.local):
            raise ConfigError(f"{redact_url(base_url)} would send credentials in clear text.", hint="Use https://.")
        self._auth = auth
        self._headers = {"User-Agent": f"audience-hub/{__version__}", "Accept": "application/json", **(headers or {})}
        self._headers["Accept-Encoding"] = "gzip"
        self._limiter = limiter(rate, connections, sleep)
        self._retry = retry or Retry()
        self._throttle = throttle
        self._describe = describe
        self._sleep = sleep
        self._transport = Transport(
            tls=self._origin.encrypted, connections=connections, silence=timeout, total=deadline, max_body=max_body
        )
        self._finalizer = weakref.finalize(self, self._transport.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; also happens when nobody holds the client any more."""
        self._finalizer()

    def get(self, path: str, **options: Unpack[Options]) -> Response:
        """Read; see `request`."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Unpack[Options]) -> Response:
        """Create or run; see `request`."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Unpack[Options]) -> Response:
        """Create or replace; see `request`."""
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Unpack[Options]) -> Response:
        """Change in part; see `request`."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Unpack[Options]) -> Response:
        """Delete; see `request`."""
        return self.request("DELETE", path, **options)

    def request(self, method: str, path: str, **options: Unpack[Options]) -> Response:
        """Send one request and return its answer: any 2xx, and the statuses in `ok`.

        `path` follows `base_url`, or is a whole address on the same origin (a link to the next page). Reads are
        repeated within the limits of `retry`; writes only when the one before was certainly not applied.

        Raises:
            RetryLater: definitely not applied, or only a read: unreachable, too fast, vendor in trouble.
            Unanswered: a write went out, and what became of it is not known.
            StopConnection: a person has to mend something: credentials, rights, an id, our request.
            BadData: a read brought no whole answer, or a link leads to another origin.
        """
        call = build(self._origin, self._headers, method, path, options)
        return persist(lambda: self._attempt(call), self._retry, self._sleep, _announce)

    def _attempt(self, call: Call) -> Response:
        mine = self._auth.headers() if self._auth else {}  # before taking a place: minting may need one
        response = self._sent(call, mine)
        if response.status == HTTPStatus.UNAUTHORIZED and self._auth and self._auth.renew(mine):
            response = self._sent(call, self._auth.headers())
        return self._judged(call, response)

    def _sent(self, call: Call, auth: Mapping[str, str]) -> Response:
        url = call.url
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._once(call, url, auth)
            if call.method not in {"GET", "HEAD"} or answer.status not in _REDIRECTS - set(call.ok):
                return Response(answer.status, answer.headers, answer.body, call.name, call.write)
            url = self._redirected(call, url, answer)
        raise BadData(f"{call.name}: redirected more than {_MAX_REDIRECTS} times.")

    def _once(self, call: Call, url: str, auth: Mapping[str, str]) -> Answer:
        begun = time.monotonic()
        try:
            with self._limiter.place(self._retry.patience):
                answer = self._transport.exchange(call.method, url, {**call.headers, **auth}, call.body)
        except Closed as closed:
            after = timedelta(seconds=closed.seconds)
            raise RetryLater(f"{call.name}: not sent, the vendor asked for a pause.", after=after) from None
        except (NotSent, Lost, Cut, TooLarge) as failure:
            raise _failed(call, failure) from None
        milliseconds = round((time.monotonic() - begun) * 1000)
        _log.debug("http_answer", extra={"request": call.name, "status": answer.status, "ms": milliseconds})
        return answer

    def _redirected(self, call: Call, url: str, answer: Answer) -> str:
        target = urljoin(url, answer.headers.get("location", ""))
        if not self._origin.holds(target):
            raise _elsewhere(call, answer.status, target)
        return target

    def _judged(self, call: Call, response: Response) -> Response:
        status = response.status
        pause = self._hidden_pause(response)
        if pause is not None:
            self._slow_down(call, response, pause or None)
        if HTTPStatus(200) <= status < HTTPStatus(300) or status in call.ok:
            return response
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            self._slow_down(call, response, asked_pause(response.headers))
        raise self._refused(call, response)

    def _hidden_pause(self, response: Response) -> timedelta | None:
        with suppress(BadData, Unanswered):
            return self._throttle(response)
        return None

    def _slow_down(self, call: Call, response: Response, after: timedelta | None) -> NoReturn:
        if after:
            self._limiter.pause(after.total_seconds())
        message = f"{call.name}: too many requests for the vendor ({self._code(response)})."
        raise Again(RetryLater(message, after=after), after)

    def _refused(self, call: Call, response: Response) -> Exception:
        status = response.status
        if status in _REDIRECTS:
            target = urljoin(call.url, response.headers.get("location", ""))
            return _elsewhere(call, status, target)
        message = f"{call.name}: answered {self._code(response)}."
        if status in _TROUBLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            after = asked_pause(response.headers)
            return Unanswered(message) if call.write else Again(RetryLater(message, after=after), after)
        hint = next((text for known, text in _HINTS.items() if known == status), _MEND_REQUEST)
        return StopConnection(message, hint=hint)

    def _code(self, response: Response) -> str:
        code = ""
        with suppress(BadData, Unanswered):
            code = redact(self._describe(response))[:_LONGEST_CODE]
        return f"{response.status} {code}".strip()


def _failed(call: Call, failure: Exception) -> Exception:
    """Say what a failed exchange means for this call."""
    if isinstance(failure, NotTrusted):
        return StopConnection(f"{call.name}: the certificate is not to be trusted: {failure}.")
    if isinstance(failure, NotSent):
        return Again(RetryLater(f"{call.name}: {failure}."))
    if call.write:
        return Unanswered(f"{call.name}: sent, but {_what(failure)}.")
    if isinstance(failure, TooLarge):
        return BadData(f"{call.name}: {_what(failure)}.", hint="Ask for smaller pages.")
    message = f"{call.name}: {_what(failure)}."
    return Again(BadData(message) if isinstance(failure, Cut) else RetryLater(message))


def _what(failure: Exception) -> str:
    return f"the answer {failure}" if isinstance(failure, Cut | TooLarge) else str(failure)


def _elsewhere(call: Call, status: int, target: str) -> HubError:
    message = f"{call.name}: answered {status}, which leads to {redact_url(target)}; not followed."
    if call.write and status in _DONE_ELSEWHERE:
        return Unanswered(message)
    return StopConnection(message, hint="Check the address of the API in the connection's file.")


def _announce(again: Again, seconds: float) -> None:
    _log.info("http_retry", extra={"reason": str(again), "pause": round(seconds, 1)})
