"""Merge fields: what they may be called, what type a new one gets, and the form of a value on the wire."""

import re
from collections.abc import Iterable, Mapping, Sequence

from hub.sdk.errors import ConfigError
from hub.sdk.records import Json, Row

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,9}")
_DAY = re.compile(r"\d{4}-(\d{2})-(\d{2})([T ].*)?")
_PARTS = ("addr1", "city", "state", "zip")


def check_names(names: Iterable[str], audience: str) -> None:
    """Refuse names that Mailchimp would not take as merge tags. Raises ConfigError."""
    for name in names:
        if name == "EMAIL":
            raise ConfigError(
                f'audience "{audience}" maps EMAIL, which is the address itself.', hint="Take it out of fields."
            )
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f'audience "{audience}" maps "{name}", which Mailchimp does not take as a merge tag.',
                hint="Use at most 10 characters of A-Z, 0-9 and _, beginning with a letter, such as FNAME.",
            )


def new_type(values: Iterable[Json]) -> str | None:
    """Choose the type of a field that does not exist yet from the values it will hold; None when there are none."""
    given = [value for value in values if value is not None and value != ""]
    if not given:
        return None
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        return "number"
    if all(isinstance(value, str) and _DAY.fullmatch(value) for value in given):
        return "date"
    return "text"


def missing(rows: Sequence[Row], types: Mapping[str, str]) -> dict[str, str]:
    """Return name -> type of fields that rows need and the list does not have."""
    names = dict.fromkeys(name for row in rows for name in row.fields if name not in types)
    chosen = {name: new_type(row.fields.get(name) for row in rows) for name in names}
    return {name: kind for name, kind in chosen.items() if kind is not None}


def encode(fields: Mapping[str, Json], types: Mapping[str, str]) -> dict[str, Json]:
    """Return the merge values of one member: None is left out, "" erases."""
    coded = {name: _coded(value, types[name]) for name, value in fields.items() if name in types}
    return {name: value for name, value in coded.items() if value is not None}


def _coded(value: Json, kind: str) -> Json:
    """Return the form on the wire; None is left out."""
    if isinstance(value, bool):
        return str(value).lower()
    if kind == "address":
        return value if value == "" or _is_complete(value) else None
    if isinstance(value, str):
        return _day(value, kind)
    if isinstance(value, int | float):
        return value if kind == "number" else str(value)
    return None


def _is_complete(value: Json) -> bool:
    return isinstance(value, Mapping) and all(value.get(part) for part in _PARTS)


def _day(value: str, kind: str) -> str:
    match = _DAY.fullmatch(value)
    if match and kind == "date":
        return value[:10]
    if match and kind == "birthday":
        return f"{match[1]}/{match[2]}"
    return value
