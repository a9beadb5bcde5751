"""What the status of a request says: how many, never who."""

from collections.abc import Mapping, Sequence

from hub.sdk.http import Response
from hub.sdk.records import Accepted, Json, Verdict

_FORMS = ("PROCESSING_ERROR_REASON_", "PROCESSING_ERROR_", "PROCESSING_WARNING_REASON_")
_PASSING = "internal_error"


def outcome(response: Response, rows: int) -> Sequence[Verdict] | Accepted | None:
    """Return counts of a request that has ended; None while it runs; a verdict for each row where all have failed."""
    status = _of_our_list(response)
    errors = _counts(status, "errorInfo", "errorCounts")
    match status.get("requestStatus"):
        case "SUCCESS" | "PARTIAL_SUCCESS":
            warnings = _counts(status, "warningInfo", "warningCounts")
            return Accepted(counts={**_processed(status), **warnings}, refused=errors)
        case "FAILED":
            return [_failed(index, errors) for index in range(rows)]
        case "PROCESSING" | "REQUEST_STATUS_UNKNOWN" | None:
            return None
    raise response.unreadable("has a status that is not known")


def _failed(index: int, errors: Mapping[str, int]) -> Verdict:
    """Nobody was taken: for a reason of Google's own they go again, else they are kept out."""
    if not errors or _PASSING in errors:
        return Verdict(index, "retry", _PASSING)
    return Verdict(index, "rejected", max(errors, key=lambda reason: errors[reason]))


def _of_our_list(response: Response) -> Mapping[str, Json]:
    found = response.json_object().get("requestStatusPerDestination")
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], Mapping):
        return found[0]
    raise response.unreadable("does not tell of one list")


def _processed(status: Mapping[str, Json]) -> Mapping[str, int]:
    for key, kind in (
        ("audienceMembersIngestionStatus", "userDataIngestionStatus"),
        ("audienceMembersRemovalStatus", "userDataRemovalStatus"),
    ):
        told = _object(_object(status.get(key)).get(kind))
        if told:
            return {"records": _int(told.get("recordCount")), "identifiers": _int(told.get("userIdentifierCount"))}
    return {}


def _counts(status: Mapping[str, Json], key: str, counts: str) -> dict[str, int]:
    listed = _object(status.get(key)).get(counts)
    found = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    return {_reason(each.get("reason")): _int(each.get("recordCount")) for each in found}


def _reason(value: Json) -> str:
    text = value if isinstance(value, str) and value.isascii() and value.replace("_", "").isalpha() else "unknown"
    for form in _FORMS:
        text = text.removeprefix(form)
    return text.lower()[:80]


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _int(value: Json) -> int:
    """Return an int64, which proto JSON writes as text; 0 where it is left out."""
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else 0
