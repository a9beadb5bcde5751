"""HTTP to Typeform: forms, their definitions, and the pages of their responses from the newest on."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from http import HTTPStatus
from urllib.parse import quote

from hub.sdk.errors import BadData, RetryLater
from hub.sdk.http import Bearer, Http, Rate, Response
from hub.sdk.records import Json
from hub_typeform.answers import submitted
from hub_typeform.forms import Form, Object, form_of, text
from hub_typeform.settings import TypeformSettings

PAGE = 1_000  # the most that `page_size` of responses may be
FORMS_PAGE = 200  # the same of forms
PER_SECOND = 2  # requests that an account may send
_LOST = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)


class Client:
    """One account. Raises as `hub.sdk.http.Http` does."""

    def __init__(self, settings: TypeformSettings, connection: str) -> None:
        rate = None if settings.local else Rate(f"typeform/{connection}", PER_SECOND)
        self.http = Http(settings.address, auth=Bearer(settings.token.reveal()), rate=rate, describe=_code)

    def forms(self) -> Iterator[str]:
        """Yield the ids of all forms that the token may see.

        Raises:
            BadData: a page is no list of forms, or is empty though there are some.
        """
        number, last = 1, 1
        while number <= last:
            body, items, total = _list(self.http.get("/forms", params={"page": number, "page_size": FORMS_PAGE}))
            if not items and total:
                raise BadData("Typeform counts forms and lists none.")
            for each in items:
                key = text(each, "id") if isinstance(each, Mapping) else None
                if key is None:
                    raise BadData("Typeform answered with a form that has no id.")
                yield key
            number, last = number + 1, _count(body, "page_count")

    def form(self, form: str) -> Form:
        """Return the definition of a form."""
        return form_of(form, self.http.get(f"/forms/{quote(form, safe='')}").json_object())


class Listing:
    """The completed responses of one form, from the newest back to `since`.

    `whole` says, after all pages, whether as many came as Typeform had counted before. `since` goes with the first page
    alone: others found that it is refused beside `before`, so that the pages behind it are cut off here.
    """

    def __init__(self, client: Client, form: str, since: int | None) -> None:
        self._http = client.http
        self._path = f"/forms/{quote(form, safe='')}/responses"
        self._since = since
        self._seen = 0
        self._counted = 0
        self.whole = True

    def pages(self) -> Iterator[Sequence[Json]]:
        """Yield pages of responses as they come.

        Raises:
            RetryLater: the last response of a page was deleted meanwhile, so that the list has lost its place.
            BadData: a page is no list, or leads back to one before.
        """
        before, asked = None, set[str | None]()
        if self._since is None:  # whoever reads everything says what is gone: the list alone is no proof
            _, self._counted = self._asked({"page_size": 1})
        while before not in asked:
            asked.add(before)
            items = self._page(before)
            if items:
                yield items
            if self._ends(items):
                self.whole = self._seen >= self._counted
                return
            before = _last_token(items)
        raise BadData("Typeform's paging goes in a circle: a page leads back.")

    def _page(self, before: str | None) -> Sequence[Json]:
        since: dict[str, int | str] = {} if self._since is None else {"since": self._since}
        items, total = self._asked({"page_size": PAGE, **(since if before is None else {"before": before})})
        if before is None and since:
            self._counted = total
        self._seen += _different(items)
        return items

    def _asked(self, params: Mapping[str, int | str]) -> tuple[Sequence[Json], int]:
        lost = _LOST if "before" in params else ()
        response = self._http.get(self._path, params={"response_type": "completed", **params}, ok=lost)
        if response.status in _LOST:
            raise RetryLater(f"{response.request}: changed while it was read.", hint="It is read again later.")
        _, items, total = _list(response)
        return items, total

    def _ends(self, items: Sequence[Json]) -> bool:
        """Say whether nothing follows; a short page that leaves something uncounted for is not the last one."""
        if not items or (self._since is not None and _older(items[-1], self._since)):
            return True
        return len(items) < PAGE and self._seen >= self._counted


def seconds(item: Json) -> int | None:
    """Return when a response was submitted, in epoch seconds; None where it does not say so."""
    moment = submitted(item) if isinstance(item, Mapping) else None
    return int(moment.replace(tzinfo=UTC).timestamp()) if moment else None


def _older(item: Json, since: int) -> bool:
    moment = seconds(item)
    return moment is not None and moment < since


def _different(items: Sequence[Json]) -> int:
    """How many responses a page holds; one that is there twice is one."""
    tokens = [each.get("token") if isinstance(each, Mapping) else None for each in items]
    texts = [token for token in tokens if isinstance(token, str)]
    return len(set(texts)) + len(tokens) - len(texts)


def _last_token(items: Sequence[Json]) -> str:
    for each in reversed(items):
        token = text(each, "token") if isinstance(each, Mapping) else None
        if token:
            return token
    raise BadData("Typeform answered with a page of responses without tokens.")


def _list(response: Response) -> tuple[Object, Sequence[Json], int]:
    """Return a list's body, its items, and how many it counts; 0 where it does not say."""
    body = response.json_object()
    items = body.get("items")
    if not isinstance(items, list):
        raise response.unreadable("is no list of items")
    return body, items, _count(body, "total_items")


def _count(body: Object, key: str) -> int:
    value = body.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _code(response: Response) -> str:
    """Return the error's code, which holds no data of people."""
    body = response.json()
    return text(body, "code") or "" if isinstance(body, Mapping) else ""
