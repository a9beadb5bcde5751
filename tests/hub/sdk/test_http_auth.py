import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from hub.sdk.errors import RetryLater, StopConnection
from hub.sdk.http import Basic, Bearer, Header, Refreshing, Token
from hub.sdk.redact import redact
from tests.support.http_shop import KEY, Shop, client


class Mint:
    """Hands out `token-1`, `token-2`, ... and counts."""

    def __init__(self, lifetime: timedelta | None = None) -> None:
        self.made = 0
        self.lifetime = lifetime

    def __call__(self) -> Token:
        """Make a token."""
        self.made += 1
        return Token(f"token-{self.made}-of-the-tests", self.lifetime)


def test_each_kind_sends_its_header() -> None:
    """Bearer, basic and a header of the vendor's own."""
    basic = base64.b64encode(f"user:{KEY}".encode()).decode()
    assert {"Authorization": f"Bearer {KEY}"} == Bearer(KEY).headers()
    assert {"Authorization": f"Basic {basic}"} == Basic("user", KEY).headers()
    assert {"X-Api-Key": KEY} == Header("X-Api-Key", KEY).headers()


def test_credentials_become_known_secrets() -> None:
    """Whoever holds a credential has told the redactor, minted ones included."""
    Basic("user", "pass-word-of-the-tests")
    Refreshing(Mint()).headers()
    assert "[secret] and [secret]" == redact("pass-word-of-the-tests and token-1-of-the-tests")


def test_a_token_is_used_until_shortly_before_its_end() -> None:
    """A token of an hour is replaced a minute early; one of a minute a tenth early."""
    for life, kept in ((3600.0, 3539.0), (60.0, 53.0)):
        now = [0.0]
        mint = Mint(timedelta(seconds=life))
        auth = Refreshing(mint, clock=lambda now=now: now[0])  # type: ignore[misc]
        auth.headers()
        now[0] = kept
        auth.headers()
        assert 1 == mint.made
        now[0] = life
        auth.headers()
        assert 2 == mint.made


def test_a_refused_token_is_replaced_once_and_the_write_goes_through() -> None:
    """A 401 in mid-run mints once; the same request is sent again, since it was not applied."""
    mint = Mint()
    with Shop() as box, client(box, auth=Refreshing(mint)) as http:
        box.keys = {"token-2-of-the-tests"}
        assert http.put("/customers/9", json={"email": "new@shop.example"}).status == 200
        assert [401, 200] == [exchange.status for exchange in box.requests]


@pytest.mark.parametrize("refreshing", [True, False])
def test_a_credential_that_stays_refused_stops_the_connection(refreshing: bool) -> None:  # noqa: FBT001
    """A second 401, or the first with a fixed credential, needs a person."""
    with Shop() as box, client(box, auth=Refreshing(Mint()) if refreshing else Bearer(KEY)) as http:
        box.keys = set()
        with pytest.raises(StopConnection, match="answered 401"):
            http.get("/customers/1")
        assert len(box.requests) == 1 + refreshing


def test_many_threads_mint_one_token() -> None:
    """Threads that are refused together share one renewal."""
    mint = Mint()
    auth = Refreshing(mint)
    refused = auth.headers()
    start = threading.Barrier(8)

    def renew() -> bool:
        start.wait()
        return auth.renew(refused)

    with ThreadPoolExecutor(8) as pool:
        assert [True] * 8 == [done.result() for done in [pool.submit(renew) for _ in range(8)]]
    assert 2 == mint.made


def test_a_failed_renewal_is_the_callers_error() -> None:
    """When the token endpoint is down, nothing was sent to the API, and the error says so."""

    def down() -> Token:
        raise RetryLater("token endpoint: no answer in time.")

    with Shop() as box, client(box, auth=Refreshing(down)) as http:
        with pytest.raises(RetryLater, match="token endpoint"):
            http.put("/customers/9", json={})
        assert 0 == len(box.requests)


def test_a_token_goes_in_the_header_that_the_vendor_wants() -> None:
    """Not every vendor says Bearer."""
    auth = Refreshing(lambda: Token("minted-0001"), header="X-Access-Token", prefix="")
    assert {"X-Access-Token": "minted-0001"} == auth.headers()
