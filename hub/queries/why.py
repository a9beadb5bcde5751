"""Why somebody is in a segment or not: each condition with that person's values, and what happened in each tool."""

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, Field

from hub.flow.segment import with_helpers, with_segments
from hub.lang import Condition, explain
from hub.project import Project
from hub.queries.find import find
from hub.queries.preview import plain
from hub.project.ready import require_profiles
from hub.queries.tools import ToolState, tools
from hub.sdk.errors import ConfigError
from hub.sdk.records import Json


class Finding(BaseModel):
    """One condition of the rule: true, false, or unknown because a value is missing."""

    kind: Literal["and", "or", "not", "leaf"]
    text: str
    outcome: Literal["true", "false", "unknown"]
    values: dict[str, Json] = Field(default_factory=dict)
    children: list["Finding"] = Field(default_factory=list)


class Why(BaseModel):
    """The answer for one person and one segment. `member` is the state of the last run."""

    profile_id: str
    segment: str
    member: bool
    condition: Finding
    tools: list[ToolState] = Field(default_factory=list)


def why(project: Project, key: str, segment: str) -> Why:
    """Explain membership of the person that KEY names in a segment.

    Raises:
        ConfigError: there is no such segment.
    """
    rule = project.compiled.rules.get(segment)
    if rule is None:
        names = ", ".join(project.compiled.rules) or "none"
        raise ConfigError(f'no segment "{segment}".', hint=f"Segments: {names}.")
    engine = project.engine.cursor()
    require_profiles(engine)
    profile_id = find(project, engine, key)
    tree = explain(rule)
    relation = with_helpers(project.engine, f"(select * from person where profile_id = '{profile_id}')", [rule])
    relation = with_segments(relation, [rule])
    nodes = _flat(tree)
    traits = sorted({name for node in nodes for name in node.traits})
    columns = ", ".join(
        [f"({node.sql}) as _{place}" for place, node in enumerate(nodes)] + [f'"{name}"' for name in traits]
    )
    row = engine.arrow(f"select {columns or '1'} from ({relation})").to_pylist()[0]
    values = plain({name: row[name] for name in traits})
    outcomes = iter([row[f"_{place}"] for place in range(len(nodes))])
    joined = engine.run("select 1 from segment_members where segment = ? and profile_id = ?", (segment, profile_id))
    return Why(
        profile_id=profile_id, segment=segment, member=bool(joined), condition=_finding(tree, outcomes, values),
        tools=tools(project, engine, profile_id, segment),
    )  # fmt: skip


def _flat(node: Condition) -> list[Condition]:
    """The tree in the order in which `_finding` walks it."""
    return [node, *(each for child in node.children for each in _flat(child))]


def _finding(node: Condition, outcomes: Iterator[object], values: dict[str, Json]) -> Finding:
    outcome = next(outcomes)
    shown: Literal["true", "false", "unknown"] = "unknown" if outcome is None else "true" if outcome else "false"
    mine = {name: values[name] for name in sorted(node.traits)} if node.kind == "leaf" else {}
    children = [_finding(child, outcomes, values) for child in node.children]
    return Finding(kind=node.kind, text=node.text, outcome=shown, values=mine, children=children)
