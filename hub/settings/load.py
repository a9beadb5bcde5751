"""Load a project's `config/` folder: every file, every problem, one answer."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from hub.settings.check import Known, check
from hub.settings.connection import Connection, ConnectionFile, ConnectorModels, file_model
from hub.settings.explain import validate
from hub.settings.models import HubSettings, IdentitySettings, SegmentsFile, StagesFile, TraitsFile
from hub.settings.problems import ConfigErrors, Problem, listed, nearest
from hub.settings.project import ProjectSettings
from hub.settings.secrets import References
from hub.settings.toml import Document, read

FOLDER = "config"
RESERVED: Mapping[str, type[BaseModel]] = {
    "hub": HubSettings,
    "identity": IdentitySettings,
    "segments": SegmentsFile,
    "stages": StagesFile,
    "traits": TraitsFile,
}
_STEM = re.compile(r"[a-z][a-z0-9_-]*")
M = TypeVar("M", bound=BaseModel)


def load(
    project: Path,
    connectors: Mapping[str, ConnectorModels],
    env: Mapping[str, str] | None = None,
    *,
    broken: Mapping[str, str] | None = None,
) -> ProjectSettings:
    """Read and check everything in `<project>/config`.

    Args:
        project: The project's folder.
        connectors: What is installed, by the connector's name.
        env: Where `${NAME}` is looked up before `.env`; default is the environment.
        broken: Plugins that are disabled, with the reason, so that a file that needs one can say why.

    Raises:
        ConfigErrors: With everything that is wrong in any of the files.
    """
    loading = _Loading(connectors, broken or {}, References(project, env))
    loading.read(project)
    settings = loading.assemble(project)
    loading.problems.extend(check(settings, loading.known(settings.segments)))
    if loading.problems:
        raise ConfigErrors(loading.problems)
    return settings


@dataclass
class _Loading:
    """One load: what has been read so far, and what is wrong with it."""

    connectors: Mapping[str, ConnectorModels]
    broken: Mapping[str, str]
    references: References
    documents: dict[str, Document] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)

    def read(self, project: Path) -> None:
        """Parse every file of the folder."""
        folder = project / FOLDER
        if not folder.is_dir():
            raise ConfigErrors([Problem(FOLDER, None, "there is no such folder here. `hub init` makes one.")])
        for path in sorted(folder.glob("[!.]*.toml")):  # an editor's files begin with a dot
            document = read(path, f"{FOLDER}/{path.name}")
            if isinstance(document, Problem):
                self.failed.add(path.stem)
                self.problems.append(document)
            else:
                self.documents[path.stem] = document

    def known(self, segments: Collection[str]) -> Known:
        """Return the names that files may refer to, those of files with problems among them."""
        stems = {*self.documents, *self.failed} - RESERVED.keys()
        return Known(self.connectors, stems, None if "segments" in self.failed else segments)

    def assemble(self, project: Path) -> ProjectSettings:
        """Validate every document; what is wrong is in `problems` and stands at its default."""
        return ProjectSettings(
            project=project,
            hub=self._common("hub", HubSettings),
            identity=self._common("identity", IdentitySettings),
            segments=self._common("segments", SegmentsFile).segment,
            stages=self._common("stages", StagesFile).stage,
            traits=self._common("traits", TraitsFile).root,
            connections={one.name: one for one in self._connections()},
            warnings=tuple(self.references.warnings),
            documents=self.documents,
        )

    def _common(self, stem: str, model: type[M]) -> M:
        document = self.documents.get(stem)
        return (self._valid(document, model, stem) if document else None) or model.model_validate({})

    def _valid(self, document: Document, model: type[M], stem: str) -> M | None:
        found = validate(document, model, self.references, stem)
        if isinstance(found, model):
            return found
        self.failed.add(stem)
        self.problems.extend(found if isinstance(found, list) else [])
        return None

    def _connections(self) -> Iterator[Connection]:
        for stem, document in self.documents.items():
            if stem not in RESERVED and (models := self._models(stem, document)):
                connection = self._connection(stem, document, models)
                if connection:
                    yield connection

    def _connection(self, stem: str, document: Document, models: ConnectorModels) -> Connection | None:
        table = dict(_table(document.data.get("connection")))
        name = str(table.pop("connector"))
        absent = dict(_absent(document, name, models))
        self.problems.extend(absent.values())
        data = {key: value for key, value in document.data.items() if key not in absent}
        own = Document(document.name, {**data, "connection": table}, document.lines)
        valid: ConnectionFile | None = self._valid(own, file_model(models), stem)
        return Connection(stem, document.name, name, valid.connection, valid.source, valid.audience) if valid else None

    def _models(self, stem: str, document: Document) -> ConnectorModels | None:
        name = _table(document.data.get("connection")).get("connector")
        if not _STEM.fullmatch(stem):
            text = f'"{stem}" names the connection; use lower-case letters, digits, "_" and "-", a letter first.'
            self.problems.append(Problem(document.name, None, text))
        if isinstance(name, str) and name in self.connectors:
            return self.connectors[name]
        self.problems.append(document.problem(("connection", "connector"), self._unknown(stem, name)))
        return None

    def _unknown(self, stem: str, name: object) -> str:
        if not isinstance(name, str):
            return self._no_connector(stem)
        if name in self.broken:
            return f'connector "{name}" is disabled: {self.broken[name].rstrip(".")}.'
        hint = nearest(name, {*self.connectors, *self.broken})
        return f'unknown connector "{name}".{hint} {self._installed()}'

    def _no_connector(self, stem: str) -> str:
        hint = nearest(stem, RESERVED).replace('"?', '.toml"?') or f" {self._installed()}"
        return f'"connector" is missing in [connection]: which tool this is.{hint}'

    def _installed(self) -> str:
        disabled = f" Disabled: {listed(sorted(self.broken))}." if self.broken else ""
        return f"Installed: {listed(sorted(self.connectors))}.{disabled}"


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _absent(document: Document, connector: str, models: ConnectorModels) -> Iterator[tuple[str, Problem]]:
    for key, has, does in (("source", models.source_model, "reads"), ("audience", models.target_model, "delivers")):
        if key in document.data and has is None:
            text = f'connector "{connector}" {does} nothing. Remove [[{key}]].'
            yield key, document.problem((key,), text)
