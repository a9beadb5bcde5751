"""A whole project in a temporary folder, driven as the daemon drives it: written, opened, run, asked, closed."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.engine.base import Value
from hub.pipeline import run
from hub.project import Project
from hub.queries.quarantine import QuarantineRow, quarantine
from hub.report import Progress, RunReport, RunRequest, Step, StreamCount

NOW = datetime(2026, 3, 1)  # noqa: DTZ001 - naive means the shop's time zone, which is UTC here

HUB = '[shop]\ntimezone = "UTC"\ncurrency = "EUR"\ncountry = "DE"\n'
IDENTITY = 'one_person = ["customer"]\nshared = ["email", "phone"]\n'
PEOPLE = """
[connection]
connector = "csv"
root = "input"

[[source]]
stream = "people"
files = "people.csv"
columns = { record_id = "id", first_name = "name", birthday = "birthday", country = "country", street = "street" }
identifiers = { customer = "id", email = "email", phone = "phone" }
"""
HEADER = "id,name,birthday,country,street,email,phone"


@dataclass(frozen=True)
class Shop:
    """A project below `root`. Paths of files are relative to `input/`, names of config files to `config/`."""

    root: Path

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write input files, each with a time of its own: a change within one tick of the clock must be seen."""
        self._write("input", files)

    def configure(self, files: Mapping[str, str]) -> None:
        """Write config files; names without `.toml`."""
        self._write("config", {f"{name}.toml": text for name, text in files.items()})

    def _write(self, folder: str, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            later = path.stat().st_mtime_ns + 1_000_000 if path.exists() else None
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            if later is not None:
                os.utime(path, ns=(later, max(later, path.stat().st_mtime_ns)))

    @contextmanager
    def open(self) -> Iterator[Project]:
        """Open the project for a while."""
        project = Project.open(self.root)
        try:
            yield project
        finally:
            project.close()

    def run(self, until: Step = "segment", *, as_of: datetime = NOW, **wishes: object) -> RunReport:
        """Open, make one run, close; progress is thrown away."""
        with self.open() as project:
            return run_once(project, RunRequest.model_validate({"until": until, "as_of": as_of, **wishes}))

    def ask(self, sql: str) -> list[tuple[Value, ...]]:
        """Open the project and put a question to its derived database."""
        with self.open() as project:
            return project.engine.run(sql)

    def quarantine(self) -> list[QuarantineRow]:
        """Return what is in quarantine, by file and line."""
        with self.open() as project:
            rows = quarantine(project, limit=1_000_000)
        return sorted(rows, key=lambda row: (row.file or "", row.line or 0))


def run_once(project: Project, request: RunRequest, said: list[Progress] | None = None) -> RunReport:
    """Make one run of an open project; what it says on the way is added to `said`."""
    tell = (lambda _: None) if said is None else said.append
    run_id = project.store.start_run("run", project.instant(request.as_of), request.model_dump(mode="json"))
    return run(project, request, run_id=run_id, tell=tell, cancelled=lambda: False)


def people_shop(root: Path, lines: Sequence[str] = (), **more: str) -> Shop:
    """A shop whose people are `lines` of one CSV file under `HEADER`; `more` are further config files."""
    shop = Shop(root)
    shop.configure({"hub": HUB, "identity": IDENTITY, "crm": PEOPLE, **more})
    shop.write({"people.csv": "\n".join([HEADER, *lines, ""])})
    return shop


def person(number: int, **cells: str) -> str:
    """One line of the file of people."""
    row = {
        "id": str(number),
        "name": f"Name{number}",
        "birthday": "1980-05-17",
        "country": "DE",
        "street": f"Street {number}",
        "email": f"person{number}@example.com",
        "phone": "",
    } | cells
    return ",".join(row[name] for name in HEADER.split(","))


def reconciles(streams: Sequence[StreamCount]) -> bool:
    """Whether every row that was read has landed or is in quarantine."""
    return all(stream.read == stream.landed + stream.quarantined for stream in streams)


def counts(report: RunReport) -> list[tuple[int, int, int]]:
    """Read, landed and quarantined of every stream of a report."""
    return [(stream.read, stream.landed, stream.quarantined) for stream in report.streams]
