"""The export in BigQuery, by its REST API: tables of a data set, and a query for each day's events.

https://cloud.google.com/bigquery/docs/reference/rest
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from uuid import uuid4

from hub.sdk.errors import RetryLater, StopConnection
from hub.sdk.http import Http, Response, pages
from hub.sdk.http.response import loads
from hub.sdk.http.service_account import parsed, tokens
from hub.sdk.records import Fact, Json
from hub_google_analytics.client import Object, code, next_page
from hub_google_analytics.export.queries import events_query
from hub_google_analytics.export.settings import ExportSettings

SCOPE = "https://www.googleapis.com/auth/bigquery"  # the read-only one may not run queries
_OURS = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)
_WAIT, _WAITS = 10_000, 60  # milliseconds that an answer waits for the query, and how often it is asked for
_DIGITS = frozenset("0123456789")


class BigQuery:
    """A data set. Raises as `hub.sdk.http.Http` does, and `StopConnection` where Google refuses."""

    def __init__(self, settings: ExportSettings) -> None:
        assert settings.key  # noqa: S101 - the settings see to it
        auth = tokens(parsed(settings.key.reveal()), SCOPE)
        self._settings = settings
        self._project = f"/bigquery/v2/projects/{settings.project}"
        self._tables = f"{self._project}/datasets/{settings.dataset}/tables"
        self._http = Http(settings.base_url, auth=auth, describe=code, deadline=120.0)

    def names(self) -> Iterator[str]:
        """Yield the names of all tables of the data set."""

        def ask(token: str | None) -> Response:
            return self._get(self._tables, {"maxResults": "1000", **({"pageToken": token} if token else {})})

        for found in pages(ask, next_page):
            for each in found.json_list("tables", optional=True):
                reference = each.get("tableReference") if isinstance(each, Mapping) else None
                if not isinstance(reference, Mapping) or not isinstance(name := reference.get("tableId"), str):
                    raise found.unreadable("has a table without a name")
                yield name

    def version(self, name: str) -> str | None:
        """Return when a table was changed and how many rows it has; the running day's may lag, and is always new."""
        response = self._http.get(f"{self._tables}/{name}", ok=_OURS)
        if response.status == HTTPStatus.NOT_FOUND:
            return None  # the running day's table goes when the day's is complete
        found = self._permitted(response).json_object()
        running = uuid4().hex if "_intraday_" in name else ""
        return f"{found.get('lastModifiedTime')}/{found.get('numRows')}/{running}"

    def events(self, name: str) -> Iterator[Sequence[Json]]:
        """Yield the events of a table; it costs its needed columns once.

        Raises:
            BadData: an answer is not of this query, or brings fewer rows than it announced.
            RetryLater: the query takes too long.
        """
        settings = self._settings
        query = events_query(str(settings.project), str(settings.dataset), name, self._columns(name))
        try:
            response = self._answer(query)
        except StopConnection:
            if self.version(name) is None:
                raise RetryLater(f"{name} went while it was read.", after=timedelta(minutes=1)) from None
            raise
        total, seen = _total(response), 0
        for page in pages(lambda token: self._page(response, token) if token else response, _next_rows):
            rows = [_event(page, row, name) for row in page.json_list("rows", optional=True)]
            seen += len(rows)
            yield rows
        if seen != total:
            raise response.unreadable(f"announces {total} rows, and {seen} came")

    def facts(self) -> Iterator[Fact]:
        """Say which data set it is, and how many bytes a day's query costs."""
        names = sorted(name for name in self.names() if name.startswith("events_"))
        yield Fact("ok", f"{self._settings.project}.{self._settings.dataset}: {len(names)} tables of events")
        daily = [name for name in names if set(name.removeprefix("events_")) <= _DIGITS]
        if daily:
            size = _whole(self._table(daily[-1]).get("numBytes"))
            fits = size <= self._settings.most_bytes
            yield Fact(
                "ok" if fits else "warning",
                f"{daily[-1]}: {size / 1_000_000:,.1f} MB, of which the needed columns are billed",
            )

    def _table(self, name: str) -> Object:
        return self._get(f"{self._tables}/{name}").json_object()

    def _columns(self, name: str) -> frozenset[str]:
        schema = self._table(name).get("schema")
        fields = schema.get("fields") if isinstance(schema, Mapping) else None
        return frozenset(str(each.get("name")) for each in fields or () if isinstance(each, Mapping))  # type: ignore[union-attr]

    def _answer(self, query: str) -> Response:
        """Run a query, or the same one again where its answer was lost; return the first page of its result."""
        body: Object = {
            "query": query,
            "useLegacySql": False,
            "location": self._settings.location,
            "maxResults": self._settings.page_rows,
            "timeoutMs": _WAIT,
            "maximumBytesBilled": str(self._settings.most_bytes),
            "requestId": uuid4().hex,
        }
        response = self._permitted(self._http.post(f"{self._project}/queries", json=body, idempotent=True, ok=_OURS))
        for _ in range(_WAITS):
            if response.json_object().get("jobComplete") is True:
                return response
            response = self._page(response)
        raise RetryLater("BigQuery works on the query of a day for too long.", after=timedelta(minutes=10))

    def _page(self, before: Response, token: Json = None) -> Response:
        """Ask for a page of a job's result; without a token for the first one."""
        job = before.json_object().get("jobReference")
        if not isinstance(job, Mapping) or not isinstance(number := job.get("jobId"), str):
            raise before.unreadable("names no job")
        asked = {"maxResults": str(self._settings.page_rows), "timeoutMs": str(_WAIT)}
        asked |= {"location": str(job.get("location") or self._settings.location)}
        asked |= {"pageToken": str(token)} if token else {}
        return self._get(f"{self._project}/queries/{number}", asked)

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Response:
        return self._permitted(self._http.get(path, params=params or {}, ok=_OURS))

    def _permitted(self, response: Response) -> Response:
        if response.status not in _OURS:
            return response
        found = response.json_object().get("error")
        listed = found.get("errors") if isinstance(found, Mapping) else None
        first = listed[0] if isinstance(listed, list) and listed else None
        reason = str(first.get("reason")) if isinstance(first, Mapping) else ""
        text = f"{response.request}: answered {response.status} {reason}."
        if reason in _LATER:
            raise RetryLater(text, after=_LATER[reason])
        raise StopConnection(text, hint=_HINTS.get(reason, _HINT))


_HINT = (
    "Check project, dataset and location, and give the service account the roles BigQuery Job User (project) and "
    "BigQuery Data Viewer (data set)."
)
_HINTS = {
    "bytesBilledLimitExceeded": "The day is larger than `most_bytes` allows; raise it if the price is all right.",
}
_LATER = {
    "rateLimitExceeded": timedelta(minutes=1),
    "quotaExceeded": timedelta(hours=1),
    "backendError": timedelta(minutes=1),
}


def _whole(value: Json) -> int:
    """Return a whole number, which comes as text; 0 for anything else."""
    return int(value) if isinstance(value, str) and value.isdecimal() else 0


def _total(response: Response) -> int:
    total = response.json_object().get("totalRows", "0")
    if not isinstance(total, str) or not total.isdecimal():
        raise response.unreadable("does not say how many rows there are")
    return int(total)


def _next_rows(response: Response) -> str | None:
    token = response.json_object().get("pageToken")
    return str(token) if token else None


def _event(response: Response, row: Json, name: str) -> Json:
    """Return the event of a row; the row itself, which is none, where it holds none.

    Raises:
        BadData: the row is of another table, so that this is the answer to another query.
    """
    cells = row.get("f") if isinstance(row, Mapping) else None
    match [each.get("v") for each in cells if isinstance(each, Mapping)] if isinstance(cells, list) else []:
        case [str(table), _] if table.startswith("events_") and table != name:
            raise response.unreadable(f"is no answer to the query of {name}")
        case [_, str(text)]:
            try:
                return loads(text.encode())
            except (ValueError, RecursionError):
                return text
    return row
