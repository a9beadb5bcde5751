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
_MAX_LINE = 64_000_000
_BLOCK = 1 << 20


class Scanned(NamedTuple):
    """One record that is not a plain line, or one damaged line.

    `line` is the physical line it starts on, from 1. A sound record has `fields` and no `reason`.
    """

    line: int
    raw: bytes
    fields: list[bytes] | None
    reason: str


class Run(NamedTuple):
    """Many lines in a row that are one sound record each, with their line ends."""

    line: int
    records: int
    data: bytes


class _Patterns(NamedTuple):
    inner: re.Pattern[bytes]
    closed: re.Pattern[bytes]
    opened: re.Pattern[bytes]
    bare: re.Pattern[bytes]


@dataclass(frozen=True)
class Dialect:
    """How a file's text is cut into cells; `newline` ends a physical line."""

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

    def clean_lines(self, columns: int) -> re.Pattern[bytes]:
        """Match as many lines as possible that are records beyond doubt; they need no second look."""
        delimiter, quote, escape = (re.escape(mark.encode()) for mark in (self.delimiter, self.quote, self.escape))
        cell = rb"[^%b%b\n\r\0]*+" % (delimiter, quote)
        if quote:
            inner = rb"[^%b%b\n\r\0]*+" % (quote, escape)
            doubled = rb"(?:%b%b%b)*+" % (quote, quote, inner) if self.escape == self.quote else b""
            cell = rb"(?:%b|%b%b%b%b)" % (cell, quote, inner, doubled, quote)
        empty = rb"(?:%b%b)?" % (quote, quote) if quote and columns == 1 else b""
        end = rb"\r?\n" if self.newline == b"\n" else rb"\r"
        cells = (cell + delimiter) * (columns - 1) + cell
        return re.compile(rb"(?>(?!%b%b)%b%b)++" % (empty, end, cells, end))

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


class Text:
    """A file's text with look-ahead from the current place on."""

    def __init__(self, file: IO[bytes], newline: bytes) -> None:
        self._file, self._newline = file, newline
        self._buffer, self._at, self._ended = b"", 0, False

    def line(self, ahead: int = 0) -> tuple[bytes, int] | None:
        """Return the line that starts `ahead` bytes from here, without its end, and where the next one starts.

        Raises:
            BadData: no line ends within the largest size.
        """
        while (end := self._buffer.find(self._newline, self._at + ahead)) < 0 and not self._ended:
            self._fill()
        start = self._at + ahead
        if end < 0:
            rest = self._buffer[start:]
            return (rest, ahead + len(rest)) if rest else None
        return self._buffer[start:end], end + len(self._newline) - self._at

    def run(self, pattern: re.Pattern[bytes]) -> bytes:
        """Return what matches from here on, as far as it is in memory."""
        if self._at >= len(self._buffer) and not self._ended:
            self._fill()
        match = pattern.match(self._buffer, self._at)
        return match[0] if match else b""

    def skip(self, count: int) -> None:
        """Go on by `count` bytes."""
        self._at += count

    def _fill(self) -> None:
        block = self._file.read(_BLOCK)
        self._ended = not block
        self._buffer, self._at = self._buffer[self._at :] + block, 0
        if len(self._buffer) > _MAX_LINE:
            raise BadData(f"Expected lines of text, found no end of line within {_MAX_LINE:,} bytes.")


def scan(file: IO[bytes], dialect: Dialect, columns: int, skip: int) -> Iterator[Scanned | Run]:
    """Yield every record and every damaged line after the first `skip` lines; blank lines are neither."""
    text = Text(file, dialect.newline)
    for _ in range(skip):
        text.skip((text.line() or (b"", 0))[1])
    number = skip + 1
    pattern = dialect.clean_lines(columns)
    while True:
        if data := _valid(text.run(pattern), dialect.newline):
            run = Run(number, data.count(dialect.newline), data)
            text.skip(len(data))
            number += run.records
            yield run
        if (found := text.line()) is None:
            return
        scanned, taken, size = _record(text, *found, number, dialect, columns)
        if scanned is not None:
            yield scanned
        text.skip(size)
        number += taken


def _valid(data: bytes, newline: bytes) -> bytes:
    """Return the lines before the first that is not UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return data[: data.rfind(newline, 0, error.start) + 1]
    return data


def _record(
    text: Text, raw: bytes, size: int, number: int, dialect: Dialect, columns: int
) -> tuple[Scanned | None, int, int]:
    """Read one record that is no clean line: what it is, and how many lines and bytes it takes."""
    if dialect.quote and dialect.quote.encode() in raw:
        record, taken, end, fields, is_open = _gather(text, raw, size, dialect)
    else:
        record, taken, end, is_open = raw.removesuffix(b"\r"), 1, size, False
        fields = record.split(dialect.delimiter.encode())
    if fields is not None and not any(fields) and (columns == 1 or not record):
        return None, taken, end
    if fields is None:
        reason = "a quote is opened and not closed" if is_open else "a closing quote is followed by text"
    else:
        reason = _damage(record, fields, columns)
    if reason:
        return Scanned(number, raw.removesuffix(b"\r"), None, reason), 1, size
    return Scanned(number, record, fields, ""), taken, end


def _gather(text: Text, raw: bytes, size: int, dialect: Dialect) -> tuple[bytes, int, int, list[bytes] | None, bool]:
    """Take lines until the quotes that `raw` opens are closed, or until it is clear that they never are."""
    parts, end, record = [raw], size, raw.removesuffix(b"\r")
    fields, is_open = dialect.split(record)
    while is_open and end <= MAX_RECORD and (following := text.line(end)) is not None:
        parts.append(following[0])
        end = following[1]
        if not dialect.stays_open(following[0]):
            record = dialect.newline.join(parts).removesuffix(b"\r")
            fields, is_open = dialect.split(record)
    return record, len(parts), end, fields, is_open


def _damage(record: bytes, fields: list[bytes], columns: int) -> str:
    """Say what is wrong with a record, if anything. Empty cells beyond the last column do no harm."""
    if len(record) > MAX_RECORD:
        return f"longer than {MAX_RECORD:,} bytes"
    if len(fields) < columns or any(fields[columns:]):
        return f"expected {columns} columns, found {len(fields)}"
    if b"\0" in record:
        return "holds a NUL byte"
    if not record.isascii():
        try:
            record.decode()
        except UnicodeDecodeError:
            return "not valid in the file's encoding; if the whole file is so, set format.encoding"
    return ""
