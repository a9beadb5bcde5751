import gzip
import http.client
import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from hub.sdk.records import Json
from hub.sdk.sandbox import Fault, Reply
from hub.sdk.sandbox.faults import Kind
from hub.sdk.sandbox.reshape import reshaped
from tests.support.http_shop import Shop

BODY = json.dumps({"email": "new@shop.example"})


@pytest.fixture
def box() -> Iterator[Shop]:
    """Serve a shop."""
    with Shop() as shop:
        yield shop


def put(box: Shop) -> http.client.HTTPResponse:
    """Write customer 9 and read the whole answer into memory, or fail as the socket does."""
    with closing(http.client.HTTPConnection(box.url.removeprefix("http://"), timeout=5)) as connection:
        connection.request("PUT", "/v1/customers/9", BODY)
        answer = connection.getresponse()
        answer.whole = answer.read()  # type: ignore[attr-defined]
        return answer


def body_of(answer: http.client.HTTPResponse) -> bytes:
    """Return what `put` read."""
    whole = answer.whole  # type: ignore[attr-defined]
    assert isinstance(whole, bytes)
    return whole


@pytest.mark.parametrize(("kind", "applied"), [("status", False), ("status_after", True)])
def test_a_status_before_or_after_applying(box: Shop, kind: Kind, applied: bool) -> None:  # noqa: FBT001
    """The same answer, with or without the write behind it; Retry-After goes out as it was given."""
    box.faults.add(Fault(kind=kind, status=502, body="oops", content_type="text/plain", retry_after="-1"))
    answer = put(box)
    assert (502, b"oops", "text/plain", "-1") == (
        answer.status,
        body_of(answer),
        answer.headers["Content-Type"],
        answer.headers["Retry-After"],
    )
    assert applied == ("9" in box.customers)


@pytest.mark.parametrize(("kind", "applied"), [("reset", False), ("reset_after", True)])
def test_a_reset_before_or_after_applying(box: Shop, kind: Kind, applied: bool) -> None:  # noqa: FBT001
    """The connection is reset, not closed politely."""
    box.faults.add(Fault(kind=kind))
    with pytest.raises(ConnectionResetError):
        put(box)
    assert applied == ("9" in box.customers)


@pytest.mark.parametrize(("kind", "applied"), [("timeout", False), ("timeout_after", True)])
def test_silence_before_or_after_applying(box: Shop, kind: Kind, applied: bool) -> None:  # noqa: FBT001
    """Nothing is said, then the connection closes."""
    box.faults.add(Fault(kind=kind, seconds=0.01))
    with pytest.raises(http.client.RemoteDisconnected):
        put(box)
    assert applied == ("9" in box.customers)


@pytest.mark.parametrize("kind", ["truncate", "cut_chunks"])
def test_a_body_that_breaks_its_promise(box: Shop, kind: Kind) -> None:
    """Half the body comes, and the length or the chunks say that there was more."""
    box.faults.add(Fault(kind=kind))
    with pytest.raises(http.client.IncompleteRead):
        put(box)
    assert "9" in box.customers


def test_a_cut_gzip_keeps_its_promise_of_a_length(box: Shop) -> None:
    """The length fits what comes; only the gzip stream shows that it is half, and the connection stays open."""
    box.faults.add(Fault(kind="cut_gzip"))
    answer = put(box)
    assert ("gzip", len(body_of(answer))) == (answer.headers["Content-Encoding"], int(answer.headers["Content-Length"]))
    with pytest.raises(EOFError):
        gzip.decompress(body_of(answer))


def test_a_body_without_a_length(box: Shop) -> None:
    """Half the body comes, and nothing says that it is half."""
    box.faults.add(Fault(kind="no_length"))
    answer = put(box)
    assert (None, None) == (answer.headers["Content-Length"], answer.headers["Transfer-Encoding"])
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(body_of(answer))


def test_a_login_page_and_an_empty_body(box: Shop) -> None:
    """200 with HTML, and 200 with nothing."""
    box.faults.add(Fault(kind="content_type"))
    box.faults.add(Fault(kind="empty"))
    page, empty = put(box), put(box)
    assert (200, "text/html", True) == (page.status, page.headers["Content-Type"], b"Log in" in body_of(page))
    assert (200, b"") == (empty.status, body_of(empty))


def test_a_slow_answer_is_whole_in_the_end(box: Shop) -> None:
    """Byte by byte, but all of it."""
    box.faults.add(Fault(kind="slow", seconds=0))
    assert "9" == json.loads(body_of(put(box)))["number"]


def test_a_sandbox_that_stops_cuts_what_still_hangs() -> None:
    """Leaving the with statement ends a silence of an hour at once."""
    with Shop() as shop, closing(http.client.HTTPConnection(shop.url.removeprefix("http://"))) as connection:
        shop.faults.add(Fault(kind="timeout"))
        connection.request("GET", "/v1/customers/1")
        while not shop.requests:
            pass


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(kind="no_rows"), []),
        (Fault(kind="reversed_rows"), [{"n": {"x": 2}}, {"n": {"x": 1}}]),
        (Fault(kind="repeated_rows"), [{"n": {"x": 1}}, {"n": {"x": 2}}] * 2),
        (Fault(kind="other_type", field="rows.0.n.x", body="[1]"), [{"n": {"x": [1]}}, {"n": {"x": 2}}]),
        (Fault(kind="unknown_field"), [{"n": {"x": x}, "unknown_field": {"x": [1]}} for x in (1, 2)]),
    ],
)
def test_rows_of_another_shape(fault: Fault, expected: Json) -> None:
    """What stands around the rows stays as it is, and so does the answer that the vendor made."""
    body: Json = {"rows": [{"n": {"x": 1}}, {"n": {"x": 2}}], "next": "b"}
    made = reshaped(Reply(json=body), fault, lambda found: found["rows"])  # type: ignore[arg-type,return-value,index,call-overload]
    assert {"rows": expected, "next": "b"} == made.json
    assert {"rows": [{"n": {"x": 1}}, {"n": {"x": 2}}], "next": "b"} == body


def test_a_stuck_vendor_answers_as_before(box: Shop) -> None:
    """The same answer as to the last request on that path."""
    put(box)
    box.faults.add(Fault(kind="replay"))
    put(box)
    assert [200, 200] == [exchange.status for exchange in box.requests]
