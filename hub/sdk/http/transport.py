"""One request over the wire with httpx, under one deadline; says whether anything can have reached the vendor."""

import logging
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from hub.sdk.http.body import Cut, unpacker

for _chatty in ("httpx", "httpcore"):  # they log whole URLs at INFO and headers at DEBUG, credentials included
    logging.getLogger(_chatty).setLevel(logging.WARNING)

_KEPT_SECONDS = 20.0  # shorter than any vendor keeps an idle connection, so that we seldom write into a closed one


class NotSent(Exception):
    """No byte of the request left: no address, refused, no TLS."""


class NotTrusted(NotSent):
    """The vendor's certificate is expired, self-signed, or another host's."""


class Lost(Exception):
    """The request went out, in part at least, and no answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers with lower-case names, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Deadline(threading.local):
    """When the request of this thread must be over, on the monotonic clock."""

    at = float("inf")

    def left(self, timeout: float | None, error: type[Exception]) -> float:
        seconds = self.at - time.monotonic()
        if seconds <= 0:
            raise error
        return min(seconds, timeout or seconds)


class _Stream(httpcore.NetworkStream):
    """A socket that gives no operation more time than the request has left: one byte a second is no way around."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        seconds = self._deadline.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, seconds), self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - signature of the base class
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """Opens such sockets."""

    def __init__(self, deadline: _Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        seconds = self._deadline.left(timeout, httpcore.ConnectTimeout)
        return _Stream(super().connect_tcp(host, port, seconds, local_address, socket_options), self._deadline)


class Transport:
    """Kept connections to one origin. `silence`: seconds without a byte; `total`: seconds for a whole request."""

    def __init__(self, *, tls: bool, connections: int, silence: float, total: float, max_body: int) -> None:
        self._deadline = _Deadline()
        self._silence = silence
        self._total = total
        self._max_body = max_body
        self._http = httpx.HTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))  # its pool is ours, next line
        self._http._pool = httpcore.ConnectionPool(  # noqa: SLF001 - httpx offers no door for a network backend
            ssl_context=httpx.create_ssl_context() if tls else None,  # reading the certificates takes a while
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=_KEPT_SECONDS,
            network_backend=_Backend(self._deadline),
        )

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send a request once and return its answer.

        Raises:
            NotSent: nothing can have reached the vendor.
            Lost: it may have, and no answer came in time, or none at all.
            Cut: an answer came, but not whole.
            TooLarge: the body is beyond the cap.
        """
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self._silence)
        request = httpx.Request(method, url, headers=headers, content=body, extensions={"timeout": timeouts})
        self._deadline.at = time.monotonic() + self._total
        try:
            return self._answer(method, self._opened(request))
        finally:
            self._deadline.at = float("inf")

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _opened(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._http.handle_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise _unsent(error) from None
        except httpx.TransportError as error:
            raise Lost(_words(error)) from None

    def _answer(self, method: str, response: httpx.Response) -> Answer:
        try:
            body = b"" if method == "HEAD" else self._whole(response)
        except httpx.TimeoutException:
            raise Lost("the answer did not end in time") from None
        except httpx.TransportError:
            raise Cut("stopped early") from None
        finally:
            response.close()
        return Answer(response.status_code, dict(response.headers), body)

    def _whole(self, response: httpx.Response) -> bytes:
        reader = unpacker(response.headers.get("content-encoding", ""), self._max_body)
        for piece in response.iter_raw():
            reader.feed(piece)
        body = reader.finish()
        if body and not _proven(response):
            raise Cut("has no length and no end marker, so nobody can tell whether it is whole")
        return body


def _proven(response: httpx.Response) -> bool:
    """Say whether the end of the body was marked: by a length, chunks, a gzip end, or because JSON ends itself."""
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    framed = {"content-length", "transfer-encoding", "content-encoding"} & set(response.headers)
    return bool(framed) or kind == "application/json" or kind.endswith("+json")


def _unsent(error: httpx.TransportError) -> NotSent:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NotTrusted(cause.verify_message)
        cause = cause.__cause__ or cause.__context__
    return NotSent(_words(error))


def _words(error: httpx.TransportError) -> str:
    """Name what happened; httpx's own text may quote what was sent or came."""
    match error:
        case httpx.PoolTimeout():
            return "no connection was free"
        case httpx.ConnectTimeout() | httpx.ConnectError():
            return "no connection could be made"
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.ProtocolError():
            return "the answer is not HTTP, or the connection was closed without one"
    return "the connection broke"
