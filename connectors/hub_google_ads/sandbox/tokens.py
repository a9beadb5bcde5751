"""Google's token endpoint: a statement that a service account has signed is exchanged for a token."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ACCOUNT = "ads@sandbox.example.com"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCE = "https://oauth2.googleapis.com/token"
_SCOPE = "https://www.googleapis.com/auth/datamanager"
_AN_HOUR = 3600


@cache
def _private(name: str) -> rsa.RSAPrivateKey:
    del name  # one for each
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def service_key(url: str, name: str = "good") -> str:
    """Return the JSON file of a service account's key; any other name than "good" is one that Google does not know."""
    pem = _private(name).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = {
        "type": "service_account",
        "project_id": "sandbox",
        "private_key_id": name,
        "private_key": pem.decode(),
        "client_email": ACCOUNT,
        "client_id": "1",
        "token_uri": f"{url}/token",
    }
    return json.dumps(file)


def problem(form: Mapping[str, str]) -> str:
    """Say what is wrong with a statement, nothing where it is good."""
    try:
        return _problem(form)
    except (ValueError, KeyError):
        return "Invalid JWT: it cannot be read."


def _problem(form: Mapping[str, str]) -> str:
    signed, _, signature = form["assertion"].rpartition(".")
    header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
    if form["grant_type"] != _GRANT or header["alg"] != "RS256":
        return "Invalid JWT: unsupported."
    try:
        _private("good").public_key().verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return "Invalid JWT Signature."
    now = datetime.now(UTC).timestamp()
    if not claims["iat"] - 60 <= now < claims["exp"] <= claims["iat"] + _AN_HOUR:
        return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
    good = claims["iss"] == ACCOUNT and claims["aud"] == _AUDIENCE and _SCOPE in claims["scope"].split()
    return "" if good else "Invalid JWT: claims."


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
