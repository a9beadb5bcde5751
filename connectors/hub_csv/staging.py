"""Bring a file into the one form that the readers take: plain UTF-8 text, unpacked, without a byte order mark.

Most files are in it already and are read where they lie. Others are unpacked or re-encoded into a temporary file that
has no name on disk, so that nothing personal stays behind when the process is killed.
"""

import bz2
import codecs
import gzip
import hashlib
import re
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa

from hub.sdk.errors import BadData
from hub_csv.settings import Format

_BLOCK = 1 << 20
_SEAM = 100
_MAX_UNPACKED = 1_000_000_000
_MAX_RATIO = 200
_PACKERS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2"}
_MAGIC = {
    b"PAR1": 'a Parquet file; set format.kind = "parquet"',
    b"PK\x03\x04": 'a zip or Excel file; unpack it, or set format.kind = "excel"',
    b"\xd0\xcf\x11\xe0": "an old Excel file; save it as CSV",
    b"%PDF": "a PDF file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"SQLite format 3": "a SQLite database",
    b"\x7fELF": "a program",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BROKEN = "\udcff"  # becomes the byte FF, which no UTF-8 text holds: the line is found damaged later


@dataclass(frozen=True, slots=True)
class Staged:
    """A text file ready for reading.

    `path` names the open descriptor, so that a file replaced meanwhile is not read half and half. `digest` is of the
    file as it lies on disk. `feeds`, `returns`, `quotes` and `nuls` count line feeds, carriage returns, quotes and NUL
    bytes; `spaced` tells of quotes with a space beside them.
    """

    path: str
    file: IO[bytes]
    digest: str
    feeds: int
    returns: int
    quotes: int
    nuls: int
    spaced: bool

    @property
    def newline(self) -> bytes:
        """What ends a physical line."""
        return b"\r" if self.returns and not self.feeds else b"\n"


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, shortened to 16 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


@contextmanager
def staged(path: Path, settings: Format) -> Iterator[Staged]:
    """Open a text file for reading.

    Raises:
        BadData: it is empty, no text, or cut off in its compression.
    """
    with path.open("rb") as original:
        head = original.read(_BLOCK)
        original.seek(0)
        packer = next((name for magic, name in _PACKERS.items() if head.startswith(magic)), "")
        with _unpacked(original, path, packer) as plain:
            head = plain.read(_BLOCK)
            found = _encoding(head, settings.encoding)
            plain.seek(0)
            if found == "utf-8" and not head.startswith(codecs.BOM_UTF8):
                yield _measured(plain, settings, path if packer else None)
                return
            with tempfile.TemporaryFile() as converted:
                _convert(plain, converted, found)
                yield _measured(converted, settings, path)


def unpacked_limit(path: Path) -> int:
    """Return how big a packed file may become before it is taken for a trap."""
    return max(_MAX_UNPACKED, path.stat().st_size * _MAX_RATIO)


@contextmanager
def _unpacked(original: IO[bytes], path: Path, packer: str) -> Iterator[IO[bytes]]:
    if not packer:
        yield original
        return
    with tempfile.TemporaryFile() as plain:
        limit = unpacked_limit(path)
        try:
            with _opened(original, packer) as source:
                _unpack(source, plain, limit)
        except (EOFError, zlib.error, OSError):
            raise BadData(f"the {packer} data is cut off or damaged.", hint="Copy the file again.") from None
        plain.flush()
        plain.seek(0)
        yield plain


def _opened(file: IO[bytes], packer: str) -> IO[bytes] | gzip.GzipFile:
    if packer == "gzip":
        return gzip.GzipFile(fileobj=file)
    if packer == "bzip2":
        return bz2.BZ2File(file)
    found: IO[bytes] = pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")
    return found


def _unpack(source: IO[bytes] | gzip.GzipFile, plain: IO[bytes], limit: int) -> None:
    while block := source.read(_BLOCK):
        plain.write(block)
        if plain.tell() > limit:
            raise BadData(f"unpacks to more than {limit:,} bytes.", hint="Unpack it yourself if you trust it.")


def _encoding(head: bytes, wanted: str) -> str:
    """Find the encoding, and refuse what is no text."""
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise BadData(f"Expected text, found {what}.")
    if not head.strip():
        raise BadData("The file is empty; expected a line of column names.", hint="Remove it, or export it again.")
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)
    found = marked or (wanted if wanted != "auto" else "utf-8")
    name = codecs.lookup(found).name
    control = sum(head.count(byte) for byte in range(32) if byte not in b"\t\n\r\f\x1a\x1b")
    if not name.startswith(("utf-16", "utf-32")) and control > len(head) // 100 + 10:
        raise BadData("Expected text, found binary data.", hint='If it is text, set format.encoding, such as "utf-16".')
    return name


def _convert(plain: IO[bytes], target: IO[bytes], encoding: str) -> None:
    codecs.register_error("hub_csv_broken", _replace)
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)("hub_csv_broken")
    while block := plain.read(_BLOCK):
        target.write(decoder.decode(block).encode("utf-8", "surrogateescape"))
    target.write(decoder.decode(b"", final=True).encode("utf-8", "surrogateescape"))
    target.flush()
    target.seek(0)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _BROKEN, error.end


def _measured(text: IO[bytes], settings: Format, packed: Path | None) -> Staged:
    quote, beside = settings.quote.encode(), _spaced_quote(settings)
    digest, feeds, returns, quotes, nuls, spaced, last = hashlib.sha256(), 0, 0, 0, 0, False, b""
    while block := text.read(_BLOCK):
        if packed is None:
            digest.update(block)
        feeds += block.count(b"\n")
        returns += block.count(b"\r")
        nuls += block.count(b"\0")
        if quote and quote in block:
            quotes += block.count(quote)
            spaced = spaced or _has_spaced(last + block, quote, beside)
        last = block[-_SEAM:]
    text.seek(0)
    name = digest.hexdigest()[:16] if packed is None else digest_of(packed)
    return Staged(f"/dev/fd/{text.fileno()}", text, name, feeds, returns, quotes, nuls, spaced)


def _has_spaced(text: bytes, quote: bytes, beside: re.Pattern[bytes]) -> bool:
    # The plain search is thirty times as fast and settles most files.
    return (b" " + quote in text or quote + b" " in text) and beside.search(text) is not None


def _spaced_quote(settings: Format) -> re.Pattern[bytes]:
    """Match a quote with blanks between it and the end of its cell, which DuckDB reads now so, now otherwise."""
    quote = re.escape(settings.quote.encode())
    edge = b"[,;|\t\r\n" + re.escape((settings.delimiter or "").encode()) + b"]"
    return re.compile(rb"%b +%b|%b +(?:%b|\Z)" % (edge, quote, quote, edge))
