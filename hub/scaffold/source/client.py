"""HTTP to the vendor: pages of customers, the one that changed longest ago first."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from hub.scaffold.source.settings import ExampleSettings
from hub.sdk.errors import BadData
from hub.sdk.http import Bearer, Http, Response, pages
from hub.sdk.records import Json

PAGE = 100  # the most that `limit` may be


class Client:
    """One account. Raises as `hub.sdk.http.Http` does."""

    def __init__(self, settings: ExampleSettings) -> None:
        self._http = Http(f"{settings.base_url}/v1", auth=Bearer(settings.api_key.reveal()), describe=_code)

    def account(self) -> str:
        """Return the account's name."""
        return str(self._http.get("/account").json_object().get("name"))

    def customers(self, changed_since: datetime | None, limit: int = PAGE) -> Iterator[Sequence[Mapping[str, Json]]]:
        """Yield customers that changed at or after an instant (naive UTC), all of them for None.

        Raises:
            BadData: an answer is no page of customers, or the paging goes in a circle.
        """
        params = {"changed_since": changed_since.isoformat()} if changed_since else {}

        def ask(cursor: str | None) -> Response:
            behind = {"cursor": cursor} if cursor else {}
            return self._http.get("/customers", params={**params, **behind, "limit": str(limit)})

        for page in pages(ask, _next):
            yield _customers(page)


def _next(response: Response) -> str | None:
    """A page says where to go on; it may be empty and yet not the last."""
    cursor = response.json_object().get("next")
    return str(cursor) if cursor else None


def _customers(response: Response) -> Sequence[Mapping[str, Json]]:
    found = response.json_object().get("customers")
    customers = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    if not isinstance(found, list) or len(customers) < len(found):
        raise BadData(f"{response.request}: expected a list of customers.")
    return customers


def _code(response: Response) -> str:
    """Return the error's code, which holds no data of people."""
    return str(response.json_object().get("code", ""))
