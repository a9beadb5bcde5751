"""A simulated vendor: customers in the order in which they changed, deleted ones among them."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from http import HTTPStatus
from typing import ClassVar

from hub.sdk.records import Json
from hub.sdk.sandbox import Change, Reply, Request, SourceSandbox, people, route

_MOST = 100
_ZONE = timezone(timedelta(hours=5, minutes=30))  # of the times that this vendor writes


class ExampleSandbox(SourceSandbox):
    """One account."""

    name = "example"
    kinds: ClassVar[Mapping[str, frozenset[Change]]] = {"people": frozenset({"touch", "remove"})}
    one_page = _MOST

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.customers: dict[str, dict[str, Json]] = {}
        self._keys = 0
        self.make("people", size)

    # -- what the conformance suite asks ----------------------------------------------------------------------------

    def connection(self) -> Mapping[str, Json]:
        """Return good credentials."""
        return {"api_key": self._key, "base_url": self.url}

    def refused(self) -> Mapping[str, Json]:
        """Return a key that nobody has."""
        return {"api_key": "key-that-nobody-has", "base_url": self.url}

    def expire(self) -> None:
        """Change the key."""
        self._keys += 1

    def make(self, stream: str, count: int = 1) -> Sequence[str]:
        """Let customers come into being."""
        del stream
        return [self._made(number) for number in range(len(self.customers), len(self.customers) + count)]

    def touch(self, stream: str, key: str, text: str) -> None:
        """Give a customer another last name."""
        del stream
        self.customers[key] |= {"last_name": text, "updated_at": self._stamp()}

    def remove(self, stream: str, key: str) -> None:
        """Delete a customer; the list still names it."""
        del stream
        self.customers[key] = {"id": key, "deleted": True, "updated_at": self._stamp()}

    def keys(self, stream: str) -> Sequence[str]:
        """Return the ids of those who are not deleted."""
        del stream
        return [key for key, each in self.customers.items() if not each.get("deleted")]

    def rows(self, body: Json) -> list[Json] | None:
        """Return the customers of a page."""
        found = body.get("customers") if isinstance(body, Mapping) else None
        return found if isinstance(found, list) else None

    # -- what the vendor does ---------------------------------------------------------------------------------------

    def state(self) -> Json:
        """Return every customer by id."""
        return dict(self.customers)

    def authenticate(self, request: Request) -> Reply | None:
        """Refuse another key than the account's."""
        if secrets.compare_digest(request.headers.get("authorization", ""), f"Bearer {self._key}"):
            return None
        return Reply(status=HTTPStatus.UNAUTHORIZED, json={"code": "invalid_key"})

    @route("GET", "/v1/account")
    def account(self, _request: Request) -> Reply:
        """Say whose key it is."""
        return Reply(json={"name": "Example Shop"})

    @route("GET", "/v1/customers")
    def listed(self, request: Request) -> Reply:
        """List by time of change and id, behind `cursor`, at most `limit`."""
        limit, since = int(request.param("limit", "50")), request.param("changed_since")
        start = request.param("cursor") or (_utc(since) if since else "")
        if not 1 <= limit <= _MOST:
            raise ValueError("limit must be between 1 and 100")
        found = sorted((f"{_utc(str(each['updated_at']))}|{key}", each) for key, each in self.customers.items())
        behind = [(place, each) for place, each in found if place > start]
        following = behind[limit - 1][0] if len(behind) > limit else None
        return Reply(json={"customers": [each for _, each in behind[:limit]], "next": following})

    @property
    def _key(self) -> str:
        return f"example-key-{self._keys:04}"

    def _stamp(self) -> str:
        return self.now().astimezone(_ZONE).isoformat()

    def _made(self, number: int) -> str:
        [person] = people(1, seed=self.seed, start=number)
        key, now = f"c{number:07}", self._stamp()
        self.customers[key] = {
            "id": key, "first_name": person.first_name, "last_name": person.last_name, "email": person.email,
            "phone": person.phone, "country": person.country, "created_at": now, "updated_at": now,
        }  # fmt: skip
        return key


def _utc(text: str) -> str:
    """An instant in a form that sorts by time."""
    return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="microseconds")
