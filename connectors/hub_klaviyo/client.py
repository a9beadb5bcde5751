"""HTTP to Klaviyo: the pages of its lists, and what an error means."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus

from hub.sdk.errors import StopConnection
from hub.sdk.http import Header, Http, Rate, Response, pages
from hub.sdk.records import Json
from hub_klaviyo.settings import KlaviyoSettings
from hub_klaviyo.values import Object

_PER_SECOND = {"profiles": 12, "events": 55, "metrics": 2, "campaigns": 2, "accounts": 1}
"""Requests by kind of list: what Klaviyo allows in a minute (750, 3,500, 150, 150, 15), evenly, less a little."""
_TYPE = "application/vnd.api+json"


class Forbidden(StopConnection):
    """The key is good and lacks a scope."""


class Client:
    """One account. Raises as `hub.sdk.http.Http` does, and `Forbidden` where a scope is missing."""

    def __init__(self, settings: KlaviyoSettings, connection: str) -> None:
        auth = Header("Authorization", f"Klaviyo-API-Key {settings.api_key.reveal()}")
        self._http = {
            kind: Http(
                f"{settings.base_url}/api",
                auth=auth,
                headers={"Accept": _TYPE, "revision": settings.revision},
                rate=None if settings.local else Rate(f"klaviyo/{connection}/{kind}", each),
                describe=code,
            )
            for kind, each in _PER_SECOND.items()
        }

    def listed(self, kind: str, params: Mapping[str, str | int]) -> Iterator[Sequence[Json]]:
        """Return the pages of a list; each says by a link where the next one is.

        Raises:
            BadData: a page is no list, leads back to one before, or leads to another host.
        """

        def ask(link: str | None) -> Response:
            where, asked = (link, {}) if link else (f"/{kind}", params)
            return _allowed(self._http[kind].get(where, params=asked, ok=(HTTPStatus.FORBIDDEN,)), kind)

        return (page.json_list("data") for page in pages(ask, _next))

    def first(self, kind: str, params: Mapping[str, str | int]) -> Json:
        """Return the first object of a list, None where it is empty."""
        found = next(self.listed(kind, params), ())
        return found[0] if found else None

    def metrics(self) -> Mapping[str, str]:
        """Return the ids of the account's metrics by their names; of two with a name Klaviyo's own, else the first."""
        named: dict[str, str] = {}
        for found in self.listed("metrics", {"fields[metric]": "name,integration"}):
            for each in found:
                name, key, own = _metric(each)
                if name and key and (own or name not in named):
                    named[name] = key
        return named


def code(response: Response) -> str:
    """Return an error's code, which holds no data of people."""
    errors = response.json_object().get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    named = first.get("code") if isinstance(first, Mapping) else None
    return named if isinstance(named, str) else ""


def _allowed(response: Response, kind: str) -> Response:
    if response.status == HTTPStatus.FORBIDDEN:
        raise Forbidden(
            f"{response.request}: answered 403 {code(response)}.", hint=f"Give the API key the scope {kind}:read."
        )
    return response


def _next(response: Response) -> str | None:
    links = response.json_object().get("links")
    following = links.get("next") if isinstance(links, Mapping) else None
    if following is None or isinstance(following, str):
        return following or None
    raise response.unreadable("does not say where the next page is")


def _metric(found: Json) -> tuple[str | None, str | None, bool]:
    held: Object = found if isinstance(found, Mapping) else {}
    told = held.get("attributes")
    attributes: Object = told if isinstance(told, Mapping) else {}
    name, key, integration = attributes.get("name"), held.get("id"), attributes.get("integration")
    own = isinstance(integration, Mapping) and integration.get("name") == "Klaviyo"
    return (name if isinstance(name, str) else None), (key if isinstance(key, str) else None), own
