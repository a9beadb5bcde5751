"""Load plugins one by one: a broken one is reported and disabled, and the others do not notice.

Plugins come from entry points of the group `hub` and from single files in the project's `plugins/` folder. Each has a
plugin manager of its own while it is loaded, so that an exception or a misspelt hook is the fault of exactly one.

What a broken plugin means for a command: an installed package that fails is disabled and listed by `hub plugins`, and a
config file that needs its connector is refused with the reason. Two faults would change in silence who is in a segment,
so they stop every command that moves data (`Plugins.require_whole`): a misspelt hook in any plugin, and anything wrong
with the project's own files.
"""

import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

import pluggy

from hub.registry.declarations import MEANING, Contribution, missing, wrong
from hub.sdk import hookspecs
from hub.sdk.connector import Destination, Source
from hub.sdk.errors import BrokenPlugin
from hub.sdk.redact import redact
from hub.sdk.sandbox import Sandbox
from hub.sdk.traits import Stage, Trait
from hub.settings import ConnectorModels
from hub.settings.problems import listed, nearest

GROUP = "hub"
FOLDER = "plugins"
_HOOKS = ("hub_sources", "hub_destinations", "hub_sandboxes", "hub_traits", "hub_stages")
_NO_CAPABILITY = re.compile(r"Capabilities\.__init__\(\) missing .*: (.*)")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plugin that works. `where` is its distribution and version, or its file."""

    name: str
    where: str
    contribution: Contribution


@dataclass(frozen=True, slots=True)
class Broken:
    """A plugin that is disabled. `stops`: commands that move data must not run until it is mended."""

    name: str
    where: str
    reason: str
    stops: bool

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Plugins:
    """What is installed. Connectors and sandboxes by name; traits and stages in the order of loading."""

    loaded: tuple[Loaded, ...] = ()
    broken: tuple[Broken, ...] = ()
    sources: Mapping[str, type[Source]] = field(default_factory=dict)  # type: ignore[type-arg]
    destinations: Mapping[str, type[Destination]] = field(default_factory=dict)  # type: ignore[type-arg]
    sandboxes: Mapping[str, type[Sandbox]] = field(default_factory=dict)
    traits: tuple[Trait, ...] = ()
    stages: tuple[Stage, ...] = ()

    def connectors(self) -> Mapping[str, ConnectorModels]:
        """Return what `hub.settings.load` needs to know of each connector, by name."""
        return {name: self._models(name) for name in sorted({*self.sources, *self.destinations})}

    def _models(self, name: str) -> ConnectorModels:
        source, destination = self.sources.get(name), self.destinations.get(name)
        either = source or destination
        return ConnectorModels(
            settings_model=either.settings_model,  # type: ignore[union-attr]  # the name came from one of them
            source_model=source.source_model if source else None,
            target_model=destination.target_model if destination else None,
            streams=source.streams if source else (),
            address_by=destination.capabilities.address_by if destination else (),
        )

    def reasons(self) -> Mapping[str, str]:
        """Return why plugins are disabled, by name, for `hub.settings.load(..., broken=...)`."""
        return {broken.name: broken.reason for broken in self.broken}

    def require_whole(self) -> None:
        """Refuse to go on when a broken plugin would change the outcome in silence.

        Raises:
            BrokenPlugin: A hook is misspelt somewhere, or a file in the project's `plugins/` does not work.
        """
        stopping = [str(broken) for broken in self.broken if broken.stops]
        if stopping:
            raise BrokenPlugin("\n".join(stopping), hint="Nothing was run.")


class _Misspelt(BrokenPlugin):
    """A hook that the contract does not have: the plugin would do nothing and nobody would see it."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    where: str
    own: bool
    load: Callable[[], object]


def load_plugins(folder: Path | None) -> Plugins:
    """Load every installed plugin and the single files in `folder`, the project's `plugins/` (None: only installed).

    Never fails because of a plugin; see `Plugins.broken`.
    """
    loaded: list[Loaded] = []
    broken: list[Broken] = []
    owners: dict[tuple[str, str], str] = {}
    for candidate in (*_installed(), *_files(folder)):
        try:
            contribution = _open(candidate)
            _claim(owners, candidate, contribution)
            loaded.append(Loaded(candidate.name, candidate.where, contribution))
        except BrokenPlugin as error:
            stops = candidate.own or isinstance(error, _Misspelt)
            broken.append(Broken(candidate.name, candidate.where, str(error), stops))
    return _joined(loaded, broken)


def _joined(loaded: list[Loaded], broken: list[Broken]) -> Plugins:
    all_of = [plugin.contribution for plugin in loaded]
    return Plugins(
        loaded=tuple(loaded),
        broken=tuple(broken),
        sources={source.name: source for one in all_of for source in one.sources},
        destinations={destination.name: destination for one in all_of for destination in one.destinations},
        sandboxes={sandbox.name: sandbox for one in all_of for sandbox in one.sandboxes},
        traits=tuple(trait for one in all_of for trait in one.traits),
        stages=tuple(stage for one in all_of for stage in one.stages),
    )


def _installed() -> Iterator[_Candidate]:
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        yield _Candidate(entry.name, _distribution(entry), own=False, load=entry.load)


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}, {entry.value}" if entry.dist else entry.value


def _files(folder: Path | None) -> Iterator[_Candidate]:
    """Yield the project's files; tests and files that begin with an underscore are no plugins."""
    for path in sorted(folder.glob("*.py")) if folder else ():
        if not path.name.startswith(("_", "test_", "conftest")):
            yield _Candidate(path.stem, f"{FOLDER}/{path.name}", own=True, load=lambda path=path: _load_file(path))  # type: ignore[misc]


def _load_file(path: Path) -> ModuleType:
    """Import a file under a name that no other project's file of the same name has."""
    digest = blake2b(str(path.resolve()).encode(), digest_size=6).hexdigest()
    name = f"_hub_plugin_{digest}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BrokenPlugin("cannot be imported as Python.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pydantic look annotations up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _open(candidate: _Candidate) -> Contribution:
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    plugin = _guarded(candidate.load)
    _register(manager, plugin)
    contribution = Contribution(*(_guarded(lambda hook=hook: _result(manager, hook)) for hook in _HOOKS))  # type: ignore[misc,arg-type]
    faults = list(wrong(contribution))
    if faults:
        raise BrokenPlugin(" ".join(faults))
    return contribution


def _register(manager: pluggy.PluginManager, plugin: object) -> None:
    try:
        manager.register(plugin)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        unknown = [call.name for call in manager.get_hookcallers(plugin) or () if not call.has_spec()]
        if unknown:
            raise _Misspelt(f'unknown hook "{unknown[0]}".{_hint(unknown[0])}') from None
        raise BrokenPlugin(str(error).strip().splitlines()[-1]) from None
    unmarked = [name for name in _HOOKS if _is_unmarked(manager, plugin, name)]
    if unmarked:
        raise _Misspelt(f"{unmarked[0]} is not marked. Write @hookimpl above it, from hub.sdk.hookspecs.")
    if not manager.get_hookcallers(plugin):
        raise BrokenPlugin(f"implements no hook. Known hooks: {listed(_HOOKS)}.")


def _hint(hook: str) -> str:
    return nearest(hook, _HOOKS) or f" Known hooks: {listed(_HOOKS)}."


def _is_unmarked(manager: pluggy.PluginManager, plugin: object, name: str) -> bool:
    return inspect.isfunction(getattr(plugin, name, None)) and manager.parse_hookimpl_opts(plugin, name) is None


def _result(manager: pluggy.PluginManager, hook: str) -> tuple[object, ...]:
    found: list[object] = []
    for given in getattr(manager.hook, hook)():
        if not isinstance(given, list | tuple):
            raise BrokenPlugin(f"{hook} must return a list, got {type(given).__name__}.")
        found.extend(given)
    return tuple(found)


def _guarded(call: Callable[[], object]) -> object:
    """Run a plugin's code; whatever it raises, an exit included, is its own fault and nobody else's."""
    try:
        return call()
    except BrokenPlugin:
        raise
    except (Exception, SystemExit) as error:
        raise BrokenPlugin(_reason(error)) from error


def _reason(error: BaseException) -> str:
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and "importlib" not in frame.filename
    ]
    facts = _NO_CAPABILITY.search(str(error)) if isinstance(error, TypeError) else None
    if facts and frames:
        names = [name for name in re.findall(r"'(\w+)'", facts[1]) if name in MEANING]
        return " ".join(missing(frames[-1].name, name) for name in names)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {redact(str(error))}{place}"


def _claim(owners: dict[tuple[str, str], str], candidate: _Candidate, contribution: Contribution) -> None:
    names = [("plugin", candidate.name), *contribution.names()]
    for at, (kind, name) in enumerate(names):
        if (kind, name) in owners:
            raise BrokenPlugin(f'{kind} "{name}" is there already, from {owners[kind, name]}.')
        if (kind, name) in names[:at]:
            raise BrokenPlugin(f'{kind} "{name}" is there twice.')
    owners.update(dict.fromkeys(names, candidate.where))
