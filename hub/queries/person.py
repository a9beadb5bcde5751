"""Everything the hub knows about one person, and where it has it from."""

from pydantic import BaseModel, Field

from hub.engine import Engine
from hub.flow.profile import ATTRIBUTES, survivors
from hub.project import Project
from hub.project.ready import require_profiles
from hub.queries.find import find
from hub.queries.preview import plain
from hub.queries.tools import ToolState, tools
from hub.sdk.records import Json

_TIMELINE = 20


class Attribute(BaseModel):
    """A value with its origin: the connection and the record there that it was taken from."""

    name: str
    value: Json
    connection: str | None
    record: str | None


class Identifier(BaseModel):
    """A value that this person is recognised by; `linking` is False where it does not join records."""

    namespace: str
    value: str
    linking: bool


class Membership(BaseModel):
    """A segment or stage, and since when."""

    name: str
    since: str


class Consent(BaseModel):
    """What the person agreed to, after the strictest word has won."""

    channel: str
    purpose: str
    granted: bool


class Event(BaseModel):
    """One thing that happened."""

    occurred_at: str
    name: str
    value: float | None


class Person(BaseModel):
    """One profile."""

    profile_id: str
    known: bool
    stage: str | None
    attributes: list[Attribute] = Field(default_factory=list)
    identifiers: list[Identifier] = Field(default_factory=list)
    traits: dict[str, Json] = Field(default_factory=dict)
    segments: list[Membership] = Field(default_factory=list)
    stages: list[Membership] = Field(default_factory=list)
    consents: list[Consent] = Field(default_factory=list)
    timeline: list[Event] = Field(default_factory=list)
    tools: list[ToolState] = Field(default_factory=list)


def person(project: Project, key: str) -> Person:
    """Return the profile that KEY names; see `hub.queries.find.find`."""
    engine = project.engine.cursor()
    require_profiles(engine)
    profile_id = find(project, engine, key)
    row = _row(engine, f"select * from person where profile_id = '{profile_id}'")
    hidden = {*ATTRIBUTES, "profile_id", "known", "stage", "previous_stage", "as_of"}
    return Person(
        profile_id=profile_id,
        known=bool(row["known"]),
        stage=None if row["stage"] is None else str(row["stage"]),
        attributes=_attributes(project, engine, profile_id),
        identifiers=_identifiers(engine, profile_id),
        traits=plain({name: value for name, value in row.items() if name not in hidden and value is not None}),
        segments=_memberships(engine, profile_id, "segment"),
        stages=_memberships(engine, profile_id, "stage", also_past=True),
        consents=_consents(engine, profile_id),
        timeline=_timeline(engine, profile_id),
        tools=tools(project, engine, profile_id),
    )


def _row(engine: Engine, sql: str) -> dict[str, object]:
    rows = engine.arrow(sql).to_pylist()
    return dict(rows[0]) if rows else {}


def _attributes(project: Project, engine: Engine, profile_id: str) -> list[Attribute]:
    records = f"people where profile_id = '{profile_id}'"
    row = _row(engine, survivors(project.profile_rules, records, provenance=True))
    return [
        Attribute(
            name=name,
            value=plain({name: row[name]})[name],
            connection=str(row[f"{name}__connection"]),
            record=str(row[f"{name}__record"]),
        )
        for name in ATTRIBUTES
        if row and row[name] is not None
    ]


def _identifiers(engine: Engine, profile_id: str) -> list[Identifier]:
    rows = engine.run(
        """
        select i.namespace, i.value, s.value is null from identifiers i
        left join suspended s on s.namespace = i.namespace and s.value = i.value
        where i.profile_id = ? order by i.namespace, i.rank""",
        (profile_id,),
    )
    return [Identifier(namespace=str(row[0]), value=str(row[1]), linking=bool(row[2])) for row in rows]


def _memberships(engine: Engine, profile_id: str, kind: str, *, also_past: bool = False) -> list[Membership]:
    rows = engine.run(
        "select name, entered_at from memberships where profile_id = ? and kind = ? and (left_at is null or ?)"
        " order by entered_at, name",
        (profile_id, kind, also_past),
    )
    return [Membership(name=str(row[0]), since=str(row[1])) for row in rows]


def _consents(engine: Engine, profile_id: str) -> list[Consent]:
    rows = engine.run(
        "select channel, purpose, granted from consent where profile_id = ? order by channel, purpose", (profile_id,)
    )
    return [Consent(channel=str(row[0]), purpose=str(row[1]), granted=bool(row[2])) for row in rows]


def _timeline(engine: Engine, profile_id: str) -> list[Event]:
    rows = engine.run(
        "select occurred_at, name, value from activity where profile_id = ? order by occurred_at desc, name limit ?",
        (profile_id, _TIMELINE),
    )
    return [
        Event(occurred_at=str(row[0]), name=str(row[1]), value=None if row[2] is None else float(str(row[2])))
        for row in rows
    ]
