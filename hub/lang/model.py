"""What goes into the rule language and what comes out of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, NamedTuple

from hub.sdk.traits import TraitType

# The physical types that compiled SQL reads and gives. `number` columns of a stream may be DECIMAL: they are cast.
SQL_TYPES: dict[TraitType, str] = {
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "text": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
}


@dataclass(frozen=True, slots=True)
class TraitInfo:
    """A name that rules may use. `description` is shown where a misspelt name comes near."""

    name: str
    type: TraitType
    description: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything a rule may refer to.

    `events` None: the names of events are not known yet, so that any is accepted.
    """

    traits: Mapping[str, TraitInfo]
    segments: Collection[str] = ()
    events: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """A count the relation must offer under `column`: a person's events called `event`.

    `within`: only those at or after `as_of - within` and before or at `as_of`; None: all up to `as_of`. A person
    without any may have NULL there.
    """

    column: str
    event: str
    within: timedelta | None = None


class Consent(NamedTuple):
    """A boolean the relation must offer under `column`: whether consent for `channel` and `purpose` is granted.

    A person of whom nothing is known may have NULL there.
    """

    column: str
    channel: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    `sql` is DuckDB text that reads columns only: one per name in `traits`, the `column` of each activity and consent,
    `_s_<name>` (boolean) for each segment, and `as_of` (TIMESTAMP) where `uses_clock`. It gives `SQL_TYPES[type]` and
    never fails on any row. `nullable` names traits whose NULL can make the result NULL. `text` is what the user wrote.
    """

    text: str
    sql: str
    type: TraitType
    traits: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    activities: tuple[Activity, ...] = ()
    consents: tuple[Consent, ...] = ()
    uses_clock: bool = False
    nullable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule(Expression):
    """A compiled boolean expression, with what `explain` needs to take it apart."""

    catalogue: Catalogue = field(default_factory=lambda: Catalogue({}), repr=False, compare=False)
    where: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Query:
    """A checked SELECT of a plugin: columns `profile_id` and `value`, the latter of `type`."""

    sql: str
    type: TraitType


@dataclass(frozen=True, slots=True)
class Condition:
    """A node of a rule's tree. `text` is the user's own; `sql` can be evaluated alone, over the rule's columns."""

    kind: Literal["and", "or", "not", "leaf"]
    text: str
    sql: str
    traits: frozenset[str] = frozenset()
    children: tuple["Condition", ...] = ()
