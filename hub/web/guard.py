"""Who may ask: a request needs the token, an expected host and origin, and a body of sensible size."""

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from hub.web.failure import log_bug

MOST_BYTES = 1_000_000
TOO_LARGE = (413, "the request is too large", f"The most is {MOST_BYTES:,} bytes.")
OPEN_PATHS = frozenset({"/health"})  # says only that the process answers
HOOKS = "/hooks/"  # events that tools push under a public name; each proves itself by its signature

# ASGI's own types: the values of a scope and of messages are whatever the server puts there.
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """ASGI middleware around the whole application.

    `hosts` are the only accepted names in the Host header (port apart): a page elsewhere that resolves its own name to
    127.0.0.1 (DNS rebinding) must not reach us. A browser's Origin, if there is one, must be one of them too.
    """

    def __init__(self, app: App, *, token: str, hosts: frozenset[str]) -> None:
        self.app = app
        self.token = token
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or hand it to the application with its whole body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = self.refusal(scope["path"], headers(scope))
        if refusal:
            await answer(send, *refusal)
            return
        body = await whole_body(receive)
        if body is None:
            await answer(send, *TOO_LARGE)
            return
        try:
            await self.app(scope, replay(body, receive), send)
        except Exception as error:  # noqa: BLE001 - answered with 500 already; the server would log its message
            log_bug("request failed", error, route=scope["path"])

    def refusal(self, path: str, given: Mapping[str, str]) -> tuple[int, str, str] | None:
        """Why the request is refused: status, error, hint; None when it is welcome."""
        if int(given.get("content-length") or 0) > MOST_BYTES:
            return TOO_LARGE
        if path.startswith(HOOKS):
            return None
        if host_of("//" + given.get("host", "")) not in self.hosts:
            return 421, "this address does not answer for that host", "Use the url in data/endpoint.json."
        if "origin" in given and host_of(given["origin"]) not in self.hosts:
            return 403, "the request comes from another site", ""
        if path not in OPEN_PATHS and not self.known(given.get("authorization", "")):
            return 401, "the token is missing or wrong", "Send it as a bearer token; it stands in data/endpoint.json."
        return None

    def known(self, authorization: str) -> bool:
        """Whether the header carries our token; compared in constant time."""
        return hmac.compare_digest(authorization.encode(), f"Bearer {self.token}".encode())


def headers(scope: Scope) -> dict[str, str]:
    """Header names (lower case) and values of a request."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def host_of(url: str) -> str:
    """The host name in a URL; empty when it cannot be read."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


async def whole_body(receive: Receive) -> bytes | None:
    """Read the body; None when it is too large. A chunked body announces no length, so it is counted as it comes."""
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
        if sum(map(len, parts)) > MOST_BYTES:
            return None
    return b"".join(parts)


def replay(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read to the application, then whatever else comes (the client going away)."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def once() -> Message:
        return waiting.pop() if waiting else await receive()

    return once


async def answer(send: Send, status: int, error: str, hint: str) -> None:
    """Answer with the API's error shape."""
    body = json.dumps({"error": error, "hint": hint}).encode()
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})
