from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk.errors import RetryLater
from hub.sdk.http.retry import Again, Retry, asked_pause, persist
from tests.support.http_shop import Naps

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def http_date(moment: datetime) -> str:
    """Write an instant as HTTP does."""
    return format_datetime(moment.replace(tzinfo=UTC), usegmt=True)


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        ("120", timedelta(seconds=120)),
        ("0.5", timedelta(seconds=0.5)),
        ("31536000", timedelta(days=1)),
        ("1e400", timedelta(days=1)),
        ("0", None),
        ("-5", None),
        ("nan", None),
        ("-inf", None),
        ("", None),
        ("soon", None),
        (http_date(NOW + timedelta(seconds=90)), timedelta(seconds=90)),
        (http_date(NOW + timedelta(days=400)), timedelta(days=1)),
        (http_date(NOW - timedelta(days=1)), None),
        ("Mon, 99 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_retry_after_in_all_its_forms(text: str, pause: timedelta | None) -> None:
    """Seconds or a date by the vendor's own clock; nonsense and the past are none, and a year is a day."""
    assert pause == asked_pause({"retry-after": text, "date": http_date(NOW)})


def test_an_absent_header_asks_for_nothing() -> None:
    """No header, no pause."""
    assert asked_pause({}) is None


@given(st.text(), st.text())
def test_no_header_is_too_strange(text: str, date: str) -> None:
    """Whatever a vendor writes, the result is none or a pause of at most a day."""
    pause = asked_pause({"retry-after": text, "date": date})
    assert pause is None or timedelta(0) < pause <= timedelta(days=1)


def failing(naps: Naps, retry: Retry, after: timedelta | None = None) -> int:
    """Try something that never works; return how often it was tried."""
    tries = []

    def attempt() -> None:
        tries.append(1)
        raise Again(RetryLater("no"), after)

    with pytest.raises(RetryLater):
        persist(attempt, retry, naps, lambda _again, _seconds: None)
    return len(tries)


def test_pauses_are_random_and_capped() -> None:
    """Full jitter: each pause lies between nothing and a doubling bound that stops at the longest."""
    naps = Naps()
    assert failing(naps, Retry(attempts=12, base=1.0, longest=8.0, patience=1_000)) == 12
    assert all(0 <= nap <= min(8.0, 2.0**number) for number, nap in enumerate(naps))
    assert 11 == len(set(naps))


def test_a_named_pause_is_kept_and_spread() -> None:
    """What the vendor asks for is the least; up to a tenth is added so that clients do not come back together."""
    naps = Naps()
    failing(naps, Retry(attempts=4), timedelta(seconds=10))
    assert all(10 <= nap <= 11 for nap in naps)
    assert 3 == len(set(naps))


def test_patience_ends_before_a_pause_that_is_too_long() -> None:
    """A pause beyond the patience is not begun."""
    naps = Naps()
    assert (1, []) == (failing(naps, Retry(patience=60), timedelta(seconds=61)), naps)


def test_the_error_comes_without_the_machinery() -> None:
    """What the caller sees is the error of the last attempt, with no internal exception as its cause."""
    with pytest.raises(RetryLater) as caught:
        persist(lambda: (_ for _ in ()).throw(Again(RetryLater("no"))), Retry(attempts=1), Naps(), lambda *_: None)
    assert caught.value.__suppress_context__
