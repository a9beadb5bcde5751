"""Checks across files: names that must exist elsewhere, and names that must exist once."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from hub.sdk.connector import ANY_ADDRESS
from hub.sdk.settings import AudienceSettings
from hub.settings.connection import Connection, ConnectorModels
from hub.settings.problems import Problem, listed, nearest
from hub.settings.project import ProjectSettings
from hub.settings.toml import Loc

Report = Callable[[Loc, str], Problem]


@dataclass(frozen=True, slots=True)
class Known:
    """Names that files may refer to; `segments` is None when the segments themselves could not be read."""

    connectors: Mapping[str, ConnectorModels]
    connections: Collection[str]
    segments: Collection[str] | None


def check(settings: ProjectSettings, known: Known) -> Iterator[Problem]:
    """Yield what does not fit together."""
    yield from _hub(settings, known)
    yield from _identity(settings, known)
    yield from _stages(settings)
    first: dict[str, str] = {}
    for connection in settings.connections.values():
        document = settings.documents[connection.name]
        yield from _sources(connection, known.connectors[connection.connector], document.problem)
        for at, audience in enumerate(connection.audiences):
            yield from _audience(audience, ("audience", at), known, document.problem)
            yield from _addresses(audience, ("audience", at), connection, known, document.problem)
            yield from _once(audience, ("audience", at), first, document.problem)
            first.setdefault(audience.name, settings.where(connection.name, "audience", at, "name"))


def _unknown(
    kind: str, names: Iterable[str], known: Collection[str] | None, hint: str = ""
) -> Iterator[tuple[int, str]]:
    for at, name in enumerate(names):
        if known is not None and name not in known:
            yield at, f'unknown {kind} "{name}".{nearest(name, known) or hint or f" Known: {listed(sorted(known))}."}'


def _hub(settings: ProjectSettings, known: Known) -> Iterator[Problem]:
    if "hub" not in settings.documents:
        return
    document = settings.documents["hub"]
    for at, text in _unknown("segment", settings.hub.limits.never, known.segments):
        yield document.problem(("limits", "never", at), text)
    for channel, connections in settings.hub.consent.items():
        for at, text in _unknown("connection", connections, known.connections):
            yield document.problem(("consent", channel, at), text)


def _identity(settings: ProjectSettings, known: Known) -> Iterator[Problem]:
    for attribute, connections in settings.identity.prefer.items():
        for at, text in _unknown("connection", connections, known.connections):
            yield settings.documents["identity"].problem(("prefer", attribute, at), text)


def _stages(settings: ProjectSettings) -> Iterator[Problem]:
    names = [stage.name for stage in settings.stages]
    for at, name in enumerate(names):
        if name in names[:at]:
            yield settings.documents["stages"].problem(("stage", at, "name"), f'stage "{name}" is there already.')


def _sources(connection: Connection, models: ConnectorModels, report: Report) -> Iterator[Problem]:
    for at, source in enumerate(connection.sources):
        for _, text in _unknown("stream", [source.stream], ("all", *models.streams)):
            yield report(("source", at, "stream"), f"{text} {connection.connector} has {listed(models.streams)}.")


def _audience(audience: AudienceSettings, loc: Loc, known: Known, report: Report) -> Iterator[Problem]:
    for _, text in _unknown("segment", [audience.segment], known.segments):
        yield report((*loc, "segment"), text)
    for at, text in _unknown("segment", audience.exclude, known.segments):
        yield report((*loc, "exclude", at), text)


def _addresses(
    audience: AudienceSettings, loc: Loc, connection: Connection, known: Known, report: Report
) -> Iterator[Problem]:
    allowed = known.connectors[connection.connector].address_by
    known_names = None if not allowed or ANY_ADDRESS in allowed else allowed
    for at, text in _unknown("address", audience.match_on, known_names):
        yield report((*loc, "match_on", at), text)


def _once(audience: AudienceSettings, loc: Loc, first: Mapping[str, str], report: Report) -> Iterator[Problem]:
    if audience.name in first:
        text = (
            f'audience "{audience.name}" is there already, in {first[audience.name]}. Names are unique over all files.'
        )
        yield report((*loc, "name"), text)
