"""Values that users write as words: shares, caps, times of day, addresses, names."""

import ipaddress
import re
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator

from hub.sdk.settings import parse_duration
from hub.settings.problems import nearest

_SHARE = re.compile(r"(\d+(?:\.\d+)?) ?%(?: ?, ?at least (\d+))?")
_CAP = re.compile(r"(\d+) audiences? in (\d+ \w+)")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_LISTEN = re.compile(r"(\[[^\]]*\]|[^:\[\]]+):(\d{1,5})")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, with a floor for small wholes: `10 %, at least 50`."""

    percent: float
    at_least: int = 0

    def of(self, total: int) -> int:
        """Return how many of `total` the share allows."""
        return max(self.at_least, int(total * self.percent / 100))

    def __str__(self) -> str:
        floor = f", at least {self.at_least}" if self.at_least else ""
        return f"{self.percent:g} %{floor}"


@dataclass(frozen=True, slots=True)
class Cap:
    """How many audiences may hold one person within a time: `2 audiences in 7 days`."""

    audiences: int
    within: timedelta

    def __str__(self) -> str:
        return f"{self.audiences} audiences in {duration_text(self.within)}"


def duration_text(value: timedelta) -> str:
    """Return a duration in the words that config files use: `15 minutes`, `1 day`."""
    seconds = int(value.total_seconds())
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds % size == 0), _UNITS[-1])
    count = seconds // size
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _share(value: object) -> object:
    match = _SHARE.fullmatch(" ".join(value.split())) if isinstance(value, str) else None
    if match is None or float(match[1]) > 100:  # noqa: PLR2004
        raise ValueError('expected a share such as "10 %" or "10 %, at least 50"')
    return Share(float(match[1]), int(match[2] or 0))


def _cap(value: object) -> object:
    match = _CAP.fullmatch(" ".join(value.split())) if isinstance(value, str) else None
    if match is None or int(match[1]) < 1:
        raise ValueError('expected a cap such as "2 audiences in 7 days"')
    within = parse_duration(match[2])
    if not isinstance(within, timedelta) or not within:
        raise ValueError('expected a cap such as "2 audiences in 7 days"')
    return Cap(int(match[1]), within)


def _clock(value: object) -> object:
    if isinstance(value, time) and value.tzinfo is None:
        return value
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('expected a time of day such as "03:30"')
    return time(int(match[1]), int(match[2]))


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)  # quicker than the list of all of them
    except (KeyError, ValueError, OSError):
        hint = nearest(value, available_timezones())
        raise ValueError('expected an IANA time zone such as "Europe/Berlin"', hint) from None
    return value


def _currency(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError('expected an ISO 4217 code such as "EUR"')
    return value


def _country(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", value):
        raise ValueError('expected an ISO 3166 code of two capital letters such as "DE"')
    return value


def _listen(value: str) -> str:
    match = _LISTEN.fullmatch(value)
    if match is None or int(match[2]) > 65535:  # noqa: PLR2004
        raise ValueError('expected an address and a port such as "127.0.0.1:8765"')
    if not _is_loopback(match[1].strip("[]")):
        raise ValueError(
            'expected an address of this machine such as "127.0.0.1:8765"',
            " Whoever reaches any other could read personal data, and there is no [web.login] yet. "
            "From elsewhere use an SSH tunnel.",
        )
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("expected a name of lower-case letters, digits and underscores that starts with a letter")
    return value


ShareText = Annotated[Share, BeforeValidator(_share, json_schema_input_type=str)]
CapText = Annotated[Cap, BeforeValidator(_cap, json_schema_input_type=str)]
Clock = Annotated[time, BeforeValidator(_clock, json_schema_input_type=str)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Currency = Annotated[str, AfterValidator(_currency)]
Country = Annotated[str, AfterValidator(_country)]
Listen = Annotated[str, AfterValidator(_listen)]
Name = Annotated[str, AfterValidator(_name)]
