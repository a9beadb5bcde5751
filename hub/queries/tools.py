"""What each tool is believed to hold of a person."""

from pydantic import BaseModel

from hub.engine import Engine
from hub.project import Project


class ToolState(BaseModel):
    """Belief about one person in one audience's tool, with the code of the last refusal, if any."""

    connection: str
    audience: str
    state: str
    code: str = ""


def tools(project: Project, engine: Engine, profile_id: str, segment: str | None = None) -> list[ToolState]:
    """Return the state in every audience, or in those of one segment."""
    return []
