"""What a model allows at a place: its keys, and whether a secret belongs there. Read from the models' annotations."""

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

Kinds: TypeAlias = "tuple[object, ...]"  # the types that may stand at one place, unions taken apart


def kinds(annotation: object) -> Kinds:
    """Take unions and annotated types apart."""
    return tuple(_flat(annotation))


def _flat(annotation: object) -> Iterator[object]:
    origin = get_origin(annotation)
    if hasattr(annotation, "__value__"):  # a `type X = ...` alias
        yield from _flat(annotation.__value__)
    elif origin is Annotated:
        yield from _flat(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from _flat(part)
    elif _is_model(annotation) and "root" in annotation.model_fields:  # type: ignore[attr-defined]  # a RootModel
        yield from _flat(annotation.model_fields["root"].annotation)  # type: ignore[attr-defined]
    else:
        yield annotation


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return a model's fields under the names that users write."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def keys(here: Kinds) -> dict[str, FieldInfo]:
    """Return the keys that may stand in a table of these kinds."""
    return {key: info for kind in here if _is_model(kind) for key, info in fields(kind).items()}  # type: ignore[arg-type]


def child(here: Kinds, part: str | int) -> Kinds:
    """Return what may stand under a key or an index."""
    return tuple(kind for parent in here for kind in _under(parent, part))


def _under(parent: object, part: str | int) -> Kinds:
    if _is_model(parent):
        info = fields(parent).get(str(part))  # type: ignore[arg-type]
        return kinds(info.annotation) if info else ()
    arguments = [kind for kind in get_args(parent) if kind is not Ellipsis]
    return kinds(arguments[-1]) if arguments else ()


def descend(here: Kinds, loc: Sequence[str | int]) -> Kinds:
    """Return what may stand at the end of a path."""
    for part in loc:
        here = child(here, part)
    return here


def is_secret(here: Kinds) -> bool:
    """Whether a secret belongs here."""
    return any(isinstance(kind, type) and issubclass(kind, SecretStr) for kind in here)
