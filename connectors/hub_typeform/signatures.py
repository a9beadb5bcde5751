"""Prove that an event is genuine: over the bytes as they came, in constant time, with either secret."""

import base64
import hmac
from collections.abc import Mapping

from hub.sdk.errors import Refused
from hub_typeform.settings import TypeformSettings

HEADER = "Typeform-Signature"
_PREFIX = "sha256="


def signature(secret: str, body: bytes) -> str:
    """Return what the header must say."""
    return _PREFIX + base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def prove(settings: TypeformSettings, headers: Mapping[str, str], body: bytes) -> None:
    """Return for a genuine event.

    Raises:
        Refused: the signature is missing or wrong, or no secret is known.
    """
    secrets = [each.reveal() for each in (settings.webhook_secret, settings.webhook_secret_old) if each]
    if not secrets:
        raise Refused("The connection has no webhook_secret to prove events with.")
    given = next((value for name, value in headers.items() if name.lower() == HEADER.lower()), "")
    sent = given.encode(errors="replace")
    matches = [hmac.compare_digest(signature(each, body).encode(), sent) for each in secrets]
    if not any(matches):
        raise Refused("The signature does not match the body.")
