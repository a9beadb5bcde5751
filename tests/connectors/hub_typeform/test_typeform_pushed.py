"""Pushed responses: only genuine ones, and the same records as a read makes."""

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk.connector import Context
from hub.sdk.errors import BadData, Refused
from hub.sdk.records import Delivery, Json, Page
from hub.sdk.sandbox import Fault
from hub_typeform.sandbox import TypeformSandbox
from hub_typeform.settings import TypeformSettings, TypeformSourceSettings
from hub_typeform.signatures import prove
from hub_typeform.source import TypeformSource

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, NEW = "old-made-up-secret", "new-made-up-secret"
BODY = b'{"event_type": "form_response"}'


@pytest.fixture
def box() -> Iterator[TypeformSandbox]:
    """Serve an account at an instant."""
    with TypeformSandbox() as box:
        box.clock = START
        yield box


def source(box: TypeformSandbox, **entry: object) -> TypeformSource:
    """The source at an instant."""
    table = TypeformSettings.model_validate(box.connection())
    return TypeformSource(table, TypeformSourceSettings.model_validate(entry), Context("surveys", Path(), START))


def secrets(**keys: str) -> TypeformSettings:
    """A connection table."""
    return TypeformSettings.model_validate({"token": "tfp_x", **keys})


def signed(secret: str, body: bytes = BODY) -> dict[str, str]:
    """The header as Typeform documents it, computed here anew."""
    digest = base64.b64encode(hmac.new(secret.encode(), body, "sha256").digest()).decode()
    return {"Typeform-Signature": f"sha256={digest}"}


def rows(page: Page) -> list[dict[str, Any]]:
    """Records of a page."""
    return list(page.rows["responses"].to_pylist()) if page.rows else []


def event(**keys: Json) -> Delivery:
    """An event that was proven already."""
    return Delivery("1", "form_response", START, json.dumps(keys).encode())


def test_both_secrets_are_taken_while_they_change() -> None:
    """The new one and the old one, whatever the capitals of the header; no third one."""
    both = secrets(webhook_secret=NEW, webhook_secret_old=OLD)
    prove(both, signed(NEW), BODY)
    prove(both, {name.lower(): value for name, value in signed(OLD).items()}, BODY)
    for given_ in (signed("another"), {}, {"Typeform-Signature": ""}):
        with pytest.raises(Refused, match="does not match"):
            prove(both, given_, BODY)


def test_the_old_secret_is_refused_once_it_is_gone() -> None:
    """A rotation ends."""
    with pytest.raises(Refused, match="does not match"):
        prove(secrets(webhook_secret=NEW), signed(OLD), BODY)


def test_without_a_secret_nothing_is_taken() -> None:
    """Not even what is signed with an empty one."""
    with pytest.raises(Refused, match="no webhook_secret"):
        prove(secrets(), signed(""), BODY)


@given(st.binary(max_size=40), st.integers(0, 39), st.integers(1, 255))
def test_a_byte_that_changed_is_seen(body: bytes, place: int, change: int) -> None:
    """The signature is over the bytes as they came, JSON or not."""
    known, headers = secrets(webhook_secret=NEW), signed(NEW, body)
    prove(known, headers, body)
    other = bytes(each ^ (change if number == place else 0) for number, each in enumerate(body))
    if other != body:
        with pytest.raises(Refused):
            prove(known, headers, other)


@pytest.mark.parametrize("value", ["sha256=", "sha256=ä", "md5=x", "sha256=\udcff"])
def test_a_header_of_nonsense_is_refused(value: str) -> None:
    """Not a crash."""
    with pytest.raises(Refused):
        prove(secrets(webhook_secret=NEW), {"Typeform-Signature": value}, BODY)


def test_a_delivery_is_known_by_its_body(box: TypeformSandbox) -> None:
    """What is sent again has the same id; what is another response has another."""
    one, other = (box.respond(box.first, {"nps": number}) for number in (1, 2))
    made = source(box)
    assert made.verify(*box.push(one)).id == made.verify(*box.push(one)).id != made.verify(*box.push(other)).id


def test_what_is_pushed_is_what_is_read(box: TypeformSandbox) -> None:
    """Record for record, column for column: the later read changes nothing. The event does not tell a scale's steps."""
    answers: dict[str, Json] = {"nps": 9, "why": "Fine", "csat": 4, "found": ["A", "B"], "mail": "ann@shop.example"}
    token = box.respond(box.first, answers, hidden={"user_id": "u1", "utm_source": "mail"})
    made = source(box, kinds={"csat": "effort"})
    pushed = rows(made.unpack(made.verify(*box.push(token))))
    assert 5 == len(pushed)
    assert [row for page in made.read(["responses"], None) for row in rows(page)] == pushed


def test_a_form_is_asked_for_once_for_many_events(box: TypeformSandbox) -> None:
    """A thousand responses to one form are one request."""
    made = source(box)
    for number in range(3):
        made.unpack(made.verify(*box.push(box.respond(box.first, {"nps": number}))))
    assert [f"/forms/{box.first}"] == [each.request.path for each in box.requests]


def test_an_event_lands_though_typeform_is_down(box: TypeformSandbox) -> None:
    """By its own definition, which does not know of steps; the next read says better."""
    token = box.respond(box.first, {"nps": 9, "csat": 4})
    box.faults.add(Fault(kind="status", status=403, times=None))
    made = source(box)
    found = {row["response_id"]: row for row in rows(made.unpack(made.verify(*box.push(token))))}
    assert {f"{token}/nps": "number", f"{token}/csat": "csat"} == {key: row["kind"] for key, row in found.items()}
    assert ("After your purchase", "Question nps") == (
        found[f"{token}/nps"]["survey"],
        found[f"{token}/nps"]["question"],
    )
    made.unpack(made.verify(*box.push(token)))
    assert 1 == len(box.requests)


def test_other_forms_and_other_events_are_passed_over(box: TypeformSandbox) -> None:
    """An entry takes what it reads, and no half answers."""
    token = box.respond(box.first, {"nps": 9})
    made = source(box, forms=["another"])
    assert {} == made.unpack(made.verify(*box.push(token))).rows
    assert {} == source(box).unpack(event(event_type="form_response_partial", form_response={})).rows


@pytest.mark.parametrize("body", [b"", b"\xff", b"[1]", b"not json", b'{"event_type": "form_response"}'])
def test_what_is_no_event_is_bad_data(box: TypeformSandbox, body: bytes) -> None:
    """The hub puts it into quarantine as it came."""
    with pytest.raises(BadData):
        source(box).unpack(Delivery("1", "form_response", START, body))


def test_a_pushed_response_that_does_not_fit_is_quarantined(box: TypeformSandbox) -> None:
    """As one that is read."""
    response: Json = {"form_id": box.first, "token": "t", "answers": []}
    page = source(box).unpack(event(event_type="form_response", form_response=response))
    assert page.quarantine is not None
    assert ["occurred_at"] == page.quarantine["field"].to_pylist()


def test_half_a_character_does_not_cost_the_response(box: TypeformSandbox) -> None:
    """It is mended, as in what is read."""
    token = box.respond(box.first, {"nps": 9, "why": "half \ud83d smiley"})
    made = source(box)
    assert 2 == len(rows(made.unpack(made.verify(*box.push(token)))))
