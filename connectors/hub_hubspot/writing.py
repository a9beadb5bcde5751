"""Writing contacts in batches, so that each row gets its own verdict and nobody is renamed.

Who exists and is matched by e-mail is changed by record id: HubSpot takes no partial upserts by e-mail, and to send an
address along could rename a contact that has several. All others are upserted by what they are matched by. So a batch
is one request or two; what the first one proved stays, whatever becomes of the second.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from hub.sdk.errors import HubError, RetryLater, StopConnection, Unanswered
from hub.sdk.http import Response
from hub.sdk.records import Answer, Json, NotApplied, Row, Verdict
from hub_hubspot.client import CONTACTS_WRITE, Client, code, is_code, rows_of
from hub_hubspot.contacts import EMAIL, Contact, Rules
from hub_hubspot.fields import Property, encode
from hub_hubspot.values import Misfit, identity

BATCH = 100  # the most that a batch may hold
_UPDATE, _UPSERT = "/batch/update", "/batch/upsert"
_UNKNOWN_PROPERTY = "PROPERTY_DOESNT_EXIST"
_LATER = frozenset({"CONFLICT", "INTERNAL_ERROR", "OBJECT_NOT_FOUND", "RATE_LIMITS", _UNKNOWN_PROPERTY})
GONE = _UNKNOWN_PROPERTY.lower()  # the code of a row that goes later because a property was deleted


class Stale(RetryLater):
    """A property that we knew is gone."""


@dataclass(slots=True)
class Sorted:
    """What is to be done with the rows of a batch: verdicts that need no request, and inputs by index of their row."""

    verdicts: list[Verdict] = field(default_factory=list)
    updates: dict[int, Json] = field(default_factory=dict)
    upserts: dict[int, Json] = field(default_factory=dict)

    @property
    def requests(self) -> Sequence[tuple[str, Mapping[int, Json]]]:
        """The requests that are needed."""
        return [(path, inputs) for path, inputs in ((_UPDATE, self.updates), (_UPSERT, self.upserts)) if inputs]


def sort(rows: Sequence[Row], there: Mapping[int, Contact], rules: Rules, known: Mapping[str, Property]) -> Sorted:
    """Decide about each row. Of two rows that are one contact the first counts: HubSpot refuses a batch with both."""
    todo, seen = Sorted(), set[str]()
    for index, row in enumerate(rows):
        found = there.get(index)
        if found and found.key in seen:
            todo.verdicts.append(Verdict(index, "rejected", "shared_contact"))
        else:
            seen |= {found.key} if found else set()
            _one(todo, index, row, found, rules, known)
    return todo


def _one(
    todo: Sorted, index: int, row: Row, found: Contact | None, rules: Rules, known: Mapping[str, Property]
) -> None:
    try:
        values = encode(row.fields, known)
    except Misfit as misfit:
        todo.verdicts.append(Verdict(index, "rejected", f"invalid_property:{misfit.field}"[:80]))
        return
    if found is None and not rules.may_create(row):
        refused = "not_in_hubspot" if rules.new_contacts == "never" else "no_consent"
        todo.verdicts.append(Verdict(index, "rejected", refused))
    elif found and found.out:
        todo.verdicts.append(found.suppressed(index, rules))
    elif found and not values:
        todo.verdicts.append(Verdict(index, "present", vendor_id=found.key))
    elif found and rules.id_property == EMAIL:
        todo.updates[index] = {"id": found.key, "properties": values, "objectWriteTraceId": _trace(index)}
    else:
        by, value = rules.id_property, rules.value(row)
        todo.upserts[index] = {
            "id": value, "idProperty": by, "properties": {**values, by: value}, "objectWriteTraceId": _trace(index),
        }  # fmt: skip


def write(client: Client, rows: Sequence[Row], todo: Sorted) -> Answer:
    """Send what is to be done and say what became of each row.

    Raises:
        RetryLater, StopConnection, Unanswered: as `hub.sdk.http.Http`, where nothing is known of any row yet.
    """
    verdicts, written = [*todo.verdicts], False
    for number, (path, inputs) in enumerate(todo.requests):
        rest = [index for _, later in todo.requests[number + 1 :] for index in later]
        try:
            answer = _sent(client, path, inputs, rows)
        except HubError as error:
            if not written and (not verdicts or not isinstance(error, Unanswered)):
                raise
            return [*verdicts, *_failed(error, inputs), *_retry(rest, "not_sent")]
        if isinstance(answer, NotApplied):
            if not written:
                return answer
            blamed = {each.index for each in answer.blamed}
            others = [index for index in (*inputs, *rest) if index not in blamed]
            return [*verdicts, *answer.blamed, *_retry(others, "refused")]
        verdicts += answer
        written = True
    return verdicts


def _sent(client: Client, path: str, inputs: Mapping[int, Json], rows: Sequence[Row]) -> Sequence[Verdict] | NotApplied:
    body: Json = {"inputs": [*inputs.values()]}
    response = client.write("POST", client.paths.objects("contacts", path), CONTACTS_WRITE, body)
    if response.status < HTTPStatus.BAD_REQUEST:
        return _answered(response, inputs, rows)
    problem = response.json_object()
    if _UNKNOWN_PROPERTY in _codes(problem):
        raise Stale("HubSpot does not know a property any more.", hint="It is looked for, or made, with the next try.")
    blamed = dict(_blamed([problem, *_objects(problem, "errors")], inputs, rows))
    if blamed or len(inputs) > 1:
        return NotApplied([*blamed.values()], code(response))
    return [_refused(index, rows[index], problem) for index in inputs]


def _answered(response: Response, inputs: Mapping[int, Json], rows: Sequence[Row]) -> Sequence[Verdict]:
    """Judge by an answer; a row that is neither among the results nor among the errors is unknown."""
    blamed = dict(_blamed(_objects(response.json_object(), "errors"), inputs, rows))
    there = dict(_present(rows_of(response), inputs))
    known = {**there, **blamed}
    return [known.get(index) or Verdict(index, "unknown", "not_told") for index in inputs]


def _present(found: Sequence[Json], inputs: Mapping[int, Json]) -> Iterator[tuple[int, Verdict]]:
    """Match results: by the trace id that was sent, else by record id or by what people are matched by."""
    traces, ids, by = _traces(inputs), _ids(inputs), _matched_by(inputs)
    for each in found:
        held = each.get("properties") if isinstance(each, Mapping) else None
        if not isinstance(each, Mapping) or not (key := _identity(each)):
            continue
        own = str(held.get(by)) if by and isinstance(held, Mapping) else key
        index = traces.get(str(each.get("objectWriteTraceId")), ids.get(own.lower() if by == EMAIL else own))
        if index is not None:
            yield index, Verdict(index, "present", vendor_id=key)


def _blamed(
    problems: Sequence[Mapping[str, Json]], inputs: Mapping[int, Json], rows: Sequence[Row]
) -> Iterator[tuple[int, Verdict]]:
    """Match errors: by trace id, or by the ids that they name."""
    for problem in problems:
        for name, places in (("objectWriteTraceId", _traces(inputs)), ("ids", _ids(inputs))):
            for index in (places[each] for each in _context(problem, name) if each in places):
                yield index, _refused(index, rows[index], problem)


def _traces(inputs: Mapping[int, Json]) -> Mapping[str, int]:
    return {_trace(index): index for index in inputs}


def _ids(inputs: Mapping[int, Json]) -> Mapping[str, int]:
    return {str(each["id"]): index for index, each in inputs.items() if isinstance(each, Mapping)}


def _matched_by(inputs: Mapping[int, Json]) -> str | None:
    """Return the property that the inputs are matched by; None: they are matched by record id."""
    named = (each.get("idProperty") for each in inputs.values() if isinstance(each, Mapping))
    return next((each for each in named if isinstance(each, str)), None)


def _refused(index: int, row: Row, problem: Mapping[str, Json]) -> Verdict:
    """Judge by a refusal of one row; the vendor's text echoes addresses and is not kept."""
    codes = _codes(problem)
    later = next((each for each in codes if each in _LATER), None)
    if later:
        return Verdict(index, "retry", later.lower())
    parts = [problem, *_objects(problem, "errors")]
    named = [name for each in parts for name in _context(each, "propertyName") if name in row.fields]
    return Verdict(index, "rejected", ":".join([(codes or ["refused"])[-1].lower(), *named[:1]])[:80])


def _failed(error: HubError, inputs: Mapping[int, Json]) -> Sequence[Verdict]:
    match error:
        case Unanswered():
            return [Verdict(index, "unknown", "no_answer") for index in inputs]
        case Stale():
            return _retry(inputs, GONE)
        case RetryLater():
            return [Verdict(index, "retry", "throttled", after=error.after) for index in inputs]
        case StopConnection():
            return _retry(inputs, "refused")
    raise error


def _retry(indexes: Sequence[int] | Mapping[int, Json], said: str) -> Sequence[Verdict]:
    return [Verdict(index, "retry", said) for index in indexes]


def _trace(index: int) -> str:
    return f"row-{index}"


def _identity(found: Mapping[str, Json]) -> str | None:
    try:
        return identity(found.get("id"), "id")
    except Misfit:
        return None


def _codes(problem: Mapping[str, Json]) -> Sequence[str]:
    """Return the category of an error, then its codes; what is no code could be anything, and is left out."""
    named = [problem.get("category"), *(each.get("code") for each in _objects(problem, "errors"))]
    return [each for each in named if isinstance(each, str) and is_code(each)]


def _context(problem: Mapping[str, Json], name: str) -> Sequence[str]:
    context = problem.get("context")
    found = context.get(name) if isinstance(context, Mapping) else None
    return [str(each) for each in found] if isinstance(found, list) else [found] if isinstance(found, str) else []


def _objects(problem: Mapping[str, Json], name: str) -> Sequence[Mapping[str, Json]]:
    found = problem.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
