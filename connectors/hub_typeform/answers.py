"""Responses become records of the stream `responses`: one for each answer."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hub.sdk.records import Json
from hub_typeform.forms import Form, Object, Question, part, text

_KINDS = {"choices": "choice", "phone_number": "phone", "file_url": "file"}
_TYPED = {"email": "email", "phone_number": "phone"}  # type of an answer: whom it identifies
_HIDDEN = {"email": "email", "phone": "phone", "user_id": "user_id"}
_UNSET = "xxxxx"  # what a form's address holds where nothing was filled in
_LARGEST = 1e15  # of a score: beyond it a floating number is none of whole ones
_RESPONSE_TYPES = ("completed", "partial", "started", None)  # None: webhooks do not name it


class Misfit(Exception):
    """An answer or a response lacks what its record needs; `field` is the canonical column."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: expected as Typeform documents it")
        self.field = field


@dataclass(frozen=True, slots=True)
class Rules:
    """What config says: kinds by a question's reference, and hidden fields by namespace."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)

    @property
    def identifiers(self) -> Mapping[str, str]:
        """Namespace = hidden field, those that are always looked at among them."""
        return {**_HIDDEN, **self.hidden}


def records(item: Json, form: Form, rules: Rules) -> Iterator[Mapping[str, object] | tuple[Misfit, Json]]:
    """Yield a record for each answer of a response, or why there is none, with what came.

    A response that was not submitted has none. What the webhook sends and what the API lists give the same records.

    Raises:
        Misfit: the response as a whole does not fit.
    """
    if not isinstance(item, Mapping):
        raise Misfit("response_id")
    if item.get("response_type") not in _RESPONSE_TYPES:
        raise Misfit("kind")
    if not completed(item):
        return
    moment, token, answers = submitted(item), text(item, "token"), item.get("answers") or []
    if moment is None:
        raise Misfit("occurred_at")
    if token is None:
        raise Misfit("response_id")
    if not isinstance(answers, list):
        raise Misfit("answer")
    same = {
        "survey": form.title,
        "occurred_at": moment,
        "identifiers": _identifiers(item, answers, rules),
    }
    about = _about(item, form, rules)
    for answer in answers:
        try:
            yield {**same, **_record(answer, token, form, rules, about)}
        except Misfit as misfit:
            yield misfit, answer


def completed(item: Object) -> bool:
    """Say whether a response was submitted: others have another type, or none and the year 1 as their time."""
    kind = item.get("response_type")
    return kind == "completed" or (kind is None and not str(item.get("submitted_at")).startswith("0001-01-01"))


def submitted(item: Object) -> datetime | None:
    """Return when a response was submitted, as naive UTC; None where it does not say so."""
    try:
        moment = datetime.fromisoformat(text(item, "submitted_at") or "")
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 1 else None


def _record(answer: Json, token: str, form: Form, rules: Rules, about: Object) -> Mapping[str, object]:
    if not isinstance(answer, Mapping):
        raise Misfit("answer")
    of, kind = part(answer, "field"), text(answer, "type")
    question = form.question(text(of, "id"), text(of, "ref"))
    ref = text(of, "ref") or (question.ref if question else text(of, "id"))
    if ref is None:
        raise Misfit("response_id")
    if kind is None:
        raise Misfit("kind")
    value = answer.get(kind)
    return {
        "response_id": f"{token}/{ref}",
        "question": question.title if question else None,
        "kind": rules.kinds.get(ref) or (question.kind if question else "") or _KINDS.get(kind, kind),
        "score": _score(value) if kind == "number" else None,
        "answer": _answer(kind, value),
        "attributes": json.dumps(_attributes(about, of, question, ref), ensure_ascii=False),
        "_raw": None if kind == "payment" else json.dumps(answer, ensure_ascii=False, sort_keys=True),
    }


def _score(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _LARGEST:
        raise Misfit("score")
    return float(value)


def _answer(kind: str, value: Json) -> str:
    """What was said, as text: labels of what was chosen, the amount of a payment (not the card), else as it came."""
    if kind in {"choice", "choices"}:
        found = _chosen(value)
    elif kind == "payment":
        found = str(value.get("amount") or "") if isinstance(value, Mapping) else ""
    elif isinstance(value, str):
        found = value
    else:
        found = "" if value is None else json.dumps(value, ensure_ascii=False)
    if not found:
        raise Misfit("answer")
    return found


def _chosen(value: Json) -> str:
    if not isinstance(value, Mapping):
        return ""
    labels = value.get("labels")
    several = [each for each in labels if isinstance(each, str)] if isinstance(labels, list) else []
    said = [text(value, "label"), *several, text(value, "other")]
    return "; ".join(each for each in said if each)


def _identifiers(item: Object, answers: Sequence[Json], rules: Rules) -> Mapping[str, str]:
    """Whom a response is from: what they typed first, else what the form's address said; one for each namespace.

    A second address may be a friend's: two people would become one.
    """
    found = {name: _hidden(item, key) for name, key in rules.identifiers.items()}
    for answer in reversed(answers):
        kind = text(answer, "type") if isinstance(answer, Mapping) else None
        if kind in _TYPED and isinstance(answer, Mapping):
            found[_TYPED[kind]] = text(answer, kind) or found.get(_TYPED[kind])
    return {name: value for name, value in found.items() if value}


def _hidden(item: Object, key: str) -> str | None:
    value = text(part(item, "hidden"), key)
    return None if value == _UNSET else value


def _about(item: Object, form: Form, rules: Rules) -> Object:
    """What goes for all answers of a response: the form, its score, hidden fields that identify nobody."""
    hidden = {key: _hidden(item, key) for key in part(item, "hidden") if key not in rules.identifiers.values()}
    score = part(item, "calculated").get("score")
    return {"form": form.id, "form_score": score, **{f"hidden_{key}": value for key, value in hidden.items()}}


def _attributes(about: Object, of: Object, question: Question | None, ref: str) -> Object:
    steps, kind = (question.steps, question.type) if question else (None, None)
    found: Object = {**about, "field": ref, "field_type": text(of, "type") or kind, "steps": steps}
    return {name: value for name, value in found.items() if value is not None}
