"""Read the sources of a project: one `[[source]]` entry after the other, each on its own account."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

from hub.flow.extract import extract, streams_of
from hub.flow.land import Counts, Place, land_page
from hub.project import Project
from hub.report import Progress, RunReport, RunRequest
from hub.sdk.errors import ConfigError, HubError
from hub.sdk.records import Page
from hub.sdk.settings import SourceSettings
from hub.settings import Connection

_FEW = 20  # a source with fewer records than this may lose all of them without being doubted


def read_sources(
    project: Project,
    request: RunRequest,
    run_id: int,
    report: RunReport,
    counts: dict[tuple[str, str], Counts],
    tell: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> None:
    """Read every wanted entry into the landing log; a source that fails is reported, and the others go on."""
    for connection, key, entry in entries(project, request.source):
        if cancelled():
            return
        tally = counts.setdefault((connection.name, key), Counts())
        reading = Reading(project, connection, key, entry, run_id, tally, tell)
        try:
            reading.read(cancelled)
        except HubError as error:
            report.failures.append(f"{connection.name}: {error}")
        report.concerns += [f"{connection.name}: {warning}" for warning in tally.warnings]
        report.warnings += [
            f"{connection.name}: {count:,} values of {namespace} cannot be one and were left out."
            for namespace, count in tally.dropped.items()
        ]


def entries(project: Project, only: str | None) -> Iterator[tuple[Connection, str, SourceSettings]]:
    """Yield connection, key and settings of each `[[source]]`; the key is the stream, numbered where it repeats.

    Raises:
        ConfigError: `only` names no connection with sources.
    """
    names = [name for name, connection in project.settings.connections.items() if connection.sources]
    if only is not None and only not in names:
        raise ConfigError(f'no source "{only}".', hint=f"Sources: {', '.join(sorted(names)) or 'none'}.")
    for name in sorted(names):
        if only in (None, name):
            connection, seen = project.settings.connections[name], dict[str, int]()
            for entry in connection.sources:
                seen[entry.stream] = number = seen.get(entry.stream, 0) + 1
                yield connection, entry.stream if number == 1 else f"{entry.stream}-{number}", entry


class Reading:
    """One pass over one `[[source]]` entry."""

    def __init__(
        self,
        project: Project,
        connection: Connection,
        key: str,
        entry: SourceSettings,
        run_id: int,
        counts: Counts,
        tell: Callable[[Progress], None],
    ) -> None:
        self._project, self._connection, self._entry, self._counts, self._tell = (
            project,
            connection,
            entry,
            counts,
            tell,
        )
        self._source = project.source(connection, entry)
        shop = project.settings.hub.shop
        self._place = Place(
            tuple(streams_of(self._source, entry.stream)),
            connection.name, key, uuid4().hex, run_id, shop.currency, shop.country,
        )  # fmt: skip

    def read(self, cancelled: Callable[[], bool]) -> int:
        """Read to the end; return the source rows. Raises what the source raises."""
        since = self._project.store.cursor(self._place.connection, self._place.source)
        return extract(self._source, self._entry.stream, since, self._land, cancelled)

    def _land(self, page: Page) -> int:
        page = self._doubt(page) if page.complete else page
        rows = land_page(page, self._place, self._project.landing, self._project.store, self._counts)
        done = sum(self._counts.read.values())
        what = f"{self._place.connection}/{self._entry.stream}"
        self._tell(Progress(step="extract", what=what, done=done, message=f"{done:,} rows"))
        return rows

    def _doubt(self, page: Page) -> Page:
        """A complete read that brings less than half of what is known is not believed without a person's word."""
        for stream in self._place.streams:
            known = self._known(stream)
            brought = self._counts.landed.get(stream, 0) + (len(page.rows[stream]) if stream in page.rows else 0)
            if known >= _FEW and brought * 2 < known and not self._allowed():
                name = self._place.connection
                doubt = (
                    f"{stream}: {brought:,} rows where {known:,} are known. Treated as incomplete: "
                    f"nobody is removed. If true: hub approve {name}"
                )
                return replace(page, complete=False, warnings=[*page.warnings, doubt])
        return page

    def _known(self, stream: str) -> int:
        rows = self._project.engine.cursor().run(
            f"select count(*) from current_{stream} where _connection = ? and _source = ? and not _deleted",
            (self._place.connection, self._place.source),
        )
        return int(str(rows[0][0]))

    def _allowed(self) -> bool:
        """One approval is good for one read."""
        name = self._place.connection
        if self._project.store.approval("source", name) is None:
            return False
        self._project.store.revoke("source", name, who="used by a read")
        return True
