"""The hub's own functions: what a person did, whom they belong to, what they agreed to, and how long ago."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlglot import exp

from hub.lang.functions import argument, constant_text, date_difference
from hub.lang.model import Activity, Consent
from hub.lang.names import unknown
from hub.lang.problem import Problem
from hub.lang.refuse import refusal
from hub.lang.value import OPERATOR, Value, name, text_value
from hub.lang.walk import Handler, Walk, handler
from hub.sdk.settings import parse_duration


@dataclass(frozen=True, slots=True)
class _Helper:
    """`usage` shows how it is called; `sees` says in which expressions it may stand."""

    usage: str
    compile: Callable[["_Call"], Value]
    positional: int
    named: frozenset[str] = frozenset()
    sees: frozenset[str] = frozenset({"person"})


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of a helper, its arguments sorted."""

    walk: Walk
    helper: _Helper
    positional: Sequence[exp.Expr]
    named: dict[str, exp.Expr]

    def text(self, index: int) -> str:
        """Read a text that must stand in the rule."""
        return constant_text(self.walk, self.positional[index], self.helper.usage)


def _call(walk: Walk, node: exp.Expr) -> Value:
    helper = HELPERS.get(node.name.lower())
    if helper is None:
        raise _unknown(walk, node)
    if walk.scope.sees not in helper.sees:
        raise Problem(
            f"{node.name.lower()}() cannot stand here", hint=f"It is for {' and '.join(sorted(helper.sees))}."
        )
    named = [part for part in node.expressions if isinstance(part, exp.Kwarg)]
    positional = [part for part in node.expressions if not isinstance(part, exp.Kwarg)]
    names = [part.name.lower() for part in named]
    if len(positional) != helper.positional or not helper.named.issuperset(names) or len(set(names)) < len(names):
        raise Problem(f"{node.name.lower()}() is called differently", hint=f"Write: {helper.usage}.")
    arguments = {part.name.lower(): part.expression for part in named}
    return helper.compile(_Call(walk, helper, positional, arguments))


def _unknown(walk: Walk, node: exp.Expr) -> Problem:
    problem = refusal(node, walk.handlers)
    if not problem.message.startswith("No function"):
        return problem
    functions = (label for entry in walk.handlers.values() for label in entry.label.split("()") if label.isidentifier())
    return unknown("function", node.name.lower(), sorted({*functions, *HELPERS}))


def _count(call: _Call) -> Value:
    event = call.text(0)
    events = call.walk.scope.events
    if events is not None and event not in events:
        raise unknown("event", event, events)
    within = _within(call)
    column = f"_n_{_digest(event, str(within))}"
    call.walk.activities[column] = Activity(column, event, within)
    call.walk.uses_clock |= within is not None
    return Value(f"COALESCE({name(column)}, 0)", "integer", sure=True)


def _did(call: _Call) -> Value:
    least = call.walk.visit(call.named["at_least"]).literal if "at_least" in call.named else 1
    if not isinstance(least, int) or least < 1:
        raise Problem("at_least needs a whole number from 1", hint=f"Write: {call.helper.usage}.")
    return Value(f"{_count(call).sql} >= {least}", "boolean", sure=True, binds=OPERATOR)


def _within(call: _Call) -> timedelta | None:
    if "within" not in call.named:
        return None
    text = constant_text(call.walk, call.named["within"], "within")
    try:
        duration = parse_duration(text)
    except (ValueError, OverflowError):
        duration = None
    if not isinstance(duration, timedelta) or not duration:
        raise Problem(f"within needs a duration such as '7 days' or '12 hours', got '{text}'")
    return duration


def _in_segment(call: _Call) -> Value:
    segment = call.text(0)
    if segment not in call.walk.scope.segments:
        raise unknown("segment", segment, call.walk.scope.segments)
    call.walk.segments.add(segment)
    return Value(f"COALESCE({name(segment_column(segment))}, FALSE)", "boolean", sure=True)


def segment_column(segment: str) -> str:
    """Name the boolean column that says whether a person is in a segment."""
    return f"_s_{segment}"


def _has_consent(call: _Call) -> Value:
    channel, purpose = call.text(0), call.text(1)
    column = f"_c_{_digest(channel, purpose)}"
    call.walk.consents[column] = Consent(column, channel, purpose)
    return Value(f"COALESCE({name(column)}, FALSE)", "boolean", sure=True)


def _days_since(call: _Call) -> Value:
    moment = argument(call.walk.visit(call.positional[0]), "day", "days_since()")
    call.walk.uses_clock = True
    today = Value(f"CAST({name('as_of')} AS DATE)", "date", sure=True)
    return date_difference("day", moment, today)


def _attribute(call: _Call) -> Value:
    key = call.text(0)
    if not key or not key.replace("_", "").replace("-", "").replace(" ", "").isalnum() or not key.isascii():
        raise Problem("attribute() needs a key of letters, digits, spaces, _ and -", hint="Rename it in the source.")
    if "attributes" not in call.walk.scope.columns:
        raise Problem("this stream has no attributes")
    if call.walk.scope.sees == "rows" and not call.walk.in_aggregate:
        raise Problem(f"attribute('{key}') has many values here", hint="Say which, such as max(attribute('x')).")
    call.walk.traits.add("attributes")
    path = text_value(f'$."{key}"').sql
    return Value(f"{name('attributes')} ->> {path}", "text", frozenset({"attributes"}), binds=OPERATOR)


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=6).hexdigest()


_ROWS = frozenset({"row", "rows"})
HELPERS: dict[str, _Helper] = {
    "did": _Helper("did('event', within => '7 days', at_least => 2)", _did, 1, frozenset({"within", "at_least"})),
    "count_of": _Helper("count_of('event', within => '7 days')", _count, 1, frozenset({"within"})),
    "in_segment": _Helper("in_segment('name')", _in_segment, 1),
    "has_consent": _Helper("has_consent('channel', 'purpose')", _has_consent, 2),
    "days_since": _Helper("days_since(last_order_at)", _days_since, 1),
    "attribute": _Helper("attribute('key')", _attribute, 1, sees=_ROWS),
}
CALLS: dict[type[exp.Expr], Handler] = {exp.Anonymous: handler(_call, "this expressions")}
