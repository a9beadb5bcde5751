"""Which segments and stages there are, and how many people are in them."""

from pydantic import BaseModel

from hub.engine import Engine
from hub.project import Project


class SegmentRow(BaseModel):
    """A segment with its size now, and how many entered and left at the latest run that changed it."""

    name: str
    description: str
    size: int
    entered: int
    left: int
    split: dict[str, int]


class StageRow(BaseModel):
    """A lifecycle stage with its size and the advice that goes with it."""

    name: str
    size: int
    do: str


def segments(project: Project) -> list[SegmentRow]:
    """Return every configured segment, in the order of the file."""
    counted = _counts(project.engine.cursor(), "segment")
    return [
        SegmentRow(
            name=name, description=segment.description, split=segment.split,
            **dict(zip(("size", "entered", "left"), counted.get(name, (0, 0, 0)), strict=True)),
        )
        for name, segment in project.settings.segments.items()
    ]  # fmt: skip


def stages(project: Project) -> list[StageRow]:
    """Return every stage, in the order in which its rules are tried."""
    counted = _counts(project.engine.cursor(), "stage")
    return [
        StageRow(name=stage.name, size=counted.get(stage.name, (0, 0, 0))[0], do=project.compiled.described[stage.name])
        for stage in project.compiled.stages
    ]


def _counts(engine: Engine, kind: str) -> dict[str, tuple[int, int, int]]:
    rows = engine.run(
        """
        select name, count(*) filter (where left_at is null),
               count(*) filter (where entered_at = latest and left_at is null), count(*) filter (where left_at = latest)
        from memberships, (select max(greatest(entered_at, coalesce(left_at, entered_at))) as latest from memberships)
        where kind = ? group by name""",
        (kind,),
    )
    return {str(row[0]): (int(str(row[1])), int(str(row[2])), int(str(row[3]))) for row in rows}
