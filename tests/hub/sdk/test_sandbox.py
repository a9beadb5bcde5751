import gzip
import http.client
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import ClassVar

import pytest

from hub.sdk.records import Json
from hub.sdk.sandbox import Fault, Reply, Request, Sandbox, people, route
from tests.support.http_shop import Shop


def ask(
    box: Sandbox, method: str, path: str, body: bytes | Iterator[bytes] | None = None, **headers: str
) -> tuple[int, bytes]:
    """Send one request with the standard library's client."""
    with closing(http.client.HTTPConnection(box.url.removeprefix("http://"), timeout=5)) as connection:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_a_route_gets_its_parameters_decoded() -> None:
    """`{number}` is one part of the path, percent-decoded; the rest of the path must match to the letter."""
    with Shop() as box:
        box.customers["a/b é"] = "x@shop.example"
        status, body = ask(box, "GET", "/v1/customers/a%2Fb%20%C3%A9?x=1&x=2")
        assert (200, "x@shop.example") == (status, json.loads(body)["email"])
        assert {"x": ["1", "2"]} == box.requests[0].request.query
        assert 404 == ask(box, "GET", "/v1/customers/1/orders")[0]
        assert 404 == ask(box, "GET", "/v1xcustomers/1")[0]


def test_an_unknown_method_on_a_known_path_is_405() -> None:
    """A path that exists for other methods says so."""
    with Shop() as box:
        assert 405 == ask(box, "DELETE", "/v1/customers/1")[0]


@pytest.mark.parametrize("shape", ["plain", "gzip", "chunks"])
def test_bodies_arrive_however_they_are_sent(shape: str) -> None:
    """Plain, gzipped and chunked bodies mean the same."""
    body = json.dumps({"email": "new@shop.example"}).encode()
    with Shop() as box:
        match shape:
            case "gzip":
                status, _ = ask(box, "PUT", "/v1/customers/9", gzip.compress(body), Content_Encoding="gzip")
            case "chunks":
                status, _ = ask(box, "PUT", "/v1/customers/9", iter([body[:5], body[5:]]))
            case _:
                status, _ = ask(box, "PUT", "/v1/customers/9", body)
        assert (200, "new@shop.example", body) == (status, box.customers["9"], box.requests[0].request.body)


@pytest.mark.parametrize(
    ("body", "headers"),
    [(b"{", {}), (b"[]", {}), (b"no gzip", {"Content_Encoding": "gzip"}), (b"x", {"Content_Length": "-1"})],
)
def test_a_malformed_body_is_the_clients_mistake(body: bytes, headers: dict[str, str]) -> None:
    """Bodies that cannot be read are answered by the vendor's 400, and crash nothing."""
    with Shop() as box:
        assert 400 == ask(box, "PUT", "/v1/customers/9", body, **headers)[0]


def test_large_answers_are_gzipped_for_clients_that_take_it() -> None:
    """A client that offers gzip gets it from a packet's size on, others do not."""
    with Shop() as box:
        plain = ask(box, "GET", "/v1/customers/1")[1]
        packed = ask(box, "GET", "/v1/customers/1", Accept_Encoding="gzip")[1]
        assert plain == gzip.decompress(packed)


def test_the_log_holds_every_request_and_its_answer() -> None:
    """Method, path, body, status and time, oldest first; refused ones too."""
    with Shop() as box:
        box.keys = {"k"}
        ask(box, "GET", "/v1/customers/1")
        ask(box, "GET", "/v1/customers/1", Authorization="Bearer k")
        assert [("GET", "/v1/customers/1", 401), ("GET", "/v1/customers/1", 200)] == [
            (one.request.method, one.request.path, one.status) for one in box.requests
        ]
        assert box.requests[0].at <= box.requests[1].at


def test_state_and_requests_are_seen_over_http() -> None:
    """A test in another process sees what we see; these paths need no key and leave no trace in the log."""
    with Shop(size=2) as box:
        box.keys = set()
        ask(box, "POST", "/v1/made/x", b"body")
        assert box.state() == json.loads(ask(box, "GET", "/_sandbox/state")[1])
        (line,) = json.loads(ask(box, "GET", "/_sandbox/requests")[1])
        assert ("POST", "/v1/made/x", 401, "body") == (line["method"], line["path"], line["status"], line["body"])
        assert 404 == ask(box, "GET", "/_sandbox/else")[0]
        assert 1 == len(box.requests)


def test_faults_are_ordered_over_http() -> None:
    """POST orders a fault, GET shows those waiting, DELETE forgets them; nonsense is refused."""
    with Shop() as box:
        order = json.dumps({"kind": "status", "status": 418, "times": 2}).encode()
        assert 201 == ask(box, "POST", "/_sandbox/faults", order)[0]
        assert 418 == ask(box, "GET", "/v1/customers/1")[0]
        assert [1] == [fault["times"] for fault in json.loads(ask(box, "GET", "/_sandbox/faults")[1])]
        assert 400 == ask(box, "POST", "/_sandbox/faults", b'{"kind": "bang"}')[0]
        assert 204 == ask(box, "DELETE", "/_sandbox/faults")[0]
        assert 200 == ask(box, "GET", "/v1/customers/1")[0]


def test_requests_beyond_the_vendors_connections_are_refused() -> None:
    """With two places, exactly those beyond two requests at once get the vendor's answer."""

    class Narrow(Shop):
        max_in_flight = 2

        def too_many(self, request: Request) -> Reply:
            return Reply(status=429 if request.method == "GET" else 500)

    with Narrow(latency=3600) as box, ThreadPoolExecutor(2) as pool:
        held = [pool.submit(ask, box, "GET", "/v1/customers/1") for _ in range(2)]
        while box.in_flight < 2:
            pass
        box.latency = 0
        assert (429, b"") == ask(box, "GET", "/v1/customers/1")
        box.close()
        assert [200, 200] == [one.result()[0] for one in held]


def test_a_bug_in_a_handler_is_raised_where_the_sandbox_ends() -> None:
    """A crash must not pass for a vendor's 500."""

    class Broken(Shop):
        @route("GET", "/broken")
        def broken(self, request: Request) -> Reply:
            raise KeyError(request.path)

    with pytest.raises(KeyError, match="/broken"), Broken() as box:
        assert 500 == ask(box, "GET", "/broken")[0]


def test_routes_are_inherited_and_may_be_overridden() -> None:
    """A subclass answers a route of its base by overriding the method; mixins bring routes too."""

    class Extra:
        @route("GET", "/extra")
        def extra(self, request: Request) -> Reply:
            return Reply(json=request.path)

    class Other(Extra, Shop):
        def read(self, request: Request, number: str) -> Reply:
            return Reply(json=f"{request.method} {number}")

    with Other() as box:
        assert b'"GET 1"' == ask(box, "GET", "/v1/customers/1")[1]
        assert b'"/extra"' == ask(box, "GET", "/extra")[1]


def test_serve_forever_ends_with_close_and_takes_a_port() -> None:
    """As the command line runs it: serves on the port that was asked for until it is closed."""
    with Shop() as free:
        port = int(free.url.rpartition(":")[2])
    with Shop(port=port) as box:
        assert f"http://127.0.0.1:{port}" == box.url
        waiting = threading.Thread(target=box.serve_forever)
        waiting.start()
        assert 200 == ask(box, "GET", "/_sandbox/state")[0]
        box.close()
        waiting.join()
    with pytest.raises(RuntimeError, match="does not serve"):
        _ = box.url


def test_a_head_request_has_the_length_and_no_body() -> None:
    """HEAD is served by a route that names it."""

    class Headed(Sandbox):
        name: ClassVar[str] = "headed"

        @route("HEAD", "/x")
        def head(self, request: Request) -> Reply:
            return Reply(json=[request.path])

        def state(self) -> Json:
            return None

    with Headed() as box:
        assert (200, b"") == ask(box, "HEAD", "/x")


def test_people_are_the_same_however_many_are_asked_for() -> None:
    """Person n depends on the seed and n alone; addresses cannot exist, phone numbers are unique and fictional."""
    some, more = list(people(50, seed=7)), list(people(3_000, seed=7))
    assert some == more[:50]
    assert more[40:50] == list(people(10, seed=7, start=40))
    assert some != list(people(50, seed=8))
    assert all(person.email.endswith(".example") for person in more)
    assert 3_000 == len({person.email for person in more})
    phones = [person.phone for person in more if person.phone]
    assert (2_000, 2_000) == (len(phones), len(set(phones)))


def test_faults_are_used_up_in_order() -> None:
    """`skip` lets requests pass, `times` counts, and a fault for other paths waits."""
    with Shop() as box:
        box.faults.add(Fault(kind="status", status=503, path="/v1/made/*"))
        box.faults.add(Fault(kind="status", status=500, method="GET", skip=1, times=2))
        assert [200, 500, 500, 200] == [ask(box, "GET", "/v1/customers/1")[0] for _ in range(4)]
        assert [503] == [fault.status for fault in box.faults.waiting()]
        box.faults.clear()
        assert [] == box.faults.waiting()
