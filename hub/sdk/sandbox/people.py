"""Made-up people, the same for the same seed, however many are asked for."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

_FIRST = (
    "Ada",
    "Ben",
    "Chloé",
    "Dmitri",
    "Elif",
    "Femi",
    "Grace",
    "Hiro",
    "Inés",
    "Jun",
    "Kofi",
    "Lena",
    "Mei",
    "Noor",
)
_LAST = ("Abel", "Brandt", "Costa", "Dubois", "Evans", "Fischer", "García", "Hansen", "Ito", "Jansen", "Kaya", "Łuczak")
_DOMAINS = ("mail.example", "post.example", "shop.example")  # reserved by RFC 2606: no such address can exist
_COUNTRIES = ("US", "US", "US", "DE", "FR", "GB")
_AREAS = (202, 212, 213, 303, 305, 312, 404, 415, 503, 512, 602, 617, 702, 713, 801, 808, 901, 907, 916, 919)
_PER_AREA = 100  # 555-0100 to 555-0199 are kept free for fiction by the North American Numbering Plan


@dataclass(frozen=True, slots=True)
class Person:
    """`number` counts from 0. `phone` is E.164, None from number 2,000 on: fictional numbers are few, and unique."""

    number: int
    first_name: str
    last_name: str
    email: str
    phone: str | None
    country: str


def people(count: int, *, seed: int = 0, start: int = 0) -> Iterator[Person]:
    """Yield `count` people from number `start` on; person n is the same in every call with the same seed."""
    return (_person(number, seed) for number in range(start, start + count))


def _person(number: int, seed: int) -> Person:
    dice = random.Random(f"{seed}/{number}")  # noqa: S311 - made-up people need no cryptographic randomness
    return Person(
        number=number,
        first_name=dice.choice(_FIRST),
        last_name=dice.choice(_LAST),
        email=f"person-{seed}-{number}@{dice.choice(_DOMAINS)}",
        phone=_phone(number),
        country=dice.choice(_COUNTRIES),
    )


def _phone(number: int) -> str | None:
    area, line = divmod(number, _PER_AREA)
    return f"+1{_AREAS[area]}55501{line:02d}" if area < len(_AREAS) else None
