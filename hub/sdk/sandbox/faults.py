"""Faults that a sandbox shows on demand."""

import threading
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal[
    "status",
    "status_after",
    "reset",
    "reset_after",
    "timeout",
    "timeout_after",
    "truncate",
    "cut_chunks",
    "cut_gzip",
    "no_length",
    "content_type",
    "slow",
    "empty",
    "replay",
    "no_rows",
    "reversed_rows",
    "repeated_rows",
    "unknown_field",
    "other_type",
]
RESHAPING = frozenset({"no_rows", "reversed_rows", "repeated_rows", "unknown_field", "other_type"})


class Fault(BaseModel):
    """Something that goes wrong for requests that match; the first matching fault with uses left is taken.

    `kind`:
        status, status_after: answer `status` with `body`, before or after the request is applied
        reset, reset_after: reset the connection, before or after it is applied
        timeout, timeout_after: say nothing for `seconds`, then close, before or after it is applied
        truncate: apply, promise the whole length, send half the body and close
        cut_chunks: apply, send the body in chunks without the end chunk, and close
        cut_gzip: apply, send half of the gzipped body with a Content-Length that fits that half
        no_length: apply, send half of the body with no length at all, and close
        content_type: apply, answer 200 with `body` (an HTML login page when empty) as text/html
        slow: apply, then send one byte of the answer (its header too) every `seconds`
        empty: apply, answer with the right status and no body
        replay: answer what was answered before on this path, as a vendor does whose paging is stuck
        no_rows, reversed_rows, repeated_rows: apply, and take the rows of the answer away, turn them round, send them
            twice; what leads to the next page stays (see `Sandbox.rows`)
        unknown_field: apply, and give every row of the answer a field that nobody knows
        other_type: apply, and replace what is at `field` of the answer (`customers.0.address.city`) by `body`, JSON
    `method` and `path` (shell pattern without the query) choose requests. `skip`: let so many matching ones pass first;
    `times`: how many to spoil, None for all. `retry_after`: sent as it is, so that nonsense can be tested.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    method: str = "*"
    path: str = "*"
    times: int | None = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    status: int = 503
    body: str = ""
    field: str = ""
    content_type: str = "application/json"
    retry_after: str | None = None
    seconds: float = Field(default=3600.0, ge=0)

    def matches(self, method: str, path: str) -> bool:
        """Say whether a request is meant."""
        return fnmatchcase(method, self.method) and fnmatchcase(path, self.path)


class Faults:
    """The faults a sandbox has in store; safe to change while it serves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a fault behind those already waiting."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[Fault]:
        """Return the faults with the uses they have left."""
        with self._lock:
            return list(self._waiting)

    def take(self, method: str, path: str) -> Fault | None:
        """Use up one fault for this request, if any applies."""
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if fault.matches(method, path):
                    self._use(place, fault)
                    return None if fault.skip else fault
        return None

    def _use(self, place: int, fault: Fault) -> None:
        if fault.skip:
            self._waiting[place] = fault.model_copy(update={"skip": fault.skip - 1})
        elif fault.times == 1:
            del self._waiting[place]
        elif fault.times is not None:
            self._waiting[place] = fault.model_copy(update={"times": fault.times - 1})
