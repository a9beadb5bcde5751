"""HTTP to the vendor: lists by name, and changes of who is on one."""

from collections.abc import Iterator, Mapping, Sequence

from hub.scaffold.destination.settings import ExampleSettings
from hub.sdk.http import Bearer, Http, Response, pages
from hub.sdk.records import Json


class Client:
    """One account. Raises as `hub.sdk.http.Http` does; a write is never sent twice."""

    def __init__(self, settings: ExampleSettings) -> None:
        self._http = Http(f"{settings.base_url}/v1", auth=Bearer(settings.api_key.reveal()), describe=_code)

    def account(self) -> str:
        """Return the account's name."""
        return str(self._http.get("/account").json_object().get("name"))

    def list_id(self, name: str) -> str:
        """Return the id of the list of that name, which is made when it is missing: asked twice, it is made once."""
        return str(self._http.put("/lists", json={"name": name}).json_object().get("id"))

    def change(self, list_id: str, changes: Sequence[Mapping[str, Json]], key: str) -> Sequence[Mapping[str, Json]]:
        """Add and remove people; return what became of each, in any order. `key` names this very request."""
        response = self._http.post(
            f"/lists/{list_id}/members", json={"changes": changes}, headers={"Idempotency-Key": key}
        )
        return _objects(response, "results")

    def members(self, list_id: str) -> Iterator[Mapping[str, Json]]:
        """Yield everybody on a list."""

        def ask(cursor: str | None) -> Response:
            return self._http.get(f"/lists/{list_id}/members", params={"cursor": cursor} if cursor else {})

        for page in pages(ask, _next):
            yield from _objects(page, "members")


def _next(response: Response) -> str | None:
    cursor = response.json_object().get("next")
    return str(cursor) if cursor else None


def _objects(response: Response, name: str) -> Sequence[Mapping[str, Json]]:
    found = response.json_object().get(name)
    if isinstance(found, list) and all(isinstance(each, Mapping) for each in found):
        return [each for each in found if isinstance(each, Mapping)]
    raise response.unreadable(f"has no list of {name}")


def _code(response: Response) -> str:
    """Return the error's code, which holds no data of people."""
    return str(response.json_object().get("code", ""))
