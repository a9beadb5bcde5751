"""Who we are to HubSpot: a token that stays, or one of OAuth that is renewed before it expires."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from hub.sdk.http import Auth, Bearer, Http, Refreshing, Response, Token
from hub_hubspot.paths import Paths
from hub_hubspot.settings import HubspotSettings


class Grant:
    """An app's installation in an account: mints access tokens, and remembers what they may do."""

    def __init__(self, settings: HubspotSettings, http: Http) -> None:
        self._settings = settings
        self._http = http
        self.scopes: Sequence[str] = ()

    def mint(self) -> Token:
        """Return a new access token.

        Raises:
            StopConnection: HubSpot refuses the refresh token or the app.
            BadData: the answer holds no token.
        """
        path = Paths(self._settings.api).token
        response = self._http.post(path, form=self._form(), idempotent=True)  # the refresh token stays as it is
        body = response.json()
        token = body.get("access_token") if isinstance(body, Mapping) else None
        if not isinstance(body, Mapping) or not isinstance(token, str) or not token:
            raise response.unreadable("holds no access_token")
        scopes, seconds = body.get("scopes"), body.get("expires_in")
        self.scopes = [str(scope) for scope in scopes] if isinstance(scopes, list) else ()
        return Token(token, timedelta(seconds=seconds) if isinstance(seconds, int) and seconds > 0 else None)

    def _form(self) -> Mapping[str, str]:
        secret, refresh = self._settings.client_secret, self._settings.refresh_token
        return {
            "grant_type": "refresh_token",
            "client_id": self._settings.client_id or "",
            "client_secret": secret.reveal() if secret else "",
            "refresh_token": refresh.reveal() if refresh else "",
        }


def access(settings: HubspotSettings, describe: Callable[[Response], str]) -> tuple[Auth, Grant | None]:
    """Return what goes with every request, and where OAuth is used the grant behind it."""
    if settings.token:
        return Bearer(settings.token.reveal()), None
    grant = Grant(settings, Http(settings.base_url, describe=describe))
    return Refreshing(grant.mint), grant
