"""A small vendor for the tests of the HTTP client and of the sandbox base."""

from typing import ClassVar

from hub.sdk.http import Http, Retry
from hub.sdk.http.auth import Auth
from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request, Sandbox, people, route

KEY = "canary-key-0123456789"


class Shop(Sandbox):
    """Customers to read and to write; `replies` serve whatever a test puts there; `keys` may come in."""

    name: ClassVar[str] = "shop"

    def __init__(self, *, seed: int = 0, size: int = 3, port: int = 0, latency: float = 0) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency)
        self.customers = {str(person.number): person.email for person in people(size, seed=seed)}
        self.replies: dict[str, Reply] = {}
        self.keys: set[str] | None = None

    def authenticate(self, request: Request) -> Reply | None:
        """Refuse keys that are not ours, once there are any."""
        known = self.keys is None or request.headers.get("authorization", "").removeprefix("Bearer ") in self.keys
        return None if known else Reply(status=401, json={"code": "bad_key"})

    @route("GET", "/v1/customers/{number}")
    def read(self, request: Request, number: str) -> Reply:
        """Return one customer, padded so that gzip is worth it."""
        if number not in self.customers:
            return self.not_found(request)
        return Reply(json={"number": number, "email": self.customers[number], "pad": "x" * 2000})

    @route("PUT", "/v1/customers/{number}")
    @route("POST", "/v1/customers/{number}")
    def write(self, request: Request, number: str) -> Reply:
        """Store one customer; the body is JSON with `email`."""
        body = request.json()
        if not isinstance(body, dict):
            return self.malformed(request, ValueError("no object"))
        self.customers[number] = str(body["email"])
        return Reply(json={"number": number, "pad": "x" * 2000})

    @route("GET", "/v1/made/{name}")
    @route("POST", "/v1/made/{name}")
    def made(self, request: Request, name: str) -> Reply:
        """Answer what the test prepared."""
        return self.replies.get(name) or self.not_found(request)

    def state(self) -> Json:
        """Return the customers."""
        return {"customers": self.customers}


class Naps(list[float]):
    """The pauses that a client would have made."""

    def __call__(self, seconds: float) -> None:
        """Take down a pause, and make none."""
        self.append(seconds)


def client(box: Shop, naps: Naps | None = None, *, auth: Auth | None = None, attempts: int = 3) -> Http:
    """Return a client of the shop that makes no pauses."""
    return Http(
        f"{box.url}/v1",
        auth=auth,
        retry=Retry(attempts=attempts),
        sleep=naps if naps is not None else Naps(),
        timeout=5,
    )
