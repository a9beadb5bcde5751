"""Who may push: the reference implementation of Standard Webhooks, and plain HMAC as senders use it."""

import base64
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from hub.sdk.errors import Refused
from hub_webhook.settings import WebhookSettings
from hub_webhook.signatures import event_id

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, NEW = ("whsec_" + base64.b64encode(bytes([n]) * 24).decode() for n in (1, 2))
BODY = b'{"type": "order.created"}'


def settings(**keys: object) -> WebhookSettings:
    """A connection table."""
    return WebhookSettings.model_validate({"secret": OLD, **keys})


def standard(secret: str = OLD, *, sent: datetime = NOW, body: bytes = BODY) -> dict[str, str]:
    """Headers as the reference implementation signs them."""
    signature = Webhook(secret).sign("msg_1", sent, body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(sent.timestamp())), "webhook-signature": signature}


def test_the_reference_implementation_is_taken() -> None:
    """What it signs is genuine, and its id is the event's."""
    assert "msg_1" == event_id(settings(), standard(), BODY, NOW)


def test_both_secrets_are_taken_while_they_change() -> None:
    """The old one and the next one, and a sender that signs with several; no third one."""
    both = settings(next_secret=NEW)
    assert "msg_1" == event_id(both, standard(OLD), BODY, NOW)
    assert "msg_1" == event_id(both, standard(NEW), BODY, NOW)
    other = standard("whsec_" + base64.b64encode(b"3" * 24).decode())
    with pytest.raises(Refused):
        event_id(both, other, BODY, NOW)
    several = {**other, "webhook-signature": f"v1a,x {other['webhook-signature']} {standard(NEW)['webhook-signature']}"}
    assert "msg_1" == event_id(both, several, BODY, NOW)


@pytest.mark.parametrize("gap", [timedelta(minutes=-6), timedelta(minutes=6)])
def test_a_replay_is_refused(gap: timedelta) -> None:
    """A genuine event of another time is not taken, from the past or from the future."""
    with pytest.raises(Refused, match="too long ago"):
        event_id(settings(), standard(sent=NOW + gap), BODY, NOW)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_is_refused(missing: str) -> None:
    """None of the three can be left out."""
    headers = standard()
    del headers[missing]
    with pytest.raises(Refused):
        event_id(settings(), headers, BODY, NOW)


@given(st.binary(max_size=60), st.integers(0, 10_000), st.integers(1, 255))
def test_no_byte_can_be_changed(body: bytes, place: int, change: int) -> None:
    """Any body that differs in one byte from what was signed is refused, whatever bytes it has."""
    plain = settings(secret="made-up-secret", scheme="hmac")
    headers = {"x-signature": hmac.digest(b"made-up-secret", body, "sha256").hex()}
    assert event_id(plain, headers, body, NOW)
    changed = bytearray(body or b"x")
    changed[place % len(changed)] ^= change
    with pytest.raises(Refused):
        event_id(plain, headers, bytes(changed), NOW)


def test_hmac_as_senders_write_it() -> None:
    """Prefix, base64, another header and hash, an id of their own."""
    odd = settings(
        secret="made-up-secret", scheme="hmac", header="X-Hub", prefix="v=", encoding="base64", algorithm="sha512",
        id_header="X-Id",
    )  # fmt: skip
    signature = base64.b64encode(hmac.digest(b"made-up-secret", BODY, "sha512")).decode()
    assert "7" == event_id(odd, {"x-hub": f"v={signature}", "x-id": "7"}, BODY, NOW)
    with pytest.raises(Refused):
        event_id(odd, {"x-hub": signature, "x-id": "7"}, BODY, NOW)


def test_hmac_with_a_time_refuses_a_replay() -> None:
    """The time is signed, so it cannot be renewed."""
    timed = settings(secret="made-up-secret", scheme="hmac", timestamp_header="X-Time")
    sent = str(int(NOW.timestamp()))
    signature = hmac.digest(b"made-up-secret", f"{sent}.".encode() + BODY, "sha256").hex()
    assert event_id(timed, {"x-signature": signature, "x-time": sent}, BODY, NOW)
    for headers, now in (
        ({"x-signature": signature, "x-time": sent}, NOW + timedelta(hours=1)),
        ({"x-signature": signature, "x-time": str(int(sent) + 3600)}, NOW + timedelta(hours=1)),
        ({"x-signature": signature}, NOW),
        ({"x-signature": signature, "x-time": "soon"}, NOW),
    ):
        with pytest.raises(Refused):
            event_id(timed, headers, BODY, now)


def test_secrets_are_not_printed() -> None:
    """Settings appear in logs."""
    shown = repr(settings(next_secret=NEW))
    assert OLD not in shown
    assert NEW not in shown
