"""Properties of contacts: which there are, what type a new one gets, and the form of a value on the wire."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from hub.sdk.errors import ConfigError, StopConnection
from hub.sdk.records import Json, Row
from hub_hubspot.client import Client, code, rows_of
from hub_hubspot.values import Misfit, moment

READ, WRITE = "crm.objects.contacts.read", "crm.schemas.contacts.write"
GROUP = "contactinformation"
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789_"
_FORMS = {"bool": "booleancheckbox", "date": "date", "datetime": "date", "number": "number", "string": "text"}


@dataclass(frozen=True, slots=True)
class Property:
    """One property. `options` are the values that it takes, None for any; `fixed` when HubSpot computes it."""

    name: str
    type: str
    options: frozenset[str] | None = None
    fixed: bool = False
    unique: bool = False


def properties_of(client: Client) -> Mapping[str, Property]:
    """Return the properties of contacts by name."""
    response = client.sent("GET", client.paths.properties("contacts"), READ)
    found = (_property(each) for each in rows_of(response) if isinstance(each, Mapping))
    return {each.name: each for each in found}


def check_names(names: Iterable[str], id_property: str, audience: str) -> None:
    """Refuse names that are no properties, and the one that people are matched by. Raises ConfigError."""
    for name in names:
        if name == id_property:
            raise ConfigError(f'audience "{audience}" maps {name}, which people are matched by.', hint="Take it out.")
        if not name or set(name) - set(_NAME) or name[0].isdigit():
            raise ConfigError(
                f'audience "{audience}" maps "{name}", which is no name of a property in HubSpot.',
                hint="Use its internal name: a-z, 0-9 and _, beginning with a letter, such as lifetime_value.",
            )


def check_writable(known: Mapping[str, Property], names: Iterable[str], *, create: bool) -> None:
    """Refuse properties that HubSpot computes, and missing ones that are not to be made. Raises StopConnection."""
    for name in names:
        if name in known and known[name].fixed:
            raise StopConnection(f"HubSpot computes the property {name}.", hint="Take it out of fields.")
        if name not in known and not create:
            raise StopConnection(
                f"HubSpot has no property {name}.", hint="Make it there, or set create_properties = true."
            )


def ensure(client: Client, known: Mapping[str, Property], rows: Sequence[Row]) -> Mapping[str, Property]:
    """Return all properties after making those that rows need; one whose rows hold no value waits.

    Raises:
        StopConnection: HubSpot refuses a property.
    """
    names = dict.fromkeys(name for row in rows for name in row.fields if name not in known)
    chosen = {name: new_type(row.fields.get(name) for row in rows) for name in names}
    made = [_made(client, name, kind) for name, kind in chosen.items() if kind]
    return properties_of(client) if made else known


def new_type(values: Iterable[Json]) -> str | None:
    """Choose the type of a property from the values it will hold; None where there are none."""
    given = [value for value in values if value not in (None, "")]
    if not given:
        return None
    if all(isinstance(value, bool) for value in given):
        return "bool"
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        return "number"
    return next((kind for kind in ("date", "datetime") if all(_is(kind, value) for value in given)), "string")


def encode(fields: Mapping[str, Json], known: Mapping[str, Property]) -> dict[str, str]:
    """Return property values as HubSpot takes them: None is left out, "" clears.

    Raises:
        Misfit: a value is not of its property's type; `field` is the property.
    """
    given = {name: value for name, value in fields.items() if value is not None and name in known}
    return {name: _coded(known[name], value) for name, value in given.items()}


def _property(found: Mapping[str, Json]) -> Property:
    kept, listed = found.get("modificationMetadata"), found.get("options")
    options = [str(each.get("value")) for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    fixed = found.get("calculated") is True or (isinstance(kept, Mapping) and kept.get("readOnlyValue") is True)
    kind = str(found.get("type"))
    closed = frozenset(options) if kind == "enumeration" and options else None
    return Property(str(found.get("name")), kind, closed, fixed, found.get("hasUniqueValue") is True)


def _made(client: Client, name: str, kind: str) -> str:
    body: dict[str, Json] = {
        "name": name, "label": name, "type": kind, "fieldType": _FORMS[kind], "groupName": GROUP,
    }  # fmt: skip
    if kind == "bool":
        body["options"] = [{"label": text, "value": text, "displayOrder": 0} for text in ("true", "false")]
    response = client.sent("POST", client.paths.properties("contacts"), WRITE, body, idempotent=True)
    if response.status in {400, 404}:  # 409: somebody else made it just now
        raise StopConnection(f"HubSpot refuses the property {name} ({code(response)}).", hint="Make it there by hand.")
    return name


def _coded(wanted: Property, value: Json) -> str:
    text = _text(wanted.name, value)
    if text == "":
        return text
    check = {"number": _number, "bool": _flag, "date": _day, "datetime": _instant, "enumeration": _option}
    return check[wanted.type](wanted, text) if wanted.type in check else text


def _text(name: str, value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
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
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise Misfit(wanted.name, "a date such as 2026-03-01") from None


def _instant(wanted: Property, text: str) -> str:
    when = moment(text, wanted.name)
    return f"{when.isoformat(timespec='milliseconds')}Z" if when else ""


def _option(wanted: Property, text: str) -> str:
    if wanted.options is None or {each.strip() for each in text.split(";")} <= wanted.options:
        return text
    raise Misfit(wanted.name, "one of its options, by internal name")


def _is(kind: str, value: Json) -> bool:
    if not isinstance(value, str):
        return False
    try:
        date.fromisoformat(value) if kind == "date" else datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
