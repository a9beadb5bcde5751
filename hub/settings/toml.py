"""Read a TOML file and remember on which line each key stands, which no TOML library tells.

`tomllib` decides what is valid TOML; the index is then made from text known to be valid, so it only has to find keys.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TypeAlias

from hub.settings.problems import Problem

Loc: TypeAlias = "tuple[str | int, ...]"  # ("audience", 0, "segment")

_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'""")
_SCALAR = re.compile(
    r'''"""(?:[^"\\]++|\\.|"{1,2}(?!"))*+"{3,5}'''
    r"""|'{3}(?:[^']++|'{1,2}(?!'))*+'{3,5}"""
    r"""|"(?:[^"\\]++|\\.)*+"|'[^']*'|[^,\]}#\n]+""",
    re.DOTALL,
)
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TWICE = re.compile(r"Cannot declare \(.*\) twice")


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file. `name` is relative to the project: `config/mailchimp.toml`."""

    name: str
    data: Mapping[str, object]
    lines: Mapping[Loc, int]

    def line(self, loc: Loc) -> int:
        """Return the line of a key, or of the table around it when the key itself is not written."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return self.lines.get(loc, 1)

    def at(self, loc: Loc) -> object:
        """Return the value as written; None when there is none."""
        value: object = self.data
        for part in loc:
            try:
                value = value[part]  # type: ignore[index]  # whatever the file holds: wrong kinds raise and mean None
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def problem(self, loc: Loc, text: str) -> Problem:
        """Return a problem at a key."""
        return Problem(self.name, self.line(loc), text)


def read(path: Path, name: str) -> Document | Problem:
    """Parse one file; what cannot be read or parsed is a problem, never an exception."""
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return Problem(name, line, "expected UTF-8 text, got other bytes. Save the file as UTF-8.")
    except OSError as error:
        return Problem(name, None, f"cannot be read: {error.strerror}.")
    return parse(text, name)


def parse(text: str, name: str) -> Document | Problem:
    """Parse TOML text."""
    try:
        data = tomllib.loads(text)
        return Document(name, data, _Index(text).lines)
    except tomllib.TOMLDecodeError as error:
        return _syntax_problem(str(error), text, name)
    except ValueError:
        return Problem(name, None, "holds a number that is too long.")
    except RecursionError:
        return Problem(name, None, "is nested too deeply.")


def _syntax_problem(message: str, text: str, name: str) -> Problem:
    place = _PLACE.search(message)
    what = _TWICE.sub("this table is there twice", _PLACE.sub("", message))
    hint = _HINTS.get(what, "")
    if place is None or place[1] is None:
        return Problem(name, text.rstrip("\n").count("\n") + 1, f"not valid TOML at the end of the file: {what}.{hint}")
    return Problem(name, int(place[1]), f"not valid TOML at column {place[2]}: {what}.{hint}")


_HINTS = {
    "Invalid value": ' Text needs quotes: country = "NO".',
    "Cannot overwrite a value": " This key is given twice in the same table.",
}


class _Index:
    """Walk valid TOML once; `lines` maps the path of every key, table and array item to its line."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Loc, int] = {}
        self._text = text
        self._at = 0
        self._starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
        self._items: dict[Loc, int] = {}
        self._walk()

    def _walk(self) -> None:
        base: Loc = ()
        while self._skip(_BLANK) < len(self._text):
            if self._text[self._at] == "[":
                base = self._header()
            else:
                self._pair(base)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _mark(self, loc: Loc) -> Loc:
        self.lines.setdefault(loc, bisect_right(self._starts, self._at))
        return loc

    def _header(self) -> Loc:
        array = self._text.startswith("[[", self._at)
        self._at += 2 if array else 1
        loc: Loc = ()
        keys = self._keys()
        for depth, key in enumerate(keys, 1):
            loc = self._mark((*loc, key))
            if array and depth == len(keys):
                self._items[loc] = self._items.get(loc, -1) + 1
            if loc in self._items:
                loc = self._mark((*loc, self._items[loc]))
        self._at += 2 if array else 1
        return loc

    def _pair(self, base: Loc) -> None:
        for key in self._keys():
            base = self._mark((*base, key))
        self._at += 1  # the equals sign
        self._value(base)

    def _keys(self) -> list[str]:
        keys: list[str] = []
        while True:
            start = self._skip(_SPACE)
            token = self._text[start : self._skip(_KEY)]
            keys.append(tomllib.loads(f"key = {token}")["key"] if token[0] in "\"'" else token)
            if self._skip(_SPACE) >= len(self._text) or self._text[self._at] != ".":
                return keys
            self._at += 1

    def _value(self, loc: Loc) -> None:
        self._skip(_SPACE)
        if self._text[self._at] not in "[{":
            self._skip(_SCALAR)
            return
        array = self._text[self._at] == "["
        self._at += 1
        index = 0
        while self._text[self._skip(_BLANK)] not in "]}":
            if self._text[self._at] == ",":
                self._at += 1
            elif array:
                self._value(self._mark((*loc, index)))
                index += 1
            else:
                self._pair(loc)
        self._at += 1
