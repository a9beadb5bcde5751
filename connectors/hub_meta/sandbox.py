"""A simulated Meta ad account with custom audiences, written from the documentation. See README.md."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar, cast

from hub.sdk.records import Json, Outcome
from hub.sdk.sandbox import DestinationSandbox, Reply, Request, route

_HEX = re.compile(r"[0-9a-f]{64}")
_KEYS = frozenset({
    "EXTERN_ID", "EMAIL", "PHONE", "GEN", "DOBY", "DOBM", "DOBD", "LN", "FN", "FI", "CT", "ST", "ZIP", "MADID",
    "COUNTRY", "LOOKALIKE_VALUE", "DATA_PROCESSING_OPTIONS",
    "DATA_PROCESSING_OPTIONS_COUNTRY", "DATA_PROCESSING_OPTIONS_STATE",
})  # fmt: skip
_OWN = frozenset({"EMAIL", "PHONE", "MADID", "EXTERN_ID"})  # a name or a city is many people's
_PLAIN = frozenset({"EXTERN_ID", "MADID", "LOOKALIKE_VALUE"})
_MOST = 10_000
_NAME, _ACCOUNT = "Customers", "1234567890"
_Person = frozenset[tuple[str, str]]
_SOURCES = frozenset({"USER_PROVIDED_ONLY", "PARTNER_PROVIDED_ONLY", "BOTH_USER_AND_PARTNER_PROVIDED"})


def failure(code: int, subcode: int | None = None, status: int = 400, *, transient: bool = False) -> Reply:
    """Answer with an error in Meta's form."""
    error: dict[str, Json] = {
        "message": f"(#{code}) What was sent is quoted here.", "type": "OAuthException", "code": code,
        "is_transient": transient, "fbtrace_id": "A1b2C3",
    }  # fmt: skip
    if subcode is not None:
        error["error_subcode"] = subcode
    return Reply(status, json={"error": error})


def _form(code: int) -> Mapping[str, object]:
    return {"kind": "status", "status": 400, "body": json.dumps(failure(code).json)}


class MetaSandbox(DestinationSandbox):
    """One ad account. `audiences`: id -> name, status and people, each a set of (key, cell). `usage`: per cent used."""

    name = "meta"
    writes = ("*", "/v26.0/*/users")
    verdicts: ClassVar[frozenset[Outcome]] = frozenset()
    too_fast = tuple(_form(code) for code in (4, 17, 613, 80003))
    spent = _form(80003)
    consent = "ads"

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.tokens, self.app_secret = ["EAAsandbox-0"], "app-secret-0123456789"
        self.audiences: dict[str, dict[str, object]] = {}
        self.opted_out: set[str] = set()
        self.usage, self.regain, self.page = 1, 0, 2

    # -- what the suite and tests do ----------------------------------------------------------------------------------

    def connection(self) -> Mapping[str, Json]:
        """Return a token that may use the account."""
        return {
            "access_token": self.tokens[-1], "app_secret": self.app_secret, "ad_account": _ACCOUNT,
            "base_url": self.url,
        }  # fmt: skip

    def refused(self) -> Mapping[str, Json]:
        """Return a token that Meta does not know."""
        return {**self.connection(), "access_token": "EAAnobody-0"}

    def expire(self) -> None:
        """Revoke the token."""
        self.tokens.append(f"EAAsandbox-{len(self.tokens)}")

    def target(self) -> Mapping[str, Json]:
        """Name the audience."""
        return {"audience": _NAME}

    def members(self) -> set[str]:
        """Return who is in it, by the hash of the address."""
        return {cell for held in self._people(_NAME) for key, cell in held if key == "EMAIL"}

    def wire(self, address: str) -> str:
        """Hash an address."""
        return hashlib.sha256(address.encode()).hexdigest()

    def opt_out(self, wire: str) -> None:
        """Let somebody hide the shop's ads for good: they are in no audience, without a word."""
        self.opted_out.add(wire)
        self.take_off(wire)

    def delete_list(self) -> None:
        """Delete the audience."""
        self.audiences = {key: held for key, held in self.audiences.items() if held["name"] != _NAME}

    def put_on(self, wire: str) -> None:
        """Put somebody in by another tool."""
        if not any(held["name"] == _NAME for held in self.audiences.values()):
            self.make_audience(_NAME)
        self._people(_NAME).append(frozenset({("EMAIL", wire)}))

    def take_off(self, wire: str) -> None:
        """Take somebody out by another tool."""
        self._people(_NAME)[:] = [held for held in self._people(_NAME) if ("EMAIL", wire) not in held]

    def make_audience(self, name: str) -> str:
        """Make an audience; return its id."""
        key = f"2384{secrets.randbelow(10**12):012}"
        self.audiences[key] = {"name": name, "status": 200, "people": []}
        return key

    # -- what is asked ------------------------------------------------------------------------------------------------

    def state(self) -> Json:
        """Return how many people each audience holds."""
        return {str(held["name"]): len(cast("list[object]", held["people"])) for held in self.audiences.values()}

    def authenticate(self, request: Request) -> Reply | None:
        """Refuse tokens that are not current, and requests without proof of the app's secret."""
        told = {**{name: values[-1] for name, values in request.query.items()}, **_fields(request)}
        token = told.get("access_token") or request.headers.get("authorization", "").removeprefix("Bearer ")
        if token != self.tokens[-1]:
            return failure(190, 463, HTTPStatus.UNAUTHORIZED)
        proof = hmac.new(self.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        return None if told.get("appsecret_proof") == proof else failure(100)

    @route("GET", "/v26.0/{name}")
    def about(self, _request: Request, name: str) -> Reply:
        """Describe the account or an audience."""
        if name == f"act_{_ACCOUNT}":
            return Reply(json={"id": name, "name": "Sandbox shop", "account_status": 1})
        held = self.audiences.get(name)
        return Reply(json=self._told(name, held)) if held else failure(100, 33)

    @route("GET", "/v26.0/{account}/customaudiences")
    def list_audiences(self, request: Request, account: str) -> Reply:
        """List audiences."""
        del account
        keys = [*self.audiences]
        place = int(request.query.get("after", ["0"])[-1])
        shown = [self._told(key, self.audiences[key]) for key in keys[place : place + self.page]]
        told: dict[str, Json] = {"data": shown}
        if place + self.page < len(keys):
            told["paging"] = {"cursors": {"after": str(place + self.page)}, "next": f"{self.url}/next"}
        return Reply(json=told)

    @route("POST", "/v26.0/{account}/customaudiences")
    def create(self, request: Request, account: str) -> Reply:
        """Make an audience."""
        asked = _fields(request)
        if account != f"act_{_ACCOUNT}" or not asked.get("name") or asked.get("customer_file_source") not in _SOURCES:
            return failure(100)
        return Reply(json={"id": self.make_audience(asked["name"])})

    @route("POST", "/v26.0/{name}/users")
    def add(self, request: Request, name: str) -> Reply:
        """Put people in."""
        return self._changed(request, name, removal=False)

    @route("DELETE", "/v26.0/{name}/users")
    def remove(self, request: Request, name: str) -> Reply:
        """Take people out by any of their own identifiers with which they were sent."""
        return self._changed(request, name, removal=True)

    # -- how ----------------------------------------------------------------------------------------------------------

    def _people(self, name: str) -> list[_Person]:
        found = (held["people"] for held in self.audiences.values() if held["name"] == name)
        return cast("list[_Person]", next(found, []))

    def _told(self, key: str, held: Mapping[str, object]) -> Json:
        return {"id": key, "name": str(held["name"]), "operation_status": {"code": cast("int", held["status"])}}

    def _changed(self, request: Request, name: str, *, removal: bool) -> Reply:
        held, asked = self.audiences.get(name), _fields(request)
        if held is None:
            return failure(100, 33)
        if held["status"] == 471:  # noqa: PLR2004 - Meta's number for a flagged audience
            return failure(100, 1713230)
        payload, session = json.loads(asked.get("payload", "{}")), json.loads(asked.get("session", "null"))
        schema, data = _shape(payload)
        if schema is None or not _is_session(session):
            return failure(100, 2804001)
        if len(data) > _MOST:
            return failure(1, 99)
        rows = [_person(schema, row) for row in data]
        people, named = _last_of_each([row for row in rows if row])
        known = cast("list[_Person]", held["people"])
        known[:] = [each for each in known if not _own(each) & named]
        if not removal:
            known += [each for each in people if not {cell for _, cell in each} & self.opted_out]
        told: dict[str, Json] = {"audience_id": name, "session_id": session["session_id"], "num_received": len(rows)}
        told |= {"num_invalid_entries": sum(row is None for row in rows), "invalid_entry_samples": {}}
        usage = {"type": "custom_audience", "call_count": self.usage, "estimated_time_to_regain_access": self.regain}
        return Reply(json=told, headers={"x-business-use-case-usage": json.dumps({_ACCOUNT: [usage]})})


def _fields(request: Request) -> dict[str, str]:
    """The fields of a form; Meta's own SDK sends those of a DELETE in the address."""
    form = request.form() if request.method != "GET" and request.body else {}
    return {**{name: values[-1] for name, values in request.query.items()}, **form}


def _shape(payload: object) -> tuple[list[str] | None, list[list[object]]]:
    """Schema and rows of a payload, None where they do not fit together."""
    found = payload if isinstance(payload, dict) else {}
    schema, data = found.get("schema"), found.get("data")
    schema = [schema] if isinstance(schema, str) else schema
    if not isinstance(schema, list) or not isinstance(data, list):
        return None, []
    names = [str(name).removesuffix("_SHA256") for name in schema]
    data = [row if isinstance(row, list) else [row] for row in data]
    fits = set(names) <= _KEYS and all(len(row) == len(names) for row in data)
    return (names, data) if fits else (None, [])


def _is_session(session: object) -> bool:
    return (
        isinstance(session, dict)
        and 0 <= session.get("session_id", -1) < 2**63
        and session.get("batch_seq", 0) >= 1
        and isinstance(session.get("last_batch_flag"), bool)
    )


def _person(schema: Sequence[str], row: Sequence[object]) -> _Person | None:
    """The identifiers of a row, None where a cell is no hash or there is none."""
    cells = [(key, str(cell)) for key, cell in zip(schema, row, strict=True) if not key.startswith("DATA_") and cell]
    good = all(key in _PLAIN or _HEX.fullmatch(cell) for key, cell in cells)
    return frozenset(cells) if cells and good else None


def _last_of_each(people: Sequence[_Person]) -> tuple[list[_Person], frozenset[tuple[str, str]]]:
    """Leave of people who share an identifier of their own the last; return them and all such identifiers."""
    left, named = [], set[tuple[str, str]]()
    for person in reversed(people):
        own = _own(person)
        if not own & named:
            left.append(person)
        named |= own
    return left[::-1], frozenset(named)


def _own(person: _Person) -> frozenset[tuple[str, str]]:
    return frozenset(pair for pair in person if pair[0] in _OWN)
