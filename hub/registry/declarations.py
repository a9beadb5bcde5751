"""What a plugin contributes, and whether its declarations make sense. Each message names one missing or wrong fact."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeVar, get_args, get_origin, get_type_hints

from hub.sdk.connector import Capabilities, Destination, Source
from hub.sdk.sandbox import Sandbox
from hub.sdk.settings import Settings, SourceSettings
from hub.sdk.streams import STREAMS
from hub.sdk.traits import AggregateTrait, DerivedTrait, QueryTrait, RankTrait, Stage, Trait, TraitType
from hub.settings import RESERVED
from hub.settings.problems import listed, nearest

Item = TypeVar("Item")

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TRAITS = (AggregateTrait, QueryTrait, RankTrait, DerivedTrait)

MEANING: Mapping[str, str] = {
    "name": 'what do users write in their files? Example: name = "customer_io".',
    "streams": 'which streams can it fill? Example: streams = ("people", "orders").',
    "capabilities": "what can the tool do? Example: capabilities = Capabilities(address_by=("
    '"email",), batch_rows=500, settles_within=timedelta(minutes=10), evidence="row").',
    "address_by": 'what are people recognised by in this tool? Example: ("email",).',
    "batch_rows": "how many rows may one push hold? Example: 500.",
    "settles_within": "how long may an accepted add stay invisible? Unknown answers cannot be settled without it. "
    "Example: timedelta(minutes=10).",
    "evidence": 'what does a successful push prove? One of "row", "request", "none".',
}


@dataclass(frozen=True, slots=True)
class Contribution:
    """Everything that one plugin offers."""

    sources: tuple[type[Source], ...] = ()  # type: ignore[type-arg]
    destinations: tuple[type[Destination], ...] = ()  # type: ignore[type-arg]
    sandboxes: tuple[type[Sandbox], ...] = ()
    traits: tuple[Trait, ...] = ()
    stages: tuple[Stage, ...] = ()

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield what must be unique over all plugins, as (kind, name), each once."""
        sources = [source.name for source in self.sources]
        destinations = [destination.name for destination in self.destinations]
        yield from (("connector", name) for name in dict.fromkeys([*sources, *destinations]))
        yield from (("source", name) for name in sources)
        yield from (("destination", name) for name in destinations)
        yield from (("sandbox", sandbox.name) for sandbox in self.sandboxes)
        yield from (("trait", trait.name) for trait in self.traits)
        yield from (("stage", stage.name) for stage in self.stages)


def missing(what: str, fact: str) -> str:
    """Return `CustomerIo: settles_within is missing: how long ...? Example: ...`."""
    return f"{what}: {fact} is missing: {MEANING[fact]}"


def wrong(contribution: Contribution) -> Iterator[str]:
    """Yield what is wrong with the declarations, in the order in which a reader meets them."""
    yield from _each(contribution.sources, _source, "a subclass of Source", lambda item: _is_class(item, Source))
    yield from _each(
        contribution.destinations, _destination, "a subclass of Destination", lambda item: _is_class(item, Destination)
    )
    yield from _each(contribution.sandboxes, _sandbox, "a subclass of Sandbox", lambda item: _is_class(item, Sandbox))
    yield from _each(contribution.traits, _trait, "a trait", lambda item: isinstance(item, _TRAITS))
    yield from _each(contribution.stages, _stage, "a Stage", lambda item: isinstance(item, Stage))
    yield from _models_agree(contribution)


def _each(
    items: Iterable[Item], examine: Callable[[Item], Iterator[str]], expected: str, fits: Callable[[object], bool]
) -> Iterator[str]:
    for item in items:
        if fits(item):
            yield from examine(item)
        else:
            yield f"expected {expected}, got {_label(item)}."


def _is_class(item: object, base: type) -> bool:
    return isinstance(item, type) and issubclass(item, base)


def _label(item: object) -> str:
    return item.__name__ if isinstance(item, type) else f"a value of type {type(item).__name__}"


def _named(what: str, name: object) -> Iterator[str]:
    if name is None:
        yield missing(what, "name")
    elif not isinstance(name, str) or not _NAME.fullmatch(name):
        yield f"{what}: name must be lower-case letters, digits and underscores, got {name!r}."
    elif name in RESERVED:
        yield f'{what}: name "{name}" is taken by the file {name}.toml of every project.'


def _written(cls: type) -> Iterator[str]:
    for method in sorted(getattr(cls, "__abstractmethods__", ())):
        meaning = (getattr(cls, method).__doc__ or "").strip().split("\n")[0]
        yield f"{cls.__name__}: {method} is missing: {meaning}"


def _model(cls: type, attribute: str, base: type[Settings]) -> Iterator[str]:
    model = getattr(cls, attribute)
    if not (isinstance(model, type) and issubclass(model, base)):
        yield f"{cls.__name__}: {attribute} must be a subclass of {base.__name__}, got {_label(model)}."


def _source(cls: type[Source]) -> Iterator[str]:  # type: ignore[type-arg]
    yield from _named(cls.__name__, getattr(cls, "name", None))
    yield from _streams(cls.__name__, getattr(cls, "streams", None))
    yield from _model(cls, "settings_model", Settings)
    yield from _model(cls, "source_model", SourceSettings)
    yield from _written(cls)


def _streams(what: str, streams: object) -> Iterator[str]:
    if streams is None or streams == ():
        yield missing(what, "streams")
    elif not isinstance(streams, tuple):
        yield f'{what}: streams must be a tuple such as ("people",), got {_label(streams)}.'
    else:
        yield from (text for stream in streams for text in _stream(what, str(stream)))


def _stream(what: str, stream: str) -> Iterator[str]:
    if stream not in STREAMS:
        yield f'{what}: unknown stream "{stream}".{nearest(stream, STREAMS) or f" Known: {listed(STREAMS)}."}'


def _destination(cls: type[Destination]) -> Iterator[str]:  # type: ignore[type-arg]
    yield from _named(cls.__name__, getattr(cls, "name", None))
    capabilities = getattr(cls, "capabilities", None)
    if isinstance(capabilities, Capabilities):
        yield from (f"{cls.__name__}: {text}" for text in _capabilities(capabilities))
    elif capabilities is None:
        yield missing(cls.__name__, "capabilities")
    else:
        yield f"{cls.__name__}: capabilities must be a Capabilities(...), got {_label(capabilities)}."
    yield from _model(cls, "settings_model", Settings)
    yield from _model(cls, "target_model", Settings)
    yield from _written(cls)


_AT_LEAST = {"wire_version": 1, "batch_rows": 1, "batch_bytes": 1, "connections": 1, "min_to_remove": 0}
_PAUSES = {"settles_within": timedelta(microseconds=1), "job_check_after": timedelta()}


def _capabilities(given: Capabilities) -> Iterator[str]:
    for name, least in _AT_LEAST.items():
        value = getattr(given, name)
        if not isinstance(value, int) or value < least:
            yield f"{name} must be a whole number of at least {least}, got {value!r}."
    for name, pause in _PAUSES.items():
        value = getattr(given, name)
        if not isinstance(value, timedelta) or value < pause:
            yield f"{name} must be a timedelta that is not negative{' or zero' if pause else ''}, got {value!r}."
    yield from _choices(given)
    yield from _addresses(given)


def _choices(given: Capabilities) -> Iterator[str]:
    for name, hint in get_type_hints(Capabilities).items():
        if get_origin(hint) is Literal and getattr(given, name) not in get_args(hint):
            yield f"{name} must be one of {listed(get_args(hint))}, got {getattr(given, name)!r}."


def _addresses(given: Capabilities) -> Iterator[str]:
    addresses: object = given.address_by
    if not isinstance(addresses, tuple) or not addresses:
        yield f'address_by must be a tuple of at least one name such as ("email",), got {given.address_by!r}.'
        return
    for key in given.wire:
        if key not in given.address_by:
            yield f'wire has "{key}", which is not in address_by ({listed(given.address_by)}).'


def _sandbox(cls: type[Sandbox]) -> Iterator[str]:
    yield from _named(cls.__name__, getattr(cls, "name", None))
    yield from _written(cls)


def _trait(trait: Trait) -> Iterator[str]:
    what = f'trait "{trait.name}"'
    yield from _named(what, trait.name)
    if isinstance(trait, AggregateTrait | QueryTrait):
        yield from _stream(what, trait.stream)
    if isinstance(trait, RankTrait):
        if trait.groups < 2:  # noqa: PLR2004 - one group ranks nobody
            yield f"{what}: groups must be at least 2, got {trait.groups}."
    elif trait.type not in get_args(TraitType):
        yield f"{what}: type must be one of {listed(get_args(TraitType))}, got {trait.type!r}."


def _stage(stage: Stage) -> Iterator[str]:
    yield from _named(f'stage "{stage.name}"', stage.name)
    if not stage.when.strip():
        yield f'stage "{stage.name}": when is empty. Use "true" for everybody.'


def _models_agree(contribution: Contribution) -> Iterator[str]:
    sources = _by_name(contribution.sources)
    for name, destination in _by_name(contribution.destinations).items():
        source = sources.get(name)
        if source is not None and source.settings_model is not destination.settings_model:  # type: ignore[attr-defined]
            yield f'{_label(source)} and {_label(destination)} are both "{name}": they need the same settings_model.'


def _by_name(classes: Iterable[object]) -> dict[object, type]:
    return {getattr(cls, "name", None): cls for cls in classes if isinstance(cls, type) and hasattr(cls, "name")}
