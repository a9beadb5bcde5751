"""A Google service account's key becomes access tokens: a signed statement (RFC 7523) buys one that lives an hour.

class MySettings(Settings):
model_config = ConfigDict(hide_input_in_errors=True)
key: ServiceAccount = Field(description='Key of a service account: "file:google-key.json"')

Http(base_url, auth=tokens(parsed(settings.key.reveal()), scope="https://www.googleapis.com/auth/datamanager"))
"""

import base64
import json
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Annotated

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from hub.sdk.errors import StopConnection
from hub.sdk.http.auth import Refreshing, Token
from hub.sdk.http.client import Http
from hub.sdk.http.response import Response
from hub.sdk.redact import register_secret
from hub.sdk.settings import BaseUrl, Secret

AUDIENCE = "https://oauth2.googleapis.com/token"  # whatever the address: Google's own library says the same
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME = timedelta(hours=1)  # the longest that Google takes


class ServiceKey(BaseModel):
    """What is used of the JSON file that Google gives out for a service account."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    client_email: str = Field(repr=False)
    private_key: str = Field(repr=False)
    private_key_id: str = ""
    token_uri: BaseUrl = AUDIENCE

    @property
    def project(self) -> str:
        """The Cloud project that requests are counted for; the account's address is `name@project.iam...`."""
        return self.client_email.partition("@")[2]


def parsed(text: str) -> ServiceKey:
    """Return the key that a JSON file holds.

    Raises:
        ValueError: it is no such file; the text says what is missing and holds nothing of it.
    """
    try:
        key = ServiceKey.model_validate_json(text)
    except ValidationError as error:
        where = ", ".join(sorted({str(each["loc"][0]) for each in error.errors() if each["loc"]}))
        problem = f"its {where} cannot be used" if where else "this is no JSON object"
        raise ValueError(f"expected the JSON file of a service account's key, but {problem}") from None
    _private(key.private_key)
    return key


def _readable(value: Secret) -> Secret:
    parsed(value.reveal())
    return value


ServiceAccount = Annotated[Secret, AfterValidator(_readable)]
"""A setting that is refused when it is no service account's key; the refusal says what is missing in it."""


def tokens(key: ServiceKey, scope: str) -> Refreshing:
    """Return credentials that get themselves a new token before the old one ends, or when it is refused."""
    register_secret(key.private_key)
    http = Http(key.token_uri, describe=_code)

    def mint() -> Token:
        form = {"grant_type": GRANT, "assertion": statement(key, int(time.time()), scope)}
        return _token(http.post("", form=form, idempotent=True))

    return Refreshing(mint)


def statement(key: ServiceKey, now: int, scope: str) -> str:
    """Return who we are and what we want, signed; `now` is in seconds since 1970."""
    header = {"alg": "RS256", "typ": "JWT", "kid": key.private_key_id}
    ends = now + int(_LIFETIME.total_seconds())
    claims: dict[str, str | int] = {
        "iss": key.client_email,
        "scope": scope,
        "aud": AUDIENCE,
        "iat": now,
        "exp": ends,
    }
    signed = f"{_packed(header)}.{_packed(claims)}"
    return f"{signed}.{_base64(_private(key.private_key).sign(signed.encode(), PKCS1v15(), hashes.SHA256()))}"


@lru_cache(maxsize=8)  # loading checks the primes, which takes a twentieth of a second
def _private(pem: str) -> RSAPrivateKey:
    try:
        found = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        raise ValueError("the private_key of the service account is no PEM key") from None
    if not isinstance(found, RSAPrivateKey):
        raise ValueError("the private_key of the service account is no RSA key")  # noqa: TRY004 - it is a value's fault
    return found


def _token(response: Response) -> Token:
    found = response.json_object()
    value, seconds = found.get("access_token"), found.get("expires_in")
    if not isinstance(value, str) or not value:
        raise StopConnection("Google's token endpoint answered without a token.", hint="Check the key's token_uri.")
    return Token(value, timedelta(seconds=seconds) if type(seconds) is int else _LIFETIME)


def _code(response: Response) -> str:
    """Return OAuth's code; of its description, which may name the account, only that the clock may be wrong."""
    found = response.json_object()
    code, told = found.get("error"), found.get("error_description")
    late = isinstance(told, str) and ("iat" in told or "exp" in told)
    return f"{code}, check this machine's clock" if late else code if isinstance(code, str) else ""


def _packed(part: Mapping[str, str | int]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
