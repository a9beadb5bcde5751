"""Is every tool reachable, as whom, and what is missing."""

from collections.abc import Callable, Iterable
from typing import Literal

from pydantic import BaseModel

from hub.project import Project
from hub.sdk.errors import ConfigError, HubError
from hub.sdk.records import Fact


class FactRow(BaseModel):
    """One finding."""

    level: Literal["ok", "warning", "error"]
    text: str


class ConnectionCheck(BaseModel):
    """The findings of one connection; `hub` stands for the project itself."""

    connection: str
    facts: list[FactRow]


def check(project: Project, connection: str | None = None) -> list[ConnectionCheck]:
    """Ask every source and destination, or those of one connection. Makes real, cheap calls.

    Raises:
        ConfigError: there is no such connection.
    """
    known = project.settings.connections
    if connection is not None and connection not in known:
        raise ConfigError(f'no connection "{connection}".', hint=f"Connections: {', '.join(sorted(known)) or 'none'}.")
    found = [_of_connection(project, name) for name in sorted(known) if connection in (None, name)]
    return found if connection else [_of_project(project), *found]


def _of_project(project: Project) -> ConnectionCheck:
    rules, stages = len(project.compiled.rules), len(project.compiled.stages)
    facts = [FactRow(level="ok", text=f"config is valid: {rules} segments, {stages} stages, every rule compiles")]
    facts += [FactRow(level="warning", text=text) for text in project.settings.warnings]
    facts += [FactRow(level="warning", text=f"disabled: {broken}") for broken in project.plugins.broken]
    return ConnectionCheck(connection="hub", facts=facts)


def _of_connection(project: Project, name: str) -> ConnectionCheck:
    connection = project.settings.connections[name]
    facts: list[FactRow] = []
    for entry in connection.sources:
        facts += _asked(project.source(connection, entry).check, entry.stream)
    if connection.audiences:
        facts += _asked(project.destination(connection).check, "")
    if not facts:
        facts.append(FactRow(level="warning", text="has neither [[source]] nor [[audience]]: it does nothing"))
    return ConnectionCheck(connection=name, facts=facts)


def _asked(ask: Callable[[], Iterable[Fact]], stream: str) -> list[FactRow]:
    """What a connector says; a failure of it is a finding too."""
    prefix = f"{stream}: " if stream else ""
    try:
        return [FactRow(level=fact.level, text=f"{prefix}{fact.text}") for fact in ask()]
    except HubError as error:
        return [FactRow(level="error", text=f"{prefix}{error}")]
