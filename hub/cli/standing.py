"""Longer answers as people read them: a person, a reason, the state of everything."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hub.cli.show import COLOURS, line, rows, table, text, value

if TYPE_CHECKING:
    from hub.sdk.records import Json

SIGNS = {"true": "yes", "false": "no ", "unknown": "?  "}


def show_person(person: "Json") -> None:
    """Print one profile with the origin of each value."""
    kind = "known" if value(person, "known") else "anonymous"
    line(f"Profile {text(value(person, 'profile_id'))}, {kind}, stage {text(value(person, 'stage')) or '-'}", "bold")
    table("Values", rows(person, "attributes"), ("name", "value", "connection", "record"))
    table("Recognised by", rows(person, "identifiers"), ("namespace", "value", "linking"))
    table("Traits", _pairs(value(person, "traits")), ("name", "value"))
    table("Segments", rows(person, "segments"), ("name", "since"))
    table("Stages", rows(person, "stages"), ("name", "since"))
    table("Consents", rows(person, "consents"), ("channel", "purpose", "granted"))
    show_tools(person)
    table("Latest activity", rows(person, "timeline"), ("occurred_at", "name", "value"))


def show_why(why: "Json") -> None:
    """Print the conditions of a rule as a tree, each with its outcome and the values it read."""
    inside = "is in" if value(why, "member") else "is not in"
    line(f"Profile {text(value(why, 'profile_id'))} {inside} {text(value(why, 'segment'))}", "bold")
    condition = value(why, "condition")
    if isinstance(condition, Mapping):
        _show_condition(condition, 0)
    show_tools(why)


def show_tools(body: "Json") -> None:
    """Print what each tool is believed to hold."""
    table("Tools", rows(body, "tools"), ("connection", "audience", "state", "code", "kept_out"))


def _show_condition(condition: "Mapping[str, Json]", depth: int) -> None:
    outcome = text(condition.get("outcome"))
    values = ", ".join(f"{row['name']} = {text(row['value']) or 'empty'}" for row in _pairs(condition.get("values")))
    words = text(condition.get("text")) if condition.get("kind") == "leaf" else f"{condition.get('kind')}:"
    style = {"true": "green", "false": "red"}.get(outcome, "yellow")
    line(f"{'  ' * depth}{SIGNS.get(outcome, '?  ')} {words}" + (f"   [{values}]" if values else ""), style)
    for child in rows(condition, "children"):
        _show_condition(child, depth + 1)


def _pairs(mapping: "Json") -> "list[dict[str, Json]]":
    found = mapping if isinstance(mapping, Mapping) else {}
    return [{"name": name, "value": content} for name, content in found.items()]


def show_status(status: "Json") -> None:
    """Print what ran, what stands still, and what waits for a person."""
    run = value(status, "run")
    if isinstance(run, Mapping):
        colour = text(run.get("status"))
        line(f"Run {text(run.get('run'))} is {colour}, as of {text(run.get('as_of'))}", COLOURS.get(colour, ""))
    else:
        line("Nothing has run yet: hub run")
    for key in ("connections", "audiences", "erasures", "quarantine", "broken"):
        found = rows(status, key)
        table(key.capitalize(), found, list(found[0]) if found else ())
