"""The colour of a run: green, amber, red, cancelled."""

import pytest

from hub.report import STEPS, AudienceCount, RunReport, RunRequest, Step, StreamCount
from hub.settings import Share
from tests.support.project import NOW

ONE_PERCENT = Share(1)


def report(**values: object) -> RunReport:
    """A report of a run with these parts."""
    return RunReport.model_validate({"run": 1, "as_of": NOW, **values})


def stream(read: int, landed: int, quarantined: int = 0) -> StreamCount:
    """Counts of one stream."""
    return StreamCount(source="tills", stream="orders", read=read, landed=landed, quarantined=quarantined)


@pytest.mark.parametrize(
    ("status", "parts"),
    [
        ("green", {}),
        ("green", {"warnings": ["something to know"]}),
        ("green", {"streams": [stream(100, 99, 1)]}),
        ("amber", {"streams": [stream(100, 98, 2)]}),
        ("amber", {"streams": [stream(50, 49, 1)]}),
        ("red", {"streams": [stream(100, 99)]}),
        ("red", {"streams": [stream(99, 100)]}),
        ("amber", {"concerns": ["something to look at"]}),
        ("red", {"failures": ["something broke"], "concerns": ["and more"]}),
        ("green", {"audiences": [AudienceCount(name="a", destination="d", held=5)]}),
        ("amber", {"audiences": [AudienceCount(name="a", destination="d", held=5, approved=True)]}),
        ("amber", {"audiences": [AudienceCount(name="a", destination="d", unknown=1)]}),
        ("green", {"audiences": [AudienceCount(name="a", destination="d", accepted=5, approved=True)]}),
        ("green", {"audiences": [AudienceCount(name="a", destination="d", rejected=1, suppressed=2, approved=True)]}),
        ("cancelled", {"status": "cancelled", "failures": ["something broke"]}),
    ],
)
def test_the_colour_follows_from_what_happened(status: str, parts: dict[str, object]) -> None:
    """Red: something failed or got lost; amber: held, unknown, doubted or too much quarantined; green: all the rest."""
    settled = report(**parts)
    assert status == settled.settle(ONE_PERCENT) == settled.status


def test_a_colour_that_is_not_green_has_a_reason() -> None:
    """Rows that got lost and a full quarantine are told in words."""
    lost = report(streams=[stream(10, 8, 1)])
    lost.settle(ONE_PERCENT)
    expected = "tills: read 10 rows of orders, but 8 landed and 1 are in quarantine."
    assert [expected] == [text.partition(" The connector")[0] for text in lost.failures]
    assert ["1 of 10 rows are in quarantine; the limit is 1 %. See: hub quarantine"] == lost.concerns


@pytest.mark.parametrize("until", STEPS)
def test_a_request_reaches_as_far_as_it_says(until: Step) -> None:
    """`--until STEP` is that step and all before it."""
    place = STEPS.index(until)
    assert list(STEPS[: place + 1]) == [step for step in STEPS if RunRequest(until=until).reaches(step)]


def test_the_report_is_the_json_of_the_issue() -> None:
    """`hub run --json` has the keys that scripts rely on."""
    found = report(streams=[stream(1, 1)], audiences=[AudienceCount(name="a", destination="d")]).as_json()
    assert isinstance(found, dict)
    keys = {"run", "status", "as_of", "streams", "profiles", "segments", "stages", "audiences", "seconds"}
    assert keys <= found.keys()
    assert {"source", "stream", "read", "landed", "quarantined"} == found["streams"][0].keys()
    counts = "wanted planned added updated removed accepted held rejected suppressed unknown"
    assert {"name", "destination", *counts.split()} <= found["audiences"][0].keys()
