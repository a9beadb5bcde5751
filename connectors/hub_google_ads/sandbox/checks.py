"""What the Data Manager refuses a request for, with the field it names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from hub.sdk.records import Json

MOST_MEMBERS, MOST_IDENTIFIERS, MOST_DESTINATIONS = 10_000, 10, 10
_HEX = re.compile(r"[0-9a-fA-F]*")
_DIGITS = 64  # of a SHA-256 in hexadecimal
_PLAIN = ("regionCode", "postalCode")
Object = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Flaw:
    """One field violation."""

    field: str
    reason: str


def of_request(body: Object) -> Iterator[Flaw]:
    """Yield what is wrong with a request as a whole."""
    members, destinations = objects(body, "audienceMembers"), objects(body, "destinations")
    if len(members) > MOST_MEMBERS:
        yield Flaw("audience_members", "TOO_MANY_AUDIENCE_MEMBERS")
    if not members:
        yield Flaw("audience_members", "REQUIRED_FIELD_MISSING")
    if len(destinations) > MOST_DESTINATIONS:
        yield Flaw("destinations", "TOO_MANY_DESTINATIONS")
    if not destinations:
        yield Flaw("destinations", "REQUIRED_FIELD_MISSING")
    if body.get("encoding") not in ("HEX", "BASE64"):
        yield Flaw("encoding", "REQUIRED_FIELD_MISSING")


def of_member(member: Object, at: str) -> Iterator[Flaw]:
    """Yield what is wrong with a member; `at` is its path."""
    found = identifiers(member)
    if not found:
        yield Flaw(f"{at}.user_data", "NO_IDENTIFIERS_PROVIDED")
    if len(found) > MOST_IDENTIFIERS:
        yield Flaw(f"{at}.user_data.user_identifiers", "TOO_MANY_USER_IDENTIFIERS")
    for place, each in enumerate(found):
        yield from _of_identifier(each, f"{at}.user_data.user_identifiers[{place}]")


def _of_identifier(found: Object, at: str) -> Iterator[Flaw]:
    address = found.get("address")
    parts = address if isinstance(address, dict) else found
    for name, value in parts.items():
        if name not in _PLAIN:
            yield from _of_hash(str(value), f"{at}.{name}")
    if isinstance(address, dict):
        if any(not address.get(name) for name in ("givenName", "familyName", "regionCode", "postalCode")):
            yield Flaw(f"{at}.address", "REQUIRED_FIELD_MISSING")
        if not re.fullmatch("[A-Z]{2}", str(address.get("regionCode", "XX"))):
            yield Flaw(f"{at}.address.region_code", "INVALID_COUNTRY_CODE")


def _of_hash(value: str, at: str) -> Iterator[Flaw]:
    if not _HEX.fullmatch(value):
        yield Flaw(at, "INVALID_HEX_ENCODING")
    elif len(value) != _DIGITS:
        yield Flaw(at, "INVALID_SHA256_FORMAT")


def identifiers(member: Object) -> Sequence[Object]:
    """Return a member's identifiers."""
    data = member.get("userData")
    return objects(data, "userIdentifiers") if isinstance(data, dict) else []


def objects(body: Object, name: str) -> Sequence[Object]:
    """Return a list of objects, empty where it is left out; the schema has seen to the types."""
    return cast("Sequence[Object]", body.get(name, []))


def texts(member: Object) -> frozenset[str]:
    """Return a member's identifiers as texts, an address as one."""
    return frozenset(_text(each) for each in identifiers(member))


def _text(found: Object) -> str:
    address = found.get("address")
    parts = address if isinstance(address, dict) else found
    return "|".join(str(parts[name]) for name in sorted(parts))
