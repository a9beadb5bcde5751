"""What an answer becomes: its kind, its score, its text, and whom it is from."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.sdk.connector import Context
from hub.sdk.errors import HubError
from hub.sdk.records import Json, Page
from hub.sdk.sandbox import Fault
from hub_typeform.sandbox import TypeformSandbox
from hub_typeform.settings import TypeformSettings, TypeformSourceSettings
from hub_typeform.source import TypeformSource

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIELDS: dict[str, tuple[str, Mapping[str, Json]]] = {
    "nps": ("opinion_scale", {"steps": 11}),
    "from_one": ("opinion_scale", {"steps": 11, "start_at_one": True}),
    "five": ("opinion_scale", {"steps": 5}),
    "stars": ("rating", {"steps": 5}),
    "age": ("number", {}),
    "why": ("long_text", {}),
    "found": ("multiple_choice", {}),
    "again": ("yes_no", {}),
    "mail": ("email", {}),
    "friend": ("email", {}),
    "call": ("phone_number", {}),
    "born": ("date", {}),
    "site": ("website", {}),
    "photo": ("file_upload", {}),
    "paid": ("payment", {}),
}


@pytest.fixture
def box() -> Iterator[TypeformSandbox]:
    """Serve an account at an instant."""
    with TypeformSandbox() as box:
        box.clock = START
        yield box


def pages(box: TypeformSandbox, **entry: object) -> list[Page]:
    """All pages of a full read."""
    table = TypeformSettings.model_validate(box.connection())
    made = TypeformSource(table, TypeformSourceSettings.model_validate(entry), Context("surveys", Path(), START))
    return list(made.read(["responses"], None))


def rows(box: TypeformSandbox, **entry: object) -> dict[str, Mapping[str, Any]]:
    """The records of a full read, by the reference of their question."""
    found = [row for page in pages(box, **entry) if page.rows for row in page.rows["responses"].to_pylist()]
    return {row["response_id"].partition("/")[2]: row for row in found}


def refused(box: TypeformSandbox) -> list[str]:
    """The columns that did not fit, of a full read."""
    return [field for page in pages(box) if page.quarantine for field in page.quarantine["field"].to_pylist()]


def people(row: Mapping[str, Any]) -> dict[str, str]:
    """Identifiers by namespace."""
    return {each["namespace"]: each["value"] for each in row["identifiers"]}


@pytest.mark.parametrize(
    ("ref", "value", "kind", "score", "answer"),
    [
        ("nps", 0, "nps", 0.0, "0"),
        ("nps", 10, "nps", 10.0, "10"),
        ("from_one", 11, "number", 11.0, "11"),
        ("five", 4, "number", 4.0, "4"),
        ("stars", 5, "csat", 5.0, "5"),
        ("age", 2.5, "number", 2.5, "2.5"),
        ("why", "Gut, „sehr“ 👍", "text", None, "Gut, „sehr“ 👍"),
        ("why", "  blanks  ", "text", None, "  blanks  "),
        ("found", "A friend", "choice", None, "A friend"),
        ("found", ["A friend", "Search"], "choice", None, "A friend; Search"),
        ("again", False, "boolean", None, "false"),
        ("mail", "ann@shop.example", "email", None, "ann@shop.example"),
        ("call", "+12025550101", "phone", None, "+12025550101"),
        ("born", "1990-02-03", "date", None, "1990-02-03"),
        ("site", "https://shop.example", "url", None, "https://shop.example"),
        ("photo", "https://files.example/1", "file", None, "https://files.example/1"),
        ("paid", {"amount": "12.00", "last4": "4242", "name": "Ann Lee"}, "payment", None, "12.00"),
    ],
)
def test_an_answer_becomes_a_record(
    box: TypeformSandbox, ref: str, value: Json, kind: str, score: float | None, answer: str
) -> None:
    """Of every type: what kind it is, its score where it is a number, its text."""
    token = box.respond(box.form("Survey", FIELDS), {ref: value})
    row = rows(box)[ref]
    assert (f"{token}/{ref}", "Survey", f"Question {ref}") == (row["response_id"], row["survey"], row["question"])
    assert (kind, score, answer) == (row["kind"], row["score"], row["answer"])
    assert START.replace(tzinfo=None) == row["occurred_at"]


@pytest.mark.parametrize(
    ("kind", "said", "answer"),
    [
        ("choice", {"other": "My own words"}, "My own words"),
        ("choices", {"labels": ["Search"], "other": "My own words"}, "Search; My own words"),
    ],
)
def test_what_is_on_no_list_counts(box: TypeformSandbox, kind: str, said: Json, answer: str) -> None:
    """A choice may be in the person's own words, alone or beside others."""
    form = box.form("Survey", FIELDS)
    box.respond(form, {"found": "x"})
    answers: Any = box.responses[form][0]["answers"]
    answers[0] = {"field": answers[0]["field"], "type": kind, kind: said}
    assert ("choice", answer) == (rows(box)["found"]["kind"], rows(box)["found"]["answer"])


def test_of_a_payment_nothing_of_the_card_is_kept(box: TypeformSandbox) -> None:
    """Neither its last digits nor the name on it, in any column."""
    box.respond(box.form("Survey", FIELDS), {"paid": {"amount": "12.00", "last4": "4242", "name": "Ann Lee"}})
    told = str(rows(box)["paid"])
    assert ("4242" in told, "Ann Lee" in told) == (False, False)


def test_attributes_say_where_an_answer_is_from(box: TypeformSandbox) -> None:
    """Form, question, the scale's steps, the form's score, hidden fields that identify nobody."""
    form = box.form("Survey", FIELDS)
    box.respond(form, {"stars": 3}, hidden={"utm_source": "mail", "email": "ann@shop.example", "campaign": "xxxxx"})
    assert {
        "form": form, "form_score": 0, "hidden_utm_source": "mail",
        "field": "stars", "field_type": "rating", "steps": 5,
    } == json.loads(rows(box)["stars"]["attributes"])  # fmt: skip


def test_kinds_in_config_win(box: TypeformSandbox) -> None:
    """Over what a question's type says, by its reference."""
    box.respond(box.form("Survey", FIELDS), {"five": 4, "nps": 9, "stars": 2})
    found = rows(box, kinds={"five": "csat", "nps": "effort"})
    assert {"five": "csat", "nps": "effort", "stars": "csat"} == {ref: row["kind"] for ref, row in found.items()}


def test_a_question_of_type_nps_is_one(box: TypeformSandbox) -> None:
    """Whatever its properties say."""
    token = box.respond(box.form("Survey", FIELDS), {"five": 4})
    fields: Any = list(box.forms.values())[-1]["fields"]
    fields[2]["type"] = "nps"
    assert (f"{token}/five", "nps") == (rows(box)["five"]["response_id"], rows(box)["five"]["kind"])


def test_questions_within_groups_are_known(box: TypeformSandbox) -> None:
    """Their titles and kinds, however deep they are."""
    form = box.form("Survey", FIELDS)
    box.respond(form, {"nps": 9})
    for ref in ("inner", "outer"):
        box.forms[form]["fields"] = [
            {
                "id": ref,
                "ref": ref,
                "title": "Group",
                "type": "group",
                "properties": {"fields": box.forms[form]["fields"]},
            }
        ]
    assert ("Question nps", "nps") == (rows(box)["nps"]["question"], rows(box)["nps"]["kind"])


def test_an_answer_to_a_question_that_is_gone_lands(box: TypeformSandbox) -> None:
    """Without its title, and with the kind that the answer itself shows."""
    form = box.form("Survey", FIELDS)
    box.respond(form, {"nps": 9})
    box.forms[form]["fields"] = []
    row = rows(box)["nps"]
    assert (None, "number", 9.0) == (row["question"], row["kind"], row["score"])


def test_an_answer_without_reference_is_found_by_its_id(box: TypeformSandbox) -> None:
    """The key is the same, so that it is the same record."""
    form = box.form("Survey", FIELDS)
    box.respond(form, {"nps": 9})
    before = rows(box)["nps"]
    answers: Any = box.responses[form][0]["answers"]
    del answers[0]["field"]["ref"]
    after = rows(box)["nps"]
    assert (before["response_id"], before["kind"]) == (after["response_id"], after["kind"])


def test_people_are_known_by_what_they_typed(box: TypeformSandbox) -> None:
    """The first address and phone number of a form, for all its answers; a second one may be a friend's."""
    answers: Mapping[str, Json] = {
        "nps": 9,
        "mail": "ann@shop.example",
        "friend": "ben@shop.example",
        "call": "+12025550101",
    }
    box.respond(box.form("Survey", FIELDS), answers, hidden={"email": "old@shop.example", "user_id": "u1"})
    expected = {"email": "ann@shop.example", "phone": "+12025550101", "user_id": "u1"}
    assert [expected] * 4 == [people(row) for row in rows(box).values()]


def test_people_are_known_by_hidden_fields(box: TypeformSandbox) -> None:
    """Those that always count, and those of the config; never the placeholder of an address nobody filled in."""
    hidden: Mapping[str, Json] = {"email": "ann@shop.example", "phone": "xxxxx", "card": "C-1"}
    box.respond(box.form("Survey", FIELDS), {"nps": 9}, hidden=hidden)
    row = rows(box, identifiers={"loyalty_card": "card"})["nps"]
    assert {"email": "ann@shop.example", "loyalty_card": "C-1"} == people(row)
    assert "hidden_card" not in json.loads(row["attributes"])


def test_an_anonymous_response_lands(box: TypeformSandbox) -> None:
    """It belongs to nobody."""
    box.respond(box.form("Survey", FIELDS), {"nps": 9})
    assert {} == people(rows(box)["nps"])


@pytest.mark.parametrize(
    "values",
    [
        {"response_type": None, "submitted_at": "0001-01-01T00:00:00Z"},
        {"response_type": "partial"},
        {"response_type": "started", "submitted_at": "0001-01-01T00:00:00Z", "answers": None},
    ],
)
def test_what_was_not_submitted_is_no_response(
    box: TypeformSandbox, monkeypatch: pytest.MonkeyPatch, values: Mapping[str, Json]
) -> None:
    """Though it was listed: no record, no quarantine, and the instant 1 is nobody's."""
    form = box.form("Survey", FIELDS)
    box.respond(form, {"nps": 9})
    box.respond(form, {"stars": 1})
    box.responses[form][0].update(values)
    monkeypatch.setattr(TypeformSandbox, "_newest", lambda box, form, _request: list(box.responses[form]))
    assert ({"stars"}, []) == ({*rows(box)}, refused(box))


@pytest.mark.parametrize(
    ("ref", "value", "column"),
    [
        ("nps", "9", "score"),
        ("nps", True, "score"),
        ("nps", 10**30, "score"),
        ("nps", None, "score"),
        ("nps", [], "score"),
        ("why", None, "answer"),
        ("why", "", "answer"),
        ("found", None, "answer"),
        ("paid", [], "answer"),
    ],
)
def test_an_answer_that_does_not_fit_is_quarantined(box: TypeformSandbox, ref: str, value: Json, column: str) -> None:
    """With the column that it does not fit; its neighbours land."""
    box.respond(box.form("Survey", FIELDS), {ref: value, "stars": 4})
    assert ([column], {"stars"}) == (refused(box), {*rows(box)})


@pytest.mark.parametrize(
    ("name", "value", "column"),
    [
        ("submitted_at", None, "occurred_at"),
        ("submitted_at", "yesterday", "occurred_at"),
        ("submitted_at", "0001-01-01T00:00:00Z", "occurred_at"),
        ("response_type", "abandoned", "kind"),
        ("response_type", [], "kind"),
        ("submitted_at", 1772366400, "occurred_at"),
        ("token", None, "response_id"),
        ("token", {}, "response_id"),
        ("answers", {"nps": 9}, "answer"),
    ],
)
def test_a_response_that_does_not_fit_is_quarantined(box: TypeformSandbox, name: str, value: Json, column: str) -> None:
    """As a whole; the others of its page land."""
    form = box.form("Survey", FIELDS)
    box.respond(form, {"stars": 4})
    box.respond(form, {"nps": 9})
    fault = Fault(
        kind="other_type", path=f"/forms/{form}/responses", field=f"items.0.{name}", body=json.dumps(value), times=None
    )
    box.faults.add(fault)
    assert [column] == refused(box)
    assert {"stars"} == {*rows(box)}


@pytest.mark.parametrize("text", ["nul\x00byte", "half \ud83d smiley"])
def test_broken_text_costs_nothing_else(box: TypeformSandbox, text: str) -> None:
    """It lands, mended, and so do its neighbours."""
    box.respond(box.form("Survey", FIELDS), {"why": text, "stars": 4})
    assert ({"why", "stars"}, []) == ({*rows(box)}, refused(box))


@pytest.mark.parametrize("field", ["title", "fields", "id"])
@pytest.mark.parametrize("value", [None, [], {}, 1.5, "text", [None], [{"id": 1, "properties": 2}]])
def test_a_definition_that_is_none_costs_titles_at_most(box: TypeformSandbox, field: str, value: Json) -> None:
    """Answers land whatever the form looks like."""
    form = box.form("Survey", FIELDS)
    box.respond(form, {"stars": 4})
    box.forms[form] = {**box.forms[form], "id": form, field: value}
    try:
        found = rows(box, forms=[form])
    except HubError:
        found = {}
    assert {"stars"} == {*found}


def test_a_form_without_a_title_is_called_by_its_id(box: TypeformSandbox) -> None:
    """A survey has a name in any case."""
    form = box.form("", FIELDS)
    box.respond(form, {"stars": 4})
    assert form == rows(box)["stars"]["survey"]
