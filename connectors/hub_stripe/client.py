"""HTTP to Stripe: lists from the newest on, single objects, and the code of an error."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus

from hub.sdk.errors import BadData, HubError, RetryLater, StopConnection
from hub.sdk.http import Bearer, Http, Response, pages
from hub.sdk.records import Json
from hub_stripe.settings import StripeSettings

VERSION = "2026-10-28.endive"  # of the answers, whatever the account's own is; as PyPI stripe 16.1.0 sends it
PAGE = 100  # the most that `limit` may be
_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
_NOTHING: Mapping[str, str | int | Sequence[str]] = {}


class LostPlace(RetryLater):
    """The object behind which a list was to go on is there no more."""


class Client:
    """One account. Raises as `hub.sdk.http.Http` does."""

    def __init__(self, settings: StripeSettings) -> None:
        auth = Bearer(settings.api_key.reveal())
        self._http = Http(f"{settings.base_url}/v1", auth=auth, headers={"Stripe-Version": VERSION}, describe=_code)

    def pages(
        self, path: str, params: Mapping[str, str | int | Sequence[str]] = _NOTHING, behind: str | None = None
    ) -> Iterator[Sequence[Mapping[str, Json]]]:
        """Yield the pages of a list, newest object first, each behind the last one of the page before.

        Raises:
            LostPlace: that one was deleted meanwhile.
            BadData: a page is no list, says that there is more and not behind what, or leads back to one before it.
        """

        def ask(after: str | None) -> Response:
            place = {"starting_after": after} if after else {}
            response = self._http.get(path, params={**params, **place, "limit": PAGE}, ok=_REFUSED if after else ())
            if response.status in _REFUSED:
                raise _lost_place(path, response)
            return response

        for response in pages(ask, _last, start=behind):
            yield objects(response.json_object().get("data"))

    def one(self, path: str) -> Mapping[str, Json] | None:
        """Return an object, None where it is gone."""
        response = self._http.get(path, ok=(HTTPStatus.NOT_FOUND,))
        found = response.json_object()
        return None if response.status == HTTPStatus.NOT_FOUND or found.get("deleted") is True else found


def _last(response: Response) -> str | None:
    """Return the id behind which the list goes on, None at its end."""
    body = response.json_object()
    more, ids = body.get("has_more"), [each.get("id") for each in objects(body.get("data"))]
    if more is False:
        return None
    known = [each for each in ids if isinstance(each, str) and each]
    if more is not True or not known:
        raise response.unreadable("does not say whether there is more, and behind which object")
    return known[-1]


def _lost_place(path: str, response: Response) -> HubError:
    code = _code(response)
    if code == "resource_missing":
        return LostPlace(f"{path} changed while it was read.", hint="It is read again later.")
    return StopConnection(f"{response.request}: status {response.status} ({code or 'no code'}).")


def objects(data: Json) -> Sequence[Mapping[str, Json]]:
    """Return the objects of a list. Raises BadData for anything else."""
    if isinstance(data, list) and all(isinstance(each, Mapping) for each in data):
        return [each for each in data if isinstance(each, Mapping)]
    raise BadData("Stripe answered with something else than a list of objects.")


def _code(response: Response) -> str:
    """Return the error's code or type, which hold no data of people."""
    body = response.json()
    error = body.get("error") if isinstance(body, Mapping) else None
    return str(error.get("code") or error.get("type") or "") if isinstance(error, Mapping) else ""
