"""What Google says of how exact a report is: sampled, thresholded, rows lost or cut."""

from collections.abc import Mapping, Sequence

from hub.sdk.records import Json

_WORDS = {
    "sampled": "made from a part of the events; numbers and rows are estimates",
    "thresholded": "rows of few people may be missing, which Google withholds to protect them",
    "other_row": "more values than Google keeps apart; the rest is in a row (other)",
    "truncated": "cut by Google",
}


def flags(metadata: Json) -> tuple[str, ...]:
    """Return what a report's `metadata` says against it: of sampled, thresholded, other_row and truncated."""
    if not isinstance(metadata, Mapping):
        return ()
    told = {
        "sampled": _any(metadata.get("samplingMetadatas")),
        "thresholded": metadata.get("subjectToThresholding") is True,
        "other_row": metadata.get("dataLossFromOtherRow") is True,
        "truncated": _any(metadata.get("dataTruncationReasons")),
    }
    return tuple(flag for flag, true in told.items() if true)


def sentence(flag: str) -> str:
    """Return what a flag means."""
    return f"{flag}: {_WORDS[flag]}"


def _any(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 0
