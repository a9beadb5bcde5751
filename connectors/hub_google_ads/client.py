"""HTTP to the Data Manager API: who we are, how fast, and who may ask."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

from hub.sdk.errors import StopConnection
from hub.sdk.http import Http, Rate, Response, Retry
from hub.sdk.http.service_account import parsed, tokens
from hub.sdk.records import Json
from hub_google_ads.problems import code
from hub_google_ads.settings import GoogleAdsSettings

SCOPE = "https://www.googleapis.com/auth/datamanager"
_A_MINUTE = timedelta(minutes=1)


class Client:
    """One account. Raises as `hub.sdk.http.Http` does; 400 and 404 are for the caller to judge."""

    def __init__(self, settings: GoogleAdsSettings) -> None:
        key = parsed(settings.key.reveal())
        half = settings.requests_per_minute // 2  # the first burst is as large as what follows it in a minute
        login = {"login-account": f"accountTypes/GOOGLE_ADS/accounts/{settings.login}"} if settings.login else {}
        self.lists = f"/accountTypes/GOOGLE_ADS/accounts/{settings.account}/userLists"
        self._login = login  # only the services for user lists read it
        self._http = Http(
            f"{settings.base_url.removesuffix('/v1')}/v1",
            auth=tokens(key, SCOPE),
            rate=Rate(f"google_ads/{key.project}", half, _A_MINUTE),
            retry=Retry(attempts=4),
            describe=code,
            deadline=180.0,
        )

    def send(self, method: str, body: Mapping[str, Json]) -> Response:
        """Send people once: `method` is ingest or remove."""
        return self._http.post(f"/audienceMembers:{method}", json=body, ok=(HTTPStatus.BAD_REQUEST,))

    def status(self, request_id: str) -> Response:
        """Ask what became of a request."""
        gone = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
        return self._http.get("/requestStatus:retrieve", params={"requestId": request_id}, ok=gone)

    def list_page(self, token: str | None = None) -> Response:
        """Return a page of the account's user lists."""
        params: Mapping[str, str | int] = {"pageSize": 1000, **({"pageToken": token} if token else {})}
        return self._http.get(self.lists, params=params, headers=self._login)

    def list_by_id(self, list_id: str) -> Response:
        """Return a user list, or the 404."""
        return self._http.get(f"{self.lists}/{list_id}", headers=self._login, ok=(HTTPStatus.NOT_FOUND,))

    def make_list(self, body: Mapping[str, Json]) -> Mapping[str, Json]:
        """Make a user list. Raises StopConnection with Google's reason where it may not be made."""
        response = self._http.post(self.lists, json=body, headers=self._login, ok=(HTTPStatus.BAD_REQUEST,))
        if response.status == HTTPStatus.BAD_REQUEST:
            raise StopConnection(
                f"Google did not make the user list: {code(response) or response.status}.",
                hint="Make it in Google Ads and give its id, or mend what the code names.",
            )
        return response.json_object()
