"""Try a rule before it is written down: how many, who for example, and whom a missing value hides."""

from datetime import datetime

from pydantic import BaseModel, Field

from hub.flow.segment import with_helpers, with_segments
from hub.lang import Rule, compile_rule
from hub.project import Project
from hub.project.ready import require_profiles
from hub.queries.events import events, never_done
from hub.sdk.records import Json


class Empty(BaseModel):
    """A trait of the rule that is empty for some people who were therefore neither in nor out."""

    trait: str
    people: int


class Sampled(BaseModel):
    """A profile that the rule takes in, with the values that the rule reads."""

    profile_id: str
    values: dict[str, Json]


class Preview(BaseModel):
    """Size of a rule: `size` in, `unknown` undecided because of a missing value, of `people` (all profiles)."""

    rule: str
    size: int
    people: int
    unknown: int
    empty: list[Empty] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    sample: list[Sampled] = Field(default_factory=list)


def preview(project: Project, rule: str, *, sample: int = 10) -> Preview:
    """Evaluate a rule over everybody, at the instant of the last run.

    Raises:
        ConfigError: the rule does not compile.
    """
    engine = project.engine.cursor()
    require_profiles(engine)
    compiled = compile_rule(rule, project.compiled.catalogue, where="rule")
    people = f"({_people(project, compiled)})"
    empties = sorted(compiled.nullable)
    counts = ", ".join([
        "count(*)", "count(*) filter (where _in)", "count(*) filter (where _in is null)",
        *(f"count(*) filter (where _in is null and {name} is null)" for name in empties),
    ])  # fmt: skip
    total = [int(str(number)) for number in engine.run(f"select {counts} from {people}")[0]]
    empty = [Empty(trait=name, people=number) for name, number in zip(empties, total[3:], strict=True) if number]
    shown = ["profile_id", *sorted(compiled.traits - {"profile_id"})]
    rows = engine.run(f"select {', '.join(shown)} from {people} where _in order by profile_id limit {sample}")
    warnings = [*never_done(compiled, events(engine)), *_warnings(empty, total[0])]
    return Preview(
        rule=rule, size=total[1], people=total[0], unknown=total[2], empty=empty, warnings=warnings,
        sample=[Sampled(profile_id=str(row[0]), values=plain(dict(zip(shown, row, strict=True)))) for row in rows],
    )  # fmt: skip


def _people(project: Project, rule: Rule) -> str:
    relation = with_segments(with_helpers(project.engine.cursor(), "person", [rule]), [rule])
    return f"select *, ({rule.sql}) as _in from ({relation})"


def _warnings(empty: list[Empty], people: int) -> list[str]:
    return [
        f"{each.trait} is empty for {each.people:,} of {people:,} people: "
        f"they match neither this rule nor its opposite. Use coalesce({each.trait}, ...)."
        for each in empty
    ]


def plain(values: dict[str, object]) -> dict[str, Json]:
    """Turn SQL values into JSON ones: numbers stay, instants become text."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: object) -> Json:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    number = str(value)
    return float(number) if number.replace(".", "", 1).lstrip("-").isdigit() else number
