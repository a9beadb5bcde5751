"""Audiences posted to an address: verdicts by rows or by request, statuses, signatures by the reference library."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import standardwebhooks

from hub.sdk.connector import Context
from hub.sdk.errors import ConfigError, RetryLater, StopConnection, Unanswered
from hub.sdk.records import Batch, NotApplied, Op, Row, Target, Verdict
from hub.sdk.sandbox import Fault
from hub.sdk.settings import AudienceSettings
from hub.testing import destination_suite
from hub_webhook.destination import WebhookDestination
from hub_webhook.sandbox import WebhookSandbox
from hub_webhook.settings import WebhookSettings, WebhookTarget
from hub_webhook.signatures import event_id

TestWebhookDestination = destination_suite(
    WebhookDestination,
    sandbox=WebhookSandbox,
    without={"a_deleted_list_is_made_anew_or_told": "a receiver takes any name of a list"},
)
LIST = Target("list/News", "membership", fields=True)


@pytest.fixture
def box() -> Iterator[WebhookSandbox]:
    """A receiver."""
    with WebhookSandbox() as box:
        yield box


def tool(box: WebhookSandbox, **keys: object) -> WebhookDestination:
    """The destination, which speaks to the receiver."""
    settings = WebhookSettings.model_validate({**box.connection(), **keys})
    return WebhookDestination(settings, Context("hook", Path(), datetime.now(UTC)))


def batch(*people: str, op: Op = "add") -> Batch:
    """People on their way."""
    return Batch(
        "b1", 1, True, op, [Row(f"key-{who}", {"email": f"{who}@shop.example"}, {"NAME": who}) for who in people]
    )


def test_the_reference_library_takes_what_we_sign(box: WebhookSandbox) -> None:
    """Standard Webhooks' own library proves the request; its id is the batch's, and the idempotency key."""
    tool(box).push(LIST, None, batch("ann"))
    asked = box.requests[-1].request
    event = standardwebhooks.Webhook(str(box.connection()["secret"])).verify(asked.body.decode(), dict(asked.headers))
    assert {"list": "News", "op": "add"} == {name: event["data"][name] for name in ("list", "op")}
    assert ("b1", "b1") == (asked.headers["webhook-id"], asked.headers["idempotency-key"])


@pytest.mark.parametrize(
    "keys",
    [
        {"header": "x-shop", "prefix": "sha256="},
        {"encoding": "base64", "algorithm": "sha512", "timestamp_header": "x-time", "id_header": "x-id"},
    ],
)
def test_other_schemes_are_signed_as_they_are_proven(box: WebhookSandbox, keys: Mapping[str, object]) -> None:
    """What the destination signs, the source of the same settings takes for genuine."""
    made = tool(box, scheme="hmac", **keys)
    with pytest.raises(StopConnection):
        made.push(LIST, None, batch("ann"))  # the sandbox knows Standard Webhooks alone
    asked = box.requests[-1].request
    assert event_id(made.settings, asked.headers, asked.body, datetime.now(UTC))


def test_by_request_any_2xx_is_a_verdict_on_all(box: WebhookSandbox) -> None:
    """With `answers = "request"` a body is not looked at."""
    box.faults.add(Fault(kind="content_type"))
    made = tool(box, answers="request")
    assert [Verdict(0, "present"), Verdict(1, "present")] == made.push(LIST, None, batch("ann", "bob"))
    assert [Verdict(0, "absent")] == made.push(LIST, None, batch("ann", op="remove"))


@pytest.mark.parametrize("body", ["[]", "{}", '{"results": {}}', '{"results": [1]}', "ok", ""])
def test_by_rows_an_answer_of_another_form_proves_nothing(box: WebhookSandbox, body: str) -> None:
    """It is `Unanswered`, never a success."""
    box.faults.add(Fault(kind="status_after", status=200, body=body))
    with pytest.raises(Unanswered):
        tool(box).push(LIST, None, batch("ann"))


def test_rows_that_nobody_mentions_have_no_verdict(box: WebhookSandbox) -> None:
    """A status that nobody knows is unknown; a code that may be somebody's address is not passed on."""
    results = '[{"id": "key-bob", "status": "dunno", "code": "bob@shop.example"}, {"id": "else", "status": "ok"}]'
    box.faults.add(Fault(kind="status_after", status=200, body=f'{{"results": {results}}}'))
    assert [Verdict(1, "unknown")] == tool(box).push(LIST, None, batch("ann", "bob"))


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_batch_that_is_refused_for_its_rows_is_halved(box: WebhookSandbox, status: int) -> None:
    """Nobody is blamed until a row stands alone."""
    box.faults.add(Fault(kind="status", status=status, body='{"code": "bad_row"}', times=2))
    assert NotApplied([], "bad_row") == tool(box).push(LIST, None, batch("ann", "bob"))
    assert NotApplied([Verdict(0, "rejected", "bad_row")], "bad_row") == tool(box).push(LIST, None, batch("ann"))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, StopConnection), (403, StopConnection), (404, StopConnection), (410, StopConnection),
        (408, Unanswered), (409, RetryLater), (425, Unanswered), (500, Unanswered), (503, Unanswered),
        (429, RetryLater),
        (302, Unanswered), (307, StopConnection),
    ],
)  # fmt: skip
def test_each_status_means_what_has_to_happen_next(box: WebhookSandbox, status: int, error: type[Exception]) -> None:
    """Somebody mends it, nobody knows, or it goes later; a redirect is never followed."""
    box.faults.add(Fault(kind="status", status=status, times=None, retry_after="3600"))
    with pytest.raises(error):
        tool(box, answers="request").push(LIST, None, batch("ann"))
    assert 1 == len(box.requests)


def test_without_an_address_nothing_can_be_sent(box: WebhookSandbox) -> None:
    """A connection of a source alone says what is missing."""
    made = tool(box, url=None)
    audience = AudienceSettings(name="a", segment="s", target=WebhookTarget(list="News"))
    with pytest.raises(ConfigError, match="url"):
        made.targets(audience)
    assert ["error"] == [fact.level for fact in made.check()]


def test_a_secret_of_another_kind_is_told(box: WebhookSandbox) -> None:
    """Standard Webhooks wants base64; the message does not hold the secret."""
    with pytest.raises(ConfigError, match="whsec_ and base64") as told:
        tool(box, secret="not base64!").push(LIST, None, batch("ann"))
    assert "not base64" not in str(told.value)
