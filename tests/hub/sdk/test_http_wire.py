import logging
from pathlib import Path

import pytest

from hub.sdk.errors import BadData, ConfigError, HubError, StopConnection, Unanswered
from hub.sdk.http import Bearer, Header, Http, Retry
from hub.sdk.sandbox import Fault, Reply
from hub.sdk.sandbox.faults import Kind
from tests.support.http_logs import captured_logs
from tests.support.http_shop import KEY, Shop, client
from tests.support.http_tls import untrusted_server


def test_a_redirect_on_the_same_origin_is_followed_by_reads() -> None:
    """A read goes where the vendor sends it on its own host, with its credentials."""
    with Shop() as box, client(box, auth=Bearer(KEY)) as http:
        box.replies["old"] = Reply(status=301, headers={"Location": "/v1/customers/1"})
        assert http.get("/made/old").status == 200
        assert [f"Bearer {KEY}"] * 2 == [one.request.headers["authorization"] for one in box.requests]


def test_no_credential_crosses_to_another_origin() -> None:
    """A redirect elsewhere is not followed, so neither Authorization nor a custom key can reach that host."""
    with Shop() as box, Shop() as other, Http(f"{box.url}/v1", auth=Header("X-Api-Key", KEY)) as http:
        box.replies["old"] = Reply(status=302, headers={"Location": f"{other.url}/v1/customers/1?key={KEY}"})
        with pytest.raises(StopConnection, match="not followed") as caught:
            http.get("/made/old")
        with pytest.raises(BadData, match="leads away"):
            http.get(f"{other.url}/v1/customers/1")
        assert (0, False) == (len(other.requests), KEY in str(caught.value))


@pytest.mark.parametrize(("status", "error"), [(301, StopConnection), (303, Unanswered), (307, StopConnection)])
def test_a_write_is_never_redirected(status: int, error: type[HubError]) -> None:
    """Even on the same origin; 303 may mean "done, see there", so it leaves us not knowing."""
    with Shop() as box, client(box) as http:
        box.replies["old"] = Reply(status=status, headers={"Location": "/v1/made/new"})
        with pytest.raises(error):
            http.post("/made/old", json={})
        assert 1 == len(box.requests)


def test_redirects_end() -> None:
    """A vendor that redirects in a circle is given up."""
    with Shop() as box, client(box) as http:
        box.replies["old"] = Reply(status=302, headers={"Location": "/v1/made/old"})
        with pytest.raises(BadData, match="redirected more than"):
            http.get("/made/old")


def test_an_untrusted_certificate_stops_the_connection(tmp_path: Path) -> None:
    """There is no way around a certificate that nobody signed, and no second try."""
    with untrusted_server(tmp_path) as url, Http(url) as http, pytest.raises(StopConnection, match="self-signed"):
        http.get("/")


def test_credentials_do_not_travel_in_clear_text() -> None:
    """Plain http is for this machine alone once there are credentials."""
    with pytest.raises(ConfigError, match="clear text"):
        Http("http://api.shop.example", auth=Bearer(KEY))


@pytest.mark.parametrize("address", ["api.shop.example", "ftp://shop.example", "https://", "https://[", "http://h:x"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """A base URL that cannot work is found when the client is made."""
    with pytest.raises(ConfigError, match="no address"):
        Http(address)


@pytest.mark.parametrize("kind", ["status", "reset_after", "truncate", "cut_gzip", "content_type", "timeout_after"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_secret_or_personal_is_logged_or_raised(kind: Kind, method: str) -> None:
    """With every logger at debug and every path failing, neither key, address, digest nor body shows anywhere."""
    digest = "0123456789abcdef" * 2
    with Shop() as box, captured_logs("debug", levels={"httpx": "debug", "httpcore": "debug"}) as out:
        box.faults.add(Fault(kind=kind, times=None, body="canary.body"))
        base = f"{box.url}/v1"
        with Http(base, auth=Bearer(KEY), timeout=0.1, retry=Retry(attempts=2), sleep=lambda _: None) as http:
            with pytest.raises(HubError) as caught:
                http.request(
                    method,
                    f"/customers/canary%40shop.example/{digest}",
                    params={"email": "canary@shop.example", "access_token": KEY},
                    json={"email": "canary@shop.example"},
                ).json()
            logging.getLogger("app").error("failed", exc_info=caught.value)
    seen = out.getvalue() + str(caught.value)
    assert "/v1/customers/[email]/[hash]" in seen
    assert [] == [word for word in ("canary", KEY, digest, "0123456789") if word in seen]


def test_the_http_libraries_stay_silent_at_info() -> None:
    """Httpx logs whole URLs at INFO; nothing of it comes through at our most talkative level."""
    with Shop() as box, client(box) as http, captured_logs("debug") as out:
        http.get("/customers/1", params={"email": "canary@shop.example"})
    assert '"logger": "hub.http"' in out.getvalue()
    assert "httpx" not in out.getvalue()
    assert "httpcore" not in out.getvalue()


def test_a_write_after_the_vendor_closed_an_idle_connection_is_answered() -> None:
    """A kept connection that the vendor closed meanwhile is seen before the write goes into it."""
    with Shop() as box, client(box) as http:
        http.get("/customers/1")
        port = int(box.url.rpartition(":")[2])
        box.__exit__(None, None, None)
        with Shop(port=port):
            assert 200 == http.put("/customers/9", json={"email": "new@shop.example"}).status
