"""Why somebody is in a segment or not: each condition with that person's values, and what happened in each tool."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, Field

from hub.engine import Engine
from hub.flow.segment import with_helpers, with_segments
from hub.lang import Activity, Condition, Rule, explain
from hub.project import Project
from hub.project.ready import require_profiles
from hub.queries.find import find
from hub.queries.preview import plain
from hub.queries.tools import ToolState, tools
from hub.sdk.errors import ConfigError
from hub.sdk.records import Json
from hub.settings.values import duration_text


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
    relation = f"(select * from person where profile_id = '{profile_id}')"
    relation = with_segments(with_helpers(engine, relation, [rule]), [rule])
    joined = engine.run("select 1 from segment_members where segment = ? and profile_id = ?", (segment, profile_id))
    return Why(
        profile_id=profile_id, segment=segment, member=bool(joined), condition=_explained(engine, rule, relation),
        tools=tools(project, engine, profile_id, segment),
    )  # fmt: skip


def _explained(engine: Engine, rule: Rule, relation: str) -> Finding:
    """Evaluate every node of the rule's tree over the one row of `relation`."""
    tree = explain(rule)
    nodes = _flat(tree)
    traits = sorted({name for node in nodes for name in node.traits})
    counts = {each.column: _count_of(each) for each in rule.activities}
    columns = [f"({node.sql}) as _{place}" for place, node in enumerate(nodes)]
    columns += [f'"{name}"' for name in traits]
    columns += [f'coalesce("{column}", 0) as "{column}"' for column in counts]
    row = engine.arrow(f"select {', '.join(columns)} from ({relation})").to_pylist()[0]
    values = plain({name: row[name] for name in (*traits, *counts)})
    outcomes = iter([row[f"_{place}"] for place in range(len(nodes))])
    return _finding(tree, outcomes, values, counts)


def _count_of(activity: Activity) -> str:
    """The count behind `did()` and `count_of()`, in the words of the rule language."""
    within = f", within => '{duration_text(activity.within)}'" if activity.within else ""
    return f"count_of('{activity.event}'{within})"


def _flat(node: Condition) -> list[Condition]:
    """The tree in the order in which `_finding` walks it."""
    return [node, *(each for child in node.children for each in _flat(child))]


def _finding(
    node: Condition, outcomes: Iterator[object], values: dict[str, Json], counts: Mapping[str, str]
) -> Finding:
    outcome = next(outcomes)
    shown: Literal["true", "false", "unknown"] = "unknown" if outcome is None else "true" if outcome else "false"
    mine: dict[str, Json] = {}
    if node.kind == "leaf":
        mine = {name: values[name] for name in sorted(node.traits)}
        mine |= {text: values[column] for column, text in counts.items() if f'"{column}"' in node.sql}
    children = [_finding(child, outcomes, values, counts) for child in node.children]
    return Finding(kind=node.kind, text=node.text, outcome=shown, values=mine, children=children)
