"""Merge fields of a list and what their values must look like."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hub.sdk.records import Json
from hub_mailchimp.sandbox.problems import invalid, rejected

TYPES = ("text", "number", "address", "phone", "date", "url", "imageurl", "radio", "dropdown", "birthday", "zip")
MAX_FIELDS = 30
MAX_TAG = 10
MAX_TEXT = 255  # bytes
_ADDRESS = ("addr1", "city", "state", "zip")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{4}")
_BIRTHDAY = re.compile(r"\d{1,2}/\d{1,2}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass
class MergeField:
    """One field; `tag` is what merge values are keyed by."""

    merge_id: int
    tag: str
    name: str
    type: str
    required: bool = False
    default_value: str = ""
    public: bool = False
    options: Mapping[str, Json] = field(default_factory=dict)


def checked(fields: Mapping[str, MergeField], given: Json, held: Mapping[str, Json], *, skip: bool) -> dict[str, Json]:
    """Return `held` with the given values; null and unknown tags are left out. Raises Problem."""
    if not isinstance(given, Mapping):
        raise invalid("merge_fields", "Schema describes object, something else found instead")
    _check_kinds(given)
    values = dict(held) | {tag: v for tag, v in given.items() if v is not None and tag in fields}
    texts = [(tag, _complaint(fields[tag], value)) for tag, value in values.items() if tag in given]
    missing = [] if skip else [(f.tag, "Please enter a value") for f in fields.values() if _lacks(f, values)]
    wrong = [(tag, text) for tag, text in texts if text] + missing
    if wrong:
        raise rejected("Your merge fields were invalid.", wrong)
    return values


def _check_kinds(given: Mapping[str, Json]) -> None:
    for tag, value in given.items():
        if isinstance(value, bool) or not (value is None or isinstance(value, str | int | float | Mapping)):
            raise invalid(f"merge_fields.{tag}", "Data did not match any of the schemas described in anyOf.")


def _lacks(wanted: MergeField, values: Mapping[str, Json]) -> bool:
    return wanted.required and values.get(wanted.tag, "") == ""


def _complaint(wanted: MergeField, value: Json) -> str:
    if value == "":
        return ""
    return _CHECKS.get(wanted.type, _text)(value)


def _text(value: Json) -> str:
    return "Value is too long" if len(str(value).encode()) > MAX_TEXT else ""


def _number(value: Json) -> str:
    return "" if _NUMBER.fullmatch(str(value)) else "Please enter a number"


def _date(value: Json) -> str:
    return "" if _DATE.fullmatch(str(value)) else "Please enter a date"


def _birthday(value: Json) -> str:
    return "" if _BIRTHDAY.fullmatch(str(value)) else "Please enter a month and a day"


def _address(value: Json) -> str:
    complete = isinstance(value, Mapping) and all(value.get(part) for part in _ADDRESS)
    return "" if complete else "Please enter a complete address"


_CHECKS: Mapping[str, Callable[[Json], str]] = {
    "number": _number,
    "date": _date,
    "birthday": _birthday,
    "address": _address,
}
