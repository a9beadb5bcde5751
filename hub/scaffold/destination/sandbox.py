"""A simulated vendor: lists of people by e-mail; whoever unsubscribed stays off all of them."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus

from hub.sdk.records import Json, Outcome
from hub.sdk.sandbox import DestinationSandbox, Reply, Request, route

_MOST, _PAGE = 100, 50


class ExampleSandbox(DestinationSandbox):
    """One account."""

    name = "example"
    writes = ("POST", "/v1/lists/*/members")
    verdicts = frozenset({"rejected"})
    field = "first_name"

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.lists: dict[str, dict[str, Json]] = {}
        self.unsubscribed: set[str] = set()
        self.refuses: set[str] = set()
        self._keys = 0

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

    def target(self) -> Mapping[str, Json]:
        """Name a list."""
        return {"list": "News"}

    def members(self) -> set[str]:
        """Return who is on it."""
        return {*self.lists.get("News", {})}

    def opt_out(self, wire: str) -> None:
        """Take a person off all lists for good."""
        self.unsubscribed.add(wire)
        for found in self.lists.values():
            found.pop(wire, None)

    def value(self, wire: str) -> Json:
        """Return the name that was sent with a person."""
        return _object(self.lists["News"][wire]).get(self.field)

    def spoil(self, wire: str, outcome: Outcome) -> None:  # noqa: ARG002 - there is one kind
        """Take an address for an invalid one."""
        self.refuses.add(wire)

    def mend(self) -> None:
        """Take every address again."""
        self.refuses.clear()

    def delete_list(self) -> None:
        """Forget the list and who was on it."""
        del self.lists["News"]

    def put_on(self, wire: str) -> None:
        """Add somebody by hand."""
        self.lists["News"][wire] = {}

    def take_off(self, wire: str) -> None:
        """Take somebody off by hand."""
        del self.lists["News"][wire]

    # -- what the vendor does ---------------------------------------------------------------------------------------

    def state(self) -> Json:
        """Return every list, and who unsubscribed."""
        return {"lists": dict(self.lists), "unsubscribed": sorted(self.unsubscribed)}

    def authenticate(self, request: Request) -> Reply | None:
        """Refuse another key than the account's."""
        if secrets.compare_digest(request.headers.get("authorization", ""), f"Bearer {self._key}"):
            return None
        return Reply(status=HTTPStatus.UNAUTHORIZED, json={"code": "invalid_key"})

    @route("GET", "/v1/account")
    def account(self, _request: Request) -> Reply:
        """Say whose key it is."""
        return Reply(json={"name": "Example Shop"})

    @route("PUT", "/v1/lists")
    def listed(self, request: Request) -> Reply:
        """Find or make a list; its name is its id."""
        name = str(_object(request.json()).get("name"))
        self.lists.setdefault(name, {})
        return Reply(json={"id": name})

    @route("GET", "/v1/lists/{name}/members")
    def shown(self, request: Request, name: str) -> Reply:
        """Show fifty members behind `cursor`."""
        behind = [each for each in sorted(self.lists.get(name, {})) if each > request.param("cursor")]
        page: list[Json] = [{"email": each} for each in behind[:_PAGE]]
        return Reply(json={"members": page, "next": behind[_PAGE - 1] if len(behind) > _PAGE else None})

    @route("POST", "/v1/lists/{name}/members")
    def changed(self, request: Request, name: str) -> Reply:
        """Add and remove at most a hundred people; the answer is in the order of addresses, not of the request."""
        changes = _object(request.json()).get("changes")
        if name not in self.lists:
            return Reply(status=HTTPStatus.NOT_FOUND, json={"code": "no_such_list"})
        if not isinstance(changes, list) or len(changes) > _MOST:
            raise ValueError("expected at most 100 changes")
        results = [self._one(self.lists[name], _object(change)) for change in changes]
        results.sort(key=lambda each: str(each["email"]))
        return Reply(json={"results": [*results]})

    def _one(self, found: dict[str, Json], change: Mapping[str, Json]) -> dict[str, Json]:
        email = str(change["email"])
        if change["op"] == "remove":
            found.pop(email, None)
            return {"email": email, "status": "removed"}
        if email in self.unsubscribed or email in self.refuses or email.count("@") != 1:
            return {"email": email, "status": "unsubscribed" if email in self.unsubscribed else "invalid"}
        found[email] = change.get("fields")
        return {"email": email, "status": "added"}

    @property
    def _key(self) -> str:
        return f"example-key-{self._keys:04}"


def _object(value: Json) -> Mapping[str, Json]:
    if isinstance(value, Mapping):
        return value
    raise ValueError("expected an object")
