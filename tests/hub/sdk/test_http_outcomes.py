import socket
from datetime import timedelta

import pytest

from hub.sdk.errors import BadData, HubError, RetryLater, StopConnection, Unanswered
from hub.sdk.http import Http, Response, Retry
from hub.sdk.sandbox import Fault, Reply
from hub.sdk.sandbox.faults import Kind
from tests.support.http_shop import Naps, Shop, client

NEW = {"email": "new@shop.example"}


def dead_address() -> str:
    """Return an address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_a_read_returns_status_headers_and_json() -> None:
    """A 2xx comes back unpacked, with lower-case header names."""
    with Shop() as box, client(box) as http:
        answer = http.get("/customers/1")
    assert (200, "application/json", "gzip") == (
        answer.status,
        answer.headers["content-type"],
        answer.headers["content-encoding"],
    )
    assert isinstance(body := answer.json(), dict)
    assert box.customers["1"] == body["email"]


@pytest.mark.parametrize("kind", ["status", "reset", "reset_after", "truncate", "cut_chunks", "cut_gzip"])
def test_a_read_is_tried_again_and_succeeds(kind: Kind) -> None:
    """A failure that passes costs a read one more request and a pause, nothing else."""
    naps = Naps()
    with Shop() as box, client(box, naps) as http:
        box.faults.add(Fault(kind=kind, path="/v1/customers/*"))
        assert http.get("/customers/1").status == 200
        assert 2 == len(box.requests)
    assert 1 == len(naps)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("status", RetryLater),
        ("reset", RetryLater),
        ("reset_after", RetryLater),
        ("truncate", BadData),
        ("cut_chunks", BadData),
        ("cut_gzip", BadData),
    ],
)
def test_a_read_gives_up_after_its_attempts(kind: Kind, error: type[HubError]) -> None:
    """A read that keeps failing is asked exactly as often as allowed, then says what to do next."""
    with Shop() as box, client(box, attempts=3) as http:
        box.faults.add(Fault(kind=kind, times=None))
        with pytest.raises(error):
            http.get("/customers/1")
        assert 3 == len(box.requests)


@pytest.mark.parametrize(
    ("kind", "applied"),
    [
        ("status", False),
        ("status_after", True),
        ("reset", False),
        ("reset_after", True),
        ("truncate", True),
        ("cut_chunks", True),
        ("cut_gzip", True),
    ],
)
def test_a_write_without_a_usable_answer_is_sent_once_and_unanswered(kind: Kind, applied: bool) -> None:  # noqa: FBT001
    """Whether the vendor applied it or not, a write whose answer is lost is never sent twice."""
    with Shop() as box, client(box) as http:
        box.faults.add(Fault(kind=kind))
        with pytest.raises(Unanswered):
            http.put("/customers/9", json=NEW)
        assert (1, applied) == (len(box.requests), "9" in box.customers)


@pytest.mark.parametrize("kind", ["timeout", "timeout_after"])
def test_silence_ends_with_the_timeout(kind: Kind) -> None:
    """A vendor that says nothing is given up: a read later again, a write unanswered."""
    with Shop() as box, Http(f"{box.url}/v1", timeout=0.1, retry=Retry(attempts=1)) as http:
        box.faults.add(Fault(kind=kind, times=None))
        with pytest.raises(RetryLater, match="no answer in time"):
            http.get("/customers/1")
        with pytest.raises(Unanswered, match="no answer in time"):
            http.put("/customers/9", json=NEW)


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_one_byte_at_a_time_does_not_get_around_the_deadline(method: str) -> None:
    """The whole request has a deadline, its header included, however steadily bytes drip in."""
    with Shop() as box, Http(f"{box.url}/v1", timeout=5, deadline=0.3, retry=Retry(attempts=1)) as http:
        box.faults.add(Fault(kind="slow", seconds=0.05, times=None))
        with pytest.raises(Unanswered if method == "PUT" else RetryLater, match="in time"):
            http.request(method, "/customers/1", json=NEW)


def test_a_refused_connection_is_definite_even_for_a_write() -> None:
    """Where nobody listens nothing was applied: the write is tried again, then RetryLater."""
    naps = Naps()
    with Http(dead_address(), sleep=naps) as http, pytest.raises(RetryLater, match="no connection could be made"):
        http.put("/customers/9", json=NEW)
    assert 4 == len(naps)


def test_a_post_that_only_asks_is_repeated_like_a_read() -> None:
    """`idempotent=True` marks a search by POST, which may be sent again."""
    with Shop() as box, client(box) as http:
        box.faults.add(Fault(kind="reset_after"))
        assert http.post("/customers/1", json=NEW, idempotent=True).status == 200
        assert 2 == len(box.requests)


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_429_is_waited_out_by_reads_and_writes(method: str) -> None:
    """Too many requests means not applied, so a write goes again too, after the pause that was asked for."""
    naps = Naps()
    with Shop() as box, client(box, naps) as http:
        box.faults.add(Fault(kind="status", status=429, retry_after="7"))
        assert http.request(method, "/customers/1", json=NEW).status == 200
    assert 7 <= naps[0] <= 7 * 1.1


def test_an_exhausted_429_says_how_long_to_wait() -> None:
    """When the vendor asks for more than a call's patience, the error carries the pause and nothing was waited."""
    naps = Naps()
    with Shop() as box, client(box, naps) as http:
        box.faults.add(Fault(kind="status", status=429, retry_after="3600"))
        with pytest.raises(RetryLater) as first:
            http.put("/customers/9", json=NEW)
        with pytest.raises(RetryLater, match="not sent"):
            http.get("/customers/1")
        assert 1 == len(box.requests)
    assert (timedelta(hours=1), []) == (first.value.after, naps)


@pytest.mark.parametrize("status", [400, 403, 200])
def test_a_limit_hidden_in_another_status_is_seen_by_the_callback(status: int) -> None:
    """A vendor-shaped limit (Meta's 400, Mailchimp's empty 403, Marketo's 200) is waited out, for writes too."""

    def throttle(answer: Response) -> timedelta | None:
        return timedelta(seconds=3) if b"too fast" in answer.body else None

    naps = Naps()
    with Shop() as box, Http(f"{box.url}/v1", throttle=throttle, sleep=naps) as http:
        box.faults.add(Fault(kind="status", status=status, body="too fast"))
        assert http.put("/customers/9", json=NEW).status == 200
    assert 3 <= naps[0] <= 3.3


def test_a_callback_that_finds_no_json_finds_no_limit() -> None:
    """The callbacks may call json() on anything; an HTML page is no throttle and has no code."""

    def broken(answer: Response) -> timedelta | None:
        answer.json()
        return timedelta(0)

    def nameless(answer: Response) -> str:
        return str(answer.json())

    with Shop() as box, Http(f"{box.url}/v1", throttle=broken, describe=nameless) as http:
        box.faults.add(Fault(kind="status", status=403, body="<html>"))
        with pytest.raises(StopConnection, match="answered 403"):
            http.put("/customers/9", json=NEW)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 422])
def test_a_refusal_stops_the_connection_and_names_the_vendors_code(status: int) -> None:
    """A 4xx is never tried again; the message has method, path, status and code, but nothing of the body."""
    with Shop() as box, Http(f"{box.url}/v1", describe=lambda _: "E17") as http:
        box.faults.add(Fault(kind="status", status=status, body="canary@shop.example"))
        with pytest.raises(StopConnection) as caught:
            http.put("/customers/9", json=NEW)
        assert 1 == len(box.requests)
        address = f"{box.url}/v1/customers/9"
    assert f"PUT {address}: answered {status} E17." == caught.value.message


@pytest.mark.parametrize("status", [207, 304, 400, 404, 500])
def test_the_caller_may_judge_a_status_itself(status: int) -> None:
    """Statuses in `ok` come back as answers."""
    with Shop() as box, client(box) as http:
        box.faults.add(Fault(kind="status", status=status))
        assert status == http.put("/customers/9", json=NEW, ok={304, 400, 404, 500}).status


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("kind", ["content_type", "empty"])
def test_a_login_page_is_no_success(method: str, kind: Kind) -> None:
    """An answer that is no JSON fails when it is read: BadData for a read, Unanswered for a write."""
    with Shop() as box, client(box) as http:
        box.faults.add(Fault(kind=kind))
        answer = http.request(method, "/customers/1", json=NEW)
        with pytest.raises(Unanswered if method == "POST" else BadData, match="no JSON"):
            answer.json()


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": NaN}',
        b"[-Infinity]",
        b"[1e999]",
        b"\xff",
        b"[" * 100_000,
        b"9" * 5_000,
    ],
)
def test_json_that_would_poison_a_table_is_refused(body: bytes) -> None:
    """NaN, infinities, absurd nesting and absurd numbers never pass as data."""
    with Shop() as box, client(box) as http:
        box.replies["page"] = Reply(body=body)
        with pytest.raises(BadData):
            http.get("/made/page").json()


def test_whole_characters_written_as_two_halves_are_fine() -> None:
    """A surrogate pair in JSON is one character, not two halves; a large exponent within a float is a number."""
    with Shop() as box, client(box) as http:
        box.replies["page"] = Reply(body=b'["\\ud83d\\ude00", 1e300]')
        assert ["\N{GRINNING FACE}", 1e300] == http.get("/made/page").json()


def test_half_a_character_does_not_void_its_page() -> None:
    """One customer with half a smiley in a note must not stop a shop: U+FFFD stands for it, the rest is as it came."""
    with Shop() as box, client(box) as http:
        box.replies["page"] = Reply(body=b'{"\\udfff": ["a\\ud800b", {"n": 1}, "\\ud83d\\ude00"]}')
        assert {"\ufffd": ["a\ufffdb", {"n": 1}, "\N{GRINNING FACE}"]} == http.get("/made/page").json()


def test_an_unpacked_answer_is_whole_to_the_letter() -> None:
    """Parameters, headers and JSON arrive as they were given."""
    with Shop() as box, client(box) as http:
        box.replies["page"] = Reply(json={})
        http.post("/made/page?a=1", params={"b": True, "c": ["x y", 2]}, json={"name": "Żółć"}, headers={"X-One": "1"})
        http.post("/made/page", form={"a": "b c"})
        first, second = (exchange.request for exchange in box.requests)
    assert {"a": ["1"], "b": ["true"], "c": ["x y", "2"]} == first.query
    assert ({"name": "Żółć"}, "1", {"a": "b c"}) == (first.json(), first.headers["x-one"], second.form())


def test_a_connection_is_kept_for_the_next_request() -> None:
    """One client, one thread: one connection for all requests."""
    with Shop() as box, client(box) as http:
        open_after = []
        for _ in range(3):
            http.get("/customers/1")
            open_after.append(box.connections)
    assert [1, 1, 1] == open_after
