"""The destination at its sandbox, and batches for it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from hub.sdk.connector import Context
from hub.sdk.records import Batch, Json, Op, Row
from hub.sdk.settings import AudienceSettings, ConsentNeeded
from hub_google_ads.destination import GoogleAdsDestination
from hub_google_ads.sandbox import GoogleAdsSandbox
from hub_google_ads.settings import GoogleAdsSettings, GoogleAdsTarget

ADS = ConsentNeeded(channel="ads")


def destination(box: GoogleAdsSandbox, **keys: Json) -> GoogleAdsDestination:
    """Make the destination as the hub does."""
    settings = GoogleAdsSettings.model_validate({**box.connection(), **keys})
    return GoogleAdsDestination(settings, Context("ads", Path(), datetime(2026, 11, 1, tzinfo=UTC)))


def audience(name: str = "Customers", *, consent: ConsentNeeded | None = ADS, days: int = 540) -> AudienceSettings:
    """Return an audience of the list `name`."""
    target = GoogleAdsTarget(list=name, membership_days=days)
    return AudienceSettings(name="everyone", segment="everyone", target=target, consent=consent)


def digest(text: str) -> str:
    """Return what is sent for a text that is normalised already."""
    return sha256(text.encode()).hexdigest()


def email(number: int) -> Mapping[str, str]:
    """Return the wire ids of somebody with an address."""
    return {"email": digest(f"person-{number}@mail.example")}


WHOLE: Mapping[str, str] = {
    "email": digest("ada@mail.example"),
    "phone": digest("+12025550147"),
    "first_name": digest("ada"),
    "last_name": digest("planted"),
    "country": "DE",
    "postcode": "10115",
}
"""Everything that somebody can be recognised by."""


def batch(wires: Sequence[Mapping[str, str]], op: Op = "add", *, consented: bool = True) -> Batch:
    """Return a batch of people."""
    rows = [Row(f"row-{place}", wire, consented=consented) for place, wire in enumerate(wires)]
    return Batch("b1", 1, True, op, rows)
