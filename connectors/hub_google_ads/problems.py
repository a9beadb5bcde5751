"""What a refused request means: which rows are bad, or that the list, the account or the request is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.sdk.errors import StopConnection
from hub.sdk.http import Response
from hub.sdk.records import Json, NotApplied, Verdict

_MEMBER = re.compile(r"audience_?members\[(\d+)\]", re.IGNORECASE)
_CODE = re.compile(r"[A-Z]+(_[A-Z0-9]+)+|INTERNAL|UNAVAILABLE|UNAUTHENTICATED")
_UNNAMED = "INVALID_ARGUMENT"

OF_MEMBERS = frozenset(
    {
        "FIELD_VALUE_TOO_LONG",
        "FIELD_VALUE_TOO_SHORT",
        "INVALID_ARGUMENT",
        "INVALID_AUDIENCE_MEMBER",
        "INVALID_BASE64_ENCODING",
        "INVALID_COUNTRY_CODE",
        "INVALID_FORMAT",
        "INVALID_HEX_ENCODING",
        "INVALID_POSTAL_CODE",
        "INVALID_REGION_CODE",
        "INVALID_SHA256_FORMAT",
        "NO_IDENTIFIERS_PROVIDED",
        "REQUIRED_FIELD_MISSING",
        "TOO_MANY_USER_IDENTIFIERS",
    }
)
"""Reasons (`ErrorReason` of Google's SDK) that are about one person. All others are about the list or the account,
even where Google names member 0 for them, as it does for INVALID_USER_LIST_TYPE [code]."""

_HINTS = {
    "ADVERTISER_TOS_NOT_ACCEPTED": "Accept the customer data terms in Google Ads.",
    "DESTINATION_ACCOUNT_TYPE_MISMATCH": "Check customer and manager in the connection's file.",
    "EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED": "Declare in Google Ads whether the account shows political ads.",
    "INVALID_USER_LIST_ID": "The list may have been deleted. Run again: a list given by name is made anew.",
    "INVALID_USER_LIST_TYPE": "Give a customer match list that takes contact data.",
    "NOT_ALLOWLISTED": "The account may not use customer match; ask Google.",
    "OPERATING_ACCOUNT_LOGIN_ACCOUNT_MISMATCH": "Give manager the account that manages customer.",
    "TERMS_AND_CONDITIONS_NOT_SIGNED": "Accept the customer match terms in Google Ads.",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that Google holds against a request; `index` of the member it names, None where it names none."""

    reason: str
    index: int | None
    of_members: bool


def code(response: Response) -> str:
    """Return the reason or status of an error; never its message, which may quote what was sent."""
    error = _error(response.json())
    return next((found.reason for found in _violations(error)), "") or _known(error.get("status"))


def refusal(response: Response, rows: int) -> NotApplied:
    """Say which of so many rows a 400 is about; nobody is blamed where Google does not say.

    Raises:
        StopConnection: it is about the list, the account or the request as a whole, and would come again for each row.
    """
    found = [*_violations(_error(response.json_object()))]
    for each in found:
        if not each.of_members or each.reason not in OF_MEMBERS:
            raise StopConnection(
                f"Google refuses every request for this list: {each.reason}.",
                hint=_HINTS.get(each.reason, "Google's pages on errors of the Data Manager API explain the code."),
            )
    blamed = {each.index: each.reason.lower() for each in found if each.index is not None and each.index < rows}
    verdicts = [Verdict(index, "rejected", reason) for index, reason in sorted(blamed.items())]
    return NotApplied(verdicts, found[0].reason.lower() if found else _UNNAMED.lower())


def _violations(error: Mapping[str, Json]) -> Iterator[Violation]:
    for detail in _objects(error.get("details")):
        for each in _objects(detail.get("fieldViolations")):
            field = str(each.get("field") or "")
            place = _MEMBER.search(field)
            about = field.lower().replace("_", "").startswith("audiencemembers")
            yield Violation(_known(each.get("reason")) or _UNNAMED, int(place[1]) if place else None, about)


def _error(body: Json) -> Mapping[str, Json]:
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}


def _objects(value: Json) -> Sequence[Mapping[str, Json]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _known(value: Json) -> str:
    """Return a code where it has the form of one: anything else could quote a person."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""
