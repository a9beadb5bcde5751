"""A user's project that uses the walks: config files, one plugin file, and passes through the real pipeline."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from hub.pipeline import run
from hub.project import Project
from hub.project.approving import approve
from hub.report import AudienceCount, RunReport, RunRequest, Step
from tests.support.walks.roster import ROSTERS, Roster

AUDIENCE = "customers"

_PLUGIN = Path(__file__).parent / "plugin.py"
_ROSTER = """
    [connection]
    connector = "walk_roster"
    account   = "${ACCOUNT}"

    [[source]]
"""
_TOOL = """
    [connection]
    connector = "%s"
    account   = "${ACCOUNT}"

    [[audience]]
    name    = "customers"
    segment = "customers"
    %s
"""


@dataclass
class WalkProject:
    """A project folder. `account` names the vendors' accounts, so that no two tests share one."""

    root: Path
    files: Mapping[str, str]
    account: str = field(default_factory=lambda: uuid4().hex)

    def __post_init__(self) -> None:
        (self.root / "config").mkdir()
        (self.root / "plugins").mkdir()
        (self.root / "plugins" / "walks.py").write_text(_PLUGIN.read_text(encoding="utf-8"), encoding="utf-8")
        env = self.root / ".env"
        env.write_text(f"ACCOUNT={self.account}\nSECRET=hush\n", encoding="utf-8")
        env.chmod(0o600)
        for name, text in self.files.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        """Write a config file."""
        (self.root / "config" / f"{name}.toml").write_text(text, encoding="utf-8")

    @contextmanager
    def opened(self) -> Iterator[Project]:
        """Open the project and close it again, whatever happens in between."""
        project = Project.open(self.root)
        try:
            yield project
        finally:
            project.close()

    def run(self, as_of: datetime | None = None, *, rebuild: bool = False, until: Step = "deliver") -> RunReport:
        """Make one pass, opening the project as a new process would."""
        request = RunRequest(as_of=as_of, rebuild=rebuild, until=until)
        with self.opened() as project:
            number = project.store.start_run("test", project.instant(as_of))
            return run(project, request, run_id=number, tell=lambda _: None, cancelled=lambda: False)

    def approve(self) -> None:
        """Say yes to the audience."""
        with self.opened() as project:
            approve(project, AUDIENCE, who="test")

    def deliver(self) -> AudienceCount:
        """Make one pass and return what became of the audience."""
        return self.run().audiences[0]

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the derived database."""
        with self.opened() as project:
            return project.engine.run(sql)


def audience_project(root: Path, connector: str, keys: str, people: int) -> tuple[WalkProject, Roster]:
    """Make a project with one approved audience of everybody on the roster; `keys` are further lines of its table."""
    files = {
        "roster": _ROSTER,
        "tool": _TOOL % (connector, keys),
        "identity": 'one_person = ["card"]\n',
        "segments": '[segment.customers]\nwhere = "first_name is not null"\n',
    }
    project = WalkProject(root, files)
    roster = ROSTERS[project.account]
    for number in range(1, people + 1):
        roster.add(number)
    project.approve()
    return project, roster


def addresses(*numbers: int) -> list[str]:
    """Return the addresses that the roster gives to people."""
    return sorted(f"person-{number}@shop.example" for number in numbers)
