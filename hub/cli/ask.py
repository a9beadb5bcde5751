"""Ask a project's API: of the process that holds its lock, or of one started here for the length of a command."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from hub.sdk.errors import ConfigError, HubError

if TYPE_CHECKING:
    from hub.sdk.http import Http, Response
    from hub.sdk.records import Json
    from hub.web.endpoint import Endpoint

PATIENCE = 3600.0  # seconds: a plan over millions of people answers when it is done
INTERRUPTED = 130  # as shells count it
NOT_FOUND, WRONG_REQUEST = 404, 422
REFUSALS = (400, 401, 403, NOT_FOUND, 405, 409, 413, 421, WRONG_REQUEST, 500)  # answers with {error, hint}


class Client:
    """The API as functions. Refusals become the errors they stand for, so that exit codes follow."""

    def __init__(self, http: "Http") -> None:
        self._http = http

    def get(self, path: str, params: Mapping[str, str] | None = None) -> "Json":
        """Ask for `path`; never put a person's key into it."""
        return _answer(self._http.get(path, params=params or {}, ok=REFUSALS))

    def post(self, path: str, body: "Json" = None) -> "Json":
        """Send `body`, without those of its keys that are null."""
        given = body if isinstance(body, Mapping) else {}
        given = {key: value for key, value in given.items() if value is not None}
        return _answer(self._http.post(path, json=given, ok=REFUSALS))


@contextmanager
def asking(root: Path) -> Iterator[Client]:
    """Yield a client of the project in `root`.

    Whoever holds the lock is asked; where nobody does, the same application is served on a free loopback port by this
    process, which holds the lock meanwhile.
    """
    with _serving_elsewhere(root) or _own(root) as endpoint, _http(endpoint) as http:
        yield Client(http)


def require_free(root: Path) -> None:
    """Raise `LockHeld` when another process owns the project; answers at once, before anything heavy is loaded."""
    from hub.store.lock import ProjectLock

    if (root / "data").exists():
        ProjectLock(root / "data").acquire().release()


def _serving_elsewhere(root: Path) -> "AbstractContextManager[Endpoint] | None":
    from hub.store.errors import LockHeld

    try:
        require_free(root)
    except LockHeld:
        from hub.web.endpoint import Endpoint

        found = Endpoint.read(root / "data")
        if found is None:
            raise
        return nullcontext(found)
    return None


@contextmanager
def _own(root: Path) -> "Iterator[Endpoint]":
    from hub import logs
    from hub.project import Project
    from hub.web.server import leave_if_busy, serving

    logs.configure("warning")
    project = Project.open(root)
    try:
        with serving(project) as served:
            try:
                yield served.endpoint
            except KeyboardInterrupt:
                leave_if_busy(served.runs, INTERRUPTED)
                raise
    finally:
        project.close()


def _http(endpoint: "Endpoint") -> "Http":
    from hub.sdk.http import Bearer, Http

    return Http(endpoint.url, auth=Bearer(endpoint.token), timeout=PATIENCE, deadline=PATIENCE)


def _answer(response: "Response") -> "Json":
    body = response.json()
    if response.status not in REFUSALS:
        return body
    told = body if isinstance(body, Mapping) else {}
    kind = ConfigError if response.status in (NOT_FOUND, WRONG_REQUEST) else HubError
    raise kind(str(told.get("error", response.status)), hint=str(told.get("hint", "")))
