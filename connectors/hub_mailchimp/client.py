"""HTTP to Mailchimp: credentials, its way of saying "too fast", paging, and which refusals concern one row alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import ClassVar

from hub.sdk.errors import BadData, RetryLater
from hub.sdk.http import Basic, Http, Response, Retry
from hub.sdk.records import Json
from hub_mailchimp.settings import MailchimpSettings

CONNECTIONS = 8  # Mailchimp allows 10 at a time per user, all keys together
PAGE = 1000  # the most that `count` may be
_TIMEOUT = 120.0  # seconds after which Mailchimp itself gives up
_TITLES = frozenset(
    {
        "API Key Invalid",
        "API Key Missing",
        "Bad Request",
        "Forbidden",
        "Forgotten Email Not Subscribed",
        "Internal Server Error",
        "Invalid Resource",
        "JSON Parse Error",
        "Member Exists",
        "Member In Compliance State",
        "Method Not Allowed",
        "Resource Not Found",
        "Too Many Requests",
        "User Disabled",
        "Wrong Datacenter",
    }
)
_NO_PARAMS: Mapping[str, str | int] = {}
_OF_ROWS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.CONFLICT,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: a resource, or a problem document that concerns one row or id."""

    OK: ClassVar = HTTPStatus.OK
    MISSING: ClassVar = HTTPStatus.NOT_FOUND

    status: int
    body: Mapping[str, Json]


class Client:
    """One account. Raises as `hub.sdk.http.Http` does, but `RetryLater` for a read that brought no whole answer."""

    def __init__(self, settings: MailchimpSettings) -> None:
        self._http = Http(
            settings.url,
            auth=Basic("hub", settings.api_key.reveal()),
            connections=CONNECTIONS,
            timeout=_TIMEOUT,
            deadline=_TIMEOUT,
            retry=Retry(attempts=4, patience=20),
            throttle=_throttled,
            describe=_title,
        )

    def get(self, path: str, params: Mapping[str, str | int]) -> Mapping[str, Json]:
        """Read what must be there."""
        return self._get(path, params, ()).body

    def read(self, path: str, params: Mapping[str, str | int]) -> Reply:
        """Read what may be missing."""
        return self._get(path, params, (HTTPStatus.NOT_FOUND,))

    def write(self, method: str, path: str, body: Json, params: Mapping[str, str | int] = _NO_PARAMS) -> Reply:
        """Send a write once."""
        return _answer(self._http.request(method, path, json=body, params=params, ok=_OF_ROWS))

    def pages(self, path: str, key: str, params: Mapping[str, str | int]) -> Iterator[Mapping[str, Json]]:
        """Yield all items of a collection, whose answer must show `total_items`.

        Raises:
            RetryLater: it changed while it was read, so that some items may have been passed over.
        """
        seen = 0
        total: Json = None
        while total is None or seen < int(str(total)):
            page = self.get(path, {**params, "count": PAGE, "offset": seen})
            found = items(page, key)
            if (total is not None and page.get("total_items") != total) or (not found and page.get("total_items")):
                raise RetryLater(f"{path} changed while it was read.", hint="It is read again later.")
            total = page.get("total_items", 0)
            seen += len(found)
            yield from found

    def _get(self, path: str, params: Mapping[str, str | int], ok: Sequence[int]) -> Reply:
        try:
            return _answer(self._http.get(path, params=params, ok=ok))
        except BadData as error:
            raise RetryLater(error.message, hint="It is read again later.") from None


def items(body: Mapping[str, Json], key: str) -> Sequence[Mapping[str, Json]]:
    """Return the objects in a list of an answer."""
    found = body.get(key)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _throttled(response: Response) -> timedelta | None:
    """See the edge's refusal: 403 without a problem document, as well as 429, which is always one."""
    explained = bool(response.body) and "json" in response.headers.get("content-type", "")
    return timedelta(0) if response.status == HTTPStatus.FORBIDDEN and not explained else None


def _title(response: Response) -> str:
    """Return the title of a problem document where it is a known one; another could quote anything."""
    if "json" not in response.headers.get("content-type", ""):
        return ""
    body = response.json()
    title = body.get("title") if isinstance(body, Mapping) else None
    return title if isinstance(title, str) and title in _TITLES else ""


def _answer(response: Response) -> Reply:
    if response.status == HTTPStatus.NO_CONTENT:
        return Reply(HTTPStatus.OK, {})
    return Reply(
        HTTPStatus.OK if response.status < HTTPStatus.MULTIPLE_CHOICES else response.status, response.json_object()
    )
