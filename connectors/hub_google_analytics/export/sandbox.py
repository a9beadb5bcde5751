"""A simulated BigQuery with the export of one property: tables, queries, their pages. See README.md."""

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, cast
from zoneinfo import ZoneInfo

from hub.sdk.records import Json
from hub.sdk.sandbox import Change, Reply, Request, route
from hub_google_analytics.accounts import GoogleSandbox, failure
from hub_google_analytics.export.events import event_id  # an export has no ids: they are the connector's own

_QUERY = re.compile(
    r"SELECT '(?P<said>\w+)' AS table_id, TO_JSON_STRING\(STRUCT\((?P<columns>.+)\)\) AS event"
    r" FROM `(?P<project>[^`]+)`\.`(?P<dataset>[^`]+)`\.`(?P<table>[^`]+)`"
)
_SCHEMA: Json = {"fields": [{"name": name, "type": "STRING", "mode": "NULLABLE"} for name in ("table_id", "event")]}
_MANY = 200
Event = dict[str, Any]


class GoogleAnalyticsExportSandbox(GoogleSandbox):
    """One data set. `slow`: how many answers say that a query is not done. `tables`: name -> event id -> event."""

    name = "google_analytics_export"
    kinds: ClassVar[Mapping[str, frozenset[Change]]] = {"events": frozenset({"touch", "remove"})}
    one_page: ClassVar[int] = 20
    scopes = frozenset({"https://www.googleapis.com/auth/bigquery", "https://www.googleapis.com/auth/cloud-platform"})

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.zone = "America/New_York"
        self.project, self.dataset, self.location = "shop-1", "analytics_123456789", "EU"
        self.tables: dict[str, dict[str, Event]] = {}
        self.slow = 0
        self._changed: dict[str, int] = {}
        self._jobs: dict[str, tuple[str, list[Json]]] = {}
        self._number = 0
        self.make("events", size)

    # -- what the suite and tests do ----------------------------------------------------------------------------------

    def happen(self, table: str = "", **told: Json) -> str:
        """Let an event happen now; it stands in the table of the property's day, or in another one."""
        self._number += 1
        day = f"{self.now().astimezone(ZoneInfo(self.zone)):%Y%m%d}"
        event: Event = {
            "event_date": day,
            "event_timestamp": str(int(self.now().timestamp() * 1_000_000)),
            "event_name": "page_view",
            "event_params": [{"key": "page_location", "value": {"string_value": "https://shop.example/"}}],
            "event_bundle_sequence_id": str(self._number),
            "user_pseudo_id": f"{self._number % 7}.1",
            "device": {"category": "mobile"},
            **told,
        }
        key, name = event_id(event), table or f"events_{day}"
        self.tables.setdefault(name, {})[key] = event
        self._change(name)
        return key

    def connection(self) -> Mapping[str, Json]:
        """Return a key that may read the data set."""
        return self._connection("good")

    def refused(self) -> Mapping[str, Json]:
        """Return a key that Google does not know."""
        return self._connection("wrong")

    def make(self, stream: str, count: int = 1) -> Sequence[str]:
        """Let events happen now."""
        del stream
        return [self.happen() for _ in range(count)]

    def touch(self, stream: str, key: str, text: str) -> None:
        """Rewrite an event's page in its table."""
        del stream
        name = self._table_of(key)
        self.tables[name][key]["event_params"] = [{"key": "page_location", "value": {"string_value": text}}]
        self._change(name)

    def remove(self, stream: str, key: str) -> None:
        """Rewrite a table without an event."""
        del stream
        name = self._table_of(key)
        del self.tables[name][key]
        self._change(name)

    def keys(self, stream: str) -> Sequence[str]:
        """Return the ids of all events."""
        del stream
        return [key for events in self.tables.values() for key in events]

    # -- what is asked ------------------------------------------------------------------------------------------------

    def state(self) -> Json:
        """Return how many events each table has."""
        return {name: len(events) for name, events in self.tables.items()}

    def rows(self, body: Json) -> list[Json] | None:
        """Return the rows of a query's result."""
        return cast("list[Json] | None", body.get("rows")) if isinstance(body, dict) else None

    def authenticate(self, request: Request) -> Reply | None:
        """Refuse tokens that are not current, and other projects."""
        if self.asks_for_token(request):
            return None
        if not self.knows(request):
            return failure(HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED", "Invalid credentials.", "authError")
        if f"/projects/{self.project}/" not in f"{request.path}/":
            return failure(HTTPStatus.FORBIDDEN, "PERMISSION_DENIED", "Access Denied.", "accessDenied")
        return None

    @route("GET", "/bigquery/v2/projects/{project}/datasets/{dataset}/tables")
    def list_tables(self, request: Request, project: str, dataset: str) -> Reply:
        """List the names of tables."""
        if dataset != self.dataset:
            return failure(HTTPStatus.NOT_FOUND, "NOT_FOUND", "Not found: Dataset.", "notFound")
        place, most = int(_last(request, "pageToken", "0")), int(_last(request, "maxResults", "50"))
        names = sorted(self.tables)
        told: dict[str, Json] = {"kind": "bigquery#tableList", "totalItems": len(names)}
        told["tables"] = [self._named(project, name) for name in names[place : place + most]]
        if place + most < len(names):
            told["nextPageToken"] = str(place + most)
        return Reply(json=told)

    @route("GET", "/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{table}")
    def table(self, _request: Request, project: str, dataset: str, table: str) -> Reply:
        """Describe a table."""
        if dataset != self.dataset or table not in self.tables:
            return failure(HTTPStatus.NOT_FOUND, "NOT_FOUND", "Not found: Table.", "notFound")
        events = self.tables[table].values()
        names = sorted({name for event in events for name in event} | {"event_name", "event_timestamp"})
        told: dict[str, Json] = {
            "lastModifiedTime": str(self._changed[table]), "numRows": str(len(events)),
            "numBytes": str(self._bytes(table)),
            "schema": {"fields": [{"name": name, "type": "STRING"} for name in names]},
        }  # fmt: skip
        return Reply(json={**self._named(project, table), **told})

    @route("POST", "/bigquery/v2/projects/{project}/queries")
    def query(self, request: Request, project: str) -> Reply:
        """Run a query; the same request id is the same job."""
        asked = request.json()
        if not isinstance(asked, dict) or asked.get("useLegacySql") is not False:
            return failure(400, "INVALID_ARGUMENT", "Legacy SQL knows no such names.", "invalidQuery")
        match = _QUERY.fullmatch(str(asked.get("query")))
        if match is None or (match["project"], match["dataset"]) != (project, self.dataset):
            return failure(400, "INVALID_ARGUMENT", "Syntax error.", "invalidQuery")
        if asked.get("location") != self.location or match["table"] not in self.tables:
            return failure(HTTPStatus.NOT_FOUND, "NOT_FOUND", "Not found: Table in this location.", "notFound")
        most = asked.get("maximumBytesBilled")
        if most is not None and int(str(most)) < self._bytes(match["table"]):
            return failure(
                400, "INVALID_ARGUMENT", "Query exceeded limit for bytes billed.", "bytesBilledLimitExceeded"
            )
        job = str(asked.get("requestId") or f"job-{len(self._jobs)}")
        if job not in self._jobs:
            self._jobs[job] = (match["said"], self._result(match["table"], match["columns"]))
        return self._page(job, "0", int(str(asked.get("maxResults", 10_000))))

    @route("GET", "/bigquery/v2/projects/{project}/queries/{job}")
    def result(self, request: Request, project: str, job: str) -> Reply:
        """Give a page of a query's result."""
        del project
        if job not in self._jobs or _last(request, "location", "US") != self.location:
            return failure(HTTPStatus.NOT_FOUND, "NOT_FOUND", "Not found: Job.", "notFound")
        return self._page(job, _last(request, "pageToken", "0"), int(_last(request, "maxResults", "10000")))

    @route("GET", "/bigquery/v2/projects/{project}/jobs/{job}")
    def job(self, _request: Request, project: str, job: str) -> Reply:
        """Describe a query that was run; the connector never asks, Google's client does."""
        if job not in self._jobs:
            return failure(HTTPStatus.NOT_FOUND, "NOT_FOUND", "Not found: Job.", "notFound")
        result: Json = {"projectId": project, "datasetId": "_results", "tableId": job}
        return Reply(json={
            "kind": "bigquery#job", "status": {"state": "DONE"}, "statistics": {"query": {"totalBytesBilled": "0"}},
            "jobReference": {"projectId": project, "jobId": job, "location": self.location},
            "configuration": {"jobType": "QUERY", "query": {"destinationTable": result}},
        })  # fmt: skip

    # -- how ----------------------------------------------------------------------------------------------------------

    def _connection(self, name: str) -> Mapping[str, Json]:
        rows = 2 if len(self.keys("events")) < _MANY else _MANY  # a few events a day are several pages, too
        return {
            "key": self.service_key(name), "project": self.project, "dataset": self.dataset, "location": self.location,
            "timezone": self.zone, "lookback": "60 days", "page_rows": rows, "base_url": self.url,
        }  # fmt: skip

    def _change(self, name: str) -> None:
        self._changed[name] = max(int(self.now().timestamp() * 1000), self._changed.get(name, 0) + 1)

    def _table_of(self, key: str) -> str:
        return next(name for name, events in self.tables.items() if key in events)

    def _bytes(self, name: str) -> int:
        return sum(len(json.dumps(event)) for event in self.tables[name].values())

    def _named(self, project: str, name: str) -> dict[str, Json]:
        reference: Json = {"projectId": project, "datasetId": self.dataset, "tableId": name}
        return {"kind": "bigquery#table", "id": f"{project}:{self.dataset}.{name}", "tableReference": reference,
                "type": "TABLE"}  # fmt: skip

    def _result(self, table: str, columns: str) -> list[Json]:
        names = re.findall(r"`(\w+)`", columns)
        return [json.dumps({name: event.get(name) for name in names}) for event in self.tables[table].values()]

    def _page(self, job: str, token: str, most: int) -> Reply:
        table, rows = self._jobs[job]
        reference: Json = {"projectId": self.project, "jobId": job, "location": self.location}
        told: dict[str, Json] = {"kind": "bigquery#queryResponse", "jobReference": reference, "jobComplete": True}
        if self.slow:
            self.slow -= 1
            return Reply(json={**told, "jobComplete": False})
        first = int(token)
        page: list[Json] = [{"f": [{"v": table}, {"v": text}]} for text in rows[first : first + most]]
        told |= {"schema": _SCHEMA, "totalRows": str(len(rows)), "rows": page, "cacheHit": False}
        if first + most < len(rows):
            told["pageToken"] = str(first + most)
        return Reply(json=told)


def _last(request: Request, name: str, default: str) -> str:
    return request.query.get(name, [default])[-1]
