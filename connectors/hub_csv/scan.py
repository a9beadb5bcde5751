"""The careful reader: splits a text file into physical lines and records, and says exactly which lines are damaged.

DuckDB reads clean files faster, but reports damage loosely: one unclosed quote can swallow what follows, and NUL bytes
pass. So damaged files come through here once and are handed to DuckDB clean. The rule: where no record can be read, the
physical line is damaged, and reading goes on at the next line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import IO, NamedTuple

from hub.sdk.errors import BadData

MAX_RECORD = 2_000_000
_MAX_LINE = 256_000_000
_BLOCK = 1 << 20


class Scanned(NamedTuple):
    """One record or one damaged line.

    `line` is the physical line it starts on, from 1. `fields` are set where quotes or carriage returns were taken
    apart; otherwise `raw` is the record as DuckDB reads it. `reason` is empty for a sound record.
    """

    line: int
    raw: bytes
    fields: list[bytes] | None
    reason: str


class _Patterns(NamedTuple):
    inner: re.Pattern[bytes]
    closed: re.Pattern[bytes]
    opened: re.Pattern[bytes]
    bare: re.Pattern[bytes]


@dataclass(frozen=True)
class Dialect:
    """How a file's text is cut into cells. `newline` ends a physical line; a carriage return before it belongs to it."""

    delimiter: str
    quote: str
    escape: str
    newline: bytes = b"\n"

    @cached_property
    def _patterns(self) -> "_Patterns":
        delimiter, quote, escape = (re.escape(mark.encode()) for mark in (self.delimiter, self.quote, self.escape))
        inner = rb"[^%b]*(?:%b%b[^%b]*)*" % (quote, quote, quote, quote)
        if self.escape != self.quote:
            inner = rb"[^%b%b]*(?:%b.[^%b%b]*)*" % (quote, escape, escape, quote, escape)
        return _Patterns(
            inner=re.compile(inner, re.DOTALL),
            closed=re.compile(rb" *%b(%b)%b *(?=%b|\Z)" % (quote, inner, quote, delimiter), re.DOTALL),
            opened=re.compile(rb" *%b%b\Z" % (quote, inner), re.DOTALL),
            bare=re.compile(rb"(?! *%b)[^%b]*" % (quote, delimiter)),
        )

    def stays_open(self, line: bytes) -> bool:
        """Tell whether a line that begins inside quotes ends inside the same ones."""
        match = self._patterns.inner.match(line)
        return match is not None and match.end() == len(line)

    def split(self, record: bytes) -> tuple[list[bytes] | None, bool]:
        """Cut one record into cells; (None, True) when a quote is still open at its end, (None, False) when broken."""
        if not self.quote:
            return record.split(self.delimiter.encode()), False
        patterns = self._patterns
        fields: list[bytes] = []
        at = 0
        while True:
            if match := patterns.closed.match(record, at):
                fields.append(self._unescape(match[1]))
            elif match := patterns.bare.match(record, at):
                fields.append(match[0])
            else:
                return None, patterns.opened.match(record, at) is not None
            at = match.end()
            if at == len(record):
                return fields, False
            at += len(self.delimiter.encode())

    def _unescape(self, text: bytes) -> bytes:
        quote, escape = self.quote.encode(), self.escape.encode()
        if quote == escape:
            return text.replace(quote * 2, quote) if quote in text else text
        return re.sub(re.escape(escape) + b"(.)", rb"\1", text, flags=re.DOTALL) if escape in text else text

    def join(self, fields: list[bytes]) -> bytes:
        """Write cells so that every reader agrees about them."""
        quote = self.quote.encode()
        escaped = (
            field.replace(quote, quote * 2)
            if self.escape == self.quote
            else re.sub(rb"([%b])" % re.escape(quote + self.escape.encode()), rb"\\\1", field)
            for field in fields
        )
        return self.delimiter.encode().join(quote + field + quote for field in escaped)


class Lines:
    """Physical lines of a file with look-ahead, without their line feeds; a carriage return before one stays."""

    def __init__(self, file: IO[bytes], newline: bytes) -> None:
        self._file, self._newline = file, newline
        self._lines: list[bytes] = []
        self._rest = b""
        self._ended = False
        self._at = 0

    def peek(self, ahead: int = 0) -> bytes | None:
        """Return the line `ahead` of the current one, or None after the end."""
        while self._at + ahead >= len(self._lines) and not self._ended:
            self._fill()
        at = self._at + ahead
        return self._lines[at] if at < len(self._lines) else None

    def drop(self, count: int) -> None:
        """Go on by `count` lines."""
        self._at += count
        if self._at > 50_000:
            del self._lines[: self._at]
            self._at = 0

    def _fill(self) -> None:
        pieces = [self._rest]
        while block := self._file.read(_BLOCK):
            pieces.append(block)
            if self._newline in block:
                break
            if len(pieces) * _BLOCK > _MAX_LINE:
                raise BadData(f"Expected lines of text, found no end of line within {_MAX_LINE:,} bytes.")
        lines = b"".join(pieces).split(self._newline)
        self._ended = not block
        self._rest = b"" if self._ended else lines.pop()
        if self._ended and lines[-1] == b"":
            lines.pop()
        self._lines += lines


def scan(file: IO[bytes], dialect: Dialect, columns: int, skip: int) -> Iterator[Scanned]:
    """Yield every record and every damaged line after the first `skip` lines; blank lines are neither."""
    lines = Lines(file, dialect.newline)
    for _ in range(skip):
        lines.peek()
        lines.drop(1)
    number = skip + 1
    while (raw := lines.peek()) is not None:
        found, taken = _record(lines, raw, number, dialect, columns)
        if found is not None:
            yield found
        lines.drop(taken)
        number += taken


def _record(lines: Lines, raw: bytes, number: int, dialect: Dialect, columns: int) -> tuple[Scanned | None, int]:
    delimiter, quote = dialect.delimiter.encode(), dialect.quote.encode()
    if quote and quote in raw:
        return _quoted(lines, raw, number, dialect, columns)
    raw = raw.removesuffix(b"\r")
    if not raw:
        return None, 1
    fields = raw.split(delimiter) if raw.count(delimiter) != columns - 1 or b"\r" in raw else None
    if columns == 1 and fields and not any(fields):
        return None, 1
    return Scanned(number, raw, fields, _damage(raw, fields, columns)), 1


def _quoted(lines: Lines, raw: bytes, number: int, dialect: Dialect, columns: int) -> tuple[Scanned | None, int]:
    record, taken, fields, is_open = _gather(lines, raw, dialect)
    if fields is None:
        reason = "a quote is opened and not closed" if is_open else "a closing quote is followed by text"
    elif columns == 1 and not any(fields):
        return None, taken
    else:
        reason = _damage(record, fields, columns)
    return (Scanned(number, raw.removesuffix(b"\r"), None, reason), 1) if reason else (Scanned(number, record, fields, ""), taken)


def _gather(lines: Lines, raw: bytes, dialect: Dialect) -> tuple[bytes, int, list[bytes] | None, bool]:
    """Take lines until the quotes that `raw` opens are closed, or until it is clear that they never are."""
    parts, size, record = [raw], len(raw), raw.removesuffix(b"\r")
    fields, is_open = dialect.split(record)
    while is_open and size <= MAX_RECORD and (following := lines.peek(len(parts))) is not None:
        parts.append(following)
        size += len(following) + 1
        if not dialect.stays_open(following):
            record = dialect.newline.join(parts).removesuffix(b"\r")
            fields, is_open = dialect.split(record)
    return record, len(parts), fields, is_open


def _damage(record: bytes, fields: list[bytes] | None, columns: int) -> str:
    """Say what is wrong with a record, if anything. Empty cells beyond the last column do no harm."""
    if len(record) > MAX_RECORD:
        return f"longer than {MAX_RECORD:,} bytes"
    if fields is not None and (len(fields) < columns or any(fields[columns:])):
        return f"expected {columns} columns, found {len(fields)}"
    if b"\0" in record:
        return "holds a NUL byte"
    if not record.isascii():
        try:
            record.decode()
        except UnicodeDecodeError:
            return "not valid in the file's encoding; if the whole file is so, set format.encoding"
    return ""
