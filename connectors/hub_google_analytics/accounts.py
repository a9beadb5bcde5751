"""What both simulated services of Google share: a service account, its key, and tokens for a signed statement."""

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

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request, SourceSandbox, route

TOKEN = "/token"  # noqa: S105 - a path
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCE = "https://oauth2.googleapis.com/token"
_ACCOUNT = "reader@sandbox.example.com"
_AN_HOUR = 3600


@cache
def _private(name: str) -> rsa.RSAPrivateKey:
    del name  # one for each
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class GoogleSandbox(SourceSandbox):
    """A service that takes tokens of a service account. `scopes`: those of which a token must have one."""

    scopes: ClassVar[frozenset[str]]
    renews: ClassVar[bool] = True

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.tokens: set[str] = set()

    def service_key(self, name: str = "good") -> str:
        """Return the JSON file of a service account's key."""
        pem = _private(name).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return json.dumps({
            "type": "service_account", "project_id": "sandbox", "private_key_id": name, "private_key": pem.decode(),
            "client_email": _ACCOUNT, "client_id": "1", "token_uri": f"{self.url}{TOKEN}",
        })  # fmt: skip

    def expire(self) -> None:
        """Revoke all tokens; new ones are to be had."""
        self.tokens.clear()

    def knows(self, request: Request) -> bool:
        """Say whether a request has a token that is current."""
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens

    def malformed(self, request: Request, problem: ValueError) -> Reply:
        """Answer as for an argument that is wrong."""
        del request
        return failure(400, "INVALID_ARGUMENT", str(problem))

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


def failure(status: int, code: str, message: str, reason: str = "") -> Reply:
    """Answer with an error as Google's services do; BigQuery names a reason beside."""
    error: dict[str, Json] = {"code": int(status), "message": message, "status": code}
    if reason:
        error["errors"] = [{"reason": reason, "domain": "global", "message": message}]
    return Reply(status, json={"error": error})


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
