"""Prove that an event is from Stripe: `Stripe-Signature: t=<seconds>,v1=<hex>`, HMAC-SHA256 over `t.body`.

While a secret is rolled Stripe signs with both, as several `v1`. From PyPI stripe 16.1.0, `WebhookSignature`, where
the tolerance is 300 seconds too.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from hub.sdk.errors import Refused
from hub_stripe.settings import StripeSettings

TOLERANCE = timedelta(seconds=300)


def check(settings: StripeSettings, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raise `Refused` unless the signature is right and of the last minutes; `headers` have lower-case names."""
    parts = [part.strip().partition("=") for part in headers.get("stripe-signature", "").split(",")]
    sent = next((value for name, _, value in parts if name == "t"), "")
    secrets = [each.reveal() for each in (settings.webhook_secret, settings.next_webhook_secret) if each is not None]
    content = f"{sent}.".encode() + body
    wanted = [hmac.digest(secret.encode(), content, "sha256").hex() for secret in secrets]
    given = [value for name, _, value in parts if name == "v1"]
    if not any(hmac.compare_digest(each.encode(), one.encode()) for each in given for one in wanted):
        raise Refused("The signature does not match the body.")
    if not sent.isdecimal() or abs(now.timestamp() - int(sent)) > TOLERANCE.total_seconds():
        raise Refused("The event was sent too long ago, or the clocks differ.")
