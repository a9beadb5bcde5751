"""Take secrets and personal data out of texts: logs, errors, URLs.

Three nets, since each has holes: secret values that were registered are found by value and in the forms they travel in;
credentials that nobody registered are found by their place (`password=...`, `Bearer ...`); addresses and phone numbers
are found by their shape. Names of people have no shape: never put them in a message.
"""

import base64
import json
import re
import threading
from collections import deque
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit

SECRET: Final = "[secret]"  # noqa: S105 - what stands in for one
EMAIL: Final = "[email]"
PHONE: Final = "[phone]"
HASH: Final = "[hash]"

_TOKENS: Final = 64
_NEVER: Final = "(?!)"  # matches nothing
_SHORTEST: Final = 4  # characters: a shorter "secret" would blacken ordinary words

_EMAIL = re.compile(r"[\w!#$*+^~%-][\w.!#$*+^~%'-]{0,63}(?:@|%40|\\u0040)[\w-]{1,63}(?:\.[\w-]{1,63})+", re.IGNORECASE)
_NAME = r"""(?: (?:proxy-)?authorization | [\w-]{0,40}(?:api|access|private)[-_]?key | [\w-]{0,40}(?:token|secret)
    | [\w-]{0,40}passw(?:or)?d | pwd | signature | appsecret_proof | credentials? | (?:set-)?cookie )"""
_CREDENTIAL_NAME = re.compile(_NAME, re.VERBOSE | re.IGNORECASE)
_CREDENTIAL = re.compile(
    rf"""\b({_NAME}) (["']?\s*[:=]\s*["']?) ((?:bearer|basic|oauth)\s+)? (?!\[secret\]) [^\s"'&,;}}\])]+""",
    re.VERBOSE | re.IGNORECASE,
)
_SCHEME = re.compile(r"\b(bearer|basic|oauth)\s+(?!\[secret\])(?=\S*[\d=])[\w.~+/=-]{8,}", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/\s?#]+(?=@)")
_PHONE = re.compile(
    r"(?<!\w)(?:\+|%2B)\(?\d[\d(). \t-]{5,20}\d"  # international
    r"|(?<![\w.:/+-])\(?\d[\d(). \t-]{5,20}\d(?![\w:])",  # as people write it
    re.IGNORECASE,
)
_NO_PHONE = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,3}(\.\d{1,3}){2,3}|\d+\.\d+|\d{1,9}")
_DIGITS = range(7, 16)  # E.164 allows 15; seven is a local number
_DIGEST = re.compile(r"[0-9a-fA-F]{32,}")
_BREAK = re.compile(r"\s*\n\s*")


class _Known:
    """The registered values of this process, and the pattern that finds them; it is made when a text needs it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lasting: set[str] = set()
        self._passing: deque[str] = deque(maxlen=_TOKENS)
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: str, *, passing: bool) -> None:
        with self._lock:
            if len(value) >= _SHORTEST and value not in self._lasting and value not in self._passing:
                (self._passing.append if passing else self._lasting.add)(value)
                self._pattern = None

    def hide(self, text: str) -> str:
        pattern = self.found_by()
        text = pattern.sub(SECRET, text)
        return _across_lines(pattern, text) if "\n" in text else text

    def found_by(self) -> re.Pattern[str]:
        with self._lock:
            if self._pattern is None:
                values = (*self._lasting, *self._passing)
                forms = {form for value in values for form in _forms(value) if len(form) >= _SHORTEST}
                longest_first = sorted(forms, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)) or _NEVER)
            return self._pattern


_KNOWN = _Known()


def register_secret(value: str) -> None:
    """Have `value` replaced in every text from now on; call it wherever a secret reference is resolved.

    Values shorter than four characters are not taken: they would blacken ordinary words.
    """
    _KNOWN.add(value, passing=False)


def register_token(value: str) -> None:
    """As `register_secret`, for what is minted again and again: the process remembers the last 64 of them.

    A daemon would otherwise know, and look for, every token of its life; one is spoken of while it lives.
    """
    _KNOWN.add(value, passing=True)


def is_credential(name: str) -> bool:
    """Say whether a field of this name holds a credential, whatever its value looks like."""
    return _CREDENTIAL_NAME.fullmatch(name) is not None


def redact(text: str) -> str:
    """Return `text` with registered secrets, credentials, e-mail addresses and phone numbers replaced."""
    text = _KNOWN.hide(text)
    text = _USERINFO.sub(SECRET, text)
    text = _CREDENTIAL.sub(rf"\1\2\3{SECRET}", text)
    text = _SCHEME.sub(rf"\1 {SECRET}", text)
    text = _EMAIL.sub(EMAIL, text)
    return _PHONE.sub(_phone, text)


def redact_url(url: str) -> str:
    """Return `url` fit for a log: no user, no values in its query, no fragment, no digests or addresses in its path.

    A digest in a path is personal data too: Mailchimp addresses a member by the MD5 of the address.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # an address that cannot be taken apart may hold anything anywhere
        return "[url]"
    host = parts.netloc.rpartition("@")[2]
    path = _DIGEST.sub(HASH, redact(parts.path))
    keys = [redact(pair.partition("=")[0]) for pair in parts.query.split("&") if pair]
    query = "?" + "&".join(f"{key}=..." for key in keys) if keys else ""
    return (f"{parts.scheme}://{host}" if host else "") + path + query


def _phone(match: re.Match[str]) -> str:
    text = match.group()
    digits = sum(map(str.isdigit, text[3:] if text.startswith("%") else text))
    return text if digits not in _DIGITS or _NO_PHONE.fullmatch(text) else PHONE


def _forms(value: str) -> Iterator[str]:
    """Yield the forms a secret travels in: itself, in a URL, in JSON, in hexadecimal, and inside base64."""
    raw = value.encode()
    escaped = quote(value, safe="")
    yield from (value, escaped, re.sub(r"%..", lambda code: code.group().lower(), escaped))
    yield from (quote(value), quote_plus(value), raw.hex(), raw.hex().upper())
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield _inside(encode(bytes(offset) + raw).decode(), offset, len(raw))


def _inside(encoded: str, offset: int, length: int) -> str:
    """Cut base64 text down to the characters that hold nothing but the secret, whatever stands around it."""
    return encoded[-(-8 * offset // 6) : 8 * (offset + length) // 6]


def _across_lines(pattern: re.Pattern[str], text: str) -> str:
    """Replace what is found once line breaks, and the blanks beside them, are taken away."""
    places = _places_kept(text)
    found = pattern.finditer("".join(text[place] for place in places))
    for match in reversed(list(found)):
        text = text[: places[match.start()]] + SECRET + text[places[match.end() - 1] + 1 :]
    return text


def _places_kept(text: str) -> list[int]:
    kept: list[int] = []
    start = 0
    for gap in _BREAK.finditer(text):
        kept.extend(range(start, gap.start()))
        start = gap.end()
    kept.extend(range(start, len(text)))
    return kept
