"""One request as the caller meant it: address, headers, body, and whether it changes something."""

import json as jsonlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypedDict
from urllib.parse import urlencode, urlsplit

from hub.sdk.errors import BadData, ConfigError
from hub.sdk.records import Json
from hub.sdk.redact import redact_url

Value: TypeAlias = str | int | bool
Params: TypeAlias = Mapping[str, Value | Sequence[Value]]

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Options(TypedDict, total=False):
    """What may come with a request. Give at most one of `json`, `form` and `content`.

    `ok`: statuses beside 2xx that the caller wants to judge itself.
    `idempotent`: a POST that changes nothing, such as a search: it is repeated like a GET. Never say it of a write.
    """

    json: Json
    form: Mapping[str, str]
    content: bytes
    params: Params
    headers: Mapping[str, str]
    ok: Collection[int]
    idempotent: bool


@dataclass(frozen=True, slots=True)
class Call:
    """`name` is the method and the redacted address, fit for messages; `write`: it changes something at the vendor."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    ok: Collection[int]
    write: bool
    name: str


class Origin:
    """Scheme, host and port: what credentials belong to. Raises ConfigError for an address that cannot be one."""

    def __init__(self, base_url: str) -> None:
        self.base = base_url.rstrip("/")
        self._key = _origin(base_url)
        if self._key is None:
            raise ConfigError(f"{redact_url(base_url)} is no address of an API.", hint='Expected "https://host/path".')

    @property
    def encrypted(self) -> bool:
        """Whether it speaks TLS."""
        return self.base.startswith("https:")

    @property
    def local(self) -> bool:
        """Whether it is this machine, where clear text is safe (a sandbox)."""
        return self._key is not None and self._key[1] in _LOOPBACK

    def holds(self, url: str) -> bool:
        """Say whether an absolute address is on this origin."""
        return _origin(url) == self._key

    def address(self, path: str, params: Params | None) -> str:
        """Return the address of `path` below the base, or `path` itself when it is absolute and of this origin."""
        if "://" in path.partition("?")[0]:
            if not self.holds(path):
                raise BadData(f"A link leads away from {self.base} to {redact_url(path)}; not followed.")
            url = path
        else:
            url = f"{self.base}/{path.lstrip('/')}" if path else self.base
        if not url.isprintable():
            raise BadData(f"A link below {self.base} holds characters that no address has; not followed.")
        query = urlencode({key: _texts(value) for key, value in (params or {}).items()}, doseq=True)
        return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


def build(origin: Origin, headers: Mapping[str, str], method: str, path: str, options: Options) -> Call:
    """Make a call out of what the caller gave; `headers` go along where the options do not name others."""
    url = origin.address(path, options.get("params"))
    body, kind = _encoded(options)
    return Call(
        method=method,
        url=url,
        headers={**headers, **kind, **options.get("headers", {})},
        body=body,
        ok=options.get("ok", ()),
        write=method not in _READS and not options.get("idempotent", False),
        name=f"{method} {redact_url(url)}",
    )


def _origin(url: str) -> tuple[str, str, int | None] | None:
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError:
        return None
    return (scheme, host, port or _PORTS[scheme]) if host and scheme in _PORTS else None


def _encoded(options: Options) -> tuple[bytes | None, Mapping[str, str]]:
    if "json" in options:
        text = jsonlib.dumps(options["json"], ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode(), {"Content-Type": "application/json"}
    if "form" in options:
        return urlencode(options["form"]).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    return options.get("content"), {}


def _texts(value: Value | Sequence[Value]) -> str | list[str]:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int) else [str(_texts(item)) for item in value]
