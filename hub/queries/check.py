"""Is every tool reachable, as whom, and what is missing."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Literal

from pydantic import BaseModel

from hub.project import Project
from hub.project.jobs import make_jobs
from hub.queries.events import events, never_done
from hub.sdk.errors import ConfigError, HubError
from hub.sdk.records import Fact
from hub.sdk.redact import redact
from hub.sdk.settings import SourceSettings
from hub.settings import Connection


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
    facts += [FactRow(level="warning", text=text) for text in (*project.settings.warnings, *_never_happened(project))]
    facts += _asked(lambda: _no_facts(make_jobs(project)), "")
    facts += [FactRow(level="warning", text=f"disabled: {broken}") for broken in project.plugins.broken]
    return ConnectionCheck(connection="hub", facts=facts)


def _no_facts(_: object) -> tuple[Fact, ...]:
    return ()


def _never_happened(project: Project) -> list[str]:
    """Events that the project's own rules ask for and that nobody ever did: misspelt, or a source is missing."""
    known = events(project.engine.cursor())
    rules = {f"segment {name}": rule for name, rule in project.compiled.rules.items()}
    if project.settings.stages:
        rules |= {f"stage {stage.name}": stage.rule for stage in project.compiled.stages}
    return [f"{name}: {text}" for name, rule in rules.items() for text in never_done(rule, known) if known]


def _of_connection(project: Project, name: str) -> ConnectionCheck:
    connection = project.settings.connections[name]
    facts: list[FactRow] = []
    for entry in connection.sources:
        facts += _asked(partial(_check_source, project, connection, entry), entry.stream)
    if connection.audiences:
        facts += _asked(lambda: project.destination(connection).check(), "")
    if not facts:
        facts.append(FactRow(level="warning", text="has neither [[source]] nor [[audience]]: it does nothing"))
    return ConnectionCheck(connection=name, facts=facts)


def _check_source(project: Project, connection: Connection, entry: SourceSettings) -> Iterable[Fact]:
    return project.source(connection, entry).check()


def _asked(ask: Callable[[], Iterable[Fact]], stream: str) -> list[FactRow]:
    """What a connector says; a failure of it is a finding too."""
    prefix = f"{stream}: " if stream else ""
    try:
        return [FactRow(level=fact.level, text=f"{prefix}{redact(fact.text)}") for fact in ask()]
    except HubError as error:
        return [FactRow(level="error", text=f"{prefix}{redact(str(error))}")]
    except Exception as error:  # noqa: BLE001 - a connector may raise anything; the others are still to be asked
        text = f"{prefix}the check itself failed with {type(error).__name__}: a mistake in the connector."
        return [FactRow(level="error", text=text)]
