"""Read the sources of a project: all `[[source]]` entries side by side, each on its own account."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

from hub.engine import Engine
from hub.engine.schema import set_state
from hub.flow.extract import Reader, extract, made, streams_of
from hub.flow.land import Counts, Place, land_page
from hub.flow.unpack import unpack
from hub.lake import spool
from hub.project import Project
from hub.report import Progress, RunReport, RunRequest
from hub.sdk.errors import ConfigError, HubError
from hub.sdk.records import Page
from hub.sdk.settings import SourceSettings
from hub.settings import Connection
from hub.store.errors import StoreError

_FEW = 20  # a source with fewer records than this may lose all of them without being doubted
_DOUBT = "doubt:"  # before connection and source: what the derived database remembers of a read that is doubted
_FAILED = "failed:"  # the same for a read that did not come to its end


def read_sources(
    project: Project,
    request: RunRequest,
    run_id: int,
    report: RunReport,
    counts: dict[tuple[str, str], Counts],
    tell: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> None:
    """Read every wanted entry into the landing log, side by side; one that fails is reported, and the others go on."""
    _forget_gone(project)
    readings = list[Reading]()
    for connection, key, entry in entries(project, request.source):
        tally = counts.setdefault((connection.name, key), Counts())
        if request.reread:
            project.store.reset_cursor(connection.name, key)
        try:
            reading = Reading(project, connection, key, entry, run_id, tally, tell)
            reading.land_pushed()
            readings.append(reading)
        except StoreError:
            raise
        except HubError as error:
            _note_failure(project, report, connection.name, key, error)
    extract([reading.reader for reading in readings], cancelled)
    for reading in readings:
        reading.note_end(report)
    _spend_approvals(project, {reading.connection for reading in readings if reading.completed})


def _forget_gone(project: Project) -> None:
    """Entries that are no longer in the config are not doubted any more: nobody could ever clear them up."""
    here = [f"{prefix}{one.name}/{key}" for one, key, _ in entries(project, None) for prefix in (_DOUBT, _FAILED)]
    listed = ", ".join("?" for _ in here) or "''"
    ours = f"(starts_with(name, '{_DOUBT}') or starts_with(name, '{_FAILED}'))"
    project.engine.run(f"delete from state where {ours} and name not in ({listed})", here)


def _note_failure(project: Project, report: RunReport, connection: str, key: str, error: HubError) -> None:
    """Remember until the next read that comes to its end: who is judged by half of the news must not be removed."""
    report.failures.append(f"{connection}: {error}")
    set_state(project.engine, f"{_FAILED}{connection}/{key}", f"{connection}: {key} could not be read to the end")


def _spend_approvals(project: Project, completed: set[str]) -> None:
    """One approval is good for one read of a connection, all of its entries."""
    for name in sorted(completed):
        if project.store.approval("source", name) is not None:
            project.store.revoke("source", name, who="used by a read")


def doubts(engine: Engine) -> list[str]:
    """Return which reads failed or are not believed to be complete; until they are, nobody is removed."""
    ours = "starts_with(name, ?) or starts_with(name, ?)"
    rows = engine.run(f"select value from state where {ours} order by name", (_DOUBT, _FAILED))
    return [str(row[0]) for row in rows]


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
    """One pass over one `[[source]]` entry. `completed`: it ended as a full read that saw everything."""

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
        self._project, self._entry, self._counts, self._tell = project, entry, counts, tell
        self._source = made(connection.connector, lambda: project.source(connection, entry))
        self.completed = False
        self.connection = connection.name
        self.reader = Reader(self._source, project.store.cursor(connection.name, key), self._land)
        shop = project.settings.hub.shop
        self._place = Place(
            tuple(streams_of(self._source, entry.stream)),
            connection.name, key, uuid4().hex, run_id, shop.currency, shop.country,
        )  # fmt: skip

    def land_pushed(self) -> None:
        """Land the events that were pushed since the last time; a file of them goes once it is committed."""
        place, box, seen = self._place, self._project.spool, set[str]()
        for path in box.sealed(place.connection, place.source):
            damaged = list[bytes]()
            for page in unpack(self._source, place.streams, spool.read(path, seen, damaged)):
                self._land_rows(page)
            kept = box.remove(place.connection, place.source, path, damaged)
            if kept is not None:
                where = kept.relative_to(self._project.root)
                told = f"{len(damaged):,} pushed events are damaged on the disk and were not landed; kept in {where}."
                self._counts.warnings.append(told)

    def note_end(self, report: RunReport) -> None:
        """Report how the read ended; one that was cancelled leaves open what was open before."""
        place, counts = self._place, self._counts
        if self.reader.error is not None:
            _note_failure(self._project, report, place.connection, place.source, self.reader.error)
        elif self.reader.ended:
            name = f"{_FAILED}{place.connection}/{place.source}"
            self._project.engine.run("delete from state where name = ?", (name,))
        report.concerns += [f"{place.connection}: {warning}" for warning in counts.warnings]
        report.warnings += [
            f"{place.connection}: {count:,} values given as {namespace} cannot be one; they were left out."
            for namespace, count in counts.dropped.items()
        ]

    def _land(self, page: Page) -> None:
        if not page.complete:
            self._land_rows(page)
            return
        self._land_rows(replace(page, complete=False, cursor=None, warnings=()))
        self._land_end(Page(cursor=page.cursor, complete=True, warnings=page.warnings))

    def _land_rows(self, page: Page) -> None:
        land_page(page, self._place, self._project.landing, self._project.store, self._counts)
        done = sum(self._counts.read.values())
        what = f"{self._place.connection}/{self._entry.stream}"
        self._tell(Progress(step="extract", what=what, done=done, message=f"{done:,} rows"))

    def _land_end(self, page: Page) -> None:
        """Land the end of a full read, once all of its rows are there to be counted."""
        refused = sum(self._counts.quarantined.values())
        doubt = "" if self._is_approved() else self._doubt()
        if doubt:
            page = replace(page, complete=False, cursor=None, warnings=[*page.warnings, doubt])
        elif refused:
            lost = f"{refused:,} rows are in quarantine, so records that are missing were not taken for deleted."
            page = replace(page, complete=False, warnings=[*page.warnings, lost])
        land_page(page, self._place, self._project.landing, self._project.store, self._counts)
        self._remember(doubt)
        self.completed = page.complete

    def _is_approved(self) -> bool:
        return self._project.store.approval("source", self._place.connection) is not None

    def _doubt(self) -> str:
        """A full read that brings less than half of what is known is not believed without a person's word."""
        landed = [file for file in self._project.store.files() if file.read_id == self._place.read]
        for stream in self._place.streams:
            brought, known = sum(file.rows for file in landed if file.stream == stream), self._known(stream)
            if known >= _FEW and brought * 2 < known:
                return (
                    f"{stream}: {brought:,} records where {known:,} are known. Treated as incomplete: "
                    f"nobody is removed. If true: hub approve {self._place.connection}"
                )
        return ""

    def _known(self, stream: str) -> int:
        rows = self._project.engine.cursor().run(
            f"select count(*) from current_{stream} where _connection = ? and _source = ? and not _deleted",
            (self._place.connection, self._place.source),
        )
        return int(str(rows[0][0]))

    def _remember(self, doubt: str) -> None:
        """A doubted read starts over next time, since an approval must find something to read."""
        place, engine = self._place, self._project.engine
        name = f"{_DOUBT}{place.connection}/{place.source}"
        if doubt:
            self._project.store.reset_cursor(place.connection, place.source)
            set_state(engine, name, f"{place.connection}: {doubt}")
        else:
            engine.run("delete from state where name = ?", (name,))
