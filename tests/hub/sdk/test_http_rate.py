import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from hub.sdk.http import Http, Rate, Retry
from hub.sdk.http.rate import Closed, Limiter, limiter
from tests.support.http_shop import Shop


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Pass time."""
        self.now += seconds


def used_at(requests: int, rate: Rate) -> list[float]:
    """Return when each of so many requests may begin."""
    clock = Clock()
    bucket = Limiter(clock, clock.sleep)
    bucket.tighten(rate, connections=1)
    starts = []
    for _ in range(requests):
        with bucket.place():
            starts.append(clock.now)
    return starts


def test_a_burst_passes_and_the_rest_keeps_the_rate() -> None:
    """Two a second: two at once, then one every half second."""
    assert [0.0, 0.0, 0.5, 1.0, 1.5] == pytest.approx(used_at(5, Rate("a", 2)))


def test_a_rate_over_a_longer_time() -> None:
    """Three hundred a minute is five a second after the burst."""
    starts = used_at(310, Rate("a", 300, timedelta(minutes=1)))
    assert [0.0, 0.2, 2.0] == pytest.approx([starts[299], starts[300], starts[309]])


def test_clients_of_one_account_share_the_strictest_limit() -> None:
    """The same account is the same limiter, whatever each client asked for; others are apart."""
    first = limiter(Rate("strict/a", 10), 8)
    assert first is limiter(Rate("strict/a", 2), 1)
    assert first is not limiter(Rate("strict/b", 2), 1)
    assert (2.0, 1) == (first._per_second, first._places)


def test_a_pause_holds_for_everybody_and_is_not_waited_for_beyond_patience() -> None:
    """After the vendor asked for five seconds, the next request begins five seconds later, or not at all."""
    clock = Clock()
    bucket = Limiter(clock, clock.sleep)
    bucket.pause(5.0)
    with pytest.raises(Closed), bucket.place(patience=4.0):
        pass
    with bucket.place(patience=6.0):
        assert 5.0 == clock.now


def test_connections_of_an_account_are_counted_over_all_its_clients() -> None:
    """Eight threads on two clients with two places never have more than two requests under way."""

    class Strict(Shop):
        max_in_flight = 2

    with Strict(latency=0.01) as box:
        rate = Rate(f"strict/{box.url}", 1_000)
        clients = [Http(f"{box.url}/v1", rate=rate, connections=2, retry=Retry(attempts=1)) for _ in range(2)]
        with ThreadPoolExecutor(8) as pool:
            done = [pool.submit(clients[number % 2].get, "/customers/1") for number in range(24)]
            assert [200] * 24 == [answer.result().status for answer in done]
        for http in clients:
            http.close()


def test_a_place_is_free_again_after_an_error() -> None:
    """A request that fails gives its place back."""
    bucket = Limiter()
    bucket.tighten(None, connections=1)
    for _ in range(2):
        with pytest.raises(KeyError), bucket.place():
            raise KeyError
    entered = threading.Event()
    with bucket.place():
        entered.set()
    assert entered.is_set()
