"""Unpack a body as it comes in, and prove that it came whole.

httpx takes a gzipped body that was cut in half without a word, so the raw bytes are unpacked here: the end marker and
the checksum must be there, and neither size nor ratio may pass its cap.
"""

import zlib
from typing import Final, Protocol

_GZIP: Final = zlib.MAX_WBITS | 16
_MAX_RATIO: Final = 250  # real JSON packs to a twentieth; a bomb to a thousandth
_RATIO_FROM: Final = 4_000_000  # bytes: below it, nobody is hurt


class Cut(Exception):
    """The body did not come whole, or is packed in a way that we cannot read; another try may bring it."""


class TooLarge(Exception):
    """The body passed a cap; another try brings the same."""


class Unpacker(Protocol):
    """Takes the bytes as they come."""

    def feed(self, data: bytes) -> None:
        """Take bytes. Raises `Cut` or `TooLarge`."""

    def finish(self) -> bytes:
        """Return the whole body. Raises `Cut` when its end is missing."""


def unpacker(encoding: str, cap: int) -> Unpacker:
    """Return what reads a body of that Content-Encoding, up to `cap` bytes. Raises `Cut` for unknown encodings."""
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain(cap)
        case "gzip" | "x-gzip":
            return _Gzip(cap)
    raise Cut("is packed in a way that was not asked for; gzip was")


class _Plain:
    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._size = 0
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._cap:
            raise TooLarge(f"is larger than {self._cap} bytes")
        self._parts.append(data)

    def finish(self) -> bytes:
        return b"".join(self._parts)


class _Gzip:
    """RFC 1952: members one after another, each with a checksum and a length at its end; zeros may follow."""

    def __init__(self, cap: int) -> None:
        self._plain = _Plain(cap)
        self._cap = cap
        self._read = 0
        self._written = 0
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False

    def feed(self, data: bytes) -> None:
        self._read += len(data)
        while data:
            data = self._unpack(data)

    def finish(self) -> bytes:
        if self._begun and not self._member.eof:
            raise Cut("ends in the middle of its gzip stream")
        return self._plain.finish()

    def _unpack(self, data: bytes) -> bytes:
        """Unpack a piece of at most the cap; return what is left of `data`."""
        if self._member.eof:
            data = data.lstrip(b"\0")
            if not data:
                return b""
            self._member = zlib.decompressobj(_GZIP)
        self._begun = True
        try:
            out = self._member.decompress(data, self._cap + 1)
        except zlib.error:
            raise Cut("has a damaged gzip stream") from None
        self._count(out)
        return self._member.unused_data or self._member.unconsumed_tail

    def _count(self, out: bytes) -> None:
        self._plain.feed(out)
        self._written += len(out)
        if self._written > _RATIO_FROM and self._written > _MAX_RATIO * self._read:
            raise TooLarge(f"unpacks to more than {_MAX_RATIO} times its size")
