"""Who we are to Google: a service account's key signs a claim (RS256), which is changed for an access token.

The form is RFC 7523 as Google's own client `google-auth` sends it. Tokens renew themselves before they expire.
"""

import base64
import json
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hub.sdk.http import Auth, Http, Refreshing, Response, Token
from hub.sdk.redact import register_secret
from hub_google_analytics.settings import ServiceAccount

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "https://oauth2.googleapis.com/token"  # google-auth claims it wherever it posts to; so do we
LIFETIME = 3_600  # seconds that a claim is good for, the most that Google takes
READ = "https://www.googleapis.com/auth/analytics.readonly"
EDIT = "https://www.googleapis.com/auth/analytics.edit"


def auth_of(account: ServiceAccount, scopes: Sequence[str], token_url: str) -> Auth:
    """Return credentials of a service account for some scopes; `token_url` is where claims are changed for tokens."""
    return Refreshing(_Claimant(account, scopes, token_url).mint)


def signed(account: ServiceAccount, scopes: Sequence[str], now: int) -> str:
    """Return a signed claim, good from `now` (epoch seconds) for an hour."""
    header = {"alg": "RS256", "typ": "JWT", "kid": account.private_key_id}
    claim = {
        "iss": account.client_email,
        "scope": " ".join(scopes),
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + LIFETIME,
    }
    body = f"{_part(header)}.{_part(claim)}"
    key = cast("RSAPrivateKey", load_pem_private_key(account.private_key.reveal().encode(), None))  # settings checked
    return f"{body}.{_base64(key.sign(body.encode(), PKCS1v15(), SHA256()))}"


class _Claimant:
    """A service account at the token endpoint."""

    def __init__(self, account: ServiceAccount, scopes: Sequence[str], token_url: str) -> None:
        register_secret(account.private_key.reveal())
        self._account, self._scopes = account, scopes
        self._http = Http(token_url, describe=_code)

    def mint(self) -> Token:
        """Return a new access token.

        Raises:
            StopConnection: Google refuses the account or its key.
            BadData: the answer holds no token.
        """
        claim = signed(self._account, self._scopes, int(time.time()))
        register_secret(claim)
        response = self._http.post("", form={"grant_type": GRANT, "assertion": claim}, idempotent=True)
        found = response.json_object()
        token, seconds = found.get("access_token"), found.get("expires_in")
        if not isinstance(token, str) or not token:
            raise response.unreadable("holds no access_token")
        return Token(token, timedelta(seconds=seconds) if type(seconds) is int and seconds > 0 else None)


def _part(value: Mapping[str, str | int]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _code(response: Response) -> str:
    error = response.json_object().get("error")
    return error if isinstance(error, str) else ""
