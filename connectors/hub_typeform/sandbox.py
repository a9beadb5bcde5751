"""A simulated Typeform: forms, their responses, and the events it would push. See README.md."""

import json
import secrets
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import ClassVar

from hub.sdk.records import Json
from hub.sdk.sandbox import Change, Reply, Request, SourceSandbox, people, route
from hub_typeform.signatures import HEADER, signature

_MOST, _DEFAULT = 1_000, 25  # responses in a page
_MOST_FORMS, _DEFAULT_FORMS = 200, 10
_TYPES = {
    "opinion_scale": "number", "rating": "number", "number": "number", "long_text": "text", "short_text": "text",
    "multiple_choice": "choice", "yes_no": "boolean", "email": "email", "phone_number": "phone_number",
    "date": "date", "website": "url", "file_upload": "file_url", "payment": "payment",
}  # fmt: skip


class TypeformSandbox(SourceSandbox):
    """One account; it begins with one form, which asks whether and why one would recommend a shop.

    `lag`: how long a response is not listed yet, though it was pushed. `per_second`: requests that are answered, None
    for any number. `total_items` counts what is left from `before` on.
    """

    name = "typeform"
    kinds: ClassVar[Mapping[str, frozenset[Change]]] = {"responses": frozenset()}
    one_page: ClassVar[int] = _MOST

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.token = "tfp_sandbox"  # noqa: S105 - a made-up one
        self.webhook_secret = "sandbox-webhook-secret"  # noqa: S105 - the same
        self.lag = timedelta(0)
        self.per_second: int | None = None
        self.forms: dict[str, dict[str, Json]] = {}
        self.responses: dict[str, list[dict[str, Json]]] = {}
        self._number = 0
        self._asked: deque[float] = deque()
        self.first = self.form("After your purchase", {
            "nps": ("opinion_scale", {"steps": 11, "start_at_one": False}), "why": ("long_text", {}),
            "csat": ("rating", {"steps": 5, "shape": "star"}), "found": ("multiple_choice", {}), "mail": ("email", {}),
        })  # fmt: skip
        for person in people(size, seed=seed):
            self.respond(self.first, {"nps": person.number % 11, "mail": person.email})

    # -- what the suite and tests do ----------------------------------------------------------------------------------

    def form(self, title: str, fields: Mapping[str, tuple[str, Mapping[str, Json]]]) -> str:
        """Make a form; its fields are reference = type and properties. Return its id."""
        self._number += 1
        key = f"Form{self._number:04}"
        self.forms[key] = {
            "id": key, "type": "form", "title": title, "hidden": ["email", "user_id"],
            "fields": [
                {"id": f"{key}{ref}", "ref": ref, "title": f"Question {ref}", "type": kind, "properties": properties}
                for ref, (kind, properties) in fields.items()
            ],
        }  # fmt: skip
        self.responses[key] = []
        return key

    def respond(self, form: str, answers: Mapping[str, Json], *, hidden: Mapping[str, Json] | None = None) -> str:
        """Submit a response now; answers are reference = value. Return its token."""
        self._number += 1
        token, now = f"{self._number:032x}", self._stamp()
        fields = {str(each["ref"]): each for each in _objects(self.forms[form]["fields"])}
        self.responses[form].append({
            "landing_id": token, "token": token, "response_id": token, "response_type": "completed",
            "landed_at": now, "submitted_at": now, "metadata": {"platform": "other", "browser": "default"},
            "hidden": dict(hidden or {}), "calculated": {"score": 0},
            "answers": [_answer(fields[ref], value) for ref, value in answers.items()],
        })  # fmt: skip
        return token

    def push(self, token: str, secret: str | None = None) -> tuple[Mapping[str, str], bytes]:
        """Return headers and body of the event that Typeform sends when a response is submitted."""
        form, found = next((form, each) for form, each in self._all() if each["token"] == token)
        definition = self.forms[form]
        fields: list[Json] = [
            {name: field[name] for name in ("id", "ref", "title", "type")} | {"properties": {}}
            for field in _objects(definition["fields"])
        ]
        response: Json = {
            "form_id": form, **{name: found[name] for name in ("token", "landed_at", "submitted_at", "hidden")},
            "calculated": found["calculated"], "answers": found["answers"],
            "definition": {"id": form, "title": definition["title"], "fields": fields},
        }  # fmt: skip
        event = {"event_id": f"event-{token}", "event_type": "form_response", "form_response": response}
        body = json.dumps(event).encode()
        return {"Content-Type": "application/json", HEADER: signature(secret or self.webhook_secret, body)}, body

    def connection(self) -> Mapping[str, Json]:
        """Return the good token, and the secret of pushed events."""
        return {"token": self.token, "base_url": self.url, "webhook_secret": self.webhook_secret}

    def refused(self) -> Mapping[str, Json]:
        """Return a token that nobody knows."""
        return {"token": "tfp_wrong_token", "base_url": self.url}

    def expire(self) -> None:
        """Revoke the token; there is a new one."""
        self.token = f"tfp_sandbox_{secrets.token_hex(4)}"

    def make(self, stream: str, count: int = 1) -> Sequence[str]:  # noqa: ARG002 - there is one stream
        """Let people answer the first form's first question."""
        made = []
        for _ in range(count):
            hidden = {"email": f"person-{self._number}@mail.example"}
            token = self.respond(self.first, {"nps": self._number % 11}, hidden=hidden)
            made.append(f"{token}/nps")
        return made

    def touch(self, stream: str, key: str, text: str) -> None:
        """Nobody can: a response that was submitted stays as it is."""
        raise NotImplementedError(f"{self.name} does not change {stream} ({key}: {len(text)} characters).")

    def remove(self, stream: str, key: str) -> None:  # noqa: ARG002 - there is one stream
        """Delete the response that an answer is of."""
        token = key.partition("/")[0]
        for form, found in self.responses.items():
            self.responses[form] = [each for each in found if each["token"] != token]

    def keys(self, stream: str) -> Sequence[str]:  # noqa: ARG002 - there is one stream
        """Return token and reference of every answer."""
        return [f"{each['token']}/{ref}" for _, each in self._all() for ref in _refs(each)]

    # -- what is asked ------------------------------------------------------------------------------------------------

    def state(self) -> Json:
        """Return forms and responses."""
        return {"forms": dict(self.forms), "responses": {form: [*found] for form, found in self.responses.items()}}

    def rows(self, body: Json) -> list[Json] | None:
        """Return the responses; forms and their fields are no records."""
        found = body.get("items") if isinstance(body, dict) else None
        return found if isinstance(found, list) and all("token" in each for each in _objects(found)) else None

    def authenticate(self, request: Request) -> Reply | None:
        """Refuse another token than the account's."""
        if secrets.compare_digest(request.headers.get("authorization", ""), f"Bearer {self.token}"):
            return None
        return _error(HTTPStatus.UNAUTHORIZED, "AUTHENTICATION_FAILED", "Invalid token")

    def throttle(self, request: Request) -> Reply | None:  # noqa: ARG002 - the hook's signature
        """Refuse more requests than `per_second` within one."""
        now = time.monotonic()
        while self._asked and self._asked[0] <= now - 1:
            self._asked.popleft()
        if self.per_second is not None and len(self._asked) >= self.per_second:
            refusal = _error(HTTPStatus.TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED", "Too many requests")
            return Reply(refusal.status, json=refusal.json, headers={"Retry-After": "1"})
        self._asked.append(now)
        return None

    def malformed(self, request: Request, problem: ValueError) -> Reply:  # noqa: ARG002 - the hook's signature
        """Answer as for a parameter that is wrong."""
        return _error(HTTPStatus.BAD_REQUEST, "VALIDATION_ERROR", str(problem))

    @route("GET", "/forms")
    def listed(self, request: Request) -> Reply:
        """List forms, by pages that have numbers."""
        size, number = _within(request, "page_size", _DEFAULT_FORMS, _MOST_FORMS), int(request.param("page", "1"))
        brief = [{name: form[name] for name in ("id", "title", "type")} for form in self.forms.values()]
        return _page(brief[(number - 1) * size : number * size], len(brief), size)

    @route("GET", "/forms/{form}")
    def one(self, _request: Request, form: str) -> Reply:
        """Return a form with its fields."""
        found = self.forms.get(form)
        return Reply(json=found) if found else _missing()

    @route("GET", "/forms/{form}/responses")
    def answered(self, request: Request, form: str) -> Reply:
        """List responses, the newest first, since an instant or behind a token."""
        if form not in self.forms:
            return _missing()
        size, before, since = _within(request, "page_size", _DEFAULT, _MOST), request.param("before"), _since(request)
        if before and since is not None:
            raise ValueError("since and before cannot be used together")
        found = [each for each in self._newest(form, request) if since is None or _submitted(each) >= since]
        tokens = [each["token"] for each in found] if before else []
        if before and before not in tokens:
            return _error(HTTPStatus.BAD_REQUEST, "INVALID_TOKEN", "before names no response")
        rest = found[tokens.index(before) + 1 :] if before else found
        return _page(rest[:size], len(rest), size)

    def _newest(self, form: str, request: Request) -> Sequence[Mapping[str, Json]]:
        """What of a form is listed yet, the newest first; what was never submitted bears the year 1."""
        types = set((request.param("response_type") or "completed").split(","))
        listed = [each for each in self.responses[form] if each["response_type"] in types]
        limit = self.now() - self.lag
        return sorted([each for each in listed if _submitted(each) <= limit], key=_place, reverse=True)

    def _all(self) -> Sequence[tuple[str, Mapping[str, Json]]]:
        return [(form, each) for form, found in self.responses.items() for each in found]

    def _stamp(self) -> str:
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _answer(field: Mapping[str, Json], value: Json) -> Json:
    kind = _TYPES[str(field["type"])]
    kind = "choices" if kind == "choice" and isinstance(value, list) else kind
    said: Json = {"label": value} if kind == "choice" else {"labels": value} if kind == "choices" else value
    return {"field": {name: field[name] for name in ("id", "ref", "type")}, "type": kind, kind: said}


def _refs(response: Mapping[str, Json]) -> Sequence[str]:
    fields = [each["field"] for each in _objects(response["answers"])]
    return [str(field["ref"]) for field in fields if isinstance(field, Mapping)]


def _objects(value: Json) -> Sequence[Mapping[str, Json]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _submitted(response: Mapping[str, Json]) -> datetime:
    return datetime.fromisoformat(str(response["submitted_at"]))


def _place(response: Mapping[str, Json]) -> tuple[str, str]:
    return str(response["submitted_at"]), str(response["token"])


def _since(request: Request) -> datetime | None:
    since = request.param("since")
    return datetime.fromtimestamp(int(since), UTC) if since else None


def _within(request: Request, name: str, default: int, most: int) -> int:
    size = int(request.param(name, str(default)))
    if not 1 <= size <= most:
        raise ValueError(f"{name} must be between 1 and {most}")
    return size


def _page(items: Sequence[Mapping[str, Json]], total: int, size: int) -> Reply:
    return Reply(json={"total_items": total, "page_count": -(-total // size), "items": [*items]})


def _missing() -> Reply:
    return _error(HTTPStatus.NOT_FOUND, "FORM_NOT_FOUND", "Non existing form")


def _error(status: int, code: str, description: str) -> Reply:
    return Reply(status=status, json={"code": code, "description": description})
