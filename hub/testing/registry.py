"""The list of checks, and what one raises."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from hub.testing.bench import Bench

Check: TypeAlias = "Callable[[Bench], None]"

_SHOWN, _LONGEST = 3, 200

CHECKS: dict[str, Check] = {}


class Violation(AssertionError):
    """A connector does not do what it must; the message says what was expected and what came."""


def check(function: Check) -> Check:
    """Put a function on the list; its docstring says in one sentence what must hold."""
    CHECKS[function.__name__] = function
    return function


def must(condition: object, message: str) -> None:
    """Raise Violation unless the condition holds."""
    if not condition:
        raise Violation(message)


def same(expected: object, actual: object, message: str) -> None:
    """Raise Violation, with what differs, unless both are equal."""
    if expected != actual:
        raise Violation(f"{message}: {_difference(expected, actual)}")


def _difference(expected: object, actual: object) -> str:
    """What differs, by its path; rows that are on one side alone are named by their key."""
    if isinstance(expected, set) and isinstance(actual, set):
        return f"missing {_some(expected - actual)}, not expected {_some(actual - expected)}"
    if not (isinstance(expected, dict) and isinstance(actual, dict)):
        return f"expected {_short(expected)}, got {_short(actual)}"
    both = [name for name in expected if name in actual and expected[name] != actual[name]]
    shown = "; ".join(f"{name!r}: {_difference(expected[name], actual[name])}" for name in both[:_SHOWN])
    sides = _difference(set(expected), set(actual)) if set(expected) != set(actual) else ""
    return ", ".join(part for part in (sides, f"{len(both)} differ ({shown})" if both else "") if part)


def _some(keys: set[object]) -> str:
    return f"{len(keys)} ({', '.join(sorted(map(_short, keys))[:_SHOWN])})" if keys else "none"


def _short(value: object) -> str:
    return repr(value)[:_LONGEST]
