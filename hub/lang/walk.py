"""Walk the tree of an expression: what has a handler is allowed, everything else is refused."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sqlglot import exp

from hub.lang.model import Activity, Consent, TraitInfo
from hub.lang.problem import Problem
from hub.lang.refuse import refusal
from hub.lang.source import Source
from hub.lang.value import Value

_MAX_PART = 80


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may name. `sees`: one person, the rows of a group, or one row of a stream."""

    columns: Mapping[str, TraitInfo]
    sees: Literal["person", "rows", "row"] = "person"
    segments: Collection[str] = ()
    events: Collection[str] | None = None

    @property
    def noun(self) -> str:
        """What its names are called."""
        return "trait" if self.sees == "person" else "column"


@dataclass(slots=True)
class Walk:
    """One walk over one expression; collects what it refers to."""

    source: Source
    scope: Scope
    handlers: "Mapping[type[exp.Expr], Handler]"
    traits: set[str] = field(default_factory=set)
    segments: set[str] = field(default_factory=set)
    activities: dict[str, Activity] = field(default_factory=dict)
    consents: dict[str, Consent] = field(default_factory=dict)
    uses_clock: bool = False
    in_aggregate: bool = False

    def visit(self, node: exp.Expr | None) -> Value:
        """Compile one node; sqlglot leaves None where a value was forgotten.

        Raises:
            Problem: It is not allowed, or does not fit together.
        """
        if node is None:
            raise Problem("a value is missing")
        handler = self.handlers.get(type(node))
        try:
            if handler is None:
                raise refusal(node, self.handlers)
            handler.check(node)
            return handler.compile(self, node)
        except Problem as problem:
            if problem.part is None:
                problem.part = text_of(self.source, node)
            raise

    def visit_all(self, nodes: Collection[exp.Expr]) -> list[Value]:
        """Compile several nodes."""
        return [self.visit(node) for node in nodes]


Compile: TypeAlias = Callable[[Walk, exp.Expr], Value]


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of node is compiled, and the arguments it may have; any other would be lost in silence."""

    compile: Compile
    arguments: frozenset[str]
    label: str = ""

    def check(self, node: exp.Expr) -> None:
        """Refuse arguments that `compile` does not read.

        Raises:
            Problem: There is one.
        """
        for argument, value in node.args.items():
            if argument not in self.arguments and value not in (None, False, []):
                raise Problem(f"{self.label or 'this'} is not allowed with {argument.strip('_')!r}")


def handler(compile_: Compile, arguments: str = "this expression", label: str = "") -> Handler:
    """Make a handler; `arguments` are names apart by spaces, `label` the function as users write it."""
    return Handler(compile_, frozenset(arguments.split()), label)


def text_of(source: Source, node: exp.Expr) -> str:
    """Give the user's text of a node: from its first name or value to its last, with the parentheses around them."""
    spans = [(part.meta["start"], part.meta["end"]) for part in node.walk() if "start" in part.meta]
    if not spans:
        return ""
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    tokens = source.tokens
    low = next(i for i, token in enumerate(tokens) if token.end >= first)
    high = max(i for i, token in enumerate(tokens) if token.start <= last)
    low, high = _balance([token.text for token in tokens], low, high)
    text = source.slice(tokens[low : high + 1])
    return text if len(text) <= _MAX_PART else text[: _MAX_PART - 3] + "..."


def _balance(words: list[str], low: int, high: int) -> tuple[int, int]:
    depth = least = 0
    for word in words[low : high + 1]:
        depth += (word == "(") - (word == ")")
        least = min(least, depth)
    while least < 0 and low > 0:
        low -= 1
        least += (words[low] == "(") - (words[low] == ")")
        depth += (words[low] == "(") - (words[low] == ")")
    if low > 0 and words[low] == "(" and words[low - 1].isidentifier():
        low -= 1
    if depth == 0 and words[high + 1 : high + 2] == ["("]:  # a call without values
        high, depth = high + 1, 1
    while depth > 0 and high < len(words) - 1:
        high += 1
        depth += (words[high] == "(") - (words[high] == ")")
    return low, high
