"""HTTP to the Data API: the pages of a report, and what an error means."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.sdk.errors import StopConnection
from hub.sdk.http import Http, Response, Retry, pages
from hub.sdk.http.service_account import parsed, tokens
from hub.sdk.records import Json
from hub.sdk.tables import raw
from hub_google_analytics.quality import flags
from hub_google_analytics.quota import Quota
from hub_google_analytics.settings import GoogleAnalyticsSettings

Object = Mapping[str, Json]
SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
_OURS = (HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST)  # answers that `_permitted` puts into words
_FEW = Retry(attempts=3)  # errors of Google's servers are themselves counted, ten in an hour


@dataclass(frozen=True, slots=True)
class Part:
    """A page of a report: its rows, whether it is the last, what is said against it, and the property's currency."""

    rows: Sequence[Json]
    last: bool
    flags: tuple[str, ...]
    currency: str | None


class Client:
    """One property. Raises as `hub.sdk.http.Http` does, and `RetryLater` where a quota is used up."""

    def __init__(self, settings: GoogleAnalyticsSettings, now: datetime) -> None:
        auth = tokens(parsed(settings.key.reveal()), SCOPE)
        self._quota = Quota(now)
        self._property = settings.property
        self._path = f"/v1beta/properties/{settings.property}"
        self._rows = settings.page_rows
        self._data = Http(
            settings.base_url, auth=auth, describe=code, throttle=self._quota.pause, retry=_FEW, deadline=300.0
        )
        self._admin = Http(settings.admin_url, auth=auth, describe=code)

    def parts(self, report: Object) -> Iterator[Part]:
        """Yield the pages of a report, which must be in a total order.

        Raises:
            BadData: a page does not hold as many rows as it announces, or is the one before.
        """
        offset, before = 0, b""
        while True:
            response = self._asked({**report, "offset": str(offset), "limit": str(self._rows)})
            total, rows = _total(response), response.json_list("rows", optional=True)
            expected = max(min(self._rows, total - offset), 0)
            same = {raw(row) for row in rows}
            if len(same) != expected or (before and rows and raw(rows[0]) == before):
                raise response.unreadable(f"announces {expected} more rows and brings {len(same)}, or the same again")
            before, offset = (raw(rows[0]) if rows else b""), offset + self._rows
            yield _part(response, rows, last=offset >= total)
            if offset >= total:
                return

    def zone(self) -> ZoneInfo:
        """Return the property's time zone. Raises BadData where a report does not name one that is known here."""
        yesterday: Json = [{"startDate": "yesterday", "endDate": "yesterday"}]
        response = self._asked({"dateRanges": yesterday, "metrics": [{"name": "activeUsers"}], "limit": "1"})
        name = _metadata(response).get("timeZone")
        try:
            return ZoneInfo(name if isinstance(name, str) else "")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise response.unreadable("names no time zone that is known here") from None

    def about(self) -> Object:
        """Return what the Admin API says of the property, nothing where it may not be asked."""
        response = self._admin.get(self._path, ok=(HTTPStatus.FORBIDDEN,))
        return {} if response.status == HTTPStatus.FORBIDDEN else response.json_object()

    def exports(self) -> Iterator[Json]:
        """Yield the audience exports that are there, of all audiences. Raises BadData where pages lead nowhere."""

        def ask(token: str | None) -> Response:
            params: dict[str, str] = {"pageToken": token} if token else {}
            response = self._data.get(f"{self._path}/audienceExports", params=params, ok=_OURS)
            _permitted(response)
            return response

        for response in pages(ask, next_page):
            yield from response.json_list("audienceExports", optional=True)

    def order_export(self, audience: str, dimensions: Sequence[str]) -> None:
        """Order a snapshot of an audience; whoever lists the exports later finds it."""
        body: Object = {
            "audience": f"properties/{self._property}/audiences/{audience}",
            "dimensions": [{"dimensionName": name} for name in dimensions],
        }
        response = self._data.post(f"{self._path}/audienceExports", json=body, ok=_OURS)
        _permitted(response, "Check that the audience has this id (Admin, Audiences; it is in the page's address).")

    def members(self, export: str) -> Iterator[Sequence[Json]]:
        """Yield the rows of an export, page by page.

        Raises:
            BadData: there are fewer rows than were announced.
        """
        offset = 0
        while True:
            body = {"offset": str(offset), "limit": str(self._rows)}
            response = self._data.post(f"/v1beta/{export}:query", json=body, idempotent=True, ok=_OURS)
            _permitted(response)
            total, rows = _total(response), response.json_list("audienceRows", optional=True)
            if len(rows) != max(min(self._rows, total - offset), 0):
                raise response.unreadable(f"announces {total} members and brings {len(rows)} from the {offset}th on")
            yield rows
            offset += self._rows
            if offset >= total:
                return

    def _asked(self, report: Object) -> Response:
        self._quota.guard()
        asked = {**report, "returnPropertyQuota": True}
        response = self._data.post(f"{self._path}:runReport", json=asked, idempotent=True, ok=_OURS)
        _permitted(response)
        found = response.json_object()
        if found.get("kind") != "analyticsData#runReport":
            raise response.unreadable("is no report")
        self._quota.note(found.get("propertyQuota"))
        return response


def next_page(response: Response) -> str | None:
    """Return the token of the page after this one, None after the last."""
    token = response.json_object().get("nextPageToken")
    return token if isinstance(token, str) and token else None


def code(response: Response) -> str:
    """Return Google's name for an error, such as PERMISSION_DENIED."""
    error = response.json_object().get("error")
    status = error.get("status") if isinstance(error, Mapping) else None
    return status if isinstance(status, str) else ""


def _permitted(
    response: Response, hint: str = "Check that the custom dimension in `user_id` is registered in the property."
) -> None:
    if response.status == HTTPStatus.FORBIDDEN:
        raise StopConnection(
            f"{response.request}: answered 403 {code(response)}.",
            hint="Add the service account to the property as a Viewer (Admin, Property access management), and enable "
            "the Google Analytics Data API in its Google Cloud project.",
        )
    if response.status == HTTPStatus.BAD_REQUEST:
        raise StopConnection(
            f"{response.request}: answered 400 {code(response)}.",
            hint=hint,
        )


def _total(response: Response) -> int:
    total = response.json_object().get("rowCount", 0)  # a zero is left out
    if type(total) is not int or total < 0:
        raise response.unreadable("does not say how many rows there are")
    return total


def _metadata(response: Response) -> Object:
    found = response.json_object().get("metadata")
    return found if isinstance(found, Mapping) else {}


def _part(response: Response, rows: Sequence[Json], *, last: bool) -> Part:
    told = _metadata(response)
    currency = told.get("currencyCode")
    return Part(rows, last, flags(told), currency if isinstance(currency, str) else None)
