"""What simulated services of Google share: a service account, its key, and tokens for a statement that it signed."""

import base64
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import ClassVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from hub.sdk.sandbox.base import Sandbox, route
from hub.sdk.sandbox.messages import Reply, Request

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCE = "https://oauth2.googleapis.com/token"
_ACCOUNT = "hub@sandbox.example.com"
_AN_HOUR = 3600


@cache
def _private(name: str) -> rsa.RSAPrivateKey:
    del name  # one for each
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class ServiceAccountSandbox(Sandbox):
    """A service that takes tokens of a service account; `GET /key.json` hands out its key, for whoever tries by hand.

    `scopes`: those of which a token must have one. `tokens`: those that are current.
    """

    scopes: ClassVar[frozenset[str]]
    renews: ClassVar[bool] = True

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.tokens: set[str] = set()

    def service_key(self, name: str = "good") -> str:
        """Return the JSON file of a key; any other name than "good" is one that the service does not know."""
        pem = _private(name).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return json.dumps({
            "type": "service_account", "project_id": "sandbox", "private_key_id": name, "private_key": pem.decode(),
            "client_email": _ACCOUNT, "client_id": "1", "token_uri": f"{self.url}/token",
        })  # fmt: skip

    def expire(self) -> None:
        """Revoke all tokens; new ones are to be had."""
        self.tokens.clear()

    def asks_for_token(self, request: Request) -> bool:
        """Say whether a request is one that needs no token."""
        return request.path in ("/token", "/key.json")

    def knows(self, request: Request) -> bool:
        """Say whether a request has a token that is current."""
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens

    @route("POST", "/token")
    def token(self, request: Request) -> Reply:
        """Exchange a signed statement for a token."""
        try:
            problem = self._problem(request.form())
        except (ValueError, KeyError):
            problem = "Invalid JWT: it cannot be read."
        if problem:
            return Reply(400, json={"error": "invalid_grant", "error_description": problem})
        value = f"ya29.{secrets.token_hex(16)}"
        self.tokens.add(value)
        return Reply(json={"access_token": value, "expires_in": 3599, "token_type": "Bearer"})

    @route("GET", "/key.json")
    def key(self, _request: Request) -> Reply:
        """Hand out the key."""
        return Reply(body=self.service_key().encode())

    def _problem(self, form: Mapping[str, str]) -> str:
        """Say what is wrong with a statement, nothing where it is good."""
        signed, _, signature = form["assertion"].rpartition(".")
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        now = datetime.now(UTC).timestamp()
        if form["grant_type"] != _GRANT or header["alg"] != "RS256":
            return "Invalid JWT: unsupported."
        try:
            key = _private("good").public_key()
            key.verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return "Invalid JWT Signature."
        if not claims["iat"] - 60 <= now < claims["exp"] <= claims["iat"] + _AN_HOUR:
            return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
        good = claims["iss"] == _ACCOUNT and claims["aud"] == _AUDIENCE
        return "" if good and set(claims["scope"].split()) & self.scopes else "Invalid JWT: claims."


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
