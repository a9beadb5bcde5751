"""The list of checks of destinations, and what they share."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from hub.sdk.errors import HubError, StopConnection
from hub.sdk.records import Op, Verdict
from hub.testing.desk import Desk
from hub.testing.registry import Violation, same

DeskCheck: TypeAlias = Callable[[Desk], None]

DESK_CHECKS: dict[str, DeskCheck] = {}


def check(function: DeskCheck) -> DeskCheck:
    """Put a function on the list; its docstring says in one sentence what must hold."""
    DESK_CHECKS[function.__name__] = function
    return function


def tried(desk: Desk, op: Op, wires: Sequence[str]) -> HubError | None:
    """Deliver; return the error of the contract that ended it."""
    return errors_of(desk, lambda: desk.deliver(op, wires))


def errors_of(desk: Desk, work: Callable[[], object]) -> HubError | None:
    """Return the error of the contract that work ended with, or that a fact tells."""
    try:
        found = work()
    except HubError as error:
        return error
    except (Violation, NotImplementedError):
        raise
    except Exception as crash:
        raise Violation(f"{desk.made.name}: {type(crash).__name__}: {crash}") from crash
    facts = [each.text for each in found if getattr(each, "level", "") == "error"] if isinstance(found, list) else []
    return StopConnection(facts[0]) if facts else None


def said_of_all(desk: Desk, said: Mapping[str, Verdict], wires: Sequence[str], outcome: str) -> None:
    """Each row has the verdict that it must have, where the vendor tells of rows."""
    if desk.by_row:
        found = {wire: said[wire].outcome if wire in said else "none" for wire in wires}
        same(dict.fromkeys(wires, outcome), found, "verdicts")
