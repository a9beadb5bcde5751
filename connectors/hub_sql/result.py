"""What a database gives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """The columns of a query, and its rows in batches."""

    columns: Sequence[str]
    batches: Iterator[Sequence[Sequence[object]]]
