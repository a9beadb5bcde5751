"""Opt-outs and subscriptions become words of consent: a no wherever there is one, a yes only where it is proven."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from hub.sdk.records import Json
from hub_hubspot.people import OPTED_OUT, emails, modified
from hub_hubspot.settings import HubspotSourceSettings
from hub_hubspot.values import Misfit, Object, flag, identity, moment, properties, text

_CHANNEL, _SOURCE, _MARKETING = "email", "hubspot", "marketing"
_NO = frozenset({"UNSUBSCRIBED", "NOT_SUBSCRIBED"})
_SILENT = "NOT_SPECIFIED"
_YES = "SUBSCRIBED"


@dataclass(frozen=True, slots=True)
class Word:
    """What HubSpot says of one address and purpose; `granted` is None where it says nothing that counts."""

    address: str
    purpose: str
    granted: bool | None
    occurred_at: datetime | None
    evidence: str
    raw: str


def words(
    found: Object, told: Mapping[str, Sequence[Word]], entry: HubspotSourceSettings
) -> Iterator[Mapping[str, object]]:
    """Yield the rows of `consents` of one contact. `told`: address in lower case -> what it is subscribed to.

    Who has opted out of all e-mail denies every purpose that is known here, by each address.

    Raises:
        Misfit: a value is not what HubSpot documents.
    """
    held = properties(found)
    addresses = emails(held)
    own = [word for address in addresses for word in told.get(address.lower(), ())]
    if flag(held, OPTED_OUT, "state"):
        purposes = dict.fromkeys([_MARKETING, *entry.purposes.values(), *(word.purpose for word in own)])
        raw, when = json.dumps(found, ensure_ascii=False), modified(found)
        for address, purpose in product(addresses, purposes):
            yield _row(Word(address, purpose, False, when, OPTED_OUT, raw))
    else:
        yield from map(_row, _strictest(own))


def word_of(status: Json, entry: HubspotSourceSettings) -> Word:
    """Return what one subscription says. Raises Misfit where it is not what HubSpot documents."""
    if not isinstance(status, Mapping):
        raise Misfit("state", "an object")
    said, basis = text(status, "status", "state"), text(status, "legalBasis", "evidence")
    when = moment(status.get("timestamp"), "occurred_at")
    if said not in {*_NO, _SILENT, _YES}:
        raise Misfit("state", "SUBSCRIBED, UNSUBSCRIBED or NOT_SPECIFIED")
    proven = said == _YES and basis in entry.consent_bases
    if proven and when is None:
        raise Misfit("occurred_at", "the time of a consent")
    return Word(
        address=text(status, "subscriberIdString", "identifiers") or "",
        purpose=_purpose(status, entry),
        granted=False if said in _NO else True if proven else None,
        occurred_at=when,
        evidence=", ".join(
            each
            for each in (text(status, name, "evidence") for name in ("subscriptionName", "source", "legalBasis"))
            if each
        ),
        raw=json.dumps(status, ensure_ascii=False),
    )


def _purpose(status: Object, entry: HubspotSourceSettings) -> str:
    """The purpose that the config gives to a type of subscription by its id or name, else its own name."""
    key = identity(status.get("subscriptionId"), "purpose")
    name = (text(status, "subscriptionName", "purpose") or "").strip()
    return entry.purposes.get(key) or entry.purposes.get(name) or name.lower() or key


def _strictest(said: Sequence[Word]) -> Sequence[Word]:
    """One word for each address and purpose: a no outweighs, then a yes; the latest of its kind."""
    chosen: dict[tuple[str, str], Word] = {}
    for word in said:
        place = (word.address.lower(), word.purpose)
        if word.granted is not None and (place not in chosen or _rank(word) > _rank(chosen[place])):
            chosen[place] = word
    return list(chosen.values())


def _rank(word: Word) -> tuple[bool, bool, datetime]:
    return word.granted is False, word.occurred_at is not None, word.occurred_at or datetime.min  # noqa: DTZ901 - naive UTC


def _row(word: Word) -> Mapping[str, object]:
    return {
        "identifiers": {"email": word.address},
        "channel": _CHANNEL,
        "purpose": word.purpose,
        "state": "granted" if word.granted else "denied",
        "occurred_at": word.occurred_at,
        "source": _SOURCE,
        "evidence": word.evidence,
        "_raw": word.raw,
    }
