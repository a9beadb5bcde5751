"""Who we are to a shop: a token that stays, one that is minted from the app's secret, or one that is refreshed.

A refresh token is good for one use: what follows it is on disk before it is used. Sources of one connection read side
by side and share the file; whoever comes second takes what the first one got.
"""

import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from hub.sdk.errors import RetryLater, StopConnection, Unanswered
from hub.sdk.http import Auth, Header, Http, Refreshing, Response, Token
from hub.sdk.records import Json
from hub.sdk.redact import register_secret, register_token
from hub_shopify.settings import ShopifySettings
from hub_shopify.values import Object, text

HEADER = "X-Shopify-Access-Token"
_EARLY = timedelta(minutes=10)
_GUARD = threading.Lock()
_LOCKS: dict[Path, threading.Lock] = {}
_MINTED: dict[tuple[str, ...], Refreshing] = {}
"""Minted tokens that live on from read to read, by address and app: one a day and not one for each read."""


def auth_of(settings: ShopifySettings, project: Path, now: datetime) -> Auth:
    """Return the credentials that the settings describe; `project` is where a relative `token_file` is meant from."""
    if settings.access_token:
        return Header(HEADER, settings.access_token.reveal())
    if settings.refresh_token and settings.token_file:
        kept = _Kept(_App(settings), project / settings.token_file, settings.refresh_token.reveal(), now)
        return Refreshing(kept.token, header=HEADER, prefix="", early=_EARLY)
    return _minting(settings)


def _minting(settings: ShopifySettings) -> Auth:
    secret = settings.client_secret.reveal() if settings.client_secret else ""
    app = (settings.address, settings.client_id or "", hashlib.sha256(secret.encode()).hexdigest())
    with _GUARD:
        if app not in _MINTED:
            _MINTED[app] = Refreshing(_App(settings).minted, header=HEADER, prefix="", early=_EARLY)
        return _MINTED[app]


class _App:
    """The app's id and secret at the shop's token endpoint."""

    def __init__(self, settings: ShopifySettings) -> None:
        secret = settings.client_secret.reveal() if settings.client_secret else ""
        register_secret(secret)
        self._who = {"client_id": settings.client_id or "", "client_secret": secret}
        self._http = Http(f"{settings.address}/admin/oauth", describe=_code)

    def minted(self) -> Token:
        """Return a token for a day; asking twice does no harm."""
        form = {**self._who, "grant_type": "client_credentials"}
        found = self._http.post("/access_token", form=form, idempotent=True).json_object()
        return Token(_token(found, "access_token"), _lifetime(found))

    def refreshed(self, refresh_token: str) -> Object:
        """Use a refresh token up.

        Raises:
            RetryLater: nobody knows whether it was used up.
        """
        form = {**self._who, "grant_type": "refresh_token", "refresh_token": refresh_token}
        try:
            return self._http.post("/access_token", form=form).json_object()
        except Unanswered as lost:
            raise RetryLater(lost.message, hint="If it stays so, authorise the app anew.") from None


class _Kept:
    """The pair of tokens that is kept in a file."""

    def __init__(self, app: _App, path: Path, seed: str, now: datetime) -> None:
        self._app, self._path, self._now = app, path.resolve(), now
        self._seed, self._seeded = seed, hashlib.sha256(seed.encode()).hexdigest()
        self._last = ""
        with _GUARD:
            self._lock = _LOCKS.setdefault(self._path, threading.Lock())
        register_secret(seed)

    def token(self) -> Token:
        """Return the token of the file unless it was ours already, which is asked for when that one is refused."""
        with self._lock:
            kept = self._read()
            value, left = text(kept, "access_token"), self._left(kept)
            if value is None or value == self._last or left <= _EARLY:
                kept = self._replaced(text(kept, "refresh_token") or self._seed)
                value, left = _token(kept, "access_token"), self._left(kept)
            self._last = value
            register_token(value)
            return Token(value, left)

    def _replaced(self, refresh_token: str) -> Object:
        """Use a refresh token up, once it is sure that what follows it can be kept."""
        register_token(refresh_token)
        try:
            handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".token-")  # readable by us alone
        except OSError:
            raise StopConnection("token_file cannot be written.", hint="Check its folder.") from None
        try:
            with os.fdopen(handle, "w") as file:
                kept = self._followed(refresh_token)
                json.dump(kept, file)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._path)
        except BaseException:
            Path(temporary).unlink()
            raise
        return kept

    def _followed(self, refresh_token: str) -> Mapping[str, str]:
        found = self._app.refreshed(refresh_token)
        following = _token(found, "refresh_token")
        register_token(following)
        ends = (self._now + (_lifetime(found) or timedelta(hours=1))).isoformat()
        access = _token(found, "access_token")
        return {"access_token": access, "refresh_token": following, "ends": ends, "seed": self._seeded}

    def _left(self, kept: Object) -> timedelta:
        try:
            return datetime.fromisoformat(text(kept, "ends") or "") - self._now
        except (ValueError, TypeError):
            return timedelta(0)

    def _read(self) -> Object:
        """What is kept; nothing where the settings hold another first token, which is that of a new authorisation."""
        try:
            found: Json = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (ValueError, OSError):
            raise StopConnection("token_file cannot be read.", hint="Authorise the app anew and remove it.") from None
        return found if isinstance(found, Mapping) and text(found, "seed") == self._seeded else {}


def _token(found: Object, key: str) -> str:
    value = text(found, key)
    if value is None:
        raise StopConnection(f"Shopify's token endpoint answered without {key}.", hint="Check the kind of the app.")
    return value


def _lifetime(found: Object) -> timedelta | None:
    seconds = found.get("expires_in")
    return timedelta(seconds=seconds) if isinstance(seconds, int) and not isinstance(seconds, bool) else None


def _code(response: Response) -> str:
    return text(response.json_object(), "error") or ""
