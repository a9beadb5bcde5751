"""The export in BigQuery and in files: whose events, which days, what it may cost; Google's client at the sandbox."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests
from google.auth.transport.requests import Request
from google.cloud import bigquery
from google.oauth2.service_account import Credentials

from hub.sdk.connector import Context
from hub.sdk.errors import BadData, RetryLater, StopConnection
from hub.sdk.sandbox import Fault
from hub.testing import Fold
from hub_google_analytics.export.bigquery import SCOPE
from hub_google_analytics.export.queries import events_query
from hub_google_analytics.export.sandbox import GoogleAnalyticsExportSandbox
from hub_google_analytics.export.settings import ExportSettings, ExportSourceSettings
from hub_google_analytics.export.source import GoogleAnalyticsExportSource
from tests.support.discovery import document, problems

NOON = datetime(2026, 2, 3, 17, tzinfo=UTC)
PURCHASE: Mapping[str, Any] = {
    "event_name": "purchase", "user_id": "C7", "user_pseudo_id": None, "ecommerce": {"transaction_id": "1001"},
}  # fmt: skip


@pytest.fixture
def box() -> Iterator[GoogleAnalyticsExportSandbox]:
    """Serve an empty data set whose clock stands still."""
    with GoogleAnalyticsExportSandbox() as box:
        box.clock = NOON
        yield box


def source(
    table: Mapping[str, Any], folder: Path = Path(), now: datetime = NOON, **entry: str
) -> GoogleAnalyticsExportSource:
    """The source over a connection table."""
    settings = ExportSettings.model_validate(table)
    return GoogleAnalyticsExportSource(settings, ExportSourceSettings(**entry), Context("ga", folder, now))


def read(made: GoogleAnalyticsExportSource, fold: Fold | None = None) -> Fold:
    """Read on from where the fold stands."""
    fold = fold or Fold()
    for _ in fold.read(made.read(["events"], fold.cursor)):
        pass
    return fold


def rows(fold: Fold) -> list[Mapping[str, Any]]:
    """What has landed of events."""
    return list(fold.rows.get("events", {}).values())


def test_an_event_is_somebodys_and_about_an_order(box: GoogleAnalyticsExportSandbox) -> None:
    """User ids are those of the connection that is named, and so are orders."""
    box.happen(**PURCHASE)
    made = source(box.connection(), user_namespace="customer@shop", orders="shop")
    [event] = rows(read(made))
    assert ("1001", "shop") == (event["order_id"], event["order_connection"])
    assert [{"namespace": "customer@shop", "value": "C7"}] == event["identifiers"]


def test_only_what_changed_is_read_again(box: GoogleAnalyticsExportSandbox) -> None:
    """A table that is as it was costs no query; a rewritten one replaces its days."""
    gone = box.happen()
    fold = read(source(box.connection()))
    before = len(box.requests)
    read(source(box.connection()), fold)
    assert not [each for each in [*box.requests][before:] if each.request.path.endswith("/queries")]
    box.remove("events", gone)
    box.happen()
    read(source(box.connection()), fold)
    assert list(box.keys("events")) == list(fold.keys("events"))


def test_the_daily_table_takes_the_place_of_the_running_days(box: GoogleAnalyticsExportSandbox) -> None:
    """Their events are the same ones; what only the daily table has comes, what it does not have goes."""
    box.happen("events_intraday_20260203")
    fold = read(source(box.connection()))
    box.happen("events_20260203")
    read(source(box.connection()), fold)
    assert list(box.tables["events_20260203"]) == list(fold.keys("events"))


def test_an_event_outside_its_tables_day_is_kept_aside(box: GoogleAnalyticsExportSandbox) -> None:
    """It would stand in a day that this table does not replace."""
    box.happen("events_20260110")
    fold = read(source(box.connection()))
    assert ([], 1) == (rows(fold), len(fold.quarantined))


@pytest.mark.parametrize("full", [True, False])
def test_a_table_that_expired_takes_nothing_with_it(box: GoogleAnalyticsExportSandbox, *, full: bool) -> None:
    """Its evening stays, though the table of the next day is rewritten or everything is read again."""
    box.clock = NOON + timedelta(hours=10)  # the evening of the third in New York, the fourth in UTC
    evening = box.happen()
    box.clock = NOON + timedelta(days=1)
    box.happen()
    table = {**box.connection(), "lookback": "1 day"}
    box.clock = NOON + timedelta(days=9)
    box.happen()
    fold = read(source(table, now=box.now()))
    del box.tables["events_20260203"]
    added = box.happen("events_20260204", event_timestamp=str(int((NOON + timedelta(days=1)).timestamp() * 1_000_000)))
    fold.cursor = None if full else fold.cursor
    read(source(table, now=box.now()), fold)
    assert evening in fold.keys("events")
    assert full is (added in fold.keys("events"))  # the fourth is beyond the look-back


def test_a_table_from_the_future_hides_no_changes(box: GoogleAnalyticsExportSandbox) -> None:
    """The look-back counts from today where a table is of a day that is yet to come."""
    box.happen("events_20991231")
    box.happen()
    fold = read(source({**box.connection(), "lookback": "3 days"}))
    added = box.happen()
    read(source({**box.connection(), "lookback": "3 days"}), fold)
    assert added in fold.keys("events")


def test_a_table_that_goes_meanwhile_is_no_error(box: GoogleAnalyticsExportSandbox) -> None:
    """Google deletes the running day's table when the day's is complete; the next read finds that one."""
    box.happen("events_intraday_20260203")
    made = source(box.connection())
    reading = made.read(["events"], None)
    box.faults.add(Fault(kind="status", path="*/tables/events_intraday_20260203", status=404, body=_GONE))
    assert [] == [*reading]


@pytest.mark.parametrize("reason", ["rateLimitExceeded", "quotaExceeded"])
def test_a_spent_quota_is_waited_for(box: GoogleAnalyticsExportSandbox, reason: str) -> None:
    """BigQuery says so with a 403; nothing is wrong with the account."""
    box.happen()
    box.faults.add(Fault(kind="status", path="*/queries", status=403, body=_GONE.replace("notFound", reason)))
    with pytest.raises(RetryLater):
        read(source(box.connection()))


_GONE = json.dumps({"error": {"code": 404, "message": "Not found", "errors": [{"reason": "notFound"}]}})


def test_a_slow_query_is_waited_for(box: GoogleAnalyticsExportSandbox) -> None:
    """BigQuery answers before it is done, and is asked for the result."""
    box.happen()
    box.slow = 3
    assert 1 == len(rows(read(source(box.connection()))))


@pytest.mark.parametrize(
    ("change", "said"),
    [({"most_bytes": 10}, "most_bytes"), ({"dataset": "analytics_9"}, "roles"), ({"location": "US"}, "location")],
)
def test_what_bigquery_refuses_says_what_to_do(
    box: GoogleAnalyticsExportSandbox, change: Mapping[str, Any], said: str
) -> None:
    """A day that is too dear, a data set that is not there, and another location."""
    box.happen()
    with pytest.raises(StopConnection) as caught:
        read(source({**box.connection(), **change}))
    assert said in str(caught.value.hint)


def test_check_says_what_a_day_costs(box: GoogleAnalyticsExportSandbox) -> None:
    """The number of tables, the size of the newest, and its day."""
    box.happen()
    told = [fact.text for fact in source(box.connection()).check()]
    assert "shop-1.analytics_123456789: 1 tables of events" == told[0]
    assert "newest day: 2026-02-03" == told[-1]


@pytest.mark.parametrize("kind", ["parquet", "json"])
def test_files_hold_the_same_events(box: GoogleAnalyticsExportSandbox, tmp_path: Path, kind: str) -> None:
    """What is read from files is what BigQuery gives, and a file that is read twice changes nothing."""
    for number in range(5):
        box.happen(event_name=f"step_{number}")
    events = [*box.tables["events_20260203"].values()]
    lines = tmp_path / "lines"
    lines.write_text("\n".join(map(json.dumps, events)))
    path = tmp_path / f"events_20260203-000.{kind}"
    how = "(format parquet)" if kind == "parquet" else "(format json)"
    duckdb.connect().execute(f"copy (from read_ndjson('{lines}', columns = {_TYPES})) to '{path}' {how}")
    table = {"timezone": box.zone, "files": "."}
    fold = read(source(table, tmp_path))
    assert {*box.keys("events")} == fold.keys("events")
    assert read(source(box.connection())).content().keys() == fold.content().keys()
    assert [] == [*source(table, tmp_path).read(["events"], fold.cursor)]


_TYPES = {
    "event_timestamp": "BIGINT", "event_name": "VARCHAR", "event_bundle_sequence_id": "BIGINT",
    "user_pseudo_id": "VARCHAR", "device": "STRUCT(category VARCHAR)",
    "event_params": 'STRUCT("key" VARCHAR, "value" STRUCT(string_value VARCHAR, int_value BIGINT))[]',
}  # fmt: skip


def test_a_file_that_is_cut_off_is_an_error(tmp_path: Path) -> None:
    """Nothing of its values is in the text."""
    (tmp_path / "events_20260203.parquet").write_bytes(b"PAR1 secret")
    with pytest.raises(BadData) as caught:
        read(source({"timezone": "UTC", "files": "."}, tmp_path))
    assert "events_20260203.parquet" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_connection_is_one_of_the_two(box: GoogleAnalyticsExportSandbox) -> None:
    """BigQuery and files at once, or neither, is refused."""
    with pytest.raises(ValueError, match="either key, project and dataset, or files"):
        source({**box.connection(), "files": "."})
    with pytest.raises(ValueError, match="either key, project and dataset, or files"):
        source({"timezone": "UTC"})


def test_googles_client_reads_the_sandbox(box: GoogleAnalyticsExportSandbox) -> None:
    """google-cloud-bigquery lists tables, reads one's schema and runs our query, page by page."""
    keys = [box.happen() for _ in range(5)]
    account = Credentials.from_service_account_info(json.loads(box.service_key()), scopes=[SCOPE])
    with closing(requests.Session()) as session:
        account.refresh(Request(session))
    options = {"api_endpoint": box.url}
    with closing(bigquery.Client(box.project, account, location=box.location, client_options=options)) as client:
        [table] = client.list_tables(box.dataset)
        assert 5 == client.get_table(table).num_rows
        query = events_query(box.project, box.dataset, table.table_id, {"event_name", "event_timestamp"})
        found = [*client.query_and_wait(query, page_size=2)]
    assert len(keys) == len(found)
    assert {"events_20260203"} == {row["table_id"] for row in found}
    assert {"page_view"} == {json.loads(row["event"])["event_name"] for row in found}


def test_every_request_is_one_that_bigquery_describes(box: GoogleAnalyticsExportSandbox) -> None:
    """Paths, parameters and bodies fit the discovery document."""
    for _ in range(5):
        box.happen()
    box.slow = 1
    read(source(box.connection()))
    asked = [each.request for each in box.requests if each.request.path != "/token"]
    assert {"GET", "POST"} == {each.method for each in asked}
    assert [] == [
        problem
        for each in asked
        for problem in problems(
            document("bigquery.v2"), each.method, each.path, each.query, each.json() if each.method == "POST" else None
        )
    ]
