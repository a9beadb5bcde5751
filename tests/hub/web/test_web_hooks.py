"""Events that tools push: from the socket to the profile, and nothing that is not genuine."""

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from textwrap import dedent
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from hub.daemon import Daemon
from hub.project import Project
from hub.report import RunRequest
from hub.sdk.connector import Source
from hub.sdk.errors import BadData, Refused
from hub.sdk.records import Delivery, Fact, Json, Page
from hub.sdk.settings import Settings, SourceSettings
from hub.sdk.tables import table_of
from hub.web.server import Serving, serving
from tests.support.project import run_once

PLUGIN = """
    from hub.sdk.hookspecs import hookimpl
    from tests.hub.web.test_web_hooks import PushedSource

    @hookimpl
    def hub_sources():
        return [PushedSource]
"""
SHOP = """
    [connection]
    connector = "pushed"

    [[source]]
    stream = "people"
"""
KEY = b"made-up"


class PushedSource(Source[Settings, SourceSettings]):
    """Reads nothing; takes events signed with a key."""

    name = "pushed"
    streams = ("people",)

    def check(self) -> Iterable[Fact]:
        """Nothing to find."""
        return ()

    def read(self, streams: Sequence[str], since: Json) -> Iterator[Page]:
        """Nothing to read."""
        del streams, since
        yield from ()

    def verify(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Compare the signature over the body as it came."""
        if not hmac.compare_digest(signed(body), headers.get("x-signature", "")):
            raise Refused("the signature does not match the body.")
        return Delivery(headers["x-event"], "person", self.context.now, body)

    def unpack(self, delivery: Delivery) -> Page:
        """Make a person of it, or a tombstone."""
        event = json.loads(delivery.body)
        if "bad" in event:
            raise BadData("expected a person.")
        if event.get("gone"):
            return Page(deleted={"people": [event["id"]]})
        row = {"record_id": event["id"], "city": event["city"], "identifiers": {"email": event["email"]}}
        return Page({"people": table_of("people", [row])})


def signed(body: bytes) -> str:
    """The signature that proves a body."""
    return hmac.digest(KEY, body, "sha256").hex()


def project(root: Path) -> Project:
    """A project that takes events under the name `shop`."""
    for path, text in {"plugins/pushed.py": PLUGIN, "config/shop.toml": SHOP}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(dedent(text), encoding="utf-8")
    return Project.open(root)


def push(
    served: Serving,
    event: Mapping[str, Json],
    *,
    number: int = 1,
    connection: str = "shop",
    signature: str | None = None,
) -> int:
    """Push an event as a tool does, without our token and under a public name; return the status."""
    body = json.dumps(event).encode()
    headers = {"X-Event": f"e{number}", "X-Signature": signature or signed(body), "Host": "hub.shop.example"}
    try:
        with urlopen(Request(f"{served.endpoint.url}/hooks/{connection}", body, headers)) as answer:  # noqa: S310
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return int(error.code)


def cities(opened: Project) -> list[str]:
    """Where people live."""
    return [str(row[0]) for row in opened.engine.run("select city from profiles where city is not null order by 1")]


def test_a_genuine_event_becomes_a_person(tmp_path: Path) -> None:
    """It is durable when it is answered, and landed by the next run; twice is once."""
    opened = project(tmp_path)
    with serving(opened) as served:
        ann = {"id": "1", "city": "Bonn", "email": "ann@shop.example"}
        assert [204, 204] == [push(served, ann, number=1), push(served, ann, number=1)]
    opened.close()
    again = Project.open(tmp_path)  # as after a crash: nothing but the spool knows of it
    report = run_once(again, {"until": "segment"})
    assert ("green", ["Bonn"]) == (report.status, cities(again))
    assert [1] == [each.landed for each in report.streams]
    assert [] == list((tmp_path / "data/spool").rglob("*.jsonl"))
    again.close()


def test_events_keep_their_order_around_a_tombstone(tmp_path: Path) -> None:
    """Who is deleted and comes back is there; who comes and is deleted is not."""
    opened = project(tmp_path)
    with serving(opened) as served:
        events: list[Mapping[str, Json]] = [
            {"id": "1", "city": "Bonn", "email": "ann@shop.example"},
            {"id": "1", "gone": True},
            {"id": "1", "city": "Ulm", "email": "ann@shop.example"},
            {"id": "2", "city": "Kiel", "email": "bob@shop.example"},
            {"id": "2", "gone": True},
        ]
        for number, event in enumerate(events):
            assert 204 == push(served, event, number=number)
    run_once(opened, {"until": "segment"})
    assert ["Ulm"] == cities(opened)
    opened.close()


def test_what_is_not_genuine_is_refused_and_not_stored(tmp_path: Path) -> None:
    """401 for a wrong signature, 404 for an unknown connection; neither answer tells why."""
    opened = project(tmp_path)
    with serving(opened) as served:
        event = {"id": "1", "city": "Bonn", "email": "ann@shop.example"}
        assert 401 == push(served, event, signature="0" * 64)
        assert 404 == push(served, event, connection="elsewhere")
    assert [] == list((tmp_path / "data/spool").rglob("*.jsonl"))
    opened.close()


def test_an_event_that_cannot_be_read_is_in_quarantine(tmp_path: Path) -> None:
    """With what came, whether the connector foresaw it or not; the others land."""
    opened = project(tmp_path)
    with serving(opened) as served:
        ann: Mapping[str, Json] = {"id": "1", "city": "Bonn", "email": "ann@shop.example"}
        events: list[Mapping[str, Json]] = [{"bad": 1}, {"no": "id"}, ann]
        assert [204] * 3 == [push(served, event, number=number) for number, event in enumerate(events)]
    report = run_once(opened, {"until": "segment"})
    assert [(3, 1, 2)] == [(each.read, each.landed, each.quarantined) for each in report.streams]
    assert ["Bonn"] == cities(opened)
    opened.close()


def test_the_daemon_reads_what_was_pushed_without_waiting_for_every(tmp_path: Path) -> None:
    """The entry is read once an hour; the event is a person long before that, and its file is gone."""
    (tmp_path / "config").mkdir(parents=True)
    (tmp_path / "config/hub.toml").write_text('[web]\npushed_within = "1 second"\n', encoding="utf-8")
    opened = project(tmp_path)
    ended = SimpleQueue[RunRequest]()
    with serving(opened) as served:

        def perform(request: RunRequest) -> None:
            served.runs.perform(request)
            ended.put(request)

        daemon = Daemon(opened.settings, perform, opened.spool.due)
        daemon.start()
        first = ended.get(timeout=60)  # by `every`, which is due again in an hour
        assert 204 == push(served, {"id": "1", "city": "Bonn", "email": "ann@shop.example"})
        assert first == ended.get(timeout=60)
        daemon.stop()
    assert ["Bonn"] == cities(opened)
    assert [] == list((tmp_path / "data/spool").rglob("*.jsonl"))
    opened.close()


def test_damage_in_the_spool_is_told_and_the_rest_lands(tmp_path: Path) -> None:
    """The report says how many events and where they are kept, without their content."""
    opened = project(tmp_path)
    with serving(opened) as served:
        for number, city in enumerate(["Bonn", "Kiel"]):
            assert 204 == push(served, {"id": city, "city": city, "email": f"{city}@shop.example"}, number=number)
    path = tmp_path / "data/spool/shop/people/open.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"body"', b'"b\x00dy"', 1))
    report = run_once(opened, {"until": "segment"})
    assert ["Kiel"] == cities(opened)
    told = "shop: 1 pushed events are damaged on the disk and were not landed; kept in data/spool/shop/people/"
    assert [True] == [concern.startswith(told) for concern in report.concerns]
    assert [1] == [len(path.read_bytes().splitlines()) for path in (tmp_path / "data/spool").rglob("*.damaged")]
    opened.close()
