"""A user's project that uses the walks: config files, one plugin file, and passes through the real pipeline."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from hub.pipeline import run
from hub.project import Project
from hub.report import RunReport, RunRequest, Step

_PLUGIN = Path(__file__).parent / "plugin.py"


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

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the derived database."""
        with self.opened() as project:
            return project.engine.run(sql)
