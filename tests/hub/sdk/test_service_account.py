"""A service account's key becomes tokens, and says nothing of itself."""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from hub.sdk.errors import StopConnection
from hub.sdk.http import Http
from hub.sdk.http.service_account import GRANT, ServiceKey, parsed, statement, tokens
from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request, Sandbox, route

_SCOPE = "https://www.googleapis.com/auth/datamanager"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_FORM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class Issuer(Sandbox):
    """A token endpoint and something to read."""

    name = "issuer"

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Mapping[str, str]] = []
        self.said: Json = None
        self.status = 200
        self.good = ""

    def state(self) -> Json:
        """Return what was asked."""
        return [dict(form) for form in self.forms]

    @route("POST", "/token")
    def token(self, request: Request) -> Reply:
        """Hand out the next token."""
        self.forms.append(request.form())
        self.good = f"token-{len(self.forms)}"
        body: Json = {"access_token": self.good, "expires_in": 3599}
        return Reply(self.status, json=body if self.said is None else self.said)

    @route("GET", "/me")
    def me(self, request: Request) -> Reply:
        """Let the last token in."""
        right = request.headers.get("authorization") == f"Bearer {self.good}"
        return Reply(json={"me": 1}) if right else Reply(401, json={})


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """Serve tokens."""
    with Issuer() as box:
        yield box


def file(url: str = "https://oauth2.googleapis.com", **keys: Json) -> str:
    """Return the JSON file of a key."""
    pem = _KEY.private_bytes(*_FORM).decode()
    known: dict[str, Json] = {
        "client_email": "reader@shop-1.iam.example.com",
        "private_key": pem,
        "private_key_id": "k1",
        "token_uri": f"{url}/token",
    }
    return json.dumps({**known, **keys})


def test_a_statement_says_who_asks_for_what_and_is_signed() -> None:
    """RS256 over header and claims; it lives an hour, and its audience is Google whatever the address."""
    found = statement(parsed(file()), 1_700_000_000, _SCOPE)
    signed, _, signature = found.rpartition(".")
    header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
    assert {"alg": "RS256", "typ": "JWT", "kid": "k1"} == header
    expected = {
        "iss": "reader@shop-1.iam.example.com",
        "scope": _SCOPE,
        "aud": "https://oauth2.googleapis.com/token",
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
    }
    assert expected == claims
    _KEY.public_key().verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())


def test_a_token_is_bought_and_renewed_when_it_is_refused(issuer: Issuer) -> None:
    """One token serves many requests; after a 401 the next one is bought."""
    http = Http(issuer.url, auth=tokens(parsed(file(issuer.url)), _SCOPE))
    http.get("/me")
    http.get("/me")
    assert 1 == len(issuer.forms)
    issuer.good = "revoked"
    assert {"me": 1} == http.get("/me").json_object()
    assert [GRANT, GRANT] == [form["grant_type"] for form in issuer.forms]


@pytest.mark.parametrize("said", [{}, {"access_token": ""}, {"access_token": 1}])
def test_an_answer_without_a_token_stops(issuer: Issuer, said: Json) -> None:
    """Nothing is asked with an empty token."""
    issuer.said = said
    with pytest.raises(StopConnection, match="without a token"):
        Http(issuer.url, auth=tokens(parsed(file(issuer.url)), _SCOPE)).get("/me")


def test_a_refusal_is_told_by_its_code_alone(issuer: Issuer) -> None:
    """The description may name the account; only that the clock may be wrong is taken from it."""
    issuer.status = 400
    issuer.said = {"error": "invalid_grant", "error_description": "reader@shop-1: check your iat and exp values"}
    with pytest.raises(StopConnection, match="invalid_grant, check this machine's clock") as refusal:
        Http(issuer.url, auth=tokens(parsed(file(issuer.url)), _SCOPE)).get("/me")
    assert "reader" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("none", "no JSON object"),
        ("{}", "client_email, private_key"),
        (file(private_key="-----BEGIN"), "no PEM key"),
        (
            file(private_key=ec.generate_private_key(ec.SECP256R1()).private_bytes(*_FORM).decode()),
            "no RSA key",
        ),
        (file("http://tokens.example"), "token_uri"),
    ],
)
def test_what_is_no_key_is_refused_without_quoting_it(text: str, problem: str) -> None:
    """The refusal says what is missing, and holds nothing of the file."""
    with pytest.raises(ValueError, match=problem) as refusal:
        parsed(text)
    assert "BEGIN" not in str(refusal.value)
    assert "reader" not in str(refusal.value)


def test_a_key_does_not_show_itself() -> None:
    """Neither the account nor the key is in its form as text; the project is what requests are counted for."""
    key = parsed(file())
    assert isinstance(key, ServiceKey)
    assert "BEGIN" not in repr(key)
    assert "shop-1.iam.example.com" == key.project


def test_the_time_is_that_of_now(issuer: Issuer) -> None:
    """A statement is made when a token is bought."""
    Http(issuer.url, auth=tokens(parsed(file(issuer.url)), _SCOPE)).get("/me")
    claims = json.loads(_decoded(issuer.forms[0]["assertion"].split(".")[1]))
    assert claims["iat"] <= datetime.now(UTC).timestamp() < claims["exp"]


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
