"""A form's definition: which question is what, and what its answers mean."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from hub.sdk.records import Json

Object: TypeAlias = Mapping[str, Json]

_NPS_STEPS = 11  # 0 to 10
_DEPTH = 5  # of groups within groups


@dataclass(frozen=True, slots=True)
class Question:
    """One field of a form. `kind` is nps, csat, or empty where the answer itself says what it is."""

    ref: str
    title: str | None
    type: str | None
    steps: int | None
    kind: str


@dataclass(frozen=True, slots=True)
class Form:
    """A form with its questions by id and by reference."""

    id: str
    title: str
    by_id: Mapping[str, Question] = field(default_factory=dict)
    by_ref: Mapping[str, Question] = field(default_factory=dict)

    def question(self, key: str | None, ref: str | None) -> Question | None:
        """Return the question that an answer belongs to; None for one that the form no longer has."""
        return self.by_id.get(key or "") or self.by_ref.get(ref or "")


def form_of(form: str, definition: Object) -> Form:
    """Read a definition, as the API answers it or as an event brings it."""
    found = [(text(each, "id"), _question(each)) for each in _fields(definition.get("fields"), _DEPTH)]
    by_id = {key: question for key, question in found if key and question}
    by_ref = {question.ref: question for _, question in found if question}
    return Form(form, text(definition, "title") or form, by_id, by_ref)


def _fields(fields: Json, depth: int) -> Iterator[Object]:
    """Yield all fields, those within groups too."""
    for each in fields if isinstance(fields, list) and depth else ():
        if isinstance(each, Mapping):
            yield each
            yield from _fields(part(each, "properties").get("fields"), depth - 1)


def _question(found: Object) -> Question | None:
    ref = text(found, "ref") or text(found, "id")
    properties, kind = part(found, "properties"), text(found, "type")
    steps = properties.get("steps")
    number = steps if isinstance(steps, int) and not isinstance(steps, bool) else None
    from_one = properties.get("start_at_one") is True
    return Question(ref, text(found, "title"), kind, number, _kind(kind, number, from_one=from_one)) if ref else None


def _kind(kind: str | None, steps: int | None, *, from_one: bool) -> str:
    if kind == "nps" or (kind == "opinion_scale" and steps == _NPS_STEPS and not from_one):
        return "nps"
    return "csat" if kind == "rating" else ""


def part(found: Object, key: str) -> Object:
    """Return an inner object; an empty one for anything else."""
    inner = found.get(key)
    return inner if isinstance(inner, Mapping) else {}


def text(found: Object, key: str) -> str | None:
    """Return a text without blanks around it; None for anything else, and for an empty one."""
    value = found.get(key)
    return value.strip() or None if isinstance(value, str) else None
