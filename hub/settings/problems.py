"""What is wrong in the project's files, collected so that one look mends them all."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from hub.sdk.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `file` is relative to the project; `line` counts from 1, None when it is the whole file."""

    file: str
    line: int | None
    text: str

    @property
    def where(self) -> str:
        """`file:line`, or the file alone."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


class ConfigErrors(ConfigError):
    """All problems of a project's files at once, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file, problem.line or 0)))
        super().__init__("\n".join(map(str, self.problems)), hint="Nothing was run.")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean "x"?` for the nearest known word, or nothing."""
    found = get_close_matches(word, list(known), n=1)
    return f' Did you mean "{found[0]}"?' if found else ""


def listed(words: Iterable[str], none: str = "none") -> str:
    """Return words as `a, b, c`."""
    return ", ".join(words) or none
