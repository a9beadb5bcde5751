"""Prove that an event is genuine and fresh, over its bytes, in constant time, with either secret; sign ours.

Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, key = what follows `whsec_`, as base64
(standard-webhooks/standard-webhooks, spec). Other senders: HMAC over the body, or over `timestamp.body`.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from hub.sdk.errors import Refused
from hub_webhook.settings import WebhookSettings

_STANDARD_PREFIX = "whsec_"


def event_id(settings: WebhookSettings, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Return the id of a genuine event; `headers` have lower-case names, `now` is aware.

    Raises:
        Refused: the signature is missing or wrong, or the event was sent too long ago or in the future.
    """
    if settings.scheme == "standard":
        return _standard(settings, headers, body, now)
    sent = headers.get(settings.timestamp_header) if settings.timestamp_header else None
    if settings.timestamp_header:
        _check_time(settings, sent, now)
    content = f"{sent}.".encode() + body if sent is not None else body
    given = headers.get(settings.header, "")
    if not given.startswith(settings.prefix) or not _matches(settings, content, given.removeprefix(settings.prefix)):
        raise Refused("The signature does not match the body.")
    named = headers.get(settings.id_header) if settings.id_header else None
    return named or hashlib.sha256(content).hexdigest()


def signed(settings: WebhookSettings, name: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers that prove a request of ours: its id, the time of sending (aware) and the signature.

    Raises:
        Refused: the secret is none of Standard Webhooks.
    """
    sent = str(int(now.timestamp()))
    if settings.scheme == "standard":
        key = next(_standard_keys(settings))
        digest = base64.b64encode(hmac.digest(key, f"{name}.{sent}.".encode() + body, "sha256")).decode()
        return {"webhook-id": name, "webhook-timestamp": sent, "webhook-signature": f"v1,{digest}"}
    stamp, named = settings.timestamp_header, settings.id_header
    content = f"{sent}.".encode() + body if stamp else body
    written = _written(settings, settings.secret.reveal(), content)
    more = ({stamp: sent} if stamp else {}) | ({named: name} if named else {})
    return {settings.header: settings.prefix + written, **more}


def _standard(settings: WebhookSettings, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    name, sent = headers.get("webhook-id"), headers.get("webhook-timestamp")
    _check_time(settings, sent, now)
    content = f"{name}.{sent}.".encode() + body
    given = [
        part.removeprefix("v1,") for part in headers.get("webhook-signature", "").split() if part.startswith("v1,")
    ]
    expected = [base64.b64encode(hmac.digest(key, content, "sha256")).decode() for key in _standard_keys(settings)]
    if not name or not any(hmac.compare_digest(each.encode(), one.encode()) for each in given for one in expected):
        raise Refused("The signature does not match the body.")
    return name


def _check_time(settings: WebhookSettings, sent: str | None, now: datetime) -> None:
    try:
        moment = datetime.fromtimestamp(int(sent or ""), UTC)
    except (ValueError, OverflowError, OSError):
        raise Refused("The time of sending is missing or is no number of seconds.") from None
    if abs(now - moment) > settings.tolerance:
        raise Refused("The event was sent too long ago, or the clocks differ.")


def _secrets(settings: WebhookSettings) -> Iterator[str]:
    yield settings.secret.reveal()
    if settings.next_secret is not None:
        yield settings.next_secret.reveal()


def _standard_keys(settings: WebhookSettings) -> Iterator[bytes]:
    for secret in _secrets(settings):
        try:
            yield base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)
        except binascii.Error:
            raise Refused("The secret is none of Standard Webhooks: whsec_ and base64.") from None


def _matches(settings: WebhookSettings, content: bytes, given: str) -> bool:
    found = False
    for secret in _secrets(settings):
        found |= hmac.compare_digest(_written(settings, secret, content).encode(), given.encode())
    return found


def _written(settings: WebhookSettings, secret: str, content: bytes) -> str:
    digest = hmac.digest(secret.encode(), content, settings.algorithm)
    return digest.hex() if settings.encoding == "hex" else base64.b64encode(digest).decode()
