"""Who we are to a vendor: the header that goes with every request to its own host, and nowhere else."""

import base64
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from hub.sdk.redact import register_secret, register_token


class Auth(Protocol):
    """Credentials as headers. Each value that identifies us is registered as a secret."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers to send now."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Answer a 401 to a request that carried `refused`; True when there is something new to try."""


class Header:
    """A fixed header, such as `X-Api-Key`."""

    def __init__(self, name: str, value: str) -> None:
        register_secret(value)
        self._headers = {name: value}

    def headers(self) -> Mapping[str, str]:
        """Return the header."""
        return self._headers

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return False: a fixed value does not get better."""
        return False


class Bearer(Header):
    """A token that does not expire, or not while we run."""

    def __init__(self, token: str) -> None:
        register_secret(token)
        super().__init__("Authorization", f"Bearer {token}")


class Basic(Header):
    """User name and password."""

    def __init__(self, user: str, password: str) -> None:
        register_secret(password)
        both = base64.b64encode(f"{user}:{password}".encode()).decode()
        register_secret(both)
        super().__init__("Authorization", f"Basic {both}")


@dataclass(frozen=True, slots=True)
class Token:
    """A minted token and how long it lives from now; None when the vendor does not say."""

    value: str = field(repr=False)
    lifetime: timedelta | None = None


class Refreshing:
    """A token that `mint` makes anew before it expires, and once when the vendor refuses it.

    It is sent as `header`, behind `prefix`. However many threads need one, `mint` runs once at a time, and whoever
    waited for it uses its result. `early` is how long before its end a token is replaced (a tenth of its life when that
    is shorter).
    """

    def __init__(
        self,
        mint: Callable[[], Token],
        *,
        header: str = "Authorization",
        prefix: str = "Bearer ",
        early: timedelta = timedelta(minutes=1),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mint = mint
        self._header, self._prefix = header, prefix
        self._early = early.total_seconds()
        self._clock = clock
        self._lock = threading.Lock()
        self._headers: Mapping[str, str] = {}
        self._replace_at = 0.0

    def headers(self) -> Mapping[str, str]:
        """Return the header with a token that still lives; mints one when needed."""
        with self._lock:
            if not self._headers or self._clock() >= self._replace_at:
                self._replace()
            return self._headers

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Mint a token, unless another thread did since `refused` was handed out."""
        with self._lock:
            if refused == self._headers:
                self._replace()
            return True

    def _replace(self) -> None:
        token = self._mint()
        register_token(token.value)
        self._headers = {self._header: f"{self._prefix}{token.value}"}
        life = token.lifetime.total_seconds() if token.lifetime else float("inf")
        self._replace_at = self._clock() + life - min(self._early, life / 10)
