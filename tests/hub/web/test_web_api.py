"""The API of a project, over its real socket."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.project import Project
from hub.web.endpoint import Endpoint
from hub.web.server import Serving, serving
from tests.support.cli import small_project


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serving, Path]]:
    """A small project, served."""
    root = small_project(tmp_path_factory.mktemp("shop"))
    project = Project.open(root)
    with serving(project) as found:
        yield found, root
    project.close()


def ask(served: tuple[Serving, Path], path: str, body: object = None, **headers: str) -> tuple[int, dict[str, object]]:
    """GET `path`, or POST a body; return status and answer."""
    endpoint = served[0].endpoint
    data = None if body is None else json.dumps(body).encode()
    given = {"Authorization": f"Bearer {endpoint.token}", "Content-Type": "application/json", **headers}
    request = urllib.request.Request(endpoint.url + path, data=data, headers=given)  # noqa: S310 - our own loopback
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)


def finished(served: tuple[Serving, Path], **request: object) -> tuple[int, dict[str, object]]:
    """Run to the end; return the run's number and state."""
    status, started = ask(served, "/runs", request)
    assert status == 202
    run = int(str(started["run"]))
    pause = threading.Event()
    while ask(served, f"/runs/{run}")[1]["state"] == "running":
        pause.wait(0.05)
    return run, ask(served, f"/runs/{run}")[1]


def test_run_is_started_watched_and_reported(served: tuple[Serving, Path]) -> None:
    """A run answers with its number at once; events follow; the report comes at the end."""
    run, state = finished(served, until="segment")
    report = state["report"]
    assert isinstance(report, dict)
    assert ("finished", 2) == (state["state"], report["profiles"])
    _, all_events = ask(served, f"/runs/{run}/events")
    events = all_events["events"]
    assert isinstance(events, list)
    assert {"extract", "identify", "segment"} <= {event["progress"]["step"] for event in events}
    assert all_events["finished"] is True
    _, rest = ask(served, f"/runs/{run}/events?after={events[-2]['n']}")
    assert rest["events"] == events[-1:]


def test_cancelled_run_says_so(served: tuple[Serving, Path]) -> None:
    """Cancel is a POST; a run that is not of this process cannot be cancelled."""
    run, _ = finished(served, until="segment")
    assert ask(served, f"/runs/{run}/cancel", {}) == (200, {"run": run, "cancelled": True})
    assert ask(served, "/runs/999999/cancel", {})[1]["cancelled"] is False


def test_waiting_run_is_cancelled_before_it_begins(served: tuple[Serving, Path]) -> None:
    """A run in the queue that is cancelled does nothing and ends as cancelled."""
    gate = threading.Event()
    blocker = threading.Thread(target=lambda: served[0].runs.write(gate.wait))
    blocker.start()
    _, started = ask(served, "/runs", {"until": "segment"})
    ask(served, f"/runs/{started['run']}/cancel", {})
    gate.set()
    blocker.join()
    served[0].runs.write(lambda: None)
    report = ask(served, f"/runs/{started['run']}")[1]["report"]
    assert isinstance(report, dict)
    assert report["status"] == "cancelled"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/runs/999999", None, 409),
        ("/nowhere", None, 404),
        ("/preview", {"rule": "no_such_trait = 1"}, 422),
        ("/preview", {"rool": "true"}, 422),
        ("/runs", {"until": "canary@shop.example"}, 422),
        ("/person", {"key": ""}, 422),
        ("/plan", {"audience": "nobody"}, 422),
        ("/approve", {"name": "nobody"}, 422),
        ("/check", {"connection": "nobody"}, 422),
        ("/export", {"what": "everything", "path": "/tmp/x.csv"}, 422),  # noqa: S108 - never written
    ],
)
def test_refusals_have_one_shape(served: tuple[Serving, Path], path: str, body: object, status: int) -> None:
    """Whatever is wrong, the answer is {error, hint}, and it repeats nothing of what was sent."""
    finished(served, until="segment")
    answered, problem = ask(served, path, body)
    assert (status, {"error", "hint"}) == (answered, set(problem))
    assert "canary" not in json.dumps(problem)


def test_questions_are_answered(served: tuple[Serving, Path]) -> None:
    """Every question has an answer after a run."""
    finished(served)
    for path in ("/status", "/segments", "/quarantine", "/health"):
        assert ask(served, path)[0] == 200
    assert ask(served, "/preview", {"rule": "known"})[1]["size"] == 2
    assert ask(served, "/person", {"key": "email:ann@shop.example"})[1]["known"] is True
    assert ask(served, "/why", {"key": "customer@shop:1", "segment": "bonn"})[1]["member"] is True
    assert ask(served, "/plan", {})[1] == {"audiences": []}
    assert ask(served, "/check", {})[0] == 200


def test_foreign_requests_are_refused(served: tuple[Serving, Path]) -> None:
    """No token, another host, another origin: refused, on the real server too."""
    assert ask(served, "/status", Authorization="Bearer x")[0] == 401
    assert ask(served, "/status", Host="evil.example")[0] == 421
    assert ask(served, "/status", Origin="https://evil.example")[0] == 403


def test_endpoint_is_private_and_read_back(served: tuple[Serving, Path]) -> None:
    """endpoint.json is the owner's alone and says what the server says; damage reads as none."""
    data = served[1] / "data"
    assert (data / "endpoint.json").stat().st_mode & 0o777 == 0o600
    assert Endpoint.read(data) == served[0].endpoint
    assert Endpoint.read(data / "nowhere") is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 1}', "\x00"])
def test_damaged_endpoint_is_none(tmp_path: Path, content: str) -> None:
    """A half-written or foreign file is no endpoint."""
    (tmp_path / "endpoint.json").write_text(content)
    assert Endpoint.read(tmp_path) is None
