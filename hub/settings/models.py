"""The files that every project may have: hub, identity, segments, stages and traits. Each of them is optional."""

from datetime import date, time, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, RootModel, model_validator

from hub.sdk.settings import Duration, Settings
from hub.sdk.streams import STREAMS
from hub.sdk.traits import TraitType
from hub.settings.problems import listed, nearest
from hub.settings.values import (
    CapText,
    Clock,
    Country,
    Currency,
    Listen,
    Name,
    Share,
    ShareText,
    TimeZone,
)

HOLDOUT = "holdout"


class Shop(Settings):
    """`[shop]`: what days and money mean."""

    timezone: TimeZone = Field("UTC", description='IANA time zone of the shop: what "today" and birthdays mean')
    currency: Currency = Field("EUR", description="ISO 4217 code of the currency that money is reported in")
    country: Country | None = Field(None, description="ISO 3166 code; phone numbers without a prefix are read as its")


class Schedule(Settings):
    """`[schedule]`: when the daemon looks at everybody."""

    full_at: Clock = Field(
        time(3, 30), description="Time of day, in the shop's time zone, of the daily pass over everybody"
    )


class Web(Settings):
    """`[web]`: where the daemon listens, and how long pushed events may wait."""

    listen: Listen = Field("127.0.0.1:8765", description="Address and port; only addresses of this machine")
    pushed_within: Duration = Field(
        timedelta(minutes=1), description="How long pushed events may wait before the daemon reads their connection"
    )
    pushed_bytes: int = Field(
        4_000_000, ge=100_000, le=64_000_000, description="Size at which a file of pushed events is sealed"
    )

    @model_validator(mode="after")
    def _pushed_in_time(self) -> Self:
        if self.pushed_within < timedelta(seconds=1):
            raise ValueError("pushed_within: expected 1 second or more.")
        return self


class Safety(Settings):
    """`[safety]`: what is held until a person says yes."""

    max_removals_per_run: ShareText = Field(
        Share(10, 50), description="Share of an audience that one run may remove; more is held for `hub approve`"
    )
    max_removals_per_day: ShareText = Field(Share(20), description="The same over a day of the shop")
    max_quarantine: ShareText = Field(
        Share(1), description="Share of the rows read that may be in quarantine before a run is no longer green"
    )


class Limits(Settings):
    """`[limits]`: against being shown too much to the same person."""

    per_person: CapText | None = Field(
        None, description='How many audiences may hold one person, such as "2 audiences in 7 days"; none: no cap'
    )
    never: tuple[str, ...] = Field((), description="Segments whose members are kept out of every audience")


class HubSettings(Settings):
    """`hub.toml`: what holds for the whole project."""

    shop: Shop = Field(default_factory=Shop, description="What days and money mean")
    schedule: Schedule = Field(default_factory=Schedule, description="When the daemon looks at everybody")
    web: Web = Field(default_factory=Web, description="Where the daemon listens")
    safety: Safety = Field(default_factory=Safety, description="What is held until a person says yes")
    limits: Limits = Field(default_factory=Limits, description="Against being shown too much to the same person")
    consent: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Channel = connections whose word counts; strictest wins, unknown is no"
    )


ONE_PERSON = ("user_id", "external_id", "loyalty_card")
SHARED = ("email", "phone", "ga_client")
MAX_PER_PERSON = {"email": 5, "phone": 3, "ga_client": 50}


def _with_default_limits(given: dict[str, int]) -> dict[str, int]:
    return {**MAX_PER_PERSON, **given}


class IdentitySettings(Settings):
    """`identity.toml`: which records belong to one person, and whose word counts."""

    one_person: tuple[str, ...] = Field(
        ONE_PERSON,
        description="Namespaces of which a person has one value; two values are never joined by a shared one",
    )
    shared: tuple[str, ...] = Field(SHARED, description="Namespaces whose values may join records, within limits")
    max_per_person: Annotated[dict[str, Annotated[int, Field(ge=1)]], AfterValidator(_with_default_limits)] = Field(
        default=MAX_PER_PERSON, description="Namespace = values that one person may have; above it they do not join"
    )
    block: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Namespace = patterns (with *) of values that never join, beside the built-in"
    )
    prefer: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="`default` or attribute = connections, best first; then the newest value wins"
    )

    @model_validator(mode="after")
    def _each_namespace_once(self) -> Self:
        both = sorted(set(self.one_person) & set(self.shared))
        if both:
            raise ValueError(f'"{both[0]}" is in one_person and in shared. Keep it in one of them')
        return self


class Goal(Settings):
    """`goal` of a segment: what its lift is measured on."""

    event: str = Field(description="Name of the event that counts as success")
    within: Duration = Field(description='How long after entering, such as "30 days"')


def _check_split(arms: dict[str, int]) -> dict[str, int]:
    if arms and not len(arms) > 1:
        raise ValueError("expected at least two arms, such as { offer = 90, holdout = 10 }")
    return arms


class SegmentSettings(Settings):
    """`[segment.NAME]`: a rule that people satisfy or not."""

    where: str = Field(min_length=1, description="Rule over traits: SQL with did() and count_of()")
    description: str = Field("", description="What it is for, in a sentence")
    owner: str = Field("", description="Who answers for it")
    goal: Goal | None = Field(None, description="Event and time that lift is measured on")
    split: Annotated[dict[Name, Annotated[int, Field(ge=1)]], AfterValidator(_check_split)] = Field(
        default_factory=dict,
        description='Arm = weight; a person keeps their arm in every tool; "holdout" is sent nowhere',
    )
    review: date | None = Field(None, description="Day on which somebody should ask whether it is still needed")


class SegmentsFile(Settings):
    """`segments.toml`."""

    segment: dict[Name, SegmentSettings] = Field(default_factory=dict, description="Segments by name")


class StageSettings(Settings):
    """`[[stage]]`: tried from the top; a person is in the first whose rule is true."""

    name: Name = Field(description="Name of the stage")
    when: str = Field(min_length=1, description="Rule over traits; `previous_stage` may be used")
    do: str = Field("", description="What to do for people in it")


class StagesFile(Settings):
    """`stages.toml`."""

    stage: tuple[StageSettings, ...] = Field((), description="Stages, first match from the top")


def _person_stream(value: str) -> str:
    known = [name for name, stream in STREAMS.items() if stream.has_person]
    if value not in known:
        raise ValueError(
            "expected a stream whose rows belong to people", nearest(value, known) or f" Known: {listed(known)}."
        )
    return value


class TraitSettings(Settings):
    """`[NAME]` in traits.toml: with `from`, an aggregate over a person's rows; without, an expression over traits."""

    value: str = Field(
        min_length=1, description="SQL: an aggregate over the rows of `from`, or an expression over traits"
    )
    stream: Annotated[str, AfterValidator(_person_stream)] | None = Field(
        None,
        alias="from",
        description="Stream whose rows are aggregated per person; none: `value` is over other traits",
    )
    where: str | None = Field(None, description="Which rows of `from` count")
    within: Duration | None = Field(None, description='Only rows younger than this at the time of the run: "365 days"')
    type: TraitType | None = Field(None, description="Type of the value; found out from `value` when it is left out")
    description: str = Field("", description="What it says, in a sentence, with its unit")

    @model_validator(mode="after")
    def _rows_need_a_stream(self) -> Self:
        if self.stream is None and (self.where is not None or self.within is not None):
            raise ValueError(
                '`where` and `within` choose rows, and no rows are named. Add `from`, such as from = "orders"'
            )
        if self.within is not None and self.stream is not None and STREAMS[self.stream].time is None:
            raise ValueError(f'`within` needs a time, and rows of "{self.stream}" have none')
        return self


class TraitsFile(RootModel[dict[Name, TraitSettings]]):
    """`traits.toml`."""

    root: dict[Name, TraitSettings] = Field(default_factory=dict)
