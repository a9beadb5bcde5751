"""An answer that came whole, and JSON that is safe to pass on."""

import json as jsonlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn, cast

from hub.sdk.errors import BadData, HubError, Unanswered
from hub.sdk.records import Json

_SUSPECT = re.compile(rb"\\u[dD][89a-fA-F]|[eE]\+?[0-9]{3}")  # half a character, or a number beyond any float


@dataclass(frozen=True, slots=True)
class Response:
    """What the vendor answered, unpacked. `headers` have lower-case names.

    `request` is the method and the redacted path, fit for messages. `write` says that the request changed something,
    so that an answer we cannot read leaves us not knowing.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    request: str = ""
    write: bool = False

    def json(self) -> Json:
        """Return the body as JSON.

        Raises:
            BadData: it is no JSON, holds NaN, an infinite number or half a character, or is nested absurdly deep.
            Unanswered: the same, when the request was a write.
        """
        try:
            return _loaded(self.body)
        except RecursionError:
            problem = "is nested too deep"
        except ValueError as error:
            problem = _named(error)
        raise self.unreadable(f"{problem} ({self._kind()})")

    def text(self) -> str:
        """Return the body as UTF-8 text. Raises as `json` does."""
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            raise self.unreadable("is not UTF-8") from None

    def unreadable(self, problem: str) -> HubError:
        """Return the error to raise when this answer cannot be used; `problem` continues "the answer ..."."""
        message = f"{self.request}: status {self.status}, but the answer {problem}."
        return Unanswered(message) if self.write else BadData(message)

    def _kind(self) -> str:
        return f"{self.headers.get('content-type', 'no content type')}, {len(self.body)} bytes"


def _loaded(body: bytes) -> Json:
    data = cast("Json", jsonlib.loads(body.decode("utf-8-sig"), parse_constant=_refuse))
    if _SUSPECT.search(body):
        for leaf in _leaves(data):
            _check(leaf)
    return data


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"holds {constant}")


def _check(leaf: object) -> None:
    if isinstance(leaf, str):
        leaf.encode()  # raises UnicodeEncodeError, a ValueError, for half a character
    elif isinstance(leaf, float) and not math.isfinite(leaf):
        raise ValueError("holds a number that is too large")


def _leaves(data: object) -> Iterator[object]:
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
        else:
            yield item


def _named(error: ValueError) -> str:
    """Say what is wrong without a character of what came."""
    match error:
        case jsonlib.JSONDecodeError():
            return f"is no JSON from line {error.lineno}, column {error.colno} on"
        case UnicodeDecodeError():
            return "is not UTF-8"
        case UnicodeEncodeError():
            return "holds half a character (a lone surrogate)"
    return str(error)
