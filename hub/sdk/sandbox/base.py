"""The sandbox itself: routes, hooks, state, and the log of what was asked."""

# ruff: noqa: ARG002 - a hook names its arguments for those who override it

import re
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import ClassVar, Self, TypeVar
from urllib.parse import unquote

from hub.sdk.records import Json
from hub.sdk.sandbox.control import control
from hub.sdk.sandbox.faults import RESHAPING, Fault, Faults
from hub.sdk.sandbox.messages import Reply, Request
from hub.sdk.sandbox.reshape import reshaped
from hub.sdk.sandbox.server import Server

H = TypeVar("H", bound=Callable[..., Reply])

_BEFORE = frozenset({"status", "reset", "timeout"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """One line of the log. `status` is what was answered; 0 when a fault kept the answer back before it was made."""

    request: Request
    status: int
    at: datetime
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Route:
    method: str
    pattern: re.Pattern[str]
    handler: str


def route(method: str, path: str) -> Callable[[H], H]:
    """Serve `method path` with the decorated method, called with the request and the path's `{parameters}`, decoded."""

    def mark(handler: H) -> H:
        marks: list[tuple[str, str]] = getattr(handler, "_routes", [])
        handler._routes = [*marks, (method, path)]  # type: ignore[attr-defined]  # noqa: SLF001
        return handler

    return mark


class Sandbox(ABC):
    """A simulated vendor. Declare `name`, write routes and `state`; override the hooks where the vendor is special.

    Handlers run one at a time under `lock`, so that state needs no care. `size` is how many people (or whatever the
    vendor holds) exist at the start, made from `seed`; `port` 0 takes a free one; `latency` seconds pass before each
    answer, outside the lock; the last `keep` requests are remembered.
    """

    name: ClassVar[str]
    max_in_flight: ClassVar[int | None] = None
    """Requests that the vendor serves side by side; one more is answered by `too_many`."""
    compress: ClassVar[bool] = True
    """Whether bodies of some size are gzipped for clients that accept it."""

    _routes: ClassVar[tuple[_Route, ...]] = ()

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        self.seed = seed
        self.size = size
        self.latency = latency
        self.lock = threading.RLock()
        self.faults = Faults()
        self.requests: deque[Exchange] = deque(maxlen=keep)
        self.crashes: list[Exception] = []
        self.closing = threading.Event()
        self._port = port
        self.in_flight = 0
        self._server: Server | None = None
        self._last: dict[str, Reply] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._routes = tuple(
            _Route(method, _pattern(path), name)
            for part in cls.__mro__
            for name, member in vars(part).items()
            if callable(member)
            for method, path in getattr(member, "_routes", ())
        )

    # -- what a vendor writes ---------------------------------------------------------------------------------------

    @abstractmethod
    def state(self) -> Json:
        """Return what the vendor holds, for tests and `GET /_sandbox/state`. Called under `lock`."""

    def authenticate(self, request: Request) -> Reply | None:
        """Return the vendor's refusal, or None to let the request in. Called under `lock`."""
        return None

    def throttle(self, request: Request) -> Reply | None:
        """Return the vendor's "too fast", or None. Called under `lock`, after `authenticate`."""
        return None

    def too_many(self, request: Request) -> Reply:
        """Answer a request beyond `max_in_flight`."""
        return Reply(status=429)

    def not_found(self, request: Request) -> Reply:
        """Answer a path that does not exist."""
        return Reply(status=404, json={"error": "not found"})

    def not_allowed(self, request: Request) -> Reply:
        """Answer a path that exists for other methods."""
        return Reply(status=405, json={"error": "method not allowed"})

    def malformed(self, request: Request, problem: ValueError) -> Reply:
        """Answer a body that a handler could not read."""
        return Reply(status=400, json={"error": "malformed body"})

    def rows(self, body: Json) -> list[Json] | None:
        """Return the list of records within an answer's body, the very list; None for answers that hold none."""
        return None

    # -- running it -------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Base URL without a slash at the end. Raises RuntimeError while it does not serve."""
        if self._server is None:
            raise RuntimeError(f"The sandbox {self.name} does not serve; use it in a with statement.")
        return self._server.url

    def __enter__(self) -> Self:
        self.closing.clear()
        self._server = Server(self, self._port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        if self._server is not None:
            self._server.stop()
            self._server = None
        if self.crashes and error is None:
            raise self.crashes[0]

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return self._server.connections if self._server else 0

    def serve_forever(self) -> None:
        """Serve until `close` is called or the process is interrupted."""
        if self._server is None:
            with self:
                self.closing.wait()
        else:
            self.closing.wait()

    def close(self) -> None:
        """Let `serve_forever` return."""
        self.closing.set()

    # -- one request ------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> tuple[Reply | None, Fault | None]:
        """Serve one request: the reply (None when a fault forbids one) and the fault to apply to it."""
        if request.path.startswith("/_sandbox/"):
            return control(self, request), None
        fault = self.faults.take(request.method, request.path)
        reply = None if fault and fault.kind in _BEFORE else self._handled(request)
        if fault and fault.kind in {"status", "status_after"}:
            reply = _spoiled(fault)
        elif reply and fault and fault.kind in RESHAPING:
            reply = reshaped(reply, fault, self.rows)
        elif reply and fault and fault.kind == "replay":
            reply = self._last.get(request.path, reply)
        elif reply:
            self._last[request.path] = reply
        self._log(request, reply, fault)
        return reply, fault

    def _handled(self, request: Request) -> Reply:
        with self._counted() as in_flight:
            if self.max_in_flight is not None and in_flight > self.max_in_flight:
                return self.too_many(request)
            if self.latency:
                self.closing.wait(self.latency)
            with self.lock:
                return self._guarded(request)

    def _guarded(self, request: Request) -> Reply:
        refusal = self.authenticate(request) or self.throttle(request)
        if refusal is not None:
            return refusal
        handler, values = self._find(request)
        try:
            return handler(request, **values)
        except ValueError as problem:
            return self.malformed(request, problem)

    def _find(self, request: Request) -> tuple[Callable[..., Reply], Mapping[str, str]]:
        matches = [(route, match) for route in self._routes if (match := route.pattern.fullmatch(request.path))]
        for found, match in matches:
            if found.method == request.method:
                return getattr(self, found.handler), {k: unquote(v) for k, v in match.groupdict().items()}
        return (self.not_allowed if matches else self.not_found), {}

    @contextmanager
    def _counted(self) -> Iterator[int]:
        with self.lock:
            self.in_flight += 1
            now = self.in_flight
        try:
            yield now
        finally:
            with self.lock:
                self.in_flight -= 1

    def _log(self, request: Request, reply: Reply | None, fault: Fault | None) -> None:
        status = reply.status if reply else 0
        with self.lock:
            self.requests.append(Exchange(request, status, datetime.now(UTC), fault.kind if fault else ""))


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", path)
    return re.compile("".join(f"(?P<{p}>[^/]+)" if i % 2 else re.escape(p) for i, p in enumerate(parts)))


def _spoiled(fault: Fault) -> Reply:
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    return Reply(fault.status, body=fault.body.encode(), content_type=fault.content_type, headers=headers)
