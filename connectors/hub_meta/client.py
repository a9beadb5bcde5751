"""HTTP to the Graph API: signed requests, throttles hidden in 400s, what an error means."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from http import HTTPStatus

from hub.sdk.errors import RetryLater, StopConnection
from hub.sdk.http import Bearer, Http, Response, pages
from hub.sdk.records import Json
from hub_meta.settings import MetaSettings

_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
_THROTTLES = frozenset({4, 17, 613, 80003})
_PASSING = frozenset({1, 2, 341, 368, 5000, 21009})
_BLOCKED = 1713230  # subcode of 100: the audience was flagged
_USAGE = ("x-business-use-case-usage", "x-app-usage", "x-ad-account-usage")
_FULL = 90  # per cent: the next request waits
_A_WHILE = timedelta(minutes=5)
_HINTS = {
    3: "The app lacks the Marketing API or a right of it.",
    190: "Make a new token for the system user; this one has ended or was revoked.",
    200: "Give the system user the ad account, and the token ads_management.",
    294: "Give the token ads_management.",
    2655: "Accept the terms for custom audiences in Ads Manager, once for the ad account.",
}


class Client:
    """One ad account. Raises as `hub.sdk.http.Http` does; a request that comes too fast is `RetryLater`."""

    def __init__(self, settings: MetaSettings) -> None:
        token = settings.access_token.reveal()
        self._proof: Mapping[str, str] = {}
        if settings.app_secret:
            secret = settings.app_secret.reveal().encode()
            self._proof = {"appsecret_proof": hmac.new(secret, token.encode(), hashlib.sha256).hexdigest()}
        self._http = Http(
            f"{settings.base_url}/{settings.version}",
            auth=Bearer(token),
            describe=code_of,
            throttle=_pause,
            connections=1,
        )
        self._full = timedelta()

    def get(self, path: str, params: Mapping[str, str]) -> Response:
        """Ask for an object or an edge. Raises StopConnection where Meta refuses."""
        return self._judged(self._http.get(path, params={**self._proof, **params}, ok=_REFUSED))

    def listed(self, path: str, params: Mapping[str, str]) -> Iterator[Mapping[str, Json]]:
        """Yield the objects of an edge, page by page. Raises BadData where paging goes in a circle."""

        def ask(after: str | None) -> Response:
            return self.get(path, {**params, **({"after": after} if after else {})})

        for page in pages(ask, _following):
            yield from (each for each in page.json_list("data") if isinstance(each, Mapping))

    def write(self, method: str, path: str, fields: Mapping[str, Json]) -> Response:
        """Send a form, whose values are texts or JSON.

        Raises:
            RetryLater: Meta said before that the account's budget is used up.
            Unanswered: Meta is in trouble; it may or may not have been done.
        """
        if self._full:
            pause, self._full = self._full, timedelta()
            raise RetryLater("Meta's budget for custom audiences is nearly used up.", after=pause)
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
        response = self._http.request(method, path, form={**self._proof, **form}, ok=_REFUSED)
        usage, regain = _usage(response)
        self._full = max(regain, timedelta(minutes=1)) if usage >= _FULL else timedelta()
        return self._judged(response)

    def _judged(self, response: Response) -> Response:
        if response.status not in _REFUSED:
            return response
        error = error_of(response)
        code, subcode = error.get("code"), error.get("error_subcode")
        if code in _PASSING or error.get("is_transient") is True:
            raise response.unreadable(f"is an error of Meta's own ({code_of(response)})")
        hint = "Meta has flagged the audience; see it in Ads Manager." if subcode == _BLOCKED else _HINTS.get(code, "")  # type: ignore[arg-type]
        raise StopConnection(f"{response.request}: {code_of(response)}.", hint=hint or "Check the ids and the token.")


def _following(page: Response) -> str | None:
    """Return the cursor of the page after this one; only a link to it says that there is one."""
    paging = page.json_object().get("paging")
    cursors = paging.get("cursors") if isinstance(paging, Mapping) and paging.get("next") else None
    after = cursors.get("after") if isinstance(cursors, Mapping) else None
    return after if isinstance(after, str) and after else None


def error_of(response: Response) -> Mapping[str, Json]:
    """Return Meta's error object, nothing where there is none."""
    error = response.json_object().get("error")
    return error if isinstance(error, Mapping) else {}


def code_of(response: Response) -> str:
    """Return code and subcode, never the message, which may quote what was sent."""
    error = error_of(response)
    codes = [error.get("code"), error.get("error_subcode")]
    return "/".join(str(code) for code in codes if type(code) is int)


def _pause(response: Response) -> timedelta | None:
    """Return how long to wait where an answer says that a request came too fast, whatever its status."""
    if error_of(response).get("code") in _THROTTLES:
        return _usage(response)[1] or _A_WHILE
    return None


def _usage(response: Response) -> tuple[int, timedelta]:
    """Return the per cent of the budget that are used, and when there is more again."""
    numbers, regain = [0], [0]
    for name in _USAGE:
        for each in _objects(response.headers.get(name, "")):
            numbers += [value for key, value in each.items() if key in _SHARES and isinstance(value, int)]
            minutes = each.get("estimated_time_to_regain_access")
            regain += [minutes] if isinstance(minutes, int) else []
    return max(numbers), timedelta(minutes=max(regain))


_SHARES = frozenset({"call_count", "total_cputime", "total_time", "acc_id_util_pct"})


def _objects(text: str) -> Iterator[Mapping[str, Json]]:
    """Yield the objects of a usage header: it is one, or holds lists of them by account."""
    try:
        found: Json = json.loads(text) if text else {}
    except ValueError:
        return
    if isinstance(found, dict):
        yield found
        for listed in found.values():
            yield from (each for each in (listed if isinstance(listed, list) else []) if isinstance(each, Mapping))
