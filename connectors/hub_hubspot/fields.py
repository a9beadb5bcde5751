"""Properties of contacts: which there are, what type a new one gets, and the form of a value on the wire."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from threading import Lock

from hub.sdk.errors import ConfigError, StopConnection
from hub.sdk.records import Json, Row
from hub_hubspot.client import CONTACTS, SCHEMAS_WRITE, Client, code, rows_of
from hub_hubspot.values import Misfit, moment

GROUP = "contactinformation"  # the group that every account has
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FORMS = {"bool": "booleancheckbox", "date": "date", "datetime": "date", "number": "number", "string": "text"}
_DAY = len("2026-03-01")
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")  # digits alone are a number of something
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?")


@dataclass(frozen=True, slots=True)
class Property:
    """One property. `options` are the values that it takes, None for any; `fixed` when HubSpot computes it."""

    name: str
    type: str
    options: frozenset[str] | None = None
    fixed: bool = False
    unique: bool = False


class Fields:
    """The properties of an account's contacts, read once and again when one is missing. Safe between threads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: Mapping[str, Property] = {}
        self._lock = Lock()

    def forget(self) -> None:
        """Read them anew before the next batch."""
        self._known = {}

    def check(self, names: Iterable[str], by: str, *, create: bool) -> None:
        """See that an audience's properties can be written, and that people can be matched by `by`.

        Raises:
            StopConnection: HubSpot computes one, one is missing and not to be made, or `by` is not unique.
        """
        if by == "email" and not names:
            return
        known = self._known = properties_of(self._client)
        for name in names:
            if name in known and known[name].fixed:
                raise StopConnection(f"HubSpot computes the property {name}.", hint="Take it out of fields.")
            if name not in known and not create:
                raise StopConnection(
                    f"HubSpot has no property {name}.", hint="Make it there, or set create_properties = true."
                )
        if by != "email" and not (by in known and known[by].unique):
            raise StopConnection(f"HubSpot has no property {by} with unique values.", hint="Mend id_property.")

    def ready(self, rows: Sequence[Row]) -> Mapping[str, Property]:
        """Return all properties after making those that rows need; one whose rows hold no value waits.

        Raises:
            StopConnection: HubSpot refuses a property.
        """
        names = dict.fromkeys(name for row in rows for name in row.fields)
        with self._lock:
            if not names.keys() <= self._known.keys():
                self._known = properties_of(self._client)
            types = {name: new_type(row.fields.get(name) for row in rows) for name in names if name not in self._known}
            for name, kind in types.items():
                if kind:
                    make(self._client, name, kind)
            if any(types.values()):
                self._known = properties_of(self._client)
            return self._known


def properties_of(client: Client) -> Mapping[str, Property]:
    """Return the properties of contacts by name."""
    response = client.ask("GET", client.paths.properties("contacts"), CONTACTS)
    found = (_property(each) for each in rows_of(response) if isinstance(each, Mapping))
    return {each.name: each for each in found}


def make(client: Client, name: str, kind: str) -> None:
    """Make a property of text, number, yes or no, day or time. Raises StopConnection when HubSpot refuses it."""
    body: dict[str, Json] = {
        "name": name, "label": name, "type": kind, "fieldType": _FORMS[kind], "groupName": GROUP,
    }  # fmt: skip
    if kind == "bool":
        body["options"] = [
            {"label": text, "value": text, "displayOrder": place, "hidden": False}
            for place, text in enumerate(("true", "false"))
        ]
    response = client.make(client.paths.properties("contacts"), SCHEMAS_WRITE, body)
    if response.status >= HTTPStatus.BAD_REQUEST and response.status != HTTPStatus.CONFLICT:  # 409: it was just made
        raise StopConnection(
            f"HubSpot refuses the property {name} ({response.status} {code(response)}).", hint="Make it there by hand."
        )


def check_names(names: Iterable[str], id_property: str, audience: str) -> None:
    """Refuse names that are no properties, and the one that people are matched by. Raises ConfigError."""
    for name in names:
        if name == id_property:
            raise ConfigError(f'audience "{audience}" maps {name}, which people are matched by.', hint="Take it out.")
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f'audience "{audience}" maps "{name}", which is no name of a property in HubSpot.',
                hint="Use its internal name: a-z, 0-9 and _, beginning with a letter, such as lifetime_value.",
            )


def new_type(values: Iterable[Json]) -> str | None:
    """Choose the type of a property from the values it will hold; None where there are none."""
    given = [value for value in values if value not in (None, "")]
    if not given:
        return None
    tests: Mapping[str, Callable[[Json], bool]] = {
        "bool": lambda value: isinstance(value, bool),
        "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
        "date": lambda value: _reads(value, date.fromisoformat, _ISO_DAY),
        "datetime": lambda value: _reads(value, datetime.fromisoformat, _ISO_TIME),
    }
    return next((kind for kind, test in tests.items() if all(map(test, given))), "string")


def encode(fields: Mapping[str, Json], known: Mapping[str, Property]) -> dict[str, str]:
    """Return property values as HubSpot takes them: None is left out, "" clears.

    Raises:
        Misfit: a value is not of its property's type; `field` is the property.
    """
    given = {name: value for name, value in fields.items() if value is not None and name in known}
    return {name: _coded(known[name], value) for name, value in given.items()}


def _property(found: Mapping[str, Json]) -> Property:
    kept, listed = found.get("modificationMetadata"), found.get("options")
    entries = listed if isinstance(listed, list) else []
    options = [str(each.get("value")) for each in entries if isinstance(each, Mapping)]
    fixed = found.get("calculated") is True or (isinstance(kept, Mapping) and kept.get("readOnlyValue") is True)
    kind = str(found.get("type"))
    closed = frozenset(options) if kind == "enumeration" and options else None
    return Property(str(found.get("name")), kind, closed, fixed, found.get("hasUniqueValue") is True)


def _coded(wanted: Property, value: Json) -> str:
    text = _text(wanted.name, value)
    check = {"number": _number, "bool": _flag, "date": _day, "datetime": _instant, "enumeration": _option}
    return check[wanted.type](wanted, text) if text and wanted.type in check else text


def _text(name: str, value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ";".join(_text(name, each) for each in value)
    if isinstance(value, str | int | float):
        return str(value)
    raise Misfit(name, "a text, number, yes or no, or a list of them")


def _number(wanted: Property, text: str) -> str:
    try:
        if Decimal(text).is_finite():
            return text
    except InvalidOperation:
        pass
    raise Misfit(wanted.name, "a number")


def _flag(wanted: Property, text: str) -> str:
    if text.lower() in {"true", "false"}:
        return text.lower()
    raise Misfit(wanted.name, "true or false")


def _day(wanted: Property, text: str) -> str:
    try:
        return date.fromisoformat(text[:_DAY]).isoformat()
    except ValueError:
        raise Misfit(wanted.name, "a date such as 2026-03-01") from None


def _instant(wanted: Property, text: str) -> str:
    when = moment(text, wanted.name)
    return f"{when.isoformat(timespec='milliseconds')}Z" if when else ""


def _option(wanted: Property, text: str) -> str:
    if wanted.options is None or {each.strip() for each in text.split(";")} <= wanted.options:
        return text
    raise Misfit(wanted.name, "one of its options, by internal name")


def _reads(value: Json, read: Callable[[str], object], form: re.Pattern[str]) -> bool:
    try:
        return isinstance(value, str) and form.fullmatch(value) is not None and read(value) is not None
    except ValueError:
        return False
