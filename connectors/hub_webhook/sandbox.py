"""A simulated receiver: proves signatures, keeps lists, and answers for each row."""

import base64
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from hub.sdk.errors import Refused
from hub.sdk.records import Json, Outcome
from hub.sdk.sandbox import DestinationSandbox, Reply, Request, route
from hub_webhook.settings import WebhookSettings
from hub_webhook.signatures import event_id

_MOST = 500


class WebhookSandbox(DestinationSandbox):
    """One address that takes any list."""

    name = "webhook"
    writes = ("POST", "/hook")
    verdicts = frozenset({"rejected", "retry", "suppressed"})
    field = "NAME"

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.lists: dict[str, dict[str, Json]] = {}
        self.spoiled: dict[str, Outcome] = {}
        self._secrets = 0

    # -- what the conformance suite asks ----------------------------------------------------------------------------

    def connection(self) -> Mapping[str, Json]:
        """Return the secret that this receiver knows."""
        return {"secret": self._secret, "url": f"{self.url}/hook", "answers": "rows"}

    def refused(self) -> Mapping[str, Json]:
        """Return a secret that it does not know."""
        return {**self.connection(), "secret": "whsec_bm9ib2R5IGtub3dzIHRoaXM="}

    def expire(self) -> None:
        """Change the secret."""
        self._secrets += 1

    def target(self) -> Mapping[str, Json]:
        """Name a list."""
        return {"list": "News"}

    def members(self) -> set[str]:
        """Return who is on it."""
        return {*self.lists.get("News", {})}

    def opt_out(self, wire: str) -> None:
        """Take a person off all lists for good."""
        self.spoiled[wire] = "suppressed"
        for found in self.lists.values():
            found.pop(wire, None)

    def value(self, wire: str) -> Json:
        """Return a person's name."""
        fields = self.lists["News"][wire]
        return fields.get("NAME") if isinstance(fields, Mapping) else None

    def spoil(self, wire: str, outcome: Outcome) -> None:
        """Refuse a person from now on."""
        self.spoiled[wire] = outcome

    def mend(self) -> None:
        """Take everybody again."""
        self.spoiled.clear()

    def put_on(self, wire: str) -> None:
        """Put a person on the list by hand."""
        self.lists.setdefault("News", {})[wire] = {}

    def take_off(self, wire: str) -> None:
        """Take a person off the list by hand."""
        self.lists.get("News", {}).pop(wire, None)

    # -- what the receiver does -------------------------------------------------------------------------------------

    def state(self) -> Json:
        """Return every list, and the secret to sign with."""
        return {"secret": self._secret, "lists": {**self.lists}}

    def authenticate(self, request: Request) -> Reply | None:
        """Refuse what is not signed with the secret of today."""
        known = WebhookSettings.model_validate({"secret": self._secret})
        try:
            name = event_id(known, request.headers, request.body, datetime.now(UTC))
        except Refused:
            return Reply(status=HTTPStatus.UNAUTHORIZED, json={"code": "bad_signature"})
        if secrets.compare_digest(name, request.headers.get("idempotency-key", "")):
            return None
        return Reply(status=HTTPStatus.UNAUTHORIZED, json={"code": "no_idempotency_key"})

    @route("POST", "/hook")
    def taken(self, request: Request) -> Reply:
        """Take a ping, or changes of at most 500 people."""
        event = _object(request.json())
        data = _object(event["data"])
        if event["type"] == "ping":
            return Reply(status=HTTPStatus.NO_CONTENT)
        rows = data["rows"]
        if not isinstance(rows, list) or len(rows) > _MOST:
            return Reply(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, json={"code": "too_many_rows"})
        members = self.lists.setdefault(str(data["list"]), {})
        results = [self._one(members, str(data["op"]), _object(row)) for row in rows]
        return Reply(json={"results": [*reversed(results)]})

    def _one(self, members: dict[str, Json], op: str, row: Mapping[str, Json]) -> Mapping[str, Json]:
        who = str(_object(row["match"])["email"])
        if op == "remove":
            members.pop(who, None)
        elif who in self.spoiled:
            return {"id": row["id"], "status": self.spoiled[who], "code": f"is_{self.spoiled[who]}"}
        else:
            members[who] = row["fields"]
        return {"id": row["id"], "status": "ok"}

    @property
    def _secret(self) -> str:
        return "whsec_" + base64.b64encode(f"secret {self._secrets:04} of the receiver".encode()).decode()


def _object(value: Json) -> Mapping[str, Json]:
    if isinstance(value, Mapping):
        return value
    raise ValueError("expected an object")
