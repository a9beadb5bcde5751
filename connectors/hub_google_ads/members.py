"""Rows become audience members."""

from collections.abc import Mapping, Sequence

from hub.sdk.records import Json, Row

_CONTACTS = {"email": "emailAddress", "phone": "phoneNumber"}
_ADDRESS = {
    "first_name": "givenName",
    "last_name": "familyName",
    "country": "regionCode",
    "postcode": "postalCode",
}


def identifiers(row: Row) -> Sequence[Json]:
    """Return a person's identifiers. An address counts only as a whole: Google requires all four of its parts."""
    found: list[Json] = [{key: row.wire[name]} for name, key in _CONTACTS.items() if row.wire.get(name)]
    address = {key: row.wire[name] for name, key in _ADDRESS.items() if row.wire.get(name)}
    return [*found, {"address": address}] if len(address) == len(_ADDRESS) else found


def members(rows: Sequence[Row]) -> Sequence[Json]:
    """Return the members of a request, in the order of the rows: an error's index points into both."""
    return [{"userData": {"userIdentifiers": identifiers(row)}} for row in rows]


def request(destination: Mapping[str, Json], rows: Sequence[Row]) -> Mapping[str, Json]:
    """Return what is sent to add people and to remove them."""
    return {"destinations": [destination], "audienceMembers": members(rows), "encoding": "HEX"}


def permission() -> Mapping[str, Json]:
    """Return what goes along when people are added: each of them has agreed, and the terms are accepted."""
    return {
        "consent": {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_GRANTED"},
        "termsOfService": {"customerMatchTermsOfServiceStatus": "ACCEPTED"},
    }
