"""Who may ask the API."""

import asyncio
import json

import pytest

from hub.web.guard import MOST_BYTES, Guard, Message, Receive, Scope, Send

TOKEN = "t0ken"
GOOD = {"host": "127.0.0.1:8765", "authorization": f"Bearer {TOKEN}"}


async def echo(_scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers with the size of what it got."""
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(len(message["body"])).encode()})


def ask(headers: dict[str, str], path: str = "/status", parts: tuple[bytes, ...] = (b"",)) -> tuple[int, bytes]:
    """Send one request through the guard; return status and body."""
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    waiting[-1]["more_body"] = False
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    guard = Guard(echo, token=TOKEN, hosts=frozenset({"127.0.0.1", "localhost"}))
    asyncio.run(guard({"type": "http", "path": path, "headers": encoded}, receive, send))
    return sent[0]["status"], sent[1]["body"]


def test_token_and_host_let_a_request_in() -> None:
    """A request with both reaches the application with its body whole."""
    assert ask(GOOD, parts=(b"ab", b"c")) == (200, b"3")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer other"}, 401),
        ({"authorization": TOKEN}, 401),
        ({"authorization": "Bearer tökén"}, 401),
        ({"host": "evil.example"}, 421),
        ({"host": "evil.example:8765"}, 421),
        ({"host": ""}, 421),
        ({"host": "[::1"}, 421),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"content-length": str(MOST_BYTES + 1)}, 413),
    ],
)
def test_refused(changed: dict[str, str], status: int) -> None:
    """A wrong token, a foreign host or origin, or too large a body never reaches the application."""
    answered, body = ask(GOOD | changed)
    assert answered == status
    assert json.loads(body)["error"]


def test_own_origin_is_welcome() -> None:
    """The hub's own page may ask."""
    assert ask(GOOD | {"origin": "http://127.0.0.1:8765"})[0] == 200


def test_chunked_body_cannot_grow_past_the_limit() -> None:
    """A body that announces no length is counted as it comes."""
    assert ask(GOOD, parts=(b"x" * MOST_BYTES, b"x"))[0] == 413


def test_health_needs_no_token_but_the_host() -> None:
    """The health check says nothing, so it needs no secret; a foreign host is refused all the same."""
    assert ask({"host": "localhost"}, path="/health")[0] == 200
    assert ask({"host": "evil.example"}, path="/health")[0] == 421


def test_pushed_events_need_neither_token_nor_host() -> None:
    """They come under a public name and prove themselves by a signature; their size is bounded all the same."""
    public = {"host": "hub.shop.example"}
    assert ask(public, path="/hooks/shop", parts=(b"ab",)) == (200, b"2")
    assert ask(public, path="/hooks/shop", parts=(b"x" * MOST_BYTES, b"x"))[0] == 413
    assert ask({**public, "content-length": str(MOST_BYTES + 1)}, path="/hooks/shop")[0] == 413
    assert ask(public, path="/status")[0] == 421
