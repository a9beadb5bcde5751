"""Who may ask: a service account, the endpoint that changes its claims for tokens, and tokens in use."""

import base64
import json
import secrets
import time as _time
from functools import cache
from http import HTTPStatus

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request, Sandbox, route

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCE = "https://oauth2.googleapis.com/token"
_LONGEST, _SKEW = 3_600, 60  # seconds: a claim's life, and how wrong a clock may be


class Access(Sandbox):
    """Proves claims and gives tokens. `lifetime`: seconds that a token is said to live."""

    email = "hub@sandbox-project.iam.gserviceaccount.example"
    key_id = "sandbox-key"
    lifetime = _LONGEST

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.tokens: dict[str, str] = {}
        """Tokens in use, and the scopes of each."""

    def key_file(self) -> str:
        """Return the service account's key as Google writes it into a file."""
        pem = _key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return json.dumps({
            "type": "service_account", "project_id": "sandbox-project", "private_key_id": self.key_id,
            "private_key": pem, "client_email": self.email, "token_uri": f"{self.url}/token",
        })  # fmt: skip

    def expire(self) -> None:
        """Refuse every token that was given so far."""
        self.tokens.clear()

    def state(self) -> Json:
        """Return how many tokens are in use."""
        return {"tokens": len(self.tokens)}

    def authenticate(self, request: Request) -> Reply | None:
        """Refuse tokens that were not given here."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.path == "/token" or given in self.tokens:
            return None
        message = "Request had invalid authentication credentials."
        body: Json = {"error": {"code": 401, "message": message, "status": "UNAUTHENTICATED"}}
        return Reply(HTTPStatus.UNAUTHORIZED, json=body)

    def malformed(self, request: Request, problem: ValueError) -> Reply:
        """Answer what cannot be read: a claim as OAuth says it, anything else as Google's APIs do."""
        if request.path == "/token":
            return _refused("invalid_request", str(problem))
        body: Json = {"error": {"code": 400, "message": str(problem), "status": "INVALID_ARGUMENT"}}
        return Reply(HTTPStatus.BAD_REQUEST, json=body)

    @route("POST", "/token")
    def grant(self, request: Request) -> Reply:
        """Change a claim that is signed by the account's key for a token."""
        form = request.form()
        if form.get("grant_type") != _GRANT:
            return _refused("unsupported_grant_type", "Invalid grant_type")
        claim = _proven(form.get("assertion", ""))
        if claim is None:
            return _refused("invalid_grant", "Invalid JWT Signature.")
        problem = self._problem(claim)
        if problem:
            return _refused("invalid_grant", problem)
        token = f"ya29.sandbox-{secrets.token_hex(8)}"
        self.tokens[token] = str(claim["scope"])
        return Reply(json={"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer"})

    def _problem(self, claim: dict[str, Json]) -> str:
        issued, ends, now = claim.get("iat"), claim.get("exp"), self.time()
        if claim.get("iss") != self.email or claim.get("aud") != _AUDIENCE or not claim.get("scope"):
            return "Invalid iss, aud or scope."
        if not isinstance(issued, int) or not isinstance(ends, int):
            return "Invalid iat or exp."
        if issued > now + _SKEW or ends <= now - _SKEW or not 0 < ends - issued <= _LONGEST:
            return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
        return ""

    def time(self) -> float:
        """Return the clock that claims are measured by, in epoch seconds: the machine's, as it is the client's."""
        return _time.time()


@cache
def _key() -> RSAPrivateKey:
    return generate_private_key(65_537, 2_048)


def _proven(assertion: str) -> dict[str, Json] | None:
    """Return what a claim says; None where the account's key did not sign it. Raises ValueError where it is none."""
    header, claim, signature = assertion.split(".")
    if json.loads(_decoded(header)).get("alg") != "RS256":
        return None
    try:
        _key().public_key().verify(_decoded(signature), f"{header}.{claim}".encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return None
    found: dict[str, Json] = json.loads(_decoded(claim))
    return found


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _refused(error: str, description: str) -> Reply:
    return Reply(HTTPStatus.BAD_REQUEST, json={"error": error, "error_description": description})
