"""docs/surveys.md can be copied: its files are a project, and answers become segments."""

import hmac
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from hub.queries.check import check
from hub.sdk.records import Json
from hub.web.server import Serving, serving
from hub_typeform.settings import TypeformSettings, TypeformSourceSettings
from tests.support.acceptance import Shop

PAGE = (Path(__file__).parents[2] / "docs" / "surveys.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```toml\n# config/(\w+)\.toml\n(.*?)```", PAGE, re.DOTALL))
[EXPORT] = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
SECRET = "made-up-secret"
ANSWERED: Mapping[str, Json] = {
    "type": "nps.answered",
    "answer": {"id": "a1", "score": 6, "comment": "The courier was rude", "at": "2026-02-20T09:00:00Z"},
    "person": {"email": "cleo@shop.example", "id": "u3"},
}
REVIEW: Mapping[str, Json] = {
    "type": "review.published",
    "review": {"id": "r1", "stars": 1, "text": "Broke at once", "at": "2026-02-21T09:00:00Z"},
    "person": {"email": "dan@shop.example"},
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A project of the page's files, without the connection that needs an account."""
    monkeypatch.setenv("REVIEWS_WEBHOOK_SECRET", SECRET)
    shop = Shop(tmp_path)
    shop.configure({name: text for name, text in FILES.items() if name != "typeform"})
    shop.write({"nps_2026.csv": EXPORT})
    return shop


def push(served: Serving, event: Mapping[str, Json], secret: str) -> int:
    """Push an event as the page's tool signs it; return the status."""
    body = json.dumps(event).encode()
    headers = {"X-Signature": f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"}
    try:
        with urlopen(Request(f"{served.endpoint.url}/hooks/reviews", body, headers)) as answer:  # noqa: S310
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return int(error.code)


def taken(shop: Shop, *events: tuple[Mapping[str, Json], str]) -> list[int]:
    """Push events, each with the secret that signs it, while the project is open; return the statuses."""
    with shop.open() as project, serving(project) as served:
        return [push(served, event, secret) for event, secret in events]


def members(shop: Shop, segment: str) -> set[str]:
    """Addresses of a segment's members."""
    found = shop.ask(f"""
        select i.value from memberships m join identifiers i using (profile_id)
        where m.kind = 'segment' and m.name = '{segment}' and m.left_at is null and i.namespace = 'email'""")
    return {str(value) for (value,) in found}


def test_the_page_has_the_files_that_are_tested() -> None:
    """Each block is found by its first line, so that the tests below are about something."""
    assert {"typeform", "reviews", "nps_export", "traits", "segments"} == {*FILES}


def test_the_typeform_example_is_valid() -> None:
    """Its tables are what the connector takes."""
    found = tomllib.loads(FILES["typeform"])
    table = {name: value for name, value in found["connection"].items() if name != "connector"}
    TypeformSettings.model_validate(table)
    [entry] = found["source"]
    assert {"how-easy-was-it": "csat"} == TypeformSourceSettings.model_validate(entry).kinds


def test_the_export_makes_detractors(shop: Shop) -> None:
    """Its rows are responses, and who gave a low score is in the segment."""
    assert "green" == shop.run().status
    stored = shop.ask("select response_id, kind, score, answer, survey from current_responses order by 1")
    assert [
        ("R-1", "nps", 3.0, "Came late, box was open", "After delivery"),
        ("R-2", "nps", 10.0, "Perfect", "After delivery"),
    ] == stored
    assert [{"ann@shop.example"}, {"ben@shop.example"}, {"ann@shop.example"}] == [
        members(shop, name) for name in ("detractors", "promoters", "unhappy")
    ]


def test_pushed_answers_make_detractors(shop: Shop) -> None:
    """Only genuine ones, each taken by its own entry; a review that is deleted is gone."""
    assert [204, 204, 401] == taken(shop, (ANSWERED, SECRET), (REVIEW, SECRET), (ANSWERED, "another"))
    shop.run()
    stored = shop.ask("select response_id, kind, score from current_responses where _connection = 'reviews' order by 1")
    assert [("a1", "nps", 6.0), ("r1", "csat", 1.0)] == stored
    assert {"ann@shop.example", "cleo@shop.example"} == members(shop, "detractors")
    assert {"ann@shop.example", "cleo@shop.example", "dan@shop.example"} == members(shop, "unhappy")
    assert [204] == taken(shop, ({**REVIEW, "type": "review.deleted"}, SECRET))
    shop.run()
    assert {"ann@shop.example", "cleo@shop.example"} == members(shop, "unhappy")


def test_check_finds_no_mistake(shop: Shop) -> None:
    """`hub check` of the same files: every connection answers, nothing is wrong."""
    with shop.open() as project:
        facts = [(checked.connection, fact.level) for checked in check(project) for fact in checked.facts]
    assert {"hub", "reviews", "nps_export"} == {connection for connection, _ in facts}
    assert {level for _, level in facts} <= {"ok", "warning"}
