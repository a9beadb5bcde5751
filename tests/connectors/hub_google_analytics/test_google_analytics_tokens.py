"""A service account's key becomes an access token, as Google's own client makes one."""

import json
from collections.abc import Iterator

import pytest
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials
from pydantic import ValidationError

from hub.sdk.errors import StopConnection
from hub.sdk.http import Http
from hub_google_analytics.sandbox import GoogleAnalyticsSandbox
from hub_google_analytics.settings import GoogleAnalyticsSettings
from hub_google_analytics.tokens import READ, auth_of


@pytest.fixture
def box() -> Iterator[GoogleAnalyticsSandbox]:
    """Serve a Google that knows one service account."""
    with GoogleAnalyticsSandbox() as box:
        yield box


def settings(box: GoogleAnalyticsSandbox, **changes: str) -> GoogleAnalyticsSettings:
    """Return a connection to the sandbox, with some of the key file's values changed."""
    key = json.dumps({**json.loads(box.key_file()), **changes})
    return GoogleAnalyticsSettings.model_validate({"property_id": "1234", "key": key, "base_url": box.url})


def test_a_key_becomes_a_token(box: GoogleAnalyticsSandbox) -> None:
    """The token that is sent is the one that was given, for the scope that was asked for."""
    found = settings(box)
    headers = auth_of(found.account, [READ], found.token_url).headers()
    assert [(f"Bearer {token}", READ) for token in box.tokens] == [(headers["Authorization"], READ)]


def test_a_refused_token_is_minted_anew(box: GoogleAnalyticsSandbox) -> None:
    """A 401 leads to one new token, and the request goes again."""
    found = settings(box)
    http = Http(box.url, auth=auth_of(found.account, [READ], found.token_url))
    assert 404 == http.get("/nothing", ok=(404,)).status
    box.expire()
    assert (404, 1) == (http.get("/nothing", ok=(404,)).status, len(box.tokens))


def test_another_account_is_refused(box: GoogleAnalyticsSandbox) -> None:
    """A person has to mend it; the key is in no message."""
    found = settings(box, client_email="other@sandbox-project.iam.gserviceaccount.example")
    with pytest.raises(StopConnection, match="invalid_grant") as caught:
        auth_of(found.account, [READ], found.token_url).headers()
    assert "PRIVATE" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "{}", '{"client_email": "a", "private_key_id": "b", "private_key": "PRIVATE"}'])
def test_what_is_no_key_is_told(key: str) -> None:
    """When the file is read, without a word of what it holds."""
    with pytest.raises(ValidationError, match="expected the JSON key file") as caught:
        GoogleAnalyticsSettings.model_validate({"property_id": "1234", "key": key})
    assert "PRIVATE" not in str(caught.value)


def test_googles_own_client_gets_a_token(box: GoogleAnalyticsSandbox) -> None:
    """The library google-auth is let in by the same endpoint."""
    credentials = Credentials.from_service_account_info(json.loads(box.key_file()), scopes=[READ])
    credentials.refresh(Request())
    assert [credentials.token] == list(box.tokens)
