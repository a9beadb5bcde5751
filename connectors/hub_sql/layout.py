"""Which column of a result does what."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from hub.sdk.errors import StopConnection
from hub_sql.settings import SqlSourceSettings

_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of a result's columns, and the places of those that become columns, identifiers and attributes."""

    names: Sequence[str]
    columns: Mapping[str, int]
    identifiers: Sequence[tuple[str, int]]
    attributes: Mapping[str, int]
    cursor: int | None
    deleted: int | None


def layout_of(entry: SqlSourceSettings, names: Sequence[str]) -> Layout:
    """Find the columns that an entry maps; where it maps none, those that are called as in the stream.

    Raises:
        StopConnection: one is missing, or stands there twice.
    """
    named = {name: name for name in names if name in _canonical(entry) and name not in entry.values}
    columns = entry.columns if entry.is_mapped else named
    _require(entry, names, columns)
    place = {name: at for at, name in enumerate(names)}
    special = {*columns.values(), *entry.mapped}
    others = {name: name for name in names if name not in special and not entry.is_mapped}
    return Layout(
        names,
        {canonical: place[name] for canonical, name in columns.items()},
        [(namespace, place[name]) for namespace, given in entry.identifiers.items() for name in given],
        {name: place[own] for name, own in (entry.attributes or others).items()},
        place[entry.cursor] if entry.cursor else None,
        place[entry.deleted] if entry.deleted else None,
    )


def _canonical(entry: SqlSourceSettings) -> set[str]:
    return {*entry.canonical.columns.names} - {"identifiers", "attributes"}


def _require(entry: SqlSourceSettings, names: Sequence[str], columns: Mapping[str, str]) -> None:
    counts = Counter(names)
    for key in entry.canonical.key:
        if key not in columns and key not in entry.values:
            raise _missing(key, names)
    for name in entry.mapped if entry.is_mapped else [*entry.mapped, *names]:
        if name not in counts:
            raise _missing(name, names)
        if counts[name] > 1:
            raise StopConnection(
                f"the query has {counts[name]} columns called {name!r}.", hint="Name each: select a.id as person_id."
            )


def _missing(name: str, names: Sequence[str]) -> StopConnection:
    near = get_close_matches(name, names, n=1)
    said = f"; is {near[0]!r} meant?" if near else "."
    hint = f"It has: {', '.join(names[:_SHOWN])}. Name it in the query: select x as {name}."
    return StopConnection(f"the query has no column {name!r}{said}", hint=hint)
