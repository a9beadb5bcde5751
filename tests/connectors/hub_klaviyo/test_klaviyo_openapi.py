"""Everything that is asked is in the published description of the API, revision 2026-07-15."""

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hub.sdk.sandbox import Request
from hub_klaviyo.sandbox import KlaviyoSandbox
from tests.connectors.hub_klaviyo.reading import read, source

SPEC = Path(__file__).parents[3].parent / "shared" / "specs" / "klaviyo-2026-07-15.openapi.json.gz"
CONDITION = re.compile(r"([a-z-]+)\(([\w.]+),")
ALLOWED = re.compile(r"`([\w.]+)`: ((?:`[a-z-]+`(?:, )?)+)")

needs_spec = pytest.mark.skipif(not SPEC.exists(), reason="the published description is not at hand")


@cache
def spec() -> Any:  # noqa: ANN401 - JSON
    """The published description."""
    with gzip.open(SPEC) as file:
        return json.load(file)


def problems(request: Request) -> list[str]:
    """What the description finds wrong with a request."""
    operation = spec()["paths"].get(request.path, {}).get(request.method.lower())
    if operation is None:
        return [f"no {request.method} {request.path}"]
    known = {each["name"]: each for each in operation["parameters"] if each["in"] == "query"}
    found = [f"no parameter {name}" for name in request.query if name not in known]
    for name, values in request.query.items():
        if name in known:
            found += wrong(known[name], values[-1])
    return found + [
        f"{name} is missing" for name, each in known.items() if each.get("required") and name not in request.query
    ]


def wrong(parameter: Any, value: str) -> list[str]:  # noqa: ANN401 - JSON
    """What is wrong with a parameter's value: its type, or a filter that is not offered."""
    kind = parameter["schema"]["type"]
    typed = int(value) if kind == "integer" else value.split(",") if kind == "array" else value
    found = [error.message for error in Draft202012Validator(parameter["schema"]).iter_errors(typed)]
    if parameter["name"] != "filter":
        return found
    offered = {field: set(re.findall(r"[a-z-]+", names)) for field, names in ALLOWED.findall(parameter["description"])}
    return found + [f"{op}({field})" for op, field in CONDITION.findall(value) if op not in offered.get(field, set())]


@needs_spec
def test_every_request_is_described(box: KlaviyoSandbox) -> None:
    """Paths, parameters, their values, filters and sort orders, of full and incremental reads and of the check."""
    profile = box.profile()
    box.event(box.opened, profile)
    box.campaign("Spring")
    read(box, read(box))
    list(source(box).check())
    asked = [each.request for each in box.requests]
    assert {"/api/accounts", "/api/profiles", "/api/metrics", "/api/events", "/api/campaigns"} == {
        each.path for each in asked
    }
    assert [] == [(each.path, each.query, problems(each)) for each in asked if problems(each)]
    assert {"2026-07-15"} == {each.headers["revision"] for each in asked}


@needs_spec
def test_the_description_finds_what_is_wrong() -> None:
    """Or the test above would prove nothing."""
    query = {"page[size]": ["101"], "filter": ["greater-or-equal(updated,2026-01-01T00:00:00Z)"], "nonsense": ["1"]}
    assert ["no parameter nonsense", "101 is greater than the maximum of 100", "greater-or-equal(updated)"] == problems(
        Request("GET", "/api/profiles", query)
    )
    assert ["filter is missing"] == problems(Request("GET", "/api/campaigns"))


@needs_spec
@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        ("profiles", "ProfileResponseObjectResource"),
        ("events", "EventResponseObjectResource"),
        ("campaigns", "CampaignResponseObjectResource"),
        ("metrics", "MetricResponseObjectResource"),
    ],
)
def test_the_sandbox_answers_as_described(kind: str, schema: str) -> None:
    """Objects have the published attributes and no others."""
    described = spec()["components"]["schemas"][schema]["properties"]["attributes"]["properties"]
    extra = {"subscriptions"} if kind == "profiles" else {"_channel"} if kind == "campaigns" else set()
    with KlaviyoSandbox(size=1) as box:
        [held, *_] = box.held[kind].values()
    attributes = held["attributes"]
    assert isinstance(attributes, dict)
    assert set() == set(attributes) - set(described) - extra
