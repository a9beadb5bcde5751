"""An answer that came whole, and JSON that is safe to pass on."""

import json as jsonlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn, cast

import msgspec

from hub.sdk.errors import BadData, HubError, Unanswered
from hub.sdk.records import Json

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")  # of a character


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
    _parsed: list[Json] = field(default_factory=list, repr=False, compare=False)

    def json(self) -> Json:
        """Return the body as JSON, parsed once; half a character (a lone surrogate) becomes U+FFFD.

        Raises:
            BadData: it is no JSON, holds NaN or an infinite number, or is nested absurdly deep.
            Unanswered: the same, when the request was a write.
        """
        if self._parsed:
            return self._parsed[0]
        try:
            self._parsed.append(loads(self.body))
            return self._parsed[0]
        except RecursionError:
            problem = "is nested too deep"
        except ValueError as error:
            problem = _named(error)
        raise self.unreadable(f"{problem} ({self._kind()})")

    def json_object(self) -> Mapping[str, Json]:
        """Return the body as a JSON object. Raises as `json` does, and the same for any other JSON."""
        body = self.json()
        if isinstance(body, Mapping):
            return body
        raise self.unreadable("is no JSON object")

    def json_list(self, name: str, *, optional: bool = False) -> Sequence[Json]:
        """Return the list `name` of a JSON object; with `optional` an empty one where the vendor leaves it out.

        Raises as `json` does, and the same where there is none.
        """
        found = self.json_object().get(name, [] if optional else None)
        if isinstance(found, list):
            return found
        raise self.unreadable(f"is no list of {name}")

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


def loads(body: bytes) -> Json:
    """Return JSON as `Response.json` does. Raises ValueError or RecursionError for what it refuses."""
    try:
        return cast("Json", msgspec.json.decode(body))  # twice as fast, and strict
    except (ValueError, RecursionError):  # a mark at the beginning, half a character, or not to be read at all
        data = cast("Json", jsonlib.loads(body.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_finite))
        return _mended(data) if _HALF.search(body) else data


def _finite(text: str) -> float:
    number = float(text)
    if math.isfinite(number):
        return number
    raise ValueError("holds a number that is too large")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"holds {constant}")


def _mended(data: Json) -> Json:
    """Half a character means nothing and fits into no table: U+FFFD stands for it, so that its record can land."""
    if isinstance(data, str):
        return data.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(data, list):
        return [_mended(each) for each in data]
    if isinstance(data, dict):
        return {str(_mended(name)): _mended(each) for name, each in data.items()}
    return data


def _named(error: ValueError) -> str:
    """Say what is wrong without a character of what came."""
    match error:
        case jsonlib.JSONDecodeError():
            return f"is no JSON from line {error.lineno}, column {error.colno} on"
        case UnicodeDecodeError():
            return "is not UTF-8"
    return str(error)
