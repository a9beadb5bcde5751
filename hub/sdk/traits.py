"""What a plugin can contribute about people: traits and lifecycle stages. All of it is SQL in the rule language.

Four kinds of trait, by what they need:

* `AggregateTrait`: a sum or count over a person's rows of one stream, in a window if wanted.
* `QueryTrait`: a SELECT over one stream, for what one aggregate cannot say.
* `RankTrait`: a place among other people, by stored cut-points.
* `DerivedTrait`: an expression over other traits and `as_of`, computed where it is used. Ages belong here.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

TraitType: TypeAlias = Literal["boolean", "integer", "number", "text", "timestamp", "date"]


@dataclass(frozen=True, slots=True)
class AggregateTrait:
    """`value` over the rows of `stream` that satisfy `where` and are younger than `within` at `as_of`.

    `empty` is the value for people without such rows, as SQL ("0" for counts, "null" where there is no answer).
    """

    name: str
    type: TraitType
    description: str
    stream: str
    value: str
    where: str = "true"
    within: timedelta | None = None
    empty: str = "null"


@dataclass(frozen=True, slots=True)
class QueryTrait:
    """`sql` is one SELECT over the relation named `stream`, giving `profile_id` and one column called `value`."""

    name: str
    type: TraitType
    description: str
    stream: str
    sql: str


@dataclass(frozen=True, slots=True)
class RankTrait:
    """Place people for whom `where` holds into `groups` of equal size by `value`: 1 is lowest, `groups` is highest.

    Cut-points are stored and refreshed by the full pass, so that nobody's group moves between refreshes because of
    other people's orders. Ties share a group.
    """

    name: str
    description: str
    value: str
    groups: int = 5
    where: str = "true"


@dataclass(frozen=True, slots=True)
class DerivedTrait:
    """An expression over other traits and `as_of`."""

    name: str
    type: TraitType
    description: str
    value: str


Trait: TypeAlias = AggregateTrait | QueryTrait | RankTrait | DerivedTrait


@dataclass(frozen=True, slots=True)
class Stage:
    """One lifecycle stage. Rules are tried from the top; the first that is true wins. `do` is advice for people."""

    name: str
    when: str
    do: str = ""
