"""Batches that write contacts, and properties that are made."""

import re
from abc import ABC
from collections.abc import Callable, Mapping
from datetime import date, datetime
from http import HTTPStatus

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request, route
from hub_hubspot.sandbox.crm import Crm
from hub_hubspot.sandbox.held import Held, stamp
from hub_hubspot.sandbox.views import body_of, error, objects_of, properties_of, view

_MOST = 100
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_FORMS: Mapping[str, frozenset[str]] = {
    "bool": frozenset({"booleancheckbox", "calculation_equation"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"date"}),
    "enumeration": frozenset({"booleancheckbox", "checkbox", "radio", "select", "calculation_equation"}),
    "number": frozenset({"number", "calculation_equation"}),
    "phone_number": frozenset({"phonenumber"}),
    "string": frozenset({"file", "text", "textarea", "calculation_equation", "html", "phonenumber"}),
}


class Problem(Exception):
    """One input is refused: a category, a code, and the property that it is about."""

    def __init__(self, category: str, code: str, about: str, text: str) -> None:
        super().__init__(text)
        self.category = category
        self.code = code
        self.about = about

    def json(self, trace: str | None) -> dict[str, Json]:
        """Return the error of an input; its text quotes what was sent, as HubSpot's do."""
        inner: Json = {
            "message": str(self),
            "code": self.code,
            "in": self.about,
            "context": {"propertyName": [self.about]},
        }
        context: dict[str, Json] = {} if trace is None else {"objectWriteTraceId": [trace]}
        return {
            "status": "error", "category": self.category, "message": str(self), "context": context,
            "errors": [inner], "links": {},
        }  # fmt: skip


class Batches(Crm, ABC):
    """Writes of many contacts.

    `moods`: address -> the category with which HubSpot refuses its contact; "" where it says nothing at all.
    `echoes`: whether results have the trace id of their input.
    `multi_status`: whether it tells of each input that has a trace id; else one refusal refuses the whole batch.
    """

    moods: dict[str, str]
    multi_status = True
    echoes = True

    @route("POST", "/crm/v3/objects/{kind}/batch/upsert")
    @route("POST", "/crm/objects/{version}/{kind}/batch/upsert")
    def upserted(self, request: Request, kind: str, version: str = "v3") -> Reply:
        """Create or change objects by a unique property."""
        self._known(kind, version)
        return self._written(kind, request, self._by_unique)

    @route("POST", "/crm/v3/objects/{kind}/batch/update")
    @route("POST", "/crm/objects/{version}/{kind}/batch/update")
    def updated(self, request: Request, kind: str, version: str = "v3") -> Reply:
        """Change objects by their ids."""
        self._known(kind, version)
        return self._written(kind, request, self._by_id)

    @route("POST", "/crm/v3/properties/{kind}")
    @route("POST", "/crm/properties/{version}/{kind}")
    def defined_anew(self, request: Request, kind: str, version: str = "v3") -> Reply:
        """Make a property."""
        self._known(kind, version)
        body = body_of(request)
        name, typed = str(body.get("name")), str(body.get("type"))
        if not _NAME.fullmatch(name) or str(body.get("fieldType")) not in _FORMS.get(typed, ()):
            raise ValueError("Property: name, or type and fieldType, are not valid")
        if not body.get("label") or not body.get("groupName"):
            raise ValueError("Property: label and groupName are needed")
        if name in self.defined[kind]:
            return error(HTTPStatus.CONFLICT, "OBJECT_ALREADY_EXISTS", f"A property named '{name}' already exists.")
        own: Json = {"archivable": True, "readOnlyDefinition": False, "readOnlyValue": False}
        kept: dict[str, Json] = {
            "options": [], "hasUniqueValue": False, "calculated": False, "archived": False, "hidden": False, **body,
        }  # fmt: skip
        self.defined[kind][name] = {**kept, "hubspotDefined": False, "modificationMetadata": own}
        return self.answer_with(self.defined[kind][name], HTTPStatus.CREATED)

    @route("GET", "/crm/v3/properties/{kind}/{name}")
    @route("GET", "/crm/properties/{version}/{kind}/{name}")
    def described_one(self, _request: Request, kind: str, name: str, version: str = "v3") -> Reply:
        """Describe one property."""
        self._known(kind, version)
        if name not in self.defined[kind]:
            return error(HTTPStatus.NOT_FOUND, "OBJECT_NOT_FOUND", "No such property.")
        return self.answer_with(self.defined[kind][name])

    def _written(self, kind: str, request: Request, find: Callable[[str, Mapping[str, Json]], Held | None]) -> Reply:
        """Write inputs. Where each has a trace id the answer is of each input, else one refusal refuses all."""
        inputs = objects_of(body_of(request), "inputs")
        if not 1 <= len(inputs) <= _MOST:
            raise ValueError(f"between 1 and {_MOST} inputs")
        ids = [str(each.get("id")).lower() for each in inputs]
        if len({*ids}) < len(ids):
            raise ValueError("Duplicate IDs found in batch input")
        traces = [str(each.get("objectWriteTraceId") or "") for each in inputs]
        each_told = self.multi_status and all(traces) and len({*traces}) == len(traces)
        good, errors = list[tuple[Mapping[str, Json], Held | None]](), list[Json]()
        for each, trace in zip(inputs, traces, strict=True):
            try:
                self._check(kind, each)
                good.append((each, self._welcome(kind, find(kind, each), each)))
            except Problem as problem:
                errors.append(problem.json(trace if each_told else None))
        if errors and not each_told:
            return Reply(status=HTTPStatus.BAD_REQUEST, json=errors[0])
        return self._told([shown for each, held in good for shown in self._apply(kind, held, each)], errors)

    def _told(self, found: list[Json], errors: list[Json]) -> Reply:
        now = stamp(self.now())
        body: dict[str, Json] = {"status": "COMPLETE", "results": found[::-1], "startedAt": now, "completedAt": now}
        if not errors:
            return self.answer_with(body)
        return self.answer_with({**body, "numErrors": len(errors), "errors": errors}, HTTPStatus.MULTI_STATUS)

    def _apply(self, kind: str, held: Held | None, sent: Mapping[str, Json]) -> list[Json]:
        """Create or change an object and show it; nothing of one that HubSpot forgets."""
        properties, new = properties_of(sent), held is None
        if self._mood(held, properties) == "":
            return []
        if held is None:
            key = self.create(kind, {str(sent.get("idProperty")): str(sent.get("id")), **properties})
            held = self.crm[kind].objects[key]
        else:
            self.change(kind, held.key, properties)
        shown = view(kind, held, [*held.properties], self.hidden, self.defined[kind])
        trace = sent.get("objectWriteTraceId")
        own: dict[str, Json] = {"new": new, **({"objectWriteTraceId": trace} if trace and self.echoes else {})}
        return [{**shown, **own}] if isinstance(shown, dict) else []

    def _by_unique(self, kind: str, sent: Mapping[str, Json]) -> Held | None:
        by = str(sent.get("idProperty"))
        if by != "email" and not self.defined[kind].get(by, {}).get("hasUniqueValue"):
            text = f"Unable to perform update/upsert by non-unique 0-1 property {by}"
            raise Problem("VALIDATION_ERROR", "NON_UNIQUE_PROPERTY", by, text)
        return self.contact_of(str(sent.get("id")), by)

    def _by_id(self, kind: str, sent: Mapping[str, Json]) -> Held:
        held = self.crm[kind].objects.get(self._left(kind, str(sent.get("id"))))
        if held is None or held.archived is not None:
            raise Problem("OBJECT_NOT_FOUND", "OBJECT_NOT_FOUND", "id", f"No contact {sent.get('id')}")
        return held

    def _mood(self, held: Held | None, properties: Mapping[str, str]) -> str | None:
        address = properties.get("email") or (held.properties.get("email", "") if held else "")
        return self.moods.get(address.lower())

    def _welcome(self, kind: str, held: Held | None, sent: Mapping[str, Json]) -> Held | None:
        """Return an object that may be written. Raises Problem for a contact that HubSpot refuses."""
        properties = properties_of(sent)
        address = properties.get("email", "").lower()
        mood = self._mood(held, properties) if kind == "contacts" else None
        if mood:
            raise Problem(mood, mood, "email", f"{address} is refused")
        if held is None and address in self.blocked:
            raise Problem("VALIDATION_ERROR", "BLOCKED_EMAIL", "email", f"{address} was deleted for privacy")
        return held

    def _check(self, kind: str, sent: Mapping[str, Json]) -> None:
        """Raise Problem where a property does not exist, cannot be written, or cannot hold its value."""
        for name, value in properties_of(sent).items():
            known = self.defined[kind].get(name)
            if known is None:
                raise Problem("VALIDATION_ERROR", "PROPERTY_DOESNT_EXIST", name, f'Property "{name}" does not exist')
            kept = known.get("modificationMetadata")
            if isinstance(kept, Mapping) and kept.get("readOnlyValue") is True:
                raise Problem("VALIDATION_ERROR", "READ_ONLY_VALUE", name, f'"{name}" is a read only property')
            if name == "email" and not _ADDRESS.fullmatch(value):
                raise Problem("VALIDATION_ERROR", "INVALID_EMAIL", name, f"Email address {value} is invalid")
            if value and not _fits(known, value):
                code = {"number": "INVALID_DOUBLE", "enumeration": "INVALID_OPTION"}.get(str(known["type"]), "INVALID")
                raise Problem("VALIDATION_ERROR", code, name, f'"{value}" is not valid for {name}')


def _fits(known: Mapping[str, Json], value: str) -> bool:
    options = known.get("options")
    taken = (
        [str(each.get("value")) for each in options if isinstance(each, Mapping)] if isinstance(options, list) else []
    )
    reads: Mapping[str, Callable[[str], object]] = {
        "number": float,
        "date": date.fromisoformat,
        "datetime": datetime.fromisoformat,
        "bool": ("true", "false").index,
        "enumeration": lambda text: [taken.index(each) for each in text.split(";")] if taken else None,
    }
    try:
        reads.get(str(known["type"]), str)(value)
    except ValueError:
        return False
    return True
