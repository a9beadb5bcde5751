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
            put(rows[0], fault.field, cast("Json", jsonlib.loads(fault.body)))
    return replace(reply, json=body)


def put(row: Json, field: str, value: Json) -> None:
    """Replace what is at a path of names and places (`addresses.0.city`) within a row."""
    *path, last = field.split(".")
    for name in path:
        row = cast("Json", row[int(name)] if isinstance(row, list) else row[name])  # type: ignore[index,call-overload]
    if isinstance(row, list):
        row[int(last)] = value
    else:
        row[last] = value  # type: ignore[index]


def leaves(row: Json, path: str = "") -> list[str]:
    """Return the path of everything within a row, the objects and lists on the way too."""
    inner = row.items() if isinstance(row, dict) else enumerate(row) if isinstance(row, list) else ()
    found = [] if not path else [path]
    for name, value in inner:
        found += leaves(value, f"{path}.{name}" if path else str(name))
    return found
