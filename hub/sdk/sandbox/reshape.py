"""Answers that are whole and yet not what they were: rows missing, turned round, repeated, of another shape."""

import json as jsonlib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import cast

from hub.sdk.records import Json
from hub.sdk.sandbox.faults import Fault
from hub.sdk.sandbox.messages import Reply


def reshaped(reply: Reply, fault: Fault, rows_of: Callable[[Json], list[Json] | None]) -> Reply:
    """Return the reply with its rows changed as the fault says; the same one where it holds no rows."""
    body = deepcopy(reply.json)
    rows = rows_of(body)
    if not rows:
        return reply
    match fault.kind:
        case "no_rows":
            rows.clear()
        case "reversed_rows":
            rows.reverse()
        case "repeated_rows":
            rows.extend(deepcopy(rows))
        case "unknown_field":
            rows[:] = [{**row, "unknown_field": {"x": [1]}} if isinstance(row, dict) else row for row in rows]
        case "other_type":
            put(body, fault.field, cast("Json", jsonlib.loads(fault.body)))
    return replace(reply, json=body)


def put(row: Json, field: str, value: Json) -> None:
    """Replace what is at a path of names and places (`customers.0.address.city`)."""
    *path, last = field.split(".")
    for name in path:
        row = cast("Json", row[int(name)] if isinstance(row, list) else row[name])  # type: ignore[index,call-overload]
    if isinstance(row, list):
        row[int(last)] = value
    else:
        row[last] = value  # type: ignore[index]


def places(body: Json, rows: list[Json], path: str = "") -> list[str]:
    """Return the path of everything within an answer's body; of its rows only the first is looked into."""
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    found = [path] if path else []
    for name, value in list(inner)[: 1 if body is rows else None]:
        found += places(value, rows, f"{path}.{name}" if path else str(name))
    return found
