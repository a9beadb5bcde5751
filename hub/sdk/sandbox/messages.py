"""What a sandbox is asked and what it answers."""

import json as jsonlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qs

from hub.sdk.records import Json


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came over the socket.

    `path` is decoded only where a route takes parameters from it. `query` keeps every value of a repeated key.
    `headers` have lower-case names. `body` is already unpacked when the client sent it gzipped.
    """

    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Json:
        """Return the body as JSON. Raises ValueError when it is none; `Sandbox.malformed` answers that."""
        return cast("Json", jsonlib.loads(self.body))

    def form(self) -> dict[str, str]:
        """Return a form-encoded body; of a repeated key the last value."""
        return {key: values[-1] for key, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    def param(self, name: str, default: str = "") -> str:
        """Return the last value of a query parameter."""
        values = self.query.get(name)
        return values[-1] if values else default


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. Give `json`, or `body` with its `content_type`; neither makes an empty body."""

    status: int = 200
    json: Json = None
    body: bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def payload(self) -> bytes:
        """Return the bytes of the body, before any compression."""
        if self.body is not None:
            return self.body
        return b"" if self.json is None else jsonlib.dumps(self.json).encode()
