"""Names that do not exist, and what was probably meant."""

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import SequenceMatcher, get_close_matches

from hub.lang.model import TraitInfo
from hub.lang.problem import Problem

_SHOWN = 3
_LISTED = 40
_CLOSE = 0.75
_WHOLE, _WORDS = 0.7, 0.6  # how alike names, and on average their words, must be


def unknown_trait(name: str, traits: Mapping[str, TraitInfo], noun: str = "trait") -> Problem:
    """Say that there is no such trait and which come near, by their names and the words of their descriptions."""
    near = nearest(name, {trait.name: trait.description for trait in traits.values()})
    if not near:
        return Problem(f'No {noun} "{name}".', hint=f"A text goes in single quotes: '{name}'.")
    shown = ", ".join(f"{n} ({traits[n].description})" if traits[n].description else n for n in near)
    return Problem(f'No {noun} "{name}".', hint=f"Near: {shown}.")


def unknown(noun: str, name: str, known: Collection[str]) -> Problem:
    """Say that there is no such segment, event or function and which come near."""
    near = get_close_matches(name, known, _SHOWN, _CLOSE)
    if near:
        return Problem(f'No {noun} "{name}".', hint=f"Near: {', '.join(near)}.")
    listed = ", ".join(sorted(known)[:_LISTED]) or "none"
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return Problem(f'No {noun} "{name}".', hint=f"There are: {listed}{more}.")


def nearest(name: str, known: Mapping[str, str]) -> list[str]:
    """Give up to three of `known` (name → description) that `name` may mean, the nearest first."""
    scores = {other: _likeness(name.lower(), other, description) for other, description in known.items()}
    near = [other for other, score in scores.items() if score >= _WORDS]
    return sorted(near, key=lambda other: (-scores[other], -_ratio(name.lower(), other), other))[:_SHOWN]


def _likeness(name: str, other: str, description: str) -> float:
    whole = _ratio(name, other.lower())
    words = _words(name)
    candidates = _words(f"{other} {description}")
    if not words or not candidates:
        return whole if whole >= _WHOLE else 0.0
    best = [max(_ratio(word, candidate) for candidate in candidates) for word in words]
    # One word met exactly is enough to be shown; the mean puts the better ones first.
    return max(whole if whole >= _WHOLE else 0.0, sum(best) / len(best), _WORDS if max(best) == 1 else 0.0)


def _words(text: str) -> list[str]:
    return _long(re.findall(r"[a-z0-9]+", text.lower()))


def _long(words: Iterable[str]) -> list[str]:
    return [word for word in words if len(word) > 2]  # noqa: PLR2004 - "of", "at", "in" are like everything


def _ratio(left: str, right: str) -> float:
    return SequenceMatcher(None, left, right, autojunk=False).ratio()
