"""Google's own clients work against the sandbox, and what we send is what Google describes."""

import json
from contextlib import closing

import pytest
import requests
from google.analytics.data_v1beta import BetaAnalyticsDataClient
from google.analytics.data_v1beta.services.beta_analytics_data.transports import BetaAnalyticsDataRestTransport
from google.analytics.data_v1beta.types import DateRange, Dimension, Metric, OrderBy, RunReportRequest
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from google.oauth2.service_account import Credentials as ServiceAccount
from googleapiclient.discovery import build_from_document

from hub_google_analytics.client import SCOPE
from hub_google_analytics.sandbox import GoogleAnalyticsSandbox
from tests.connectors.hub_google_analytics.reading import read
from tests.support.discovery import document, problems

DATA = "analyticsdata.v1beta"


def token(box: GoogleAnalyticsSandbox) -> str:
    """A token as google-auth gets it with the service account's key."""
    account = ServiceAccount.from_service_account_info(json.loads(box.service_key()), scopes=[SCOPE])
    with closing(requests.Session()) as session:
        account.refresh(Request(session))
    return str(account.token)


@pytest.fixture
def filled(box: GoogleAnalyticsSandbox) -> GoogleAnalyticsSandbox:
    """A property with five orders and an audience."""
    for _ in range(5):
        box.hit()
    box.audiences["55"] = [("100.1", "C7"), ("100.2", "(not set)")]
    return box


def test_google_auth_gets_a_token(box: GoogleAnalyticsSandbox) -> None:
    """The token endpoint takes what Google's own library signs."""
    assert token(box) in box.tokens


def test_the_data_client_runs_a_report(filled: GoogleAnalyticsSandbox) -> None:
    """google-analytics-data reads rows, their number and the quota."""
    transport = BetaAnalyticsDataRestTransport(
        host=filled.url.removeprefix("http://"), url_scheme="http", credentials=Credentials(token(filled))
    )
    asked = RunReportRequest(
        property=f"properties/{filled.property}",
        date_ranges=[DateRange(start_date="2026-02-01", end_date="2026-02-03")],
        dimensions=[Dimension(name="transactionId")],
        metrics=[Metric(name="purchaseRevenue")],
        order_bys=[OrderBy(dimension=OrderBy.DimensionOrderBy(dimension_name="transactionId"))],
        limit=3,
        return_property_quota=True,
    )
    with BetaAnalyticsDataClient(transport=transport) as client:
        report = client.run_report(asked)
    assert 5 == report.row_count
    assert ["T000001", "T000002", "T000003"] == [row.dimension_values[0].value for row in report.rows]
    assert filled.quota["tokensPerDay"] == report.property_quota.tokens_per_day.remaining


def test_the_discovery_client_exports_an_audience(filled: GoogleAnalyticsSandbox) -> None:
    """google-api-python-client orders, lists and queries an export."""
    service = build_from_document(
        document(DATA), credentials=Credentials(token(filled)), client_options={"api_endpoint": filled.url}
    )
    parent = f"properties/{filled.property}"
    body = {"audience": f"{parent}/audiences/55", "dimensions": [{"dimensionName": "deviceId"}]}
    with closing(service):
        exports = service.properties().audienceExports()
        exports.create(parent=parent, body=body).execute()
        [export] = exports.list(parent=parent).execute()["audienceExports"]
        rows = exports.query(name=export["name"], body={"limit": "10"}).execute()["audienceRows"]
    assert ["100.1", "100.2"] == [row["dimensionValues"][0]["value"] for row in rows]


def test_every_request_is_one_that_google_describes(filled: GoogleAnalyticsSandbox) -> None:
    """Paths, parameters and bodies of all requests of both kinds of read fit the discovery document."""
    read(filled, user_id="customUser:crm_id", orders="shop")
    with pytest.raises(Exception, match="prepares"):
        read(filled, audiences={"in_sale": "55"})
    read(filled, audiences={"in_sale": "55"})
    asked = [each.request for each in filled.requests if each.request.path != "/token"]
    assert {"runReport", "audienceExports", "query"} == {
        part for each in asked for part in ("runReport", "audienceExports", "query") if each.path.endswith(part)
    }
    found = [
        problem
        for each in asked
        for problem in problems(
            document(DATA), each.method, each.path, each.query, each.json() if each.method == "POST" else None
        )
    ]
    assert [] == found


@pytest.mark.parametrize(
    ("path", "query", "body", "said"),
    [
        ("properties/1:runReports", {}, {}, "no method"),
        ("properties/1:runReport", {"pages": "1"}, {}, "no parameter pages"),
        ("properties/1:runReport", {}, {"dimension": []}, "body has no dimension"),
        ("properties/1:runReport", {}, {"limit": True}, "body.limit is no string"),
        ("properties/1:runReport", {}, {"dateRanges": [{"startDate": 20260101}]}, "startDate is no string"),
        (
            "properties/1:runReport",
            {},
            {"dimensionFilter": {"filter": {"fieldName": "x", "stringFilter": {"matchType": "IS"}}}},
            "matchType is none of",
        ),
    ],
)
def test_the_check_of_requests_finds_wrong_ones(path: str, query: dict[str, str], body: object, said: str) -> None:
    """A wrong path, parameter, field, type or word is found."""
    assert any(said in problem for problem in problems(document(DATA), "POST", f"/v1beta/{path}", query, body))
